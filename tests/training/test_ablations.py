"""What a change does over several seeds."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.helpers.runs import row_of
from xray.figures import base as figures
from xray.figures import training as figures_runs
from xray.training import ablations, ledger


def test_the_interval_over_seeds_is_students() -> None:
    values = np.array([0.9, 0.92, 0.97])
    wanted = stats.t.interval(0.95, 2, values.mean(), stats.sem(values))
    assert ablations.t_interval(values) == pytest.approx(wanted)
    test = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert ablations.t_interval(values) == pytest.approx((test.low, test.high))
    assert np.isnan(ablations.t_interval(values[:1])).all()


def test_groups_are_of_runs_that_differ_in_the_seed_only(runs: pd.DataFrame) -> None:
    table = ablations.groups(runs, "test_auroc")
    assert sorted(table["n"]) == [1, 3, 3, 3, 3]
    assert table["collapsed"].sum() == 1


def test_a_training_that_learnt_nothing_is_no_effect_of_a_change() -> None:
    rows = [
        row_of(
            f"{size}-{seed}", seed=seed, size=f"{size} x {size}", test_auroc=value, val_auroc=0.97
        )
        for size, value in ((64, 0.9), (128, 0.92))
        for seed in range(3)
    ]
    rows[4] |= {"val_auroc": 0.5, "test_auroc": 0.5}
    table = pd.DataFrame(rows, columns=ledger.COLUMNS)
    assert list(ablations.nothing_learnt(table)["name"]) == ["128-1"]
    found = ablations.effects(table, "test_auroc")
    assert found["difference"].tolist() == pytest.approx([0.02])
    assert found["n"].tolist() == [2]


def test_a_change_goes_from_the_plain_or_the_smaller_side() -> None:
    settings = [{"fraction": 1.0}, {"fraction": 0.1}, {"fraction": 0.5}]
    settings += [{"class_weight": each} for each in ("1.2:1", "none", "2:1")]
    rows = [row_of(f"{place}", **each) for place, each in enumerate(settings)]
    found = ablations.effects(pd.DataFrame(rows, columns=ledger.COLUMNS), "test_auroc")
    sides = list(zip(found["before"], found["after"], strict=True))
    assert {("10 %", "100 %"), ("10 %", "50 %"), ("50 %", "100 %")} < set(sides)
    assert {("none", "1.2:1"), ("none", "2:1"), ("1.2:1", "2:1"), ("balanced", "none")} < set(sides)


def test_networks_are_compared_where_one_option_differs() -> None:
    base = {"network": "blocks", "filters": [8], "dense": [4]}
    options = ({}, {"normalise": True}, {"dropout": 0.5}, {"normalise": True, "dropout": 0.5})
    rows = [
        row_of(f"{place}-{seed}", seed=seed, network=json.dumps(base | each), test_auroc=0.9)
        for place, each in enumerate(options)
        for seed in (0, 1)
    ]
    found = ablations.effects(pd.DataFrame(rows, columns=ledger.COLUMNS), "test_auroc")
    assert set(found["setting"]) == {"network"}
    pairs = {frozenset(pair) for pair in zip(found["before"], found["after"], strict=True)}
    plain, normal, drop = "8, dense 4, grey", "batch-normalised", "dropout 0.5"
    assert pairs == {
        frozenset((plain, f"{plain}, {normal}")),
        frozenset((plain, f"{plain}, {drop}")),
        frozenset((f"{plain}, {normal}", f"{plain}, {normal}, {drop}")),
        frozenset((f"{plain}, {drop}", f"{plain}, {normal}, {drop}")),
    }


def test_the_learning_curve(runs: pd.DataFrame) -> None:
    table = ablations.curve(runs, "test_auroc")
    assert list(table["fraction"]) == [0.1, 1.0, 0.1, 1.0]
    said = ablations.finding(table, "test_auroc")
    assert "100 %: +0.0" in said
    assert "3 seeds: clear" in said
    assert "may be chance" in said
    assert figures.title(figures_runs.curve(table, "test_auroc")) == said
    assert ablations.curve(runs[runs["fraction"] == 1.0], "test_auroc").empty


def test_how_many_intervals_leave_out_zero_by_chance(runs: pd.DataFrame) -> None:
    said = ablations.by_chance(ablations.effects(runs, "test_auroc"))
    assert said.startswith("Of 4 intervals of 95%, about 0.2 would")
