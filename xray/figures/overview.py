"""Figures of the first page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from xray import classes
from xray.audits import findings
from xray.figures import palette
from xray.figures.base import margin_band, name_places, template, whiskers

if TYPE_CHECKING:
    # For types only: the first page draws kept figures, and pandas takes long to import.
    import pandas as pd


def calls(models: Sequence[tuple[str, str, Mapping[str, Any]]]) -> go.Figure:
    """What devices change in the calls of healthy films: a row a kind, a mark a model.

    Parameters
    ----------
    models : name, title and audit of each
    """
    figure = go.Figure()
    margin = max(findings.margin(audit, "calls") for _, _, audit in models)
    told, every = [], []
    for place, (name, title_, audit) in enumerate(models):
        mark = palette.model(name)
        shift = min(0.26, 0.7 / len(models)) * (place - (len(models) - 1) / 2)
        found = [
            (row, change)
            for row, kind in enumerate(findings.KINDS)
            for change in findings.changes(audit, kind)
            if change.unit == "calls" and change.healthy
        ]
        values = [change.value for _, change in found]
        ends = [(change.low, change.high) for _, change in found]
        figure.add_scatter(
            x=values, y=[row + shift for row, _ in found], mode="markers", name=title_,
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 9},
            error_x=whiskers(values, [low for low, _ in ends], [high for _, high in ends],
                             mark.colour),
            customdata=ends,
            hovertemplate="%{x:+.1f} (%{customdata[0]:+.1f} to %{customdata[1]:+.1f})"
            f"<extra>{title_}</extra>",
        )  # fmt: skip
        told += [f"{title_}, {findings.PLURAL[c.kind]} {c.value:+.1f}" for _, c in found]
        every += [(title_, change) for _, change in found]
    margin_band(figure, margin)
    name_places(figure, [findings.PLURAL[kind] for kind in findings.KINDS])
    figure.update_xaxes(title="more of 100 healthy children called sick")
    says = "No calls of healthy films with devices were measured"
    if every:
        whom, most = max(every, key=lambda found: abs(found[1].value))
        kind = findings.PLURAL[most.kind]
        says = (
            f"{kind[0].upper()}{kind[1:]} change most: {most.value:+.0f} of 100 healthy children "
            f"called sick, with {whom}; in the band nothing matters"
        )
    return template(figure, says, f"{says}. {'; '.join(told)}", height=340)


def key_figures(scores: pd.DataFrame) -> go.Figure:
    """Metrics of several models side by side, with 95 % intervals.

    Parameters
    ----------
    scores : columns model, title, metric (for people), value, low, high; in order.
    """
    figure = go.Figure()
    models = scores[["model", "title"]].drop_duplicates()
    metrics = list(dict.fromkeys(scores["metric"]))
    for place, (name, title_) in enumerate(models.itertuples(index=False)):
        mark = palette.model(name)
        chosen = scores[scores["model"] == name].set_index("metric").loc[metrics]
        shift = 0.18 * (place - (len(models) - 1) / 2)
        figure.add_scatter(
            x=chosen["value"],
            y=[i + shift for i in range(len(metrics))],
            error_x=whiskers(chosen["value"], chosen["low"], chosen["high"], mark.colour),
            mode="markers",
            name=title_,
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 10},
            customdata=chosen[["low", "high"]],
            text=metrics,
            hovertemplate="%{text} %{x:.3f} (%{customdata[0]:.3f} to %{customdata[1]:.3f})"
            f"<extra>{title_}</extra>",
        )
    figure.update_yaxes(
        tickvals=list(range(len(metrics))), ticktext=metrics, autorange="reversed", showgrid=False
    )
    # Never beyond 1, and never so narrow that chance differences look large.
    low = min(0.5, float(scores["low"].min()) - 0.02) if len(scores) else 0.0
    figure.update_xaxes(range=[max(0.0, low), 1.005])
    best = scores[scores["metric"] == metrics[0]].sort_values("value").iloc[-1]
    says = f"{best.title} does best: {best.metric} {best.value:.3f}"
    alt = "; ".join(f"{r.title} {r.metric} {r.value:.3f}" for r in scores.itertuples())
    return template(figure, says, f"{says}. {alt}", height=110 + 66 * len(metrics))


def class_counts(films: pd.DataFrame) -> go.Figure:
    """Films by split and class, as bars.

    Parameters
    ----------
    films : columns split and label, one row a film.
    """
    figure = go.Figure()
    splits = [name for name in ("train", "val", "test") if (films["split"] == name).any()]
    counts = films.groupby(["split", "label"]).size()
    for label, colour in palette.classes().items():
        values = [int(counts.get((split, label), 0)) for split in splits]
        figure.add_bar(
            x=values,
            y=splits,
            orientation="h",
            name=label,
            marker_color=colour,
            text=[f"{v:,}" for v in values],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            insidetextfont={"color": "#0E1116"},
            hovertemplate="%{y}: %{x:,} films<extra>" + label + "</extra>",
        )
    figure.update_layout(barmode="stack", bargap=0.35)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(title="films")
    share = classes.is_positive(films["label"]).mean()
    says = f"{len(films):,} films, {100 * share:.0f} % of them {classes.spoken()}"
    alt = "; ".join(
        f"{row.split} {row.label} {row.films:,}"
        for row in counts.rename("films").reset_index().itertuples()
    )
    return template(figure, says, f"{says}. {alt}", height=230)
