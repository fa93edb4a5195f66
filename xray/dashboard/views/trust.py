"""Which to trust: methods of explanation side by side on one film, and measured over many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from xray import classes, text
from xray.dashboard import background, cache, links, loaders, page
from xray.dashboard.views import explain, film_choice
from xray.environment import artifact
from xray.errors import ArtifactError
from xray.explanations import comparison, methods
from xray.explanations.methods import METHODS
from xray.explanations.result import Heatmap
from xray.figures import overlay
from xray.figures.base import Row, by_metric, records, span
from xray.files import digest, hash_json, read_table
from xray.films import lungs
from xray.films.pixels import Pixels
from xray.jobs.progress import Progress
from xray.models import registry
from xray.models.card import Card, titles_of
from xray.reports import html, html_tables

#: Stored means over many films, and the command that makes them.
FILE = "explanations.csv"
COMMAND = "python -m benchmarks.which_to_trust"
#: What is asked at first: quick for any model.
FIRST = ("lime", "grad_cam", "occlusion")
#: Measures of the table, and what each is read as.
SHOWN = {
    "deletion": "Deletion: how much faster the call falls than by chance when what the map points "
    "at is hidden first. Above 0 is better than chance.",
    "insertion": "Insertion: the same, when the film is put together from nothing.",
    "agreement": "Correlation of two maps whose seeds differ; empty where chance has no part.",
    "lungs": "Share of the absolute weight that lies on the lungs.",
    "devices": "Share on labelled devices.",
    "evaluations": "Films passed through the model.",
    "seconds": "Wall time a film.",
}


#: Below what is known of networks of known answers.
KNOWN = (
    "These networks were taught to call films with one kind of device, and nothing else. Shown "
    "is the share of films on which the device outweighs a region of its shape elsewhere. "
    "0.5 is chance. Mean over networks; the interval is the widest of any of them."
)


def parameters(cards: Sequence[Card]) -> dict[str, links.Parameter]:
    """Parameters of a link to this section."""
    return {
        "methods": links.Choice(tuple(each.title for each in METHODS.values()), several=True),
        "explained": links.Choice(tuple(_titles(cards))),
    }


def _titles(cards: Sequence[Card]) -> dict[str, Card]:
    usable = [card for card in cards if not card.problem]
    names = {card.name: card for card in usable}
    return {title: names[name] for title, name in titles_of(usable).items()}


def show() -> None:
    """Draw the section."""
    cards = loaders.cards()
    page.page(
        _finding(),
        "The same film by several methods, and what hiding what they point at does. Then what was "
        "measured over many films, and on networks of known answers.",
        {**explain.PARAMETERS, **parameters(cards)},
        clinical=True,
        question="Which explanation may be trusted for what?",
    )
    if (chosen := film_choice.choose()) is not None:
        draw(chosen.film.pixels, cards)
    with page.guard("The table over many films"):
        _over_many(_titles(cards))


def draw(pixels: Pixels, cards: Sequence[Card]) -> None:
    """Explain one film by several methods.

    Parameters
    ----------
    pixels : (H, W) float32 in [0, 1], the film
    cards : models to choose from
    """
    offered = _titles(cards)
    if not offered:
        page.empty(
            "No model to explain",
            "Train a recipe, or add a model of your own.",
            "python -m xray train basic",
        )
        return
    named = {each.title: each.name for each in METHODS.values()}
    left, right = st.columns(2, gap="medium")
    title = left.selectbox(
        "Model", list(offered), key="explained", bind="query-params", format_func=html.label
    )
    read = right.pills(
        "Methods",
        list(named),
        selection_mode="multi",
        default=[METHODS[name].title for name in FIRST],
        key="methods",
        bind="query-params",
        wrap=True,
        help="; ".join(f"{each.title}: {each.about}" for each in METHODS.values()),
    )
    asked, card = [named[each] for each in read], offered[title]
    job = hash_json(["methods", card.name, card.sha256, asked, cache.content_of(pixels)])
    status = background.look(job)
    if status.state == "done":
        with page.guard("The maps"):
            _maps(pixels, card, asked, *status.result)
    else:
        if status.error:
            page.problem(status.error)
        pressed = st.button(
            "Compare them on this film",
            icon=":material/compare:",
            disabled=not asked or status.active,
        )
        if pressed:
            status = background.ask(job, _work(pixels, card.name, asked))
        background.watch([(job, "Explaining the film", status)])


def _work(pixels: Pixels, name: str, asked: Sequence[str]) -> background.Work:
    def work(progress: Progress) -> tuple[dict[str, Heatmap], pd.DataFrame, dict[str, str]]:
        model = registry.load(name)
        why = {each: reason for each in asked if (reason := methods.why_not(each, model))}
        field = lungs.estimate(pixels).field
        maps, table = comparison.compare(model, pixels, asked, lungs=field, progress=progress)
        return maps, table, why

    return work


def _maps(
    pixels: Pixels,
    card: Card,
    asked: Sequence[str],
    maps: dict[str, Heatmap],
    table: pd.DataFrame,
    why: dict[str, str],
) -> None:
    """Each map with what it may be trusted for and what was measured of it."""
    for sentence in why.values():
        page.problem(sentence)
    spoken = classes.spoken()
    st.caption(f"Orange speaks for {spoken}, blue against it; each map by its own largest value.")
    known = dict(zip(table["method"], records(table), strict=True))
    shown = [name for name in asked if name in maps]
    for start in range(0, len(shown), 3):
        for column, name in zip(
            st.columns(3, gap="medium"), shown[start : start + 3], strict=False
        ):
            method, found = METHODS[name], maps[name]
            with column:
                st.markdown(f"**{method.title}**")
                picture = overlay.heat(found, pixels)
                page.film(picture, f"{method.title}: orange toward {spoken}, blue away from it")
                st.html(html.facts(_facts(known[name])))
                st.caption(method.trust)
    page.download("Save the measures", table, f"methods-{card.name}.csv")


def _facts(row: Row) -> list[tuple[str, str]]:
    numbers = [(name, f"{row[name]:+.2f}") for name in ("deletion", "insertion")]
    numbers += [
        (comparison.MEASURES[name], f"{row[name]:.2f}")
        for name in ("agreement", "lungs")
        if np.isfinite(row[name])
    ]
    return [*numbers, ("cost", f"{row['evaluations']:.0f} evaluations, {row['seconds']:.1f} s")]


# --- over many films -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Stored:
    """Means of every method that can be believed, and a sentence on the others; "" of none."""

    table: pd.DataFrame
    problem: str


def _stored() -> Stored | None:
    """Stored means of every method; None where there are none."""
    path = artifact(FILE)
    return cache.remember("methods", lambda: _read(path), str(path), digest(path))


def _read(path: Path) -> Stored | None:
    if not path.is_file():
        return None
    again = f"make it anew: {COMMAND}."
    try:
        read = read_table(path)
        table = comparison.whole(read)
    except ArtifactError:
        return Stored(pd.DataFrame(), f"{FILE} is damaged and cannot be read; {again}")
    if lost := len(read) - len(table):
        words = "row of {} is" if lost == 1 else "rows of {} are"
        said = f"{lost:,} {words.format(FILE)} cut off or damaged and left out; {again}"
        return Stored(table, said)
    asked = table.groupby(["model", "answer"], sort=False)["method"].nunique()
    if lacking := [name for name, _ in asked[asked < asked.max()].index]:
        said = f"{FILE} is cut off: it lacks methods for {text.names(lacking)}; {again}"
        return Stored(table, said)
    return Stored(table, "")


def _finding() -> str:
    """Which method points best at what moves a call, over many films, as a title."""
    kept = _stored()
    if kept is not None and len(kept.table):
        return cache.made(_best, kept.table)
    return "Which explanation may be trusted for what?"


def _best(table: pd.DataFrame) -> str:
    hidden = table[(table["answer"] == "") & (table["measure"] == "deletion")]
    if hidden.empty:
        return "Which explanation may be trusted for what?"
    means = hidden.groupby("method")["mean"].mean()
    best = str(means.idxmax())
    lows = hidden[hidden["method"] == best].set_index("model")["low"]
    rivals = hidden[hidden["method"] != best].groupby("model")["high"].max()
    clear = int((lows > rivals.reindex(lows.index, fill_value=-np.inf)).sum())
    return (
        f"{METHODS[best].title} points best at what moves a call: deletion {means[best]:.2f} on "
        f"average, clearly best for {clear} of {len(lows)} models"
    )


def _over_many(offered: dict[str, Card]) -> None:
    """Stored means of every method, model by model, and where the answer is known."""
    st.subheader("Over many films", anchor=False)
    kept = _stored()
    if kept is None:
        page.empty("Not measured yet", "Explain many films by every method once.", COMMAND)
        return
    if kept.problem:
        page.problem(kept.problem)
    if len(kept.table):
        titles = {card.name: title for title, card in offered.items()}
        st.html(cache.made(_by_model, kept.table, titles))
        st.caption(
            " ".join(SHOWN.values()) + " Means with 95 % intervals, by person. "
            "Clearly best: its interval lies above those of all other methods."
        )
        if known := cache.made(_known, kept.table):
            st.html(known)
            st.caption(KNOWN)


def _by_model(table: pd.DataFrame, titles: dict[str, str]) -> str:
    """A table a model, as HTML."""
    words, parts = ("", *(comparison.MEASURES[each] for each in SHOWN)), []
    for name, part in table[table["answer"] == ""].groupby("model", sort=False):
        title = html.escape(titles.get(str(name), str(name)))
        parts.append(f"<p><strong>{title}</strong>, {int(part['n'].max())} test films</p>")
        parts.append(html_tables.table(words, _rows(part)))
    return "".join(parts)


def _rows(part: pd.DataFrame) -> list[tuple[str, ...]]:
    found = []
    for name, rows in part.groupby("method", sort=False):
        by = by_metric(rows, "measure")
        cells = [
            _cell(by[each], 0 if each == "evaluations" else 2) if each in by else ""
            for each in SHOWN
        ]
        found.append((METHODS[str(name)].title, *cells))
    return found


def _cell(row: Row, digits: int = 2) -> str:
    """A mean with its interval below it, so that eight columns fit."""
    return span(row["mean"], row["low"], row["high"], digits).replace(" (", "\n(")


def _known(table: pd.DataFrame) -> str:
    """How often devices outweigh their shams in networks that were taught to call them alone."""
    points = table[(table["answer"] != "") & (table["measure"] == "points")]
    kinds = list(dict.fromkeys(points["answer"]))
    rows = []
    for name, part in points.groupby("method", sort=False):
        cells = []
        for kind in kinds:
            mine = part[part["answer"] == kind]
            low, high, n = mine["low"].min(), mine["high"].max(), int(mine["n"].sum())
            cells.append(
                f"{mine['mean'].mean():.2f} ({low:.2f} to {high:.2f}), {n} films"
                if len(mine)
                else ""
            )
        rows.append((METHODS[str(name)].title, *cells))
    title = "<p><strong>Where the answer is known</strong></p>"
    return title + html_tables.table(("", *kinds), rows) if rows else ""
