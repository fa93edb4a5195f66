"""What devices change, in calls and in AUROC: the figures that counting gives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from xray.audits import measures
from xray.audits.insertion import AS_WORN, Donors, Material, Plan, Relief
from xray.audits.showing import Trials
from xray.audits.uncertainty import AUROC, CALLS, Measure
from xray.drawing.laying import Place


def test_the_fall_of_auroc_is_what_counting_pairs_gives() -> None:
    rng = np.random.default_rng(2)
    before, after, ill = rng.normal(size=30), rng.normal(0.5, 1, 30), rng.normal(1.5, 1, 20)
    codes = np.arange(30)
    made = measures._fall(
        "swap",
        "line",
        "NORMAL",
        measures._Scores(before, codes, codes),
        measures._Scores(after, codes, codes),
        *[measures._Scores(ill, 30 + np.arange(20), np.full(20, -1))] * 2,
    )
    areas = [np.mean(well[:, None] < ill[None]) for well in (before, after)]
    assert made.value == pytest.approx(areas[0] - areas[1])
    assert made.influence.value.sum() == pytest.approx(0, abs=1e-12)


class Layer:
    """Only what figures ask of a layer."""

    def __init__(self, child: str) -> None:
        self.child = child


def _ints(*values: int) -> np.ndarray:
    return np.array(values, int)


@pytest.fixture
def four() -> Material:
    """Two healthy and two sick children, each given the lines of two others, and one who wears."""
    children = ["a", "b", "c", "d", "e"]
    labels = ["NORMAL"] * 2 + ["PNEUMONIA"] * 3
    table = pd.DataFrame({"file": children, "label": labels, "child": children})
    layers: Any = (Layer("e"), Layer("f"))
    film = np.repeat(np.arange(4), 2)
    plan = Plan(film, np.tile([0, 1], 4), np.zeros(8, int), (Place(),) * 8)
    return Material(
        table,
        np.zeros((5, 4, 4), np.uint8),
        [],
        np.arange(4),
        {"line": Donors(layers, ())},
        {"line": plan},
        {},
        {},
        0,
    )


TRIALS = Trials(
    np.array([-2.0, -1, 1, 2, 3]),
    device={"line": np.array([1.0, -1, 2, -3, 5, 5, 5, 5])},
    null={"line": np.array([-1.0, -1, -1, -3, 5, 5, 5, -5])},
)


def of(made: list[Measure], test: str, label: str) -> Measure:
    (found,) = [each for each in made if (each.test, each.label) == (test, label)]
    return found


def test_calls_are_counted_in_points_of_a_hundred(four: Material) -> None:
    made = measures.measure(four, TRIALS, np.zeros(5), np.ones(5, bool), averaged=False)
    well, ill = (of(made, "insertion", label) for label in ("NORMAL", "PNEUMONIA"))
    assert (well.value, well.before, well.after, well.null) == (50, 0, 50, 0)
    assert (well.unit, well.kind, well.films, well.donors) == (CALLS, "line", 2, 2)
    assert well.net_log_odds == pytest.approx((2 + 0 + 3 + 0) / 4)
    assert well.influence.value.sum() == pytest.approx(0)
    assert (ill.value, ill.before, ill.after, ill.null) == (25, 100, 100, 75)
    # A log-odds that just reaches the threshold is a call.
    high = measures.measure(four, TRIALS, np.full(5, 2.0), np.ones(5, bool), averaged=False)
    assert of(high, "insertion", "NORMAL").after == 25


def test_calls_are_means_over_thresholds_around_the_models_own(four: Material) -> None:
    wide = measures.width(TRIALS.plain[:2])
    assert wide == pytest.approx(1.3 * 0.5 / 2 ** (1 / 3))
    levels = wide * norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    device, null = (odds["line"][:4] for odds in (TRIALS.device, TRIALS.null))
    counted = [100 * ((device >= at).mean() - (null >= at).mean()) for at in levels]
    well = of(measures.measure(four, TRIALS, np.zeros(5), np.ones(5, bool)), "insertion", "NORMAL")
    assert well.value == pytest.approx(np.mean(counted), abs=0.01)
    assert well.value == pytest.approx(well.after - well.null)
    assert 0 < well.before < well.after < 50
    rows = np.arange(4), np.array([""] * 4)
    odds = TRIALS.plain[:4], device, null
    marker = measures.of_suspect("marker", four, rows, odds, np.zeros(5), np.ones(5, bool), 1.0)[0]
    counted = [100 * ((device[:2] >= at).mean() - (null[:2] >= at).mean()) for at in levels]
    assert marker.value == pytest.approx(np.mean(counted), abs=0.01), "other suspects alike"


def test_a_gap_between_two_heaps_of_films_is_not_taken_for_spread() -> None:
    rng = np.random.default_rng(0)
    lower, upper = rng.normal(-1.5, 0.3, 146), rng.normal(6, 0.3, 63)
    plain = np.r_[lower, upper]
    wide = measures.width(plain)
    assert wide < 1.3 * 0.5 / np.cbrt(209), "as of one heap"
    level = np.zeros(len(plain))
    moved = measures.calls(plain + 0.6, level, wide) - measures.calls(plain, level, wide)
    assert abs(moved.mean()) < 0.5, "films that come nearer to the threshold are no calls"


def test_films_that_all_say_the_same_are_counted_at_the_threshold_alone() -> None:
    assert measures.width(np.full(30, -7.0)) == 0
    most = np.r_[np.full(80, -7.0), np.linspace(-6, 6, 20)]
    assert measures.width(most) == 0, "a network that is sure of nearly all of them too"
    assert measures.width(np.random.default_rng(0).standard_normal(1000)) == pytest.approx(
        1.3 * 0.1, rel=0.15
    )
    odds, level = np.array([-1e-9, 0.0]), np.zeros(2)
    assert measures.calls(odds, level, 0.0).tolist() == [0, 100]


@pytest.mark.parametrize("spread", [0.0, 0.5])
def test_averaged_calls_err_less_than_counted_ones_around_what_is_true(spread: float) -> None:
    rng = np.random.default_rng(0)

    def change(films: int, averaged: bool) -> float:
        plain = rng.standard_normal(films)
        shift = 0.15 + spread * rng.standard_normal(films)
        wide = measures.width(plain) if averaged else 0.0
        level = np.full(films, 1.0)
        given, as_is = (measures.calls(odds, level, wide) for odds in (plain + shift, plain))
        return float((given - as_is).mean())

    true = change(1_000_000, averaged=False)
    errors = {
        averaged: np.array([change(150, averaged) - true for _ in range(400)])
        for averaged in (False, True)
    }
    worse, better = (np.sqrt((errors[averaged] ** 2).mean()) for averaged in (False, True))
    assert better < 0.9 * worse
    assert abs(errors[True].mean()) < 0.3 * better, "its bias is a small part of its error"


def test_films_that_are_not_judged_count_for_nothing(four: Material) -> None:
    judged = np.array([True, False, False, False, False])
    made = measures.measure(four, TRIALS, np.zeros(5), judged)
    assert [(each.test, each.label) for each in made] == [("insertion", "NORMAL")]
    assert (made[0].value, made[0].films) == (50, 1)


def test_nulls_are_held_against_clouds_where_these_were_shown(four: Material) -> None:
    cloud = np.array([-1.0, np.nan, 1, np.nan, np.nan, np.nan, np.nan, np.nan])
    trials = replace(TRIALS, cloud={"line": cloud})
    made = measures.measure(four, trials, np.zeros(5), np.ones(5, bool), averaged=False)
    null = of(made, "null", "NORMAL")
    assert (null.value, null.after, null.null) == (-50, 0, 50)
    assert not [each for each in made if (each.test, each.label) == ("null", "PNEUMONIA")]


def test_the_fall_of_auroc_without_and_with_devices_taken_away(four: Material) -> None:
    made = measures.measure(four, TRIALS, np.zeros(5), np.ones(5, bool))
    # Of eight pairs of healthy and sick two stand even, and one the wrong way round.
    assert of(made, "swap", "NORMAL").value == pytest.approx(1 - 6 / 8)
    assert of(made, "swap", "NORMAL").unit == AUROC
    relief = Relief(_ints(4), (np.zeros((4, 4), bool),), (np.zeros((4, 4), bool),))
    worn = replace(four, reliefs={"line": relief})
    trials = replace(TRIALS, relieved={"line": np.array([-2.0])}, sham={"line": np.array([0.0])})
    made = measures.measure(worn, trials, np.zeros(5), np.ones(5, bool))
    assert of(made, "swap", "NORMAL").value == pytest.approx(1 - 10 / 12)
    assert of(made, "swap", "PNEUMONIA").value == pytest.approx(1 - 4.5 / 6)
    assert of(made, "swap", "").value == pytest.approx(1 - 7 / 12)
    assert of(made, "swap", "PNEUMONIA").donors == 0, "nobody gives where devices are taken away"


def test_everything_that_a_child_wears_is_a_test_of_its_own(four: Material) -> None:
    worn = replace(four, plans={AS_WORN: four.plans["line"]}, donors={AS_WORN: four.donors["line"]})
    trials = Trials(TRIALS.plain, {AS_WORN: TRIALS.device["line"]}, {AS_WORN: TRIALS.null["line"]})
    made = measures.measure(worn, trials, np.zeros(5), np.ones(5, bool))
    assert {each.test for each in made} == {"as_worn"}
    assert {each.kind for each in made} == {AS_WORN}


def test_another_suspect_is_measured_beside_as_much_change_without_it(
    four: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.arange(4), np.array(["", "c", "", ""])
    odds = (
        TRIALS.plain[:4],
        np.array([1.0, -1, -1, 2]),
        np.array([-1.0, -1, 1, 2]),
    )
    judged = np.ones(5, bool)
    # Exact counts, as of films that all say the same.
    monkeypatch.setattr(measures, "width", lambda _: 0.0)
    well, ill, fall = measures.of_suspect("marker", four, rows, odds, np.zeros(5), judged, 0.5)
    assert (well.label, well.value, well.before, well.after, well.null) == ("NORMAL", 25, 0, 50, 25)
    assert (well.test, well.kind, well.films, well.donors) == ("marker", "", 2, 1)
    assert well.net_log_odds == pytest.approx(0.5)
    assert (ill.label, ill.value, ill.after, ill.null) == ("PNEUMONIA", -25, 50, 75)
    # From a perfect order to two and a half of four pairs; of that half.
    assert (fall.label, fall.unit) == ("", AUROC)
    assert fall.value == pytest.approx(0.5 * (1 - 2.5 / 4))
    only = measures.of_suspect("marker", four, rows, odds, np.zeros(5), np.arange(5) < 2, 1.0)
    assert [each.label for each in only] == ["NORMAL"], "no area without both classes"
