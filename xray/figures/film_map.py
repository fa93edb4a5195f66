"""Figure of films as points on a plane."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from xray.figures import palette
from xray.figures.base import legend_above, template

#: Pixels of the square that the map is drawn in, and of a point.
HEIGHT, POINT = 560, 5
#: Places on a side: far finer than pixels, and as many as two bytes can tell.
FINEST = 65_535
#: Opacity of points that a filter leaves out.
DIMMED = 0.18


def films(
    places: NDArray[np.float32],
    groups: NDArray[np.str_],
    colours: Mapping[str, str],
    names: NDArray[np.str_] | None,
    dimmed: NDArray[np.bool_],
    says: str,
) -> tuple[go.Figure, list[NDArray[np.int64]]]:
    """Films as points that a lasso can take.

    Parameters
    ----------
    places : (N, 2) in [0, 1]
    groups : (N,) what each film is coloured by
    colours : group -> #RRGGBB, in the order of the legend
    names : (N,) what is read at a point; its group alone when None, which sends much less
    dimmed : (N,) films that a filter leaves out: faint, and never taken
    says : the title, a sentence

    Returns
    -------
    figure, and the rows of ``places`` of each of its curves; none of the dimmed one
    """
    figure, curves = go.Figure(), []
    # A point is sent as two whole numbers of two bytes: half of what float32 takes.
    at = np.rint(places * FINEST).astype(np.uint16)
    if dimmed.any():
        rows = np.flatnonzero(dimmed)
        figure.add_scattergl(
            x=at[rows, 0],
            y=at[rows, 1],
            mode="markers",
            name="filtered out",
            marker={"color": palette.REFERENCE, "size": POINT, "opacity": DIMMED},
            hoverinfo="skip",
            showlegend=False,
        )
        curves.append(np.empty(0, np.int64))
    for group, colour in colours.items():
        rows = np.flatnonzero((groups == group) & ~dimmed)
        if not len(rows):
            continue
        figure.add_scattergl(
            x=at[rows, 0],
            y=at[rows, 1],
            mode="markers",
            name=f"{group} ({len(rows):,})",
            marker={"color": colour, "size": POINT, "opacity": 0.8},
            text=None if names is None else names[rows],
            hovertemplate=f"{'' if names is None else '%{text}'}<extra>{group}</extra>",
        )
        curves.append(rows)
    hidden = {"visible": False, "range": [-0.03 * FINEST, 1.03 * FINEST]}
    figure.update_xaxes(**hidden)
    figure.update_yaxes(**hidden)
    template(figure, says, f"{says}. A point a film; near points are films alike", height=HEIGHT)
    # Whatever is redrawn keeps the zoom and the lasso.
    figure.update_layout(dragmode="lasso", uirevision="map", selectionrevision="map")
    return legend_above(figure), curves
