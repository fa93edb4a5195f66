"""Figure of the public API: one film with the weights of its superpixels laid over."""

from __future__ import annotations

import plotly.graph_objects as go

from xray import classes
from xray.explanations.result import Explanation
from xray.figures.base import template
from xray.figures.overlay import overlay
from xray.films.pixels import Pixels

#: Height of the picture in pixels.
HEIGHT = 520


def film(explanation: Explanation, pixels: Pixels, says: str) -> go.Figure:
    """The film (H, W) in [0, 1] with its weights; ``says`` is the title, a sentence."""
    picture = overlay(explanation, pixels)
    figure = go.Figure(go.Image(z=picture, hoverinfo="skip"))
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x")
    alt = f"{says}. Orange pushes toward {classes.spoken()}, blue away from it"
    figure = template(figure, says, alt, height=HEIGHT, legend=False)
    # Pages and reports write the title beside the figure; here nobody does.
    return figure.update_layout(title={"text": says, "font": {"size": 14}}, margin={"t": 48})
