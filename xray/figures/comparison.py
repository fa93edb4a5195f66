"""Figures of two models side by side, and of one model's subgroups; no streamlit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from xray import classes
from xray.figures import palette
from xray.figures.base import legend_above, reference_line, template, whiskers, words_above
from xray.metrics.comparison import Pair
from xray.metrics.scores import TITLES
from xray.models import weak_spots as strata


def differences(pair: Pair, titles: Mapping[str, str]) -> go.Figure:
    """Differences of two models in five metrics with intervals; zero is no difference."""
    table, a, b = pair.differences, titles[pair.a], titles[pair.b]
    figure = go.Figure()
    ahead = [pair.a if gap >= 0 else pair.b for gap in table["difference"]]
    for name in (pair.a, pair.b):
        mark = palette.model(name)
        rows = table[[leader == name for leader in ahead]]
        figure.add_scatter(
            x=rows["difference"],
            y=[TITLES[metric] for metric in rows["metric"]],
            mode="markers",
            name=f"{titles[name]} ahead",
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 12},
            error_x=whiskers(rows["difference"], rows["low"], rows["high"], mark.colour),
            customdata=rows[["a", "b", "low", "high"]],
            hovertemplate=(
                f"<b>%{{y}}</b><br>{a} %{{customdata[0]:.3f}}, {b} %{{customdata[1]:.3f}}<br>"
                "difference %{x:.3f} (%{customdata[2]:.3f} to %{customdata[3]:.3f})<extra></extra>"
            ),
        )
    reference_line(figure, x=0)
    figure.update_xaxes(title=f"← {b} · {a} →")
    figure.update_yaxes(
        categoryorder="array", categoryarray=[TITLES[m] for m in table["metric"]][::-1]
    )
    apart = [
        TITLES[row["metric"]].partition(" (")[0]
        for _, row in table.iterrows()
        if row["low"] > 0 or row["high"] < 0
    ]
    said = (
        f"{a} and {b} differ in {', '.join(apart)}: those intervals leave out zero"
        if apart
        else f"No interval leaves out zero: {a} and {b} cannot be told apart on these films"
    )
    return legend_above(template(figure, said, height=330))


def agreement(pair: Pair, titles: Mapping[str, str], labels: np.ndarray) -> go.Figure:
    """The four cells of the agreement table, split by class.

    Parameters
    ----------
    pair : of ``comparison.compare_all``.
    titles : model -> name for people.
    labels : (N,) class of each film.
    """
    names = cells(pair, titles)
    counts = {
        label: [int(np.sum((pair.cells == cell) & (labels == label))) for cell in names]
        for label in (classes.positive(), classes.negative())
    }
    # The counts stand beside the names: many a bar is too short for a number.
    rows = [
        f"{name}: {sick} {classes.positive()}, {well} {classes.negative()}"
        for name, sick, well in zip(names.values(), *counts.values(), strict=True)
    ]
    figure = go.Figure()
    for label, counted in counts.items():
        figure.add_bar(
            y=rows,
            x=counted,
            name=label,
            orientation="h",
            marker={
                "color": palette.of_class(label),
                "pattern": {"shape": "" if classes.side(label) else "/", "solidity": 0.25},
            },
            hovertemplate="%{y}<extra></extra>",
        )
    figure.update_layout(barmode="stack")
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(title="films")
    test = pair.mcnemar
    said = (
        f"They disagree on {test.only_a + test.only_b} of {len(pair.cells)} films: only "
        f"{titles[pair.a]} is right on {test.only_a}, only {titles[pair.b]} on {test.only_b}"
    )
    return legend_above(template(figure, said, height=words_above(figure)))


def cells(pair: Pair, titles: Mapping[str, str]) -> dict[str, str]:
    """Cell of the agreement table as stored -> as people read it."""
    return {
        "both right": "both right",
        f"only {pair.a}": f"only {titles[pair.a]} right",
        f"only {pair.b}": f"only {titles[pair.b]} right",
        "neither": "neither right",
    }


def weak_spots(table: pd.DataFrame, overall: float, name: str, title: str) -> go.Figure:
    """A metric on every group of films, the worst at the top, with intervals.

    Parameters
    ----------
    table : of ``weak_spots.by_stratum``.
    overall : the metric on all films, as a reference line.
    name, title : the model.
    """
    mark = palette.model(name)
    figure = go.Figure()
    for few, words, symbol in (
        (False, "groups", mark.symbol),
        (
            True,
            f"fewer than {strata.FEW} films of a class: too few to judge",
            f"{mark.symbol}-open",
        ),
    ):
        rows = table[table["few"] == few]
        if rows.empty:
            continue
        figure.add_scatter(
            x=rows["value"],
            y=_labels(rows),
            mode="markers",
            name=words,
            marker={
                "color": mark.colour,
                "symbol": symbol,
                "size": 11,
                "line": {"width": 2, "color": mark.colour},
            },
            error_x=whiskers(rows["value"], rows["low"], rows["high"], mark.colour),
            customdata=rows[["kind", "gap", "gap_low", "gap_high", "n"]],
            hovertemplate=(
                "<b>%{y}</b> (%{customdata[0]})<br>%{x:.3f} on %{customdata[4]} films<br>"
                "against the other films %{customdata[1]:+.3f} (%{customdata[2]:+.3f} to "
                "%{customdata[3]:+.3f})<extra></extra>"
            ),
        )
    reference_line(figure, x=overall)
    figure.update_yaxes(categoryorder="array", categoryarray=_labels(table)[::-1], title=None)
    metric = str(table["metric"].iloc[0])
    figure.update_xaxes(title=f"{TITLES[metric]}; dotted: all films, {overall:.3f}")
    template(figure, strata.weakest(table, title), height=words_above(figure))
    return legend_above(figure)


def _labels(table: pd.DataFrame) -> list[str]:
    return [
        f"{row['stratum']} ({row['n']}{', against ' + row['against'] if row['against'] else ''})"
        for _, row in table.iterrows()
    ]
