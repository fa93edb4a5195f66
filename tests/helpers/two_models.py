"""A weak and a strong model on the same made-up films, for figures of scores."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from xray.figures import base
from xray.metrics import scores as metrics

N = 300
TITLES = {"basic": "Basic CNN", "transfer": "VGG19"}
#: Truth, and log-odds by model.
Films = tuple[NDArray[np.bool_], Mapping[str, NDArray[np.float64]]]


def made() -> Films:
    """Truth, and log-odds of a weak and a strong model."""
    rng = np.random.default_rng(0)
    y = np.arange(N) % 3 > 0
    weak, strong = (rng.normal(np.where(y, gap, -gap), 1.5) for gap in (0.6, 2.5))
    return y, {"basic": weak, "transfer": strong}


def scored(
    films: Films, positive: str = "PNEUMONIA", threshold: float = 0.0
) -> dict[str, pd.DataFrame]:
    """Scores of each model."""
    y, log_odds = films
    return {n: metrics.scores(y, s, threshold, positive) for n, s in log_odds.items()}


def sound(figure: go.Figure) -> go.Figure:
    """A figure that can be sent, has a title, and leaves the theme's colours alone."""
    json.loads(figure.to_json())
    assert base.title(figure)
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.font.color is None
    return figure
