"""Models side by side on the first page."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.figures.test_composition import sound
from tests.helpers import shelf
from xray.figures import overview


def test_models_side_by_side() -> None:
    world = shelf.world("one reader")
    figure = overview.calls([(name, f"Model {name}", audit) for name, audit in world.items()])
    assert sound(figure) == (
        "Supports change most: +9 of 100 healthy people called sick, with Model basic; "
        "inside the band: too little to matter"
    )
    assert [trace.name for trace in figure.data] == [f"Model {name}" for name in world]
    assert [len(trace.x) for trace in figure.data] == [5, 4, 5]


def test_an_audit_without_calls_says_so() -> None:
    empty = shelf.audit("m", {})
    assert sound(overview.calls([("m", "M", empty)])) == (
        "No calls of healthy films with devices were measured"
    )


def test_key_figures_name_the_model_that_is_best_in_the_first() -> None:
    rows = [
        ("basic", "Basic", "accuracy", 0.80, 0.70, 0.90),
        ("basic", "Basic", "AUROC", 0.95, 0.90, 0.99),
        ("transfer", "VGG19", "accuracy", 0.85, 0.80, 0.90),
        ("transfer", "VGG19", "AUROC", 0.90, 0.85, 0.95),
    ]
    table = pd.DataFrame(rows, columns=["model", "title", "metric", "value", "low", "high"])
    figure = overview.key_figures(table)
    assert sound(figure) == "VGG19 does best: accuracy 0.850"
    assert list(figure.layout.yaxis.ticktext) == ["accuracy", "AUROC"]
    assert [list(trace.x) for trace in figure.data] == [[0.80, 0.95], [0.85, 0.90]]
    assert list(figure.data[0].error_x.arrayminus) == pytest.approx([0.10, 0.05])
    assert figure.layout.xaxis.range == (0.5, 1.005)
    # An interval below one half is in sight, and no axis begins below zero.
    assert overview.key_figures(table.assign(low=0.3)).layout.xaxis.range[0] == pytest.approx(0.28)
    assert overview.key_figures(table.assign(low=0.0)).layout.xaxis.range[0] == 0
