"""Figures of the Explain page: what each model calls a film, and what each superpixel weighs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from xray import classes
from xray.audits.reading import Reading
from xray.figures import palette
from xray.figures.base import template
from xray.metrics.odds import to_log_odds
from xray.text import a, percent

#: Probabilities at which the axis of calls is labelled; it is spaced by log-odds.
_TICKS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
_END = 8.0


def calls(readings: Sequence[Reading], titles: dict[str, str], device: str) -> go.Figure:
    """Probability of every model with its threshold, before and after a device is drawn in."""
    figure = go.Figure()
    rows = [titles.get(reading.model, reading.model) for reading in readings]
    for row, reading in zip(rows, readings, strict=True):
        mark = palette.model(reading.model)
        ends = np.clip([reading.log_odds, reading.with_device], -_END, _END)
        sham = float(np.clip(reading.with_sham, -_END, _END))
        threshold = float(np.clip(reading.threshold, -_END, _END))
        words = [percent(_sigmoid(value)) for value in (reading.log_odds, reading.with_device)]
        figure.add_scatter(
            x=[threshold], y=[row], mode="markers", name="threshold", showlegend=False,
            marker={"symbol": "line-ns", "size": 30,
                    "line": {"color": palette.REFERENCE, "width": 3}},
            hovertemplate=f"called {classes.spoken()} from {percent(_sigmoid(reading.threshold))}"
            "<extra>threshold</extra>",
        )  # fmt: skip
        figure.add_scatter(
            x=ends, y=[row, row], mode="lines", showlegend=False, hoverinfo="skip",
            line={"color": mark.colour, "width": 2, "dash": "dot"},
        )  # fmt: skip
        figure.add_scatter(
            x=[sham], y=[row], mode="markers", showlegend=False,
            marker={"symbol": "line-ns", "size": 12, "line": {"color": mark.colour, "width": 2}},
            hovertemplate=f"{percent(_sigmoid(reading.with_sham))}<extra>sham</extra>",
        )  # fmt: skip
        for x, word, symbol, what in (
            (ends[1], words[1], f"{mark.symbol}-open", f"with {device}"),
            (ends[0], words[0], mark.symbol, "as it is"),
        ):
            figure.add_scatter(
                x=[x], y=[row], mode="markers", showlegend=False,
                marker={"symbol": symbol, "size": 14, "color": mark.colour,
                        "line": {"color": mark.colour, "width": 2}},
                hovertemplate=f"{word}<extra>{what}</extra>",
            )  # fmt: skip
    figure.update_xaxes(
        range=[-_END - 0.4, _END + 0.4],
        tickvals=to_log_odds(_TICKS).tolist(),
        ticktext=[f"{100 * p:g} %" for p in _TICKS],
        title=f"probability of {classes.spoken()}",
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    says = _says(readings, device)
    alt = "; ".join(
        f"{row} {percent(_sigmoid(reading.log_odds))}, with {device} "
        f"{percent(_sigmoid(reading.with_device))}, threshold "
        f"{percent(_sigmoid(reading.threshold))}"
        for row, reading in zip(rows, readings, strict=True)
    )
    return template(figure, says, f"{says}. {alt}", height=110 + 52 * len(rows), legend=False)


def _says(readings: Sequence[Reading], device: str) -> str:
    """How many models call the film positive, and how many the device turns."""
    called = sum(reading.log_odds >= reading.threshold for reading in readings)
    turned = sum(reading.call != reading.call_with_device for reading in readings)
    change = {0: "no call changes", 1: "one call changes"}.get(turned, f"{turned} calls change")
    calls = "call" if called > 1 else "calls"
    who = f"{called or 'None'} of {len(readings)} {calls} it {classes.spoken()}"
    return f"{who}; with {a(device)} drawn in, {change}"


def weights(reading: Reading, title: str, leading: int) -> go.Figure:
    """Weights of the leading superpixels with their 95 % intervals."""
    table = reading.explanation.table().head(leading)
    colours = [palette.TOWARD if w > 0 else palette.AWAY for w in table["weight"]]
    names = [f"superpixel {number}" for number in table["superpixel"]]
    figure = go.Figure(
        go.Bar(
            x=table["weight"], y=names, orientation="h", marker_color=colours,
            error_x={"type": "data", "array": 1.96 * table["stderr"], "thickness": 1.5,
                     "color": palette.REFERENCE},
            customdata=table[["low", "high"]],
            hovertemplate="%{x:+.2f} (%{customdata[0]:.2f} to %{customdata[1]:.2f})"
            "<extra>%{y}</extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(
        title=f"weight: away from {classes.spoken()} (−), toward it (+), in log-odds"
    )
    sure = int(((table["low"] > 0) | (table["high"] < 0)).sum())
    says = f"{title}: {sure} of the {len(table)} leading superpixels differ from zero"
    height = 110 + 24 * len(table)
    return template(figure, says, height=height, legend=False)


def _sigmoid(log_odds: float) -> float:
    return float(0.5 * (1 + np.tanh(0.5 * log_odds)))
