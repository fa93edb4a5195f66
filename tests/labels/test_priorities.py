"""Which films come first, and on which two looks differ."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.labels.looks import device, look
from xray.labels import priorities


def test_doubt_comes_first() -> None:
    files = pd.Index(["sure", "device?", "models differ", "threshold", "nobody looked"])
    confidence = pd.Series([0.02, 0.5, 0.02, 0.02, np.nan], index=files)
    log_odds = {"a": np.array([9, 9, 9, 1.0, 9]), "b": np.array([9, 9, -9, 1.0, 9])}
    made = priorities.priorities(confidence, log_odds, {"a": 1.0, "b": 1.0})
    assert made.between(0, 1).all()
    assert made["sure"] == made.min() < 0.05
    assert made["device?"] == pytest.approx(0.5, abs=0.01)
    assert made["nobody looked"] == made["device?"]
    assert made["models differ"] == pytest.approx((2 * 0.04 + 1) / 4, abs=0.01)
    assert made["threshold"] == pytest.approx((2 * 0.04 + 1) / 4, abs=0.01)
    unseen = {"a": np.full(5, np.nan)}
    alone = priorities.priorities(confidence, unseen, {"a": 0.0})
    assert alone.tolist() == pytest.approx([0.04, 1, 0.04, 0.04, 1])


def test_two_looks_differ_by_kind_or_by_place() -> None:
    here, there = look("other", [0, 0, 3, 3]), look("other", [6, 6, 9, 9])
    assert priorities.difference([here, here]) == ""
    assert "where it lies" in priorities.difference([here, there])
    assert "whether other is there" in priorities.difference([here, look()])
    assert priorities.difference([look(), look()]) == ""
    table = priorities.agreement([(here, here), (look(), look()), (here, look())])
    row = table.set_index("what").loc["other"]
    assert (row["films"], row["both"], row["iou"]) == (3, 1, 1.0)
    assert row["kappa"] == pytest.approx(0.4)
    assert row["kappa_low"] <= row["kappa"] <= row["kappa_high"]


def test_models_that_did_not_see_a_film_say_nothing_of_it() -> None:
    confidence = pd.Series([0.5, 0.5, 0.5], index=list("abc"))
    log_odds = {"one": np.array([0.0, 0.0, np.nan]), "other": np.array([9.0, np.nan, np.nan])}
    made = priorities.priorities(confidence, log_odds, {"one": 0.0, "other": 0.0})
    # Doubt of the label 1. Of the models: 1 and about 0, both calling it positive; then 1 alone.
    assert made["a"] == pytest.approx((2 * 1 + 0.5 + 0) / 4, abs=0.001)
    assert made["b"] == pytest.approx((2 * 1 + 1 + 0) / 4)
    assert made["c"] == 1, "only the label is known"
    assert made.index.tolist() == list("abc") and made.name == "priority"


def test_kinds_on_which_two_looks_differ_are_named() -> None:
    course = [[1, 1], [2, 2]]
    both = look(devices=[device("line", course), device("tube", course)])
    assert priorities.difference([both, look()]) == "whether line and tube are there"
    # What is below a half is not there.
    doubtful = look(present=[{"kind": "line", "confidence": 0.4}])
    assert priorities.difference([doubtful, look()]) == ""


def test_the_overlap_that_is_too_small_is_told() -> None:
    here, half = look("other", [0, 0, 5, 5]), look("other", [2.5, 0, 7.5, 5])
    assert priorities.difference([here, half]) == "", "a third is as much as two looks reach"
    wide, right = look("other", [0, 0, 7.5, 5]), look("other", [5, 0, 10, 5])
    assert priorities.difference([wide, right]) == "where it lies (overlap 0.25)"
