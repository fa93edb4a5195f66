"""Figures of the drop from validation to test: what they draw, and what their titles claim."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.helpers.two_models import sound
from xray.figures import base, generalization
from xray.metrics import generalization as gap


def _row(value: float, **columns: Any) -> dict[str, Any]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1} | columns


def test_operating_points_are_named_with_their_accuracy() -> None:
    accuracy = {"validation": 0.9, "own": 0.7, "half": 0.6, "best": 0.8}
    rows = [
        _row(value - off, point=point, metric=metric)
        for metric, off in (("accuracy", 0.0), ("balanced_accuracy", 0.05))
        for point, value in accuracy.items()
    ]
    figure = sound(generalization.points(pd.DataFrame(rows), "basic", "Basic"))
    assert base.title(figure) == (
        "Basic: accuracy 0.900 on validation, 0.700 on test at the same threshold, 0.800 at the "
        "best one"
    )
    filled, hollow = figure.data
    assert list(filled.x) == [accuracy[point] for point in gap.POINTS]
    assert list(hollow.x) == pytest.approx([accuracy[point] - 0.05 for point in gap.POINTS])


def test_the_group_that_falls_most_is_named() -> None:
    rows = [
        _row(
            value, group=group, split=split, drop=drop, drop_low=drop - 0.01, drop_high=drop + 0.01
        )
        for group, val, drop in (("", 0.95, 0.05), ("virus", 0.9, 0.2))
        for split, value in (("val", val), ("test", val - drop))
    ]
    figure = sound(generalization.rankings(pd.DataFrame(rows), "basic", "Basic"))
    assert base.title(figure).endswith("most on viral pneumonia, by 0.200 (0.190 to 0.210)")
    small = pd.DataFrame(rows).assign(drop_low=-0.01)
    assert "viral pneumonia, but not clearly, by 0.200 (-0.010 to 0.210)" in base.title(
        generalization.rankings(small, "basic", "Basic")
    )
    val, test = figure.data
    assert list(val.x) == [0.95, 0.9] and list(test.x) == pytest.approx([0.9, 0.7])
    assert val.marker.symbol == f"{test.marker.symbol}-open", "validation is open, test is filled"


def test_the_mix_that_explains_most_is_named_and_nothing_explains_less_than_nothing() -> None:
    rows = [
        _row(0.9, mix="validation", metric="accuracy", explained=np.nan),
        _row(0.85, mix="label", metric="accuracy", explained=0.25),
        _row(0.8, mix="subtype", metric="accuracy", explained=0.5),
        _row(0.7, mix="test", metric="accuracy", explained=np.nan),
    ]
    table = pd.DataFrame(rows)
    figure = sound(generalization.mixes(table, "basic", "Basic"))
    assert base.title(figure) == (
        "Basic: with the test's classes and subtypes, validation would have shown accuracy 0.800 "
        "(0.700 to 0.900): 50 % of the drop"
    )
    assert list(figure.layout.yaxis.ticktext) == [
        "validation as it is",
        "validation with the test's classes",
        "validation with the test's classes and subtypes",
        "test",
    ]
    worse = table.assign(explained=-0.5)
    assert base.title(generalization.mixes(worse, "basic", "Basic")).endswith(": 0 % of the drop")
    small = table.assign(low=table["value"] - 0.2)
    assert base.title(generalization.mixes(small, "basic", "Basic")).endswith(
        ": 50 % of the drop, which is not clear"
    )
    risen = table.assign(value=table["value"].mask(table["mix"] == "test", 0.95))
    assert base.title(generalization.mixes(risen, "basic", "Basic")).endswith(
        ": there is no drop to explain"
    )


def test_the_fact_that_differs_most_is_named_and_log_odds_are_none() -> None:
    rows = [
        {"label": label, "fact": fact, "val": 1.0, "test": 2.0, "larger": larger}
        | {"low": larger - 0.05, "high": larger + 0.05}
        for label, fact, larger in (
            ("NORMAL", "aspect", 0.2),
            ("PNEUMONIA", "aspect", 0.6),
            ("NORMAL", "log_odds", 0.95),
            ("PNEUMONIA", "log_odds", 0.5),
        )
    ]
    table = pd.DataFrame(rows)
    figure = sound(generalization.shifts(table))
    assert base.title(figure).endswith(
        "NORMAL differ most in native width / height (median 1.00 on validation, 2.00 on test)"
    )
    assert {trace.name: list(trace.x) for trace in figure.data} == {
        "NORMAL": [0.2, 0.95],
        "PNEUMONIA": [0.6, 0.5],
    }
    alone = generalization.shifts(table[table["fact"] == "log_odds"])
    assert base.title(alone) == "Nothing is known of these films beside their class"


def test_the_spread_counts_healthy_films_called_sick() -> None:
    parts = {
        split: gap.Part(
            pd.DataFrame({"label": ["NORMAL"] * 4 + ["PNEUMONIA"]}),
            np.array([False] * 4 + [True]),
            np.array([*healthy, 3.0]),
            np.ones((1, 5)),
        )
        for split, healthy in (("val", [2.0, -1.0, -2.0, -3.0]), ("test", [2.0, 0.5, 1.0, -3.0]))
    }
    figure = sound(generalization.spread(parts, 0.5, "Basic"))
    # A film at the threshold is called.
    assert base.title(figure) == (
        "Basic calls 25% of the NORMAL validation films PNEUMONIA, and 75% of the NORMAL test films"
    )
    drawn = {trace.name: trace for trace in figure.data}
    assert list(drawn["NORMAL, validation"].x) == [-3, -2, -1, 2]
    assert list(drawn["NORMAL, test"].y) == [0.25, 0.5, 0.75, 1]
    assert list(drawn["PNEUMONIA, test"].x) == [3]


def test_what_tells_the_classes_apart_in_training_alone_is_named() -> None:
    rows = [
        {"look": "classes", "what": what, "group": group, "auroc": auroc}
        | {"low": auroc - 0.02, "high": auroc + 0.02}
        for what, train, test in (("height", 0.1, 0.45), ("mean", 0.6, 0.6))
        for group, auroc in (("train", train), ("test", test))
    ]
    figure = sound(generalization.carried(pd.DataFrame(rows)))
    assert base.title(figure) == (
        "Native height tells the classes apart in training, less so on test: AUROC 0.10 against "
        "0.45"
    )
    assert [list(trace.x) for trace in figure.data] == [[0.1, 0.6], [0.45, 0.6]]


def test_strangers_are_told_by_class() -> None:
    rows = [
        {"look": "strangers", "what": what, "group": group, "auroc": auroc}
        | {"low": auroc - 0.02, "high": auroc + 0.02}
        for what, pair in (("squash", (0.9, 0.8)), ("chance", (0.5, 0.51)))
        for group, auroc in zip(("NORMAL", "PNEUMONIA"), pair, strict=True)
    ]
    figure = sound(generalization.strangers(pd.DataFrame(rows)))
    assert base.title(figure).endswith("AUROC 0.90 for NORMAL, 0.80 for PNEUMONIA")
    assert len(figure.layout.yaxis.ticktext) == 2, "what was not looked at is no row"


def test_framing_counts_what_is_more_than_another_seed_does() -> None:
    contexts = {"small, 64 px": 0.05, "small, 128 px": -0.02}
    rows = [
        {"context": context, "metric": metric, "before": "the film", "after": "the lungs"}
        | {"difference": change, "low": change - 0.03, "high": change + 0.03}
        for metric in ("val_accuracy", "test_accuracy")
        for context, change in contexts.items()
    ]
    figure = sound(generalization.framing(pd.DataFrame(rows)))
    assert base.title(figure).startswith(
        "2 ways to train, shown the lungs alone: accuracy changes by -0.020 to +0.050 (more than "
        "another seed does: 1 of 2) on validation"
    )
    assert [trace.name for trace in figure.data] == list(contexts)


def test_films_in_order_of_their_numbers_tell_how_their_shape_changed() -> None:
    table = pd.DataFrame(
        {
            "series": ["IM", "IM", "IM", "NORMAL2-IM"],
            "number": [1, 2, 90, 100],
            "test": [True, True, False, False],
            "aspect": [1.2, 1.4, 1.5, 1.7],
        }
    )
    figure = sound(generalization.order(table))
    assert base.title(figure).startswith("Chance did not draw the 2 NORMAL test films")
    assert "(1.30 against 1.60)" in base.title(figure)
    assert {trace.name: list(trace.x) for trace in figure.data} == {
        "IM series, training and validation": [90],
        "IM series, test": [1, 2],
        "NORMAL2-IM series, training and validation": [100],
        "NORMAL2-IM series, test": [],
    }
