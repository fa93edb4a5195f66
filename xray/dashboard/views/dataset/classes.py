"""Classes and sizes: what the dataset is made of, and what that alone would score."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from xray.dashboard import cache, choices, dataset_page, grid, links, page
from xray.dataset import composition
from xray.figures import composition as figures_dataset
from xray.reports import html_tables
from xray.reports.html import escape, plain

#: What the widgets offer, in the words that links hold.
VIEWS = ("Classes", "Image sizes")
MEASURES = {words: name for name, (_, words) in figures_dataset.MEASURES.items()}


def classes(films: dataset_page.Films) -> None:
    """Classes and subtypes by split, the majority baseline, and splits too small to steer by."""
    figure = cache.figure("classes", lambda: figures_dataset.classes(films.table), films.key)
    page.show(figure, "classes")
    splits = cache.remember("splits", lambda: tuple(split_facts(films)), films.key)
    for sentence in filter(None, (warning for warning, _ in splits)):
        st.warning(plain(sentence), icon=":material/straighten:")
    for column, (_, fact) in zip(st.columns(len(splits)), splits, strict=True):
        column.html(fact)
    told = " Subtypes are read from the file names." if films.table["subtype"].any() else ""
    st.caption(
        f"A model is worth something only above the baseline of the split it is judged on.{told}"
    )


def split_facts(films: dataset_page.Films) -> Iterator[tuple[str, str]]:
    """Warning about each split ("" where it is fine), and its baseline as HTML."""
    for split in composition.splits(films.table):
        low, high = split.baseline_interval
        ratio = "no film of another class"
        if len(split.counts) > 1:
            ratio = f"{split.imbalance:.1f} films of the larger class for each of the smaller"
        yield (
            composition.warning(split),
            f'<div class="xma-number">{100 * split.baseline:.1f} %</div>'
            f'<div class="xma-fact">baseline on {split.title}: always {escape(split.majority)} '
            f"(95 % interval {100 * low:.1f} to {100 * high:.1f})<br>"
            f"{ratio}</div>",
        )


def scatter(films: dataset_page.Films) -> tuple[go.Figure, list[NDArray[np.int64]]]:
    """The scatter without a chosen film, ready to be sent."""
    figure, curves = figures_dataset.size_scatter(films.table)
    return cache.ready(figure), curves


def ranks(table: pd.DataFrame, measure: str) -> go.Figure:
    """How well one measure alone tells the classes apart, split by split."""
    values = figures_dataset.measured(table, measure)
    rows = composition.rankings(table, values if measure == "aspect" else -values)
    word = figures_dataset.MEASURES[measure][1]
    return figures_dataset.rankings(rows, f"{word} of the original")


def sizes(films: dataset_page.Films) -> None:
    """Width and height of every original; a click opens the film beside the figure."""
    film = st.query_params.get("film", "")
    row = films.catalogue.row(film)
    if row is None:
        figure, curves = cache.remember("sizes", lambda: scatter(films), films.key)
    else:
        figure, curves = figures_dataset.size_scatter(films.table, row)
    left, right = st.columns([3, 1], gap="medium")
    with left:
        clicked = page.show_points(figure, f"sizes {film}")
    if clicked and clicked[0][0] < len(curves):
        curve, point = clicked[0]
        chosen = int(curves[curve][point])
        if chosen != row:
            st.query_params["film"] = str(films.catalogue.tokens[chosen])
            st.rerun()
    with right:
        if row is None:
            said = cache.remember(
                "points", lambda: figures_dataset.points_say(films.table), films.key
            )
            st.caption(plain(said))
        else:
            grid.card(films, row)
    words = choices.choose("Distribution of", list(MEASURES), "measure")
    measure = MEASURES[words]
    key = (films.key, measure)
    page.show(
        cache.figure(
            "histogram", lambda: figures_dataset.size_histogram(films.table, measure), *key
        ),
        f"histogram {measure}",
    )
    page.show(
        cache.figure("size ranks", lambda: ranks(films.table, measure), *key),
        f"ranks {measure}",
    )
    made = cache.remember(
        "size table", lambda: html_tables.sizes(composition.sizes(films.table)), films.key
    )
    st.html(made)
    page.go_to("dataset", "What size alone gives away", section="Shortcuts in the data")


def _title(films: dataset_page.Films) -> str:
    return figures_dataset.baseline_says(composition.splits(films.table)).partition(" (")[0]


def show() -> None:
    """Draw the section."""
    shown = dataset_page.begin(
        _title,
        "Before any model: how many films of which class there are, and how large they are.",
        lambda _: {"view": links.Choice(VIEWS), "measure": links.Choice(tuple(MEASURES))},
        question="How good is it to look at no film at all?",
    )
    if shown:
        view = choices.choose("View", VIEWS, "view", hidden=True)
        with page.guard(view):
            (classes if view == VIEWS[0] else sizes)(shown)
