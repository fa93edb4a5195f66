"""Figures of models on validation films that were changed; no streamlit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from xray import palette
from xray.figures import template
from xray.figures_gap import dots, name_places, records
from xray.figures_models import Row, legend_above, span
from xray.metrics import TITLES
from xray.stress import CHANGES

#: Change -> words for people, the films as they are first.
WORDS = {"": "as they are", **{change.name: change.title for change in CHANGES}}


def changes(
    tables: Mapping[str, pd.DataFrame], titles: Mapping[str, str], metric: str
) -> go.Figure:
    """A metric of each model on validation films as they are and changed (``stress.measure``).

    Parameters
    ----------
    tables : model -> what ``stress.stored`` gives
    titles : model -> its title
    metric : one of ``stress.METRICS``
    """
    figure = go.Figure()
    step = 0.6 / max(1, len(tables))
    for number, (name, table) in enumerate(tables.items()):
        rows = _rows(table, metric)
        lift = step * (number - (len(tables) - 1) / 2)
        places = [place + lift for place in range(len(WORDS))]
        shown = [rows[change] for change in WORDS]
        dots(figure, shown, places, palette.model(name), titles[name], filled=False)
    name_places(figure, list(WORDS.values()))
    figure.update_xaxes(title=f"{TITLES[metric]} on validation films")
    height = 140 + len(WORDS) * max(34, 16 * len(tables))
    return legend_above(template(figure, finding(tables, titles, metric), height=height))


def finding(tables: Mapping[str, pd.DataFrame], titles: Mapping[str, str], metric: str) -> str:
    """Which model a change costs most, and which one keeps most under its worst change."""
    worst: dict[str, tuple[str, Row]] = {}
    for name, table in tables.items():
        rows = _rows(table, metric)
        change = max((key for key in rows if key), key=lambda key: _cost(rows[key]))
        worst[name] = (change, rows[change])
    most = max(worst, key=lambda name: _cost(worst[name][1]))
    change, row = worst[most]
    what = TITLES[metric] if metric == "auroc" else TITLES[metric].lower()
    said = (
        f"Validation films {WORDS[change]} cost {titles[most]} "
        f"{span(row['lost'], row['lost_low'], row['lost_high'])} of {what}"
    )
    least = min(worst, key=lambda name: _cost(worst[name][1]))
    if least == most:
        return said
    change, row = worst[least]
    return (
        f"{said}; the worst change for {titles[least]}, {WORDS[change]}, costs "
        f"{span(row['lost'], row['lost_low'], row['lost_high'])}"
    )


def _cost(row: Row) -> float:
    return float(row["lost"]) if np.isfinite(row["lost"]) else -np.inf


def _rows(table: pd.DataFrame, metric: str) -> dict[str, Row]:
    """Change -> its row."""
    return {str(row["change"]): row for row in records(table[table["metric"] == metric])}
