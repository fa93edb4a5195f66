"""Figures of calibration: do probabilities mean what they say; no streamlit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from xray import classes
from xray.figures import palette
from xray.figures.base import legend_above, template, whiskers
from xray.metrics.calibration import Temperature


def reliability(
    raw: pd.DataFrame, scaled: pd.DataFrame, name: str, title: str, positive: str = ""
) -> go.Figure:
    """Reliability diagram of one model, before and after temperature scaling.

    Parameters
    ----------
    raw, scaled : of ``calibration.reliability``.
    name, title : the model.
    positive : name of a class; the positive one when empty
    """
    positive = positive or classes.positive()
    mark = palette.model(name)
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": palette.REFERENCE, "width": 1.5, "dash": "dot"},
        showlegend=False,
        hoverinfo="skip",
    )
    most = max(int(raw["n"].max()), int(scaled["n"].max()))
    for table, words, symbol, dash in (
        (raw, "as the model says", mark.symbol, "solid"),
        (scaled, "after temperature scaling", f"{mark.symbol}-open", "dash"),
    ):
        figure.add_scatter(
            x=table["predicted"],
            y=table["observed"],
            mode="lines+markers",
            name=words,
            line={"color": mark.colour, "dash": dash, "width": 1.5},
            marker={
                "symbol": symbol,
                "size": 7 + 13 * np.sqrt(table["n"] / most),
                "color": mark.colour,
                "line": {"width": 2, "color": mark.colour},
            },
            error_y=whiskers(
                table["observed"],
                table["low"],
                table["high"],
                palette.fade(mark.colour, 0.55),
                thickness=1.5,
            ),
            customdata=table["n"],
            hovertemplate="said %{x:.1%}, was %{y:.1%} of %{customdata} films<extra></extra>",
        )
    figure.update_xaxes(
        title=f"probability of {positive} that the model gives", range=[-0.02, 1.02]
    )
    figure.update_yaxes(title=f"share that is {positive}", range=[-0.02, 1.02])
    return template(figure, _overconfidence(raw, title, positive), height=400)


def _overconfidence(raw: pd.DataFrame, title: str, positive: str) -> str:
    """Name the bin in which probabilities are furthest off, weighing its films."""
    off = (raw["predicted"] - raw["observed"]) * raw["n"]
    worst = raw.iloc[int(off.abs().argmax())]
    return (
        f"{title}: of {worst['n']:.0f} films given a probability of {worst['start']:.1f} to "
        f"{worst['end']:.1f}, {worst['observed']:.0%} are {positive}"
    )


def calibrated(errors: Mapping[str, float], titles: Mapping[str, str], shown: str) -> str:
    """Say how far the probabilities of the model that is shown are off, and whose are furthest.

    Parameters
    ----------
    errors, titles : by model
    shown : a model
    """
    worst = max(errors, key=lambda name: errors[name])
    said = f"Probabilities of {titles[shown]} are off by {errors[shown]:.3f} on average"
    if worst != shown:
        return f"{said}; the most, those of {titles[worst]}, by {errors[worst]:.3f}"
    return said + (", the most of these models" if len(errors) > 1 else "")


def calibration_errors(table: pd.DataFrame, name: str, title: str) -> go.Figure:
    """Brier score and calibration error before and after scaling, with intervals.

    Parameters
    ----------
    table : of ``calibration.summary``.
    name, title : the model.
    """
    mark = palette.model(name)
    figure = go.Figure()
    words = {"brier": "Brier score", "ece": "calibration error"}
    shown = table[table["metric"].isin(list(words))]
    for scaled, label in ((False, "as the model says"), (True, "after temperature scaling")):
        rows = shown[shown["scaled"] == scaled]
        figure.add_scatter(
            x=rows["value"],
            y=[words[metric] for metric in rows["metric"]],
            mode="markers",
            name=label,
            marker={
                "color": mark.colour,
                "symbol": f"{mark.symbol}-open" if scaled else mark.symbol,
                "size": 12,
                "line": {"width": 2, "color": mark.colour},
            },
            error_x=whiskers(
                rows["value"], rows["low"], rows["high"], palette.fade(mark.colour, 0.7)
            ),
            hovertemplate="%{y} %{x:.3f}<extra></extra>",
        )
    figure.update_xaxes(rangemode="tozero", title="less is better")
    ece = table[table["metric"] == "ece"].set_index("scaled")
    before, after = (float(ece["value"][scaled]) for scaled in (False, True))
    said = (
        f"{title}: calibration error {before:.3f}, after scaling {after:.3f}; chance alone would "
        f"show {float(ece['chance'][False]):.3f}"
    )
    return legend_above(template(figure, said, height=280))


def heat(temperature: Temperature, title: str) -> str:
    """What a temperature says, in a sentence."""
    if temperature.problem:
        return f"No temperature can be set for {title}: {temperature.problem}."
    value = temperature.value
    verdict = "too sure of itself" if value > 1 else "less sure than it could be"
    return (
        f"On its {temperature.n} validation films {title} is {verdict}: temperature {value:.2f} "
        "(1 would be just right)."
    )
