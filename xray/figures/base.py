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

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import plotly.graph_objects as go

from xray.figures import palette

if TYPE_CHECKING:
    # For types only: the first page draws kept figures, and pandas takes long to import.
    import pandas as pd

#: Pixels that a line of words above a row takes, with the mark under it.
_WORDS = 27
#: Pixels that a line of the legend takes.
_NAME = 21


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
        # At the lower end of the figure, which keeps its space: of a plot that many names make
        # low on a phone, no share is surely below the axis' title.
        legend={
            **{"orientation": "h", "title": None, "x": 0},
            **{"y": 0, "yref": "container", "yanchor": "bottom"},
        },
        hoverlabel={"align": "left"},
        dragmode=False,
    )
    # Turned ticks would run into the legend.
    figure.update_xaxes(automargin=True, zeroline=False, tickangle=0)
    figure.update_yaxes(automargin=True, zeroline=False)
    return figure


def legend_above(figure: go.Figure) -> go.Figure:
    """Put the legend above the plot, where a tall figure keeps it in sight; the same figure."""
    return figure.update_layout(
        legend={"yref": "paper", "yanchor": "bottom", "y": 1.01, "traceorder": "normal"}
    )


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


def margin_band(figure: go.Figure, margin: float) -> None:
    """Shade what lies within a margin of zero on the x axis, and draw zero; what lies beyond shows.

    Call it when all traces are there.
    """
    ends = [-1.5 * margin, 1.5 * margin]
    for trace in figure.data:
        bars = trace.error_x
        for sign, off in ((1, bars.array), (-1, bars.arrayminus)):
            ends += (
                [x + sign * d for x, d in zip(trace.x, off, strict=True)] if off is not None else []
            )
    room = 0.04 * (max(ends) - min(ends))
    figure.update_xaxes(range=[min(ends) - room, max(ends) + room])
    figure.add_vrect(
        x0=-margin,
        x1=margin,
        layer="below",
        line_width=0,
        fillcolor=palette.fade(palette.REFERENCE, 0.2),
    )
    reference_line(figure, x=0.0)


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


def each(frame: pd.DataFrame) -> list[Any]:
    """Rows of a frame as named tuples."""
    return list(frame.itertuples())


def dots(
    figure: go.Figure,
    rows: Sequence[Row],
    places: Sequence[float],
    mark: palette.Mark,
    said: str,
    filled: bool,
) -> None:
    """Add rows of value, low and high as dots with row_whiskers at places of the y axis."""
    figure.add_scatter(
        x=[row["value"] for row in rows],
        y=places,
        mode="markers",
        name=said,
        marker={
            "color": mark.colour,
            "size": 11,
            "symbol": mark.symbol if filled else f"{mark.symbol}-open",
            "line": {"width": 0 if filled else 2},
        },
        error_x=row_whiskers(rows, mark.colour),
        text=[span(row["value"], row["low"], row["high"]) for row in rows],
        hovertemplate=f"{said}: %{{text}}<extra></extra>",
    )


#: A model's name and title, and value, low and high at places of the y axis.
Marks = tuple[str, str, Sequence[tuple[int, float, float, float]]]


def side_by_side(models: Sequence[Marks], words: Sequence[str], digits: str = "+.1f") -> go.Figure:
    """A row for each of some words, and in it a mark with its interval for each model.

    Parameters
    ----------
    digits : how values are written, as d3 does
    """
    figure = go.Figure()
    for place, (name, title_, found) in enumerate(models):
        mark = palette.model(name)
        shift = min(0.26, 0.7 / len(models)) * (place - (len(models) - 1) / 2)
        values, low, high = ([each[i] for each in found] for i in (1, 2, 3))
        figure.add_scatter(
            x=values,
            y=[each[0] + shift for each in found],
            mode="markers",
            name=title_,
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 10},
            error_x=whiskers(values, low, high, mark.colour),
            customdata=list(zip(low, high, strict=True)),
            hovertemplate=f"%{{x:{digits}}} (%{{customdata[0]:{digits}}} to "
            f"%{{customdata[1]:{digits}}})<extra>{title_}</extra>",
        )
    name_places(figure, list(words))
    return figure


def records(table: pd.DataFrame) -> list[Row]:
    """Rows of a table, by column."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def name_places(figure: go.Figure, words: list[str]) -> None:
    """Name the places of the y axis, the first on top."""
    figure.update_yaxes(
        tickvals=list(range(len(words))),
        ticktext=words,
        range=[len(words) - 0.5, -0.5],
        showgrid=False,
    )


def words_above(figure: go.Figure, legend: bool = True) -> int:
    """Put the words of the y axis above its rows: beside them a phone has no room for the data.

    Call it when all traces are there, and give what it returns to ``template``.

    Returns
    -------
    int
        Height in pixels that the rows need.
    """
    axis, y = figure.layout.yaxis, [value for trace in figure.data for value in trace.y]
    places = axis.categoryarray or tuple(dict.fromkeys(y))
    words = axis.ticktext or places
    if axis.ticktext is not None:
        places = axis.tickvals
    bars = any(trace.type == "bar" for trace in figure.data)
    if bars:
        figure.update_layout(bargap=0.6)
    else:
        # A mark at the end of the axis is whole.
        figure.update_traces(cliponaxis=False, selector={"type": "scatter"})
    # How far from the middle of its row a mark may lie, in rows.
    off = (abs(value - round(value)) for value in y if not isinstance(value, str))
    apart = 0.2 if bars else max(off, default=0)
    row = math.ceil(_WORDS / (1 - 2 * apart)) + 4
    for place, said in zip(places, words, strict=True):
        figure.add_annotation(
            text=said,
            x=0,
            xref="paper",
            xanchor="left",
            y=place,
            yanchor="bottom",
            yshift=round(apart * row) + 3,
            align="left",
            showarrow=False,
        )
    ends = [len(words) - 1 + apart + 12 / row, -apart - _WORDS / row]
    if axis.autorange is None and axis.range is None:
        # Plotly draws categories from the bottom.
        ends = [len(words) - 1 - end for end in ends]
    figure.update_yaxes(range=ends, autorange=None, showticklabels=False, showgrid=False)
    # On a phone every name of the legend is a line.
    names = sum(bool(trace.name) and trace.showlegend is not False for trace in figure.data)
    below = 62 + (24 if figure.layout.xaxis.title.text else 0)
    below += max(40, _NAME * names) if legend else 0
    return int(row * abs(ends[0] - ends[1])) + below


Row = Mapping[str, Any]


def by_metric(table: pd.DataFrame, key: str = "metric") -> dict[str, Row]:
    """Rows of a table of scores, by metric (or by another column that tells them apart)."""
    return cast("dict[str, Row]", table.set_index(key).to_dict("index"))


def interval(row: Row, digits: int = 3) -> str:
    """Value and interval of a row of scores, or why there is none."""
    if not np.isfinite(row["value"]):
        return str(row["method"])
    if not np.isfinite(row["low"]):
        return f"{row['value']:.{digits}f} ({row['method']})"
    return span(row["value"], row["low"], row["high"], digits)


def span(value: float, low: float, high: float, digits: int = 3) -> str:
    """A value with the ends of its interval, which may be missing."""
    # What rounds to zero has no sign.
    told, first, last = (f"{round(end, digits) + 0.0:.{digits}f}" for end in (value, low, high))
    return told + (f" ({first} to {last})" if np.isfinite(low) else "")


def row_whiskers(rows: Sequence[Row], colour: str) -> dict[str, Any]:
    """Plotly's error bars of rows with value, low and high; none where there is no interval."""
    value, low, high = ([row[end] for row in rows] for end in ("value", "low", "high"))
    return whiskers(value, low, high, colour)
