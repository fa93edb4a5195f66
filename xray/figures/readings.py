"""Figures of the Explain page: what each model calls a film, and what each superpixel weighs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from xray import classes
from xray.audits import findings
from xray.audits.reading import Reading
from xray.figures import palette
from xray.figures.base import template
from xray.metrics.odds import to_log_odds
from xray.text import percent

#: Probabilities at which the axis of calls is labelled; it is spaced by log-odds.
_TICKS = (0.01, 0.5, 0.99)
_END = 8.0
#: Rows of one model: its name, and three marks.
GROUP = 4


def calls(readings: Sequence[Reading], titles: dict[str, str], device: str) -> go.Figure:
    """Probability of every model with its threshold: as it is, with devices, with their nulls.

    Parameters
    ----------
    device : kind that was laid over the film, of ``findings.KINDS``
    """
    figure = go.Figure()
    named = ("as it is", f"with {findings.ONE[device]}", "with its match")
    places, words, alt = [], [], []
    for number, reading in enumerate(readings):
        top = GROUP * number
        title = titles.get(reading.model, reading.model)
        threshold = percent(_sigmoid(reading.threshold))
        _threshold(figure, reading, top)
        values = ((reading.log_odds,), reading.device, reading.null)
        said = []
        for row, (name, each) in enumerate(zip(named, values, strict=True), start=1):
            places.append(top + row)
            words.append(name)
            # Where nothing is known yet, the row waits for it, so that nothing moves then.
            if each:
                said.append(_row(figure, reading.model, name, each, top + row))
        figure.add_annotation(
            x=0,
            xref="paper",
            xanchor="left",
            xshift=-100,
            y=top,
            showarrow=False,
            text=f"<b>{title}</b> · {classes.spoken()} from {threshold}",
        )
        found = ", ".join(f"{name} {value}" for name, value in zip(named, said, strict=False))
        alt.append(f"{title}: {found}, threshold {threshold}")
    figure.update_xaxes(
        range=[-_END - 0.4, _END + 0.4],
        tickvals=to_log_odds(_TICKS).tolist(),
        ticktext=[f"{100 * p:g} %" for p in _TICKS],
        tickangle=0,
        title=f"probability of {classes.spoken()}",
    )
    rows = GROUP * len(readings)
    figure.update_yaxes(tickvals=places, ticktext=words, range=[rows - 0.4, -0.5], showgrid=False)
    says = _says(readings, device)
    height = 74 + 22 * rows
    return template(figure, says, f"{says}. {'; '.join(alt)}", height=height, legend=False)


def _threshold(figure: go.Figure, reading: Reading, top: int) -> None:
    x = float(np.clip(reading.threshold, -_END, _END))
    figure.add_scatter(
        x=[x, x],
        y=[top + 0.5, top + 3.5],
        mode="lines",
        showlegend=False,
        line={"color": palette.REFERENCE, "width": 3},
        hovertemplate=f"called {classes.spoken()} from {percent(_sigmoid(reading.threshold))}"
        "<extra>threshold</extra>",
    )


def _row(figure: go.Figure, model: str, name: str, values: Sequence[float], y: int) -> str:
    """One row: the mean with its number beside it, and faint what each device gives."""
    mark = palette.model(model)
    mean = float(np.mean(values))
    x, word = float(np.clip(mean, -_END, _END)), percent(_sigmoid(mean))
    if len(values) > 1:
        figure.add_scatter(
            x=np.clip(values, -_END, _END),
            y=[y] * len(values),
            mode="markers",
            showlegend=False,
            marker={
                "symbol": "line-ns",
                "size": 9,
                "opacity": 0.7,
                "line": {"color": mark.colour, "width": 1},
            },
            hovertemplate="one of them<extra></extra>",
        )
    figure.add_scatter(
        x=[x],
        y=[y],
        mode="markers+text",
        showlegend=False,
        text=[f"  {word}  "],
        textposition="middle right" if x < 0.6 * _END else "middle left",
        marker={
            "symbol": mark.symbol if name == "as it is" else f"{mark.symbol}-open",
            "size": 13,
            "color": mark.colour,
            "line": {"color": mark.colour, "width": 2},
        },
        hovertemplate=f"{word}<extra>{name}</extra>",
    )
    return word


def _says(readings: Sequence[Reading], device: str) -> str:
    """How many models call the film positive, and how often devices and their nulls turn that."""
    called = sum(reading.log_odds >= reading.threshold for reading in readings)
    calls = "call" if called > 1 else "calls"
    who = f"{called or 'None'} of {len(readings)} {calls} it {classes.spoken()}"
    tried = sum(len(reading.device) for reading in readings)
    if not tried:
        return who
    turned = np.sum([reading.turned for reading in readings], axis=0)
    return (
        f"{who}; {findings.ONE[device]} changes {turned[0]} of {tried} calls, its match {turned[1]}"
    )


def weights(reading: Reading, title: str, leading: int) -> go.Figure:
    """Weights of the leading superpixels with their 95 % intervals."""
    table = reading.explanation.table().head(leading)
    colours = [palette.TOWARD if w > 0 else palette.AWAY for w in table["weight"]]
    names = [f"region {number}" for number in range(1, len(table) + 1)]
    figure = go.Figure(
        go.Bar(
            x=table["weight"],
            y=names,
            orientation="h",
            marker_color=colours,
            error_x={
                "type": "data",
                "array": 1.96 * table["stderr"],
                "thickness": 1.5,
                "color": palette.REFERENCE,
            },
            customdata=table[["low", "high"]],
            hovertemplate="%{x:+.2f} (%{customdata[0]:.2f} to %{customdata[1]:.2f})"
            "<extra>%{y}</extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(
        title=f"weight: away from {classes.spoken()} (−), toward it (+), in log-odds"
    )
    sure = int(((table["low"] > 0) | (table["high"] < 0)).sum())
    says = f"{title}: {sure} of the {len(table)} leading regions differ from zero"
    height = 110 + 24 * len(table)
    return template(figure, says, height=height, legend=False)


def _sigmoid(log_odds: float) -> float:
    return float(0.5 * (1 + np.tanh(0.5 * log_odds)))
