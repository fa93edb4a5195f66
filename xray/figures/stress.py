"""Figures of models on validation films that were changed; no streamlit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from xray.figures import palette
from xray.figures.base import (
    Row,
    dots,
    legend_above,
    name_places,
    records,
    span,
    template,
    words_above,
)
from xray.metrics.scores import TITLES
from xray.models.stress import ALIKE, CHANGES, TEST

#: Change -> words for people, the films as they are first; then the test films, as they are.
WORDS = {
    "": "as they are",
    **{change.name: change.title for change in CHANGES},
    ALIKE: "framed alike",
    TEST: "test films, as they are",
}


def changes(
    tables: Mapping[str, pd.DataFrame], titles: Mapping[str, str], metric: str
) -> go.Figure:
    """A metric of each model on validation films as they are and changed (``stress.measure``).

    Parameters
    ----------
    tables : model -> what ``stress.stored`` gives, and rows of ``stress.on_test`` where wanted
    titles : model -> its title
    metric : one of ``stress.METRICS``
    """
    figure = go.Figure()
    step = 0.6 / max(1, len(tables))
    # The test films stand apart: below a row that is free, and a line through it.
    words = [*WORDS.values()]
    words.insert(-1, "")
    at = {change: words.index(said) for change, said in WORDS.items()}
    for number, (name, table) in enumerate(tables.items()):
        rows = _rows(table, metric)
        lift = step * (number - (len(tables) - 1) / 2)
        places = [at[change] + lift for change in WORDS if change in rows]
        shown = [rows[change] for change in WORDS if change in rows]
        dots(figure, shown, places, palette.model(name), titles[name], filled=False)
    name_places(figure, words)
    figure.add_hline(y=words.index("") - 0.2, line={"width": 1, "color": palette.REFERENCE})
    figure.update_xaxes(title=TITLES[metric])
    height = words_above(figure)
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
        f"Films {WORDS[change]} cost {titles[most]} most: "
        f"{span(row['lost'], row['lost_low'], row['lost_high'])} of {what}"
    )
    least = min(worst, key=lambda name: _cost(worst[name][1]))
    if least == most:
        return said
    return f"{said}. {titles[least]} loses {worst[least][1]['lost']:.3f} at worst"


def framing(tables: Mapping[str, pd.DataFrame], titles: Mapping[str, str]) -> str:
    """Which model's false alarms on test come back on validation films framed alike, in words."""
    told, nearer = [], 0
    for name, table in tables.items():
        rows = _rows(table, "specificity")
        if not {"", ALIKE, TEST} <= set(rows):
            continue
        plain, cut, test = (100 * rows[change]["value"] for change in ("", ALIKE, TEST))
        told.append(f"{titles[name]} {plain:.0f} %, {cut:.0f} % and {test:.0f} %")
        nearer += abs(cut - test) < abs(plain - test)
    if not told:
        return ""
    return (
        "Specificity on validation films as they are, framed alike, and on the test films: "
        f"{'; '.join(told)}. Framed alike, validation comes nearer to the test films for {nearer} "
        f"of {len(told)}."
    )


def _cost(row: Row) -> float:
    return float(row["lost"]) if np.isfinite(row["lost"]) else -np.inf


def _rows(table: pd.DataFrame, metric: str) -> dict[str, Row]:
    """Change -> its row."""
    return {str(row["change"]): row for row in records(table[table["metric"] == metric])}
