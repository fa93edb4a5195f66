"""Oddballs: films that are not like the others, by scores and thresholds that anybody may move."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from xray import (
    browse,
    dashboard,
    dashboard_browse,
    dashboard_cache,
    dashboard_films,
    dashboard_grid,
    figures_oddballs,
    quality,
    share,
)

dashboard.enter()

TITLES = dashboard_browse.ODD


def summary(films: dashboard_films.Films) -> pd.DataFrame:
    """Flagged films by oddity and class, at the thresholds set out of the box."""
    return quality.summary(films.table)


def totals(films: dashboard_films.Films) -> dict[str, int]:
    """Films of each class."""
    return {str(k): int(n) for k, n in films.table["label"].value_counts().sort_index().items()}


def scores(films: dashboard_films.Films, oddity: quality.Oddity, limit: float) -> go.Figure:
    """Distribution of one score, with the threshold in force."""
    values = films.table[f"{oddity.name}_score"].to_numpy(dtype=np.float64)
    labels = films.table["label"].to_numpy(dtype=str)
    return figures_oddballs.scores(values, labels, oddity, limit)


def found(films: dashboard_films.Films, oddity: quality.Oddity, limit: float) -> browse.Rows:
    """Films from the threshold on, the oddest first."""
    rows = browse.find(films.catalogue, browse.Wish(sort=f"odd-{oddity.name}"))
    values = films.table[f"{oddity.name}_score"].to_numpy(dtype=np.float64)[rows]
    return rows[values >= limit]


def look(films: dashboard_films.Films, oddity: quality.Oddity) -> None:
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
    rows = dashboard_cache.remember("odd rows", lambda: found(films, oddity, limit), *key)
    figure = dashboard_cache.figure("odd scores", lambda: scores(films, oddity, limit), *key)
    dashboard.show(figure, "odd scores")
    if not len(rows):
        st.caption("No film is that odd, or its score is not known.")
        return
    visible = dashboard_browse.page_of(rows, browse.Wish(traits=(oddity.name, f"{limit}")))
    dashboard_grid.grid(films, visible, key="odd films")
    columns = ["file", "split", "label", f"{oddity.name}_score"]
    dashboard.download(
        "These films as CSV", lambda: films.table.iloc[rows][columns], f"{oddity.name}.csv"
    )
    dashboard_grid.link("splits", "Leave them out: a cleaning list", "delete_sweep")


def overview(films: dashboard_films.Films) -> None:
    """How many films of each class are odd in each way."""
    figure = dashboard_cache.figure(
        "oddities",
        lambda: figures_oddballs.oddities(summary(films), totals(films)),
        films.key,
    )
    dashboard.show(figure, "oddities")


def first(films: dashboard_films.Films) -> int:
    """Place of the oddity that belongs to one class most: it is looked at first."""
    name = dashboard_cache.remember(
        "lopsided", lambda: figures_oddballs.most_lopsided(summary(films), totals(films)), films.key
    )
    return list(TITLES.values()).index(name) if name else 0


shown = dashboard_films.begin(
    lambda films: figures_oddballs.oddities_say(summary(films), totals(films)),
    "Films that are coloured, tilted, cut, blurred or written on. Where they belong to one "
    "class, a model can use it.",
    lambda _: {
        "kind": share.Choice(tuple(TITLES)),
        "page": share.Number(1, 1e6),
        **{f"{o.name}_limit": share.Number(o.low, o.high) for o in quality.ODDITIES},
    },
)
if shown:
    row = shown.catalogue.row(st.query_params.get("film", ""))
    with dashboard.guard("The oddballs"):
        if row is None:
            overview(shown)
        else:
            dashboard_grid.card(shown, row)
        title = st.selectbox(
            "Look at the films that are", TITLES, first(shown), key="kind", bind="query-params"
        )
        look(shown, quality.BY_NAME[TITLES[title]])
        st.caption(
            "Scores are measured on a small copy of each film; higher is odder, always."
            + (" The copy of the public set is grey; its originals' modes are known."
               if shown.public else "")
        )  # fmt: skip
