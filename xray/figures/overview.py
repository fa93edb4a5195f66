"""Figures that set models side by side; the first page draws one without tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from xray.audits import findings
from xray.figures.base import margin_band, side_by_side, template, words_above

if TYPE_CHECKING:
    # For types only: the first page draws kept figures, and pandas takes long to import.
    import pandas as pd


def calls(models: Sequence[tuple[str, str, Mapping[str, Any]]]) -> go.Figure:
    """What devices change in the calls of healthy films: a row a kind, a mark a model.

    Parameters
    ----------
    models : name, title and audit of each
    """
    found = [
        (
            name,
            title,
            [
                (row, change)
                for row, kind in enumerate(findings.KINDS)
                for change in findings.changes(audit, kind)
                if change.unit == "calls" and change.healthy
            ],
        )
        for name, title, audit in models
    ]
    figure = side_by_side(
        [
            (name, title, [(row, c.value, c.low, c.high) for row, c in changes])
            for name, title, changes in found
        ],
        [findings.PLURAL[kind] for kind in findings.KINDS],
    )
    margin_band(figure, max(findings.margin(audit, "calls") for _, _, audit in models))
    figure.update_xaxes(title="more of 100 healthy people called sick")
    every = [(title, change) for _, title, changes in found for _, change in changes]
    says = "No calls of healthy films with devices were measured"
    if every:
        whom, most = max(every, key=lambda entry: abs(entry[1].value))
        kind = findings.PLURAL[most.kind]
        says = (
            f"{kind[0].upper()}{kind[1:]} change most: {most.value:+.0f} of 100 healthy people "
            f"called sick, with {whom}; inside the band: too little to matter"
        )
    told = [f"{title}, {findings.PLURAL[c.kind]} {c.value:+.1f}" for title, c in every]
    return template(figure, says, f"{says}. {'; '.join(told)}", height=words_above(figure))


def key_figures(scores: pd.DataFrame) -> go.Figure:
    """Metrics of several models side by side, with 95 % intervals.

    Parameters
    ----------
    scores : columns model, title, metric (for people), value, low, high; in order.
    """
    metrics = list(dict.fromkeys(scores["metric"]))
    found = [
        (
            str(name),
            str(part["title"].iloc[0]),
            [
                (metrics.index(row["metric"]), row["value"], row["low"], row["high"])
                for row in part.to_dict("records")
            ],
        )
        for name, part in scores.groupby("model", sort=False)
    ]
    figure = side_by_side(found, metrics, ".3f")
    # Never beyond 1, and never so narrow that chance differences look large.
    low = min(0.5, float(scores["low"].min()) - 0.02) if len(scores) else 0.0
    figure.update_xaxes(range=[max(0.0, low), 1.005])
    best = scores[scores["metric"] == metrics[0]].sort_values("value").iloc[-1]
    says = f"{best.title} does best: {best.metric} {best.value:.3f}"
    alt = "; ".join(f"{r.title} {r.metric} {r.value:.3f}" for r in scores.itertuples())
    return template(figure, says, f"{says}. {alt}", height=words_above(figure))
