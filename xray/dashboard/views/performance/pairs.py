"""Pairs: two models on the same films, and whether the difference would survive another test."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from xray import classes
from xray.dashboard import cache, dataset_page, grid, links, page
from xray.dashboard import models_page as shared
from xray.figures import comparison as figures_pairs
from xray.metrics import comparison
from xray.metrics.comparison import Pair
from xray.models.card import WEIGHTS
from xray.models.lineup import Entrant
from xray.reports import html
from xray.training import replication

#: Films shown of a cell at once.
SHOWN = 24


def pairs(view: shared.View) -> list[Pair]:
    """Every pair of the models shown, compared."""
    line = view.lineup
    return cache.remember(
        "pairs",
        lambda: comparison.compare_all(
            line.y, {e.name: e.log_odds for e in line.entrants}, line.thresholds(), line.groups
        ),
        view.key,
    )


def title(view: shared.View) -> str:
    """How many of the pairs rank films differently enough to last."""
    found = pairs(view)
    if not found:
        return "Two models are needed for a comparison"
    said = [cache.made(comparison.survives, pair, "auroc") for pair in found]
    lasting = sum(each.startswith("Would probably survive") for each in said)
    noun = "pair ranks" if lasting == 1 else "pairs rank"
    return f"{lasting} of {len(found)} {noun} films differently enough to survive another test set"


def behind(files: NDArray[np.str_], a: Entrant, b: Entrant, pair: Pair, cell: str) -> pd.DataFrame:
    """Films of a cell, with what both models make of them (see ``comparison.films_of``)."""
    chosen = np.flatnonzero(pair.cells == cell)
    return comparison.films_of(files[chosen], {each.name: each.log_odds[chosen] for each in (a, b)})


def rows_of(table: pd.DataFrame, films: pd.DataFrame) -> NDArray[np.int32]:
    """Where the first of the films stand in the table of all."""
    return np.asarray(comparison.rows_of(table["file"].head(SHOWN), films["file"]), np.int32)


def films(view: shared.View, pair: Pair) -> None:
    """The films behind a cell of the agreement table."""
    names = figures_pairs.cells(pair, view.titles)
    # A function of this page in its place would keep the whole page in memory.
    labels = {cell: html.label(name) for cell, name in names.items()}
    cell = st.segmented_control(
        "Films of",
        list(names),
        format_func=labels.__getitem__,
        default=f"only {pair.a}",
        required=True,
        key=f"cell {pair.a} {pair.b}",
    )
    a, b = view.entrant(pair.a), view.entrant(pair.b)
    table = cache.made(behind, view.lineup.files, a, b, pair, cell)
    st.caption(f"{len(table)} films, those on which the two are furthest apart first.")
    shown = dataset_page.films()
    if shown and len(table):
        rows = cache.made(rows_of, table, shown.table)
        opened = shown.catalogue.row(st.query_params.get("film", ""))
        if opened is not None:
            grid.card(shown, opened)
        grid.grid(shown, rows, f"films {pair.a} {pair.b} {cell}", model=pair.a)
    page.download("Save as CSV", table, f"films-{pair.a}-{pair.b}.csv")


def show() -> None:
    """Draw the section."""
    view = shared.begin(
        title,
        "Both models saw the same films, so it is the films on which they differ that count.",
        {"pair": links.Token(r"[0-9]{1,3}"), **dataset_page.PARAMETERS},
        question="Is one model better than another, or was it luck?",
    )
    found = pairs(view) if view else []
    if view and not found:
        st.info("Choose at least two models above.", icon=":material/info:")
    if view and found:
        names = [f"{view.titles[pair.a]} and {view.titles[pair.b]}" for pair in found]
        place = st.selectbox(
            "Pair", range(len(found)), key="chosen pair", format_func=names.__getitem__
        )
        pair = found[place]
        with page.guard("The comparison"):
            hashes = {name: view.cards[name].files.get(WEIGHTS, "") for name in (pair.a, pair.b)}
            for metric, words in (("auroc", "Ranking"), ("accuracy", "Calls")):
                said = cache.made(comparison.survives, pair, metric, view.titles)
                st.markdown(f"**{words}, other films.** {html.plain(said)}")
                given = shared.runs(), hashes, f"{view.split}_{metric}", view.titles
                said = cache.made(replication.order, *given)
                st.markdown(f"**{words}, another training.** {html.plain(said)}")
            left, right = st.columns(2, gap="medium")
            named = classes.positive(), classes.negative()
            labels = cache.made(np.where, view.lineup.y, *named)
            with left:
                page.draw("figure differences", figures_pairs.differences, pair, view.titles)
            with right:
                page.draw("figure agreement", figures_pairs.agreement, pair, view.titles, labels)
            st.caption(
                "Each at its own threshold; p-values adjusted for the pairs shown (Holm). "
                "Other films: as many possible patients again, from where these came from. "
                "Another training: the same recipe from another seed. "
                "No figure here says how the models do elsewhere."
            )
            page.download("Save as CSV", pair.differences, f"pair-{pair.a}-{pair.b}.csv")
        with page.guard("The films of the pair"):
            films(view, pair)
