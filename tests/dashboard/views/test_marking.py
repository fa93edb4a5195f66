"""Marks drawn on a film become geometry."""

from __future__ import annotations

from xray.dashboard.views import marking


def test_what_is_drawn_becomes_geometry_in_tenths() -> None:
    lasso = {"lasso": [{"x": [1, 2, 3, 3.001], "y": [1, 2.01, 3, 12]}], "box": []}
    assert marking.drawn("tube", lasso) == [[1, 1], [3, 3], [3.0, 10]]
    box = {"box": [{"x": [4, 2], "y": [1, 5]}], "lasso": []}
    assert marking.drawn("other", box) == [2, 1, 4, 5]
    assert marking.drawn("electrode", box) == [3, 3, 1.5]
    click = {"box": [{"x": [4, 4.01], "y": [1, 1]}]}
    assert marking.drawn("other", click) is None
    assert marking.drawn("tube", box) is None
    assert marking.drawn("tube", {}) is None
