"""Figures that more than one page uses, and the template that all figures share.

Themes
------
A figure is built without knowing the theme of the reader. ``template`` therefore leaves
backgrounds transparent and the colours of text, axes and grid unset: on a page
``st.plotly_chart(theme="streamlit")`` (through ``page.show``) fills them in from the
theme in force, also when the reader changes it; in the report they come from plotly's white
template. Data are drawn in the colours of ``xray.figures.palette``, which hold on both backgrounds.
Titles of figures are not plotly titles: the page writes them as text above the figure, where
they wrap on a phone and are read aloud, from ``figure.layout.meta["title"]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from xray import classes
from xray.figures import palette

if TYPE_CHECKING:
    # For types only: the first page draws kept figures, and pandas takes long to import.
    import pandas as pd


def template(
    figure: go.Figure, title: str, alt: str = "", height: int = 340, legend: bool = True
) -> go.Figure:
    """Give a figure the shared look; returns the same figure.

    Parameters
    ----------
    figure : the figure, with its traces.
    title : what the figure shows, as a sentence computed from the data.
    alt : the same for someone who cannot see it; by default the title.
    height : pixels.
    legend : whether to show the legend (below the plot, where it cannot hide data).
    """
    figure.update_layout(
        meta={"title": title, "alt": alt or title},
        height=height,
        # A column of its own for the buttons, which would cover a legend or data elsewhere.
        margin={"l": 8, "r": 36, "t": 12, "b": 8},
        modebar={
            "orientation": "v",
            "bgcolor": "rgba(0,0,0,0)",
            "color": palette.REFERENCE,
            "activecolor": palette.REFERENCE,
        },
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=legend,
        # Below the ticks and the axis' title, however low the plot is.
        legend={"orientation": "h", "y": -58 / max(height - 70, 60), "x": 0, "title": None},
        hoverlabel={"align": "left"},
        dragmode=False,
    )
    figure.update_xaxes(automargin=True, zeroline=False)
    figure.update_yaxes(automargin=True, zeroline=False)
    return figure


def legend_above(figure: go.Figure) -> go.Figure:
    """Put the legend above the plot, where a tall figure keeps it in sight; the same figure."""
    return figure.update_layout(legend={"yanchor": "bottom", "y": 1.01, "traceorder": "normal"})


def title(figure: go.Figure) -> str:
    """Sentence that a figure was given as its title; empty when it has none."""
    return str((figure.layout.meta or {}).get("title", ""))


def alt(figure: go.Figure) -> str:
    """What a figure shows, in words, for someone who cannot see it."""
    return str((figure.layout.meta or {}).get("alt", ""))


def reference_line(figure: go.Figure, *, x: float | None = None, y: float | None = None) -> None:
    """Draw a thin line that is no data (a threshold, chance, zero) at ``x`` or ``y``."""
    style = {"color": palette.REFERENCE, "width": 1.5, "dash": "dot"}
    if x is not None:
        figure.add_vline(x=x, line=style, layer="below")
    if y is not None:
        figure.add_hline(y=y, line=style, layer="below")


def whiskers(
    value: Any, low: Any, high: Any, colour: str, thickness: float = 2.5, cap: float = 0.0
) -> dict[str, Any]:
    """Plotly's error bars from the ends of intervals; none where an end is not known.

    Parameters
    ----------
    value, low, high : one number each, or as many of each as there are points
    thickness, cap : of the line and of its ends, in pixels
    """
    middle, lower, upper = (np.atleast_1d(np.asarray(e, dtype=float)) for e in (value, low, high))
    return {
        "type": "data",
        "symmetric": False,
        "array": np.nan_to_num(upper - middle),
        "arrayminus": np.nan_to_num(middle - lower),
        "color": colour,
        "thickness": thickness,
        "width": cap,
    }


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
            x=limit, y=1, yref="paper", yanchor="bottom", xanchor="right", showarrow=False,
            text="95 % of clean controls stay below this line",
        )  # fmt: skip
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
            x=values, y=splits, orientation="h", name=label, marker_color=colour,
            text=[f"{v:,}" for v in values], textposition="inside", insidetextanchor="middle",
            textangle=0, insidetextfont={"color": "#0E1116"},
            hovertemplate="%{y}: %{x:,} films<extra>" + label + "</extra>",
        )  # fmt: skip
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
