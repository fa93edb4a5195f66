"""Explain a film: what every model calls it, why, and what a device on it would change."""

import streamlit as st

from xray import classes
from xray.audits import reading
from xray.audits.reading import Question, Reading
from xray.dashboard import links, loaders, page, sections, startup
from xray.dashboard.views import answers, explain, film_choice, spaces, trust
from xray.dashboard.views.browse import neighbours
from xray.models.card import Card, titles_of
from xray.reports import film_words, html

page.enter()


def choose(cards: list[Card]) -> None:
    """The film on the left, its answer on the right; why below."""
    chosen = film_choice.choose()
    if chosen is None:
        return
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.html(picture(chosen))
        st.caption(html.plain(f"{chosen.about} {film_words.facts(chosen.film)}."))
    with right:
        asked, question = explain.ask(cards, chosen)
        # Who only looks at the page costs no memory: its first run loads nothing.
        if st.session_state.get("_choosing"):
            startup.foresee([card.name for card in asked], reading.warm)
        st.session_state["_choosing"] = True
        done, coming = explain.collect(chosen, asked, question)
        for card in cards:
            if card.problem:
                page.problem(f"{card.title}: {card.problem}")
        if done:
            with page.guard("The calls"):
                answers.calls(done, titles, cards, question, coming)
    if done:
        show(chosen, done, question, cards, coming)
    if st.session_state.get("upload"):
        alike = st.expander("Films like this one", icon=":material/join_inner:")
        with alike, page.guard("Films like this one"):
            neighbours.show_upload(chosen.film)


def picture(chosen: film_choice.Chosen) -> str:
    """The film to explain, drawn once; an upload is kept no longer than its session."""
    known: tuple[str, str] = st.session_state.get("_picture", ("", ""))
    if known[0] != chosen.film.sha256:
        small = reading.small(chosen.film.pixels)
        known = chosen.film.sha256, html.image(small, "The film to explain")
        st.session_state["_picture"] = known
    return known[1]


def show(
    chosen: film_choice.Chosen,
    done: list[Reading],
    question: Question,
    cards: list[Card],
    coming: bool,
) -> None:
    """Why, what would change it, how far to trust it, and all of it to take away."""
    st.subheader(f"What speaks for {classes.spoken()}", anchor=False)
    st.caption(
        f"Orange speaks for {classes.spoken()}, blue against it; the fainter, the weaker. Regions "
        "are numbered by weight."
    )
    with page.guard("The overlays"):
        answers.overlays(chosen, done, titles, coming)
    weighed = st.expander(
        "What each region weighs", icon=":material/bar_chart:", key="weighed", on_change="rerun"
    )
    with weighed:
        # Drawn when it is looked at, as figures take their time.
        for each in done if weighed.open else ():
            with page.guard("The weights"):
                page.show(answers.weights(each, titles[each.model]), key=f"weights {each.model}")
    drawn = st.expander(
        "A device that was laid on, and its match",
        icon=":material/cable:",
        key="drawn",
        on_change="rerun",
    )
    with drawn, page.guard("The device test"):
        # Drawn when it is looked at: it takes as long as all the rest of the page.
        if drawn.open:
            answers.device_pair(chosen, question)
    trust = st.expander("Can these explanations be trusted?", icon=":material/rule:")
    with trust, page.guard("The checks"):
        answers.checks(chosen, done, titles)
    with page.guard("The downloads"):
        answers.downloads(chosen, done, cards, question, coming)


models = loaders.cards()
titles = {card.name: card.title or card.name for card in models}
usable = tuple(titles_of([card for card in models if not card.problem]))


def one_film() -> None:
    """What every model says of a film, and why by LIME."""
    page.page(
        "Explain a film",
        "What each model calls it, which parts speak for that (LIME), and what a device changes.",
        {
            **explain.PARAMETERS,
            "models": links.Choice(usable, several=True),
            "alike": links.Choice((spaces.BY_PIXELS, *usable)),
        },
        clinical=True,
    )
    choose(models)


sections.show({"One film": one_film, "Which to trust": trust.show})
