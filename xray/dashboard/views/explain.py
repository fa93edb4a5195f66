"""The middle of the Explain page: choose how to explain a film, wait for what comes of it.

What is kept for all visitors is what models said of a film, under the hash of its bytes: weights
and numbers, no pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import streamlit as st

from xray import classes, text
from xray.audits import findings, reading
from xray.audits.reading import Question, Reading
from xray.dashboard import background, links, loaders, page
from xray.dashboard.views import film_choice
from xray.dashboard.views.film_choice import Chosen
from xray.explanations import perturbation, superpixels
from xray.jobs.progress import Progress
from xray.models.card import Card, titles_of
from xray.reports import html

#: Ways to explain that can be shown, the first at first.
METHODS = ("LIME", "Grad-CAM")
#: Models a reading is asked of at first, by role; all others are a click away.
FIRST = ("recipe", "user", "demo")


PARAMETERS: dict[str, links.Parameter] = {
    **film_choice.PARAMETERS,
    "superpixels": links.Number(12, 96),
    "fill": links.Choice(tuple(perturbation.FILLS)),
    "device": links.Choice(findings.KINDS),
    "by": links.Choice(METHODS),
    "repeat": links.Number(0, 99),
    "opacity": links.Number(0, 1),
    "leading": links.Number(1, 96),
}


# --- a question ------------------------------------------------------------------------------


def ask(cards: Sequence[Card], chosen: Chosen) -> tuple[list[Card], Question]:
    """The button that asks, and beside it models and how to explain; all have sound defaults."""
    names = {card.name: card for card in cards if not card.problem}
    usable = {title: names[name] for title, name in titles_of(list(names.values())).items()}
    button, settings = st.columns([2, 3], vertical_alignment="top")
    with settings.expander("Models, and how to explain", icon=":material/tune:"):
        read = st.pills(
            "Models",
            list(usable),
            selection_mode="multi",
            default=[title for title, card in usable.items() if card.role in FIRST],
            key="models",
            bind="query-params",
            format_func=html.label,
            wrap=True,
        )
        question = _question(chosen)
    asked = [usable[title] for title in read]
    pressed = button.button(
        "Explain this film",
        type="primary",
        icon=":material/play_arrow:",
        disabled=not asked,
        width="stretch",
        help="One explanation is computed at a time; the same request is computed once.",
    )
    if pressed:
        with page.guard("The queue"):
            submit(chosen, asked, question)
    return asked, question


def _question(chosen: Chosen) -> Question:
    """How to explain."""
    count = st.slider(
        "Superpixels",
        12,
        96,
        superpixels.DEFAULT_COUNT,
        4,
        key="superpixels",
        bind="query-params",
        help="Pieces the film is cut into.",
    )
    fill = st.selectbox(
        "Fill for hidden superpixels",
        list(perturbation.FILLS),
        key="fill",
        bind="query-params",
        help="; ".join(f"{name}: {words}" for name, words in perturbation.FILLS.items())
        + ". Repeats agree best with mean; inpaint weighs devices more truly "
        "(python -m benchmarks.superpixels --vary fill).",
    )
    device = st.selectbox(
        "Device to lay on",
        findings.KINDS,
        findings.KINDS.index(reading.DEVICE),
        key="device",
        bind="query-params",
        format_func=lambda kind: findings.ONE[kind],
        help=f"The audit's test on this film. {findings.HELP}",
    )
    repeat = st.number_input(
        "Repeat",
        0,
        99,
        0,
        key="repeat",
        bind="query-params",
        help="Another number, another random order: a stable explanation stays the same.",
    )
    folder = loaders.films_folder()
    return Question(
        int(count),
        cast(perturbation.Fill, fill),
        str(device),
        int(repeat),
        str(folder or ""),
        chosen.file if folder else "",
    )


def submit(chosen: Chosen, cards: Sequence[Card], question: Question) -> None:
    """Put the reading of a film by each model into the queue: all explanations, then the rest.

    The rest of a film that was asked of before is waited for no longer.
    """
    film, rest = chosen.film, [_rest(question, chosen, card) for card in cards]
    background.leave(set(st.session_state.get("_rest", ())) - set(rest))
    st.session_state["_rest"] = rest
    for card in cards:

        def explain(progress: Progress, name: str = card.name) -> Reading:
            return reading.explained(name, film.pixels, question, progress)

        background.ask(question.key(film.sha256, card), explain)
    for key, card in zip(rest, cards, strict=True):

        def complete(progress: Progress, card: Card = card) -> Reading:
            known = background.result(question.key(film.sha256, card))
            known = known or reading.explained(card.name, film.pixels, question, progress)
            return reading.completed(known, film.pixels, question, progress)

        background.ask(key, complete, later=True)


def _rest(question: Question, chosen: Chosen, card: Card) -> str:
    """Name of a reading with devices and a second opinion, for the queue."""
    return f"whole {question.key(chosen.film.sha256, card)}"


def collect(
    chosen: Chosen, cards: Sequence[Card], question: Question
) -> tuple[list[Reading], bool]:
    """Readings that are done, whole or explained, and whether more of them is to come.

    What is to come is watched, problems are told.
    """
    first = {card.name: question.key(chosen.film.sha256, card) for card in cards}
    then = {card.name: _rest(question, chosen, card) for card in cards}
    looks = {key: background.look(key) for keys in (first, then) for key in keys.values()}
    if all(status.state == "unknown" for status in looks.values()):
        page.empty(
            "Nothing computed yet",
            "Each model takes some seconds. Then stand here its probability and threshold, what "
            f"speaks for {classes.spoken()} and against it, and what devices change.",
        )
    background.watch(
        [
            (keys[card.name], f"{card.title} {words}", looks[keys[card.name]])
            for keys, words in ((first, "reads the film"), (then, "reads it with devices"))
            for card in cards
        ],
        first=len(cards),
    )
    made, stopped = [], []
    for card in cards:
        both = [looks[keys[card.name]] for keys in (then, first)]
        if error := next((status.error for status in reversed(both) if status.error), ""):
            page.problem(f"{card.title}: {error}")
        if any(status.state == "stopped" for status in both):
            stopped.append(card.title)
        made += [status.result for status in both if status.state == "done"][:1]
    if stopped:
        st.caption(f"Stopped: {html.plain(text.names(stopped))}.")
    return made, any(status.active for status in looks.values())
