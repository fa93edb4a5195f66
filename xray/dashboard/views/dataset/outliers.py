"""Outliers: films that are not like the others, by scores and thresholds that anybody may move."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from xray.dashboard import browser, cache, catalogue, dataset_page, grid, links, page
from xray.dataset import outliers
from xray.figures import curation

TITLES = browser.ODD


def summary(films: dataset_page.Films) -> pd.DataFrame:
    """Flagged films by oddity and class, at the thresholds set out of the box."""
    return outliers.summary(films.table)


def totals(films: dataset_page.Films) -> dict[str, int]:
    """Films of each class."""
    return {str(k): int(n) for k, n in films.table["label"].value_counts().sort_index().items()}


def scores(films: dataset_page.Films, oddity: outliers.Oddity, limit: float) -> go.Figure:
    """Distribution of one score, with the threshold in force."""
    values = films.table[f"{oddity.name}_score"].to_numpy(dtype=np.float64)
    labels = films.table["label"].to_numpy(dtype=str)
    return curation.scores(values, labels, oddity, limit)


def found(films: dataset_page.Films, oddity: outliers.Oddity, limit: float) -> catalogue.Rows:
    """Films from the threshold on, the oddest first."""
    rows = catalogue.find(films.catalogue, catalogue.Wish(sort=f"odd-{oddity.name}"))
    values = films.table[f"{oddity.name}_score"].to_numpy(dtype=np.float64)[rows]
    return rows[values >= limit]


def look(films: dataset_page.Films, oddity: outliers.Oddity) -> None:
    """One way of being odd: its scores, its threshold, and the films beyond it."""
    limit = st.slider(
        f"Odd from here on: {oddity.meaning}",
        float(oddity.low),
        float(oddity.high),
        float(oddity.threshold),
        key=f"{oddity.name}_limit",
        bind="query-params",
    )
    key = (films.key, oddity.name, limit)
    rows = cache.remember("odd rows", lambda: found(films, oddity, limit), *key)
    figure = cache.figure("odd scores", lambda: scores(films, oddity, limit), *key)
    page.show(figure, "odd scores")
    if not len(rows):
        st.caption("No film is that odd, or its score is not known.")
        return
    visible = browser.page_of(rows, catalogue.Wish(traits=(oddity.name, f"{limit}")))
    grid.grid(films, visible, key="odd films")
    columns = ["file", "split", "label", f"{oddity.name}_score"]
    page.download(
        "These films as CSV", lambda: films.table.iloc[rows][columns], f"{oddity.name}.csv"
    )
    page.go_to(
        "dataset",
        "Leave them out: a cleaning list",
        "delete_sweep",
        {"view": "Cleaning list"},
        "Splits and cleaning",
    )


def overview(films: dataset_page.Films) -> None:
    """How many films of each class are odd in each way."""
    figure = cache.figure(
        "oddities",
        lambda: curation.oddities(summary(films), totals(films)),
        films.key,
    )
    page.show(figure, "oddities")


def first(films: dataset_page.Films) -> int:
    """Place of the oddity that belongs to one class most: it is looked at first."""
    name = cache.remember(
        "lopsided", lambda: curation.most_lopsided(summary(films), totals(films)), films.key
    )
    return list(TITLES.values()).index(name) if name else 0


def show() -> None:
    """Draw the section."""
    shown = dataset_page.begin(
        lambda films: curation.oddities_say(summary(films), totals(films)),
        "Coloured, tilted, cut, blurred or marked in a corner. Where such films belong to one "
        "class, a model can use it.",
        lambda _: {
            "kind": links.Choice(tuple(TITLES)),
            "page": links.Number(1, 1e6),
            **{f"{o.name}_limit": links.Number(o.low, o.high) for o in outliers.ODDITIES},
        },
        question="Which films are not like the others?",
    )
    if shown:
        row = shown.catalogue.row(st.query_params.get("film", ""))
        with page.guard("The outliers"):
            if row is None:
                overview(shown)
            else:
                grid.card(shown, row)
            title = st.selectbox(
                "Look at the films that are", TITLES, first(shown), key="kind", bind="query-params"
            )
            look(shown, outliers.BY_NAME[TITLES[title]])
            st.caption(
                "Scores are measured on a small copy of each film; higher is odder, always."
                + (
                    " The copy of the public set is grey; its originals' modes are known."
                    if shown.public
                    else ""
                )
            )
