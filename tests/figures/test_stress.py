"""Figures of changed films."""

from __future__ import annotations

import pandas as pd

from tests.helpers import brightness
from xray.figures import base
from xray.figures import stress as figures_stress
from xray.models import stress


def test_the_title_names_the_model_that_loses_most() -> None:
    weak = stress.measure(brightness.Brightness(), *brightness.sample())
    strong = weak.assign(lost=0.01, lost_low=0.0, lost_high=0.02)
    tables, titles = {"weak": weak, "strong": strong}, {"weak": "Weak CNN", "strong": "Strong CNN"}
    figure = figures_stress.changes(tables, titles, "auroc")
    said = base.title(figure)
    assert said.startswith("Films cut by 15 % at the top cost Weak CNN most: 0.4")
    assert said.endswith(". Strong CNN loses 0.010 at worst")
    assert len(figure.data) == 2 and len(figure.data[0].x) == 2 + len(stress.CHANGES)
    assert "Strong" not in figures_stress.finding({"weak": weak}, titles, "auroc")
    assert figures_stress.framing(tables, titles) == ""
    test = weak[weak["change"] == ""].assign(change=stress.TEST, value=0.25)
    both = {"weak": pd.concat([weak, test], ignore_index=True)}
    words = figures_stress.framing(both, titles)
    rows = weak[weak["metric"] == "specificity"].set_index("change")["value"]
    assert f"Weak CNN {100 * rows['']:.0f} %, {100 * rows['alike']:.0f} % and 25 %" in words
    nearer = abs(rows["alike"] - 0.25) < abs(rows[""] - 0.25)
    assert f"for {int(nearer)} of 1." in words
    assert len(figures_stress.changes(both, titles, "auroc").data[0].x) == 3 + len(stress.CHANGES)


def test_the_line_before_the_test_films_crosses_no_row() -> None:
    every = stress.measure(brightness.Brightness(), *brightness.sample())
    test = every[every["change"] == ""].assign(change=stress.TEST)
    tables = {name: pd.concat([every, test], ignore_index=True) for name in ("a", "b", "c")}
    figure = figures_stress.changes(tables, {name: name for name in tables}, "auroc")
    (line,) = figure.layout.shapes
    *_, alike, last = zip(*(trace.y for trace in figure.data), strict=True)
    assert max(alike) + 0.5 <= line.y0 <= min(last) - 0.75, "words stand above the last row"
    said = {note.y: note.text for note in figure.layout.annotations}
    assert said[round(last[1])] == "test films, as they are"
