"""The film that is drawn on: a square figure in tenths, with what was marked so far."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from xray.figures import palette
from xray.labels.annotation import SURE, Mark
from xray.labels.format import MOST_POINTS

#: Height of the film on the page, in pixels.
HEIGHT = 640
#: What is smaller than this, in tenths, was a click and no drawing.
LEAST = 0.08
#: How far a simplified line may lie from the drawn one, in tenths: a third of a line's stroke.
TOLERANCE = 0.08


def film(jpeg: bytes, marks: Sequence[Mark], tool: str = "") -> go.Figure:
    """Show a film, squashed to a square, with its marks, ready to be drawn on.

    Parameters
    ----------
    jpeg : the film
    marks : drawn ones are shown; unsure ones in dashes
    tool : kind that the next drawing is of; "" where nothing may be drawn
    """
    figure = go.Figure(layout={"template": "none"})
    # Plotly selects in a plane that holds points only.
    figure.add_scatter(
        x=[0, 10], y=[0, 10], mode="markers", marker={"opacity": 0, "size": 1}, hoverinfo="skip"
    )
    figure.add_layout_image(
        source="data:image/jpeg;base64," + base64.b64encode(jpeg).decode(),
        xref="x",
        yref="y",
        x=0,
        y=0,
        sizex=10,
        sizey=10,
        sizing="stretch",
        layer="below",
    )
    for mark in marks:
        if mark.geometry is not None:
            for colour, width in (("rgba(0,0,0,.55)", 5), (palette.DEVICE, 2.5)):
                dash = "solid" if mark.confidence >= SURE / 2 else "dot"
                figure.add_shape(
                    **_shape(mark), line={"color": colour, "width": width, "dash": dash}
                )
    figure.update_xaxes(range=[0, 10], visible=False, fixedrange=True, constrain="domain")
    figure.update_yaxes(
        range=[10, 0], visible=False, fixedrange=True, scaleanchor="x", constrain="domain"
    )
    lasso = tool in ("line", "tube")
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        dragmode=("lasso" if lasso else "select") if tool else False,
        showlegend=False,
        plot_bgcolor="#000",
        paper_bgcolor="rgba(0,0,0,0)",
        newselection={"line": {"color": palette.DEVICE, "width": 2, "dash": "solid"}},
    )
    return figure


def _shape(mark: Mark) -> dict[str, Any]:
    geometry = mark.geometry or []
    if mark.kind in ("line", "tube"):
        return {"type": "path", "path": "M" + "L".join(f"{x},{y}" for x, y in geometry)}
    if mark.kind == "electrode":
        x, y, r = geometry
        return {"type": "circle", "x0": x - r, "x1": x + r, "y0": y - r, "y1": y + r}
    x0, y0, x1, y1 = geometry
    return {"type": "rect", "x0": x0, "x1": x1, "y0": y0, "y1": y1}


def drawn(kind: str, selection: Mapping[str, Any]) -> list[Any] | None:
    """Geometry of what was drawn, as labels hold it; None where it was a mere click.

    Parameters
    ----------
    kind : what was drawn: lines and tubes as a lasso that is left open, others as a box
    selection : ``lasso`` and ``box`` of a selection event of plotly, in tenths
    """
    parts = selection.get("lasso" if kind in ("line", "tube") else "box") or []
    if not parts:
        return None
    points = np.clip(np.column_stack([parts[-1]["x"], parts[-1]["y"]]).astype(float), 0, 10)
    if np.ptp(points, axis=0).max() < LEAST:
        return None
    if kind in ("line", "tube"):
        return _polyline(points)
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    if kind == "electrode":
        values = [(x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0 + y1 - y0) / 4]
    else:
        values = [x0, y0, x1, y1]
    return [round(float(value), 2) for value in values]


def _polyline(points: Any) -> list[list[float]]:
    """The drawn points without those that a straight line does as well (Douglas-Peucker)."""
    from skimage.measure import approximate_polygon

    kept: Any = approximate_polygon(points, TOLERANCE)  # type: ignore[no-untyped-call]
    return [[round(float(x), 2), round(float(y), 2)] for x, y in kept[:MOST_POINTS]]
