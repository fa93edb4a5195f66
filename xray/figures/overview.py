"""Figures of the first page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from xray import classes
from xray.figures import palette
from xray.figures.base import reference_line, template, whiskers

if TYPE_CHECKING:
    # For types only: the first page draws kept figures, and pandas takes long to import.
    import pandas as pd


def scores(rows: pd.DataFrame) -> go.Figure:
    """Reliance on devices of each model, with interval, against the controls' threshold.

    Parameters
    ----------
    rows : columns model, title, verdict, score, low, high, threshold (NaN where no controls
        set one); in order, first on top.
    """
    figure = go.Figure()
    for row in rows.itertuples():
        mark = palette.model(str(row.model))
        figure.add_scatter(
            x=[row.score],
            y=[row.title],
            error_x=whiskers(row.score, row.low, row.high, mark.colour),
            mode="markers",
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 13},
            hovertemplate=f"{row.score:.2f} ({row.low:.2f} to {row.high:.2f})"
            f"<extra>{row.title}</extra>",
        )
    reference_line(figure, x=0.0)
    threshold = rows["threshold"].dropna()
    says = f"Reliance on devices of {len(rows)} models; no controls to compare them with yet"
    if len(threshold):
        limit = float(threshold.iloc[0])
        figure.add_vline(x=limit, line={"color": palette.REFERENCE, "width": 3})
        figure.add_annotation(
            x=limit,
            y=1,
            yref="paper",
            yanchor="bottom",
            xanchor="right",
            showarrow=False,
            text="95 % of clean controls stay below this line",
        )
        above = int((rows["score"] > limit).sum())
        says = f"{above or 'None'} of {len(rows)} scores above what clean control models do"
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(
        title="reliance on devices (in standard deviations of clean control models)"
    )
    alt = "; ".join(
        f"{r.title} {r.score:.2f} ({r.low:.2f} to {r.high:.2f})" for r in rows.itertuples()
    )
    template(figure, says, f"{says}. {alt}", height=110 + 40 * len(rows), legend=False)
    return figure.update_layout(margin_t=28)


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
