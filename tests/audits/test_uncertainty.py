"""Errors of an audit's figures: by child and by donor, one by one and all at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xray.audits import uncertainty
from xray.audits.uncertainty import AUROC, CALLS, Influence, Measure


def test_errors_count_films_of_one_child_and_devices_of_one_donor_together() -> None:
    rng = np.random.default_rng(3)
    film, donor = np.repeat(np.arange(100), 4), np.tile(np.arange(20), 20)
    by_film, by_donor, alone = rng.normal(size=100), rng.normal(size=20), rng.normal(size=400)

    def figure(value: np.ndarray) -> Measure:
        share = (value - value.mean()) / len(value)
        return Measure(
            "insertion",
            "line",
            "",
            AUROC,
            float(value.mean()),
            Influence(share, film, donor),
            films=100,
        )

    errors = uncertainty.joint([figure(x) for x in (by_film[film], by_donor[donor], alone)]).error
    expected = [by_film.std(ddof=1) / 10, by_donor.std(ddof=1) / np.sqrt(20), 1 / 20]
    np.testing.assert_allclose(errors, expected, rtol=0.15)


def test_figures_held_at_once_reach_further_than_one_by_one() -> None:
    many = uncertainty.Joint(np.ones(8), np.full(8, 60.0), np.zeros(8), np.eye(8))
    one = uncertainty.Joint(np.ones(1), np.full(1, 60.0), np.zeros(1), np.eye(1))
    same = replace(many, correlation=np.ones((8, 8)))
    assert one.at_once(np.ones(1)) == pytest.approx(1.67, abs=0.04)
    assert many.at_once(np.ones(8)) == pytest.approx(2.55, abs=0.08)
    assert same.at_once(np.ones(8)) == pytest.approx(1.67, abs=0.04)
    # Of two figures that always err together, one is counted on its other side.
    pair = same.of([0, 1])
    assert pair.at_once(np.array([1.0, -1.0])) == pytest.approx(2.0, abs=0.05)


def test_figures_on_the_margin_are_found_beyond_it_once_in_twenty_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reach, known = uncertainty.Joint.at_once, dict[tuple[bytes, bytes, float, int], float]()

    def drawn_once(
        of: uncertainty.Joint, toward: np.ndarray, level: float = 0.95, *, seed: int = 0
    ) -> float:
        """The same figures on the same sides have the same reach each time."""
        key = (of.correlation.tobytes(), toward.tobytes(), level, seed)
        if key not in known:
            known[key] = reach(of, toward, level, seed=seed)
        return known[key]

    monkeypatch.setattr(uncertainty.Joint, "at_once", drawn_once)
    rng, limit = np.random.default_rng(5), np.full(12, 3.0)
    correlation = 0.5 * np.eye(12) + 0.5
    errors = uncertainty.Joint(np.ones(12), np.full(12, 1e4), np.zeros(12), correlation)
    noise = rng.multivariate_normal(np.zeros(12), correlation, 1_000)
    # Four clear ones, which are set aside; the rest on their margins, on either side.
    true = np.array([9.0] * 4 + [3.0, -3.0] * 4)
    told = np.array([errors.beyond(true + each, limit)[0] for each in noise[:300]])
    assert told[:, :4].mean() > 0.99
    assert 0.02 <= told[:, 4:].any(axis=1).mean() <= 0.08


def test_no_change_at_all_is_not_taken_for_certainty() -> None:
    flat = Measure(
        "insertion",
        "line",
        "NORMAL",
        CALLS,
        0.0,
        Influence(np.zeros(40), np.arange(40), np.arange(40)),
        films=40,
    )
    assert uncertainty.joint([flat]).error[0] == pytest.approx(2.5)


def test_a_few_strong_donors_move_the_interval_toward_them() -> None:
    reach = np.array([2.0, 2.0, -2.0])
    skew = np.array([0.0, 0.5, 0.5])
    flat, low, high = uncertainty.unskewed(reach, skew)
    assert flat == pytest.approx(2.0)
    assert low < 2.0
    assert high < -2.0


def _figure(value: np.ndarray, child: np.ndarray, donor: np.ndarray, unit: str = AUROC) -> Measure:
    share = (value - value.mean()) / len(value)
    mean = float(value.mean())
    return Measure("swap", "line", "", unit, mean, Influence(share, child, donor), films=len(value))


def test_figures_of_the_same_children_go_together() -> None:
    value, child = np.random.default_rng(0).normal(size=50), np.arange(50)
    nobody = np.full(50, -1)
    known = uncertainty.joint([_figure(each, child, nobody) for each in (value, -value, 3 * value)])
    np.testing.assert_allclose(known.correlation, [[1, -1, 1], [-1, 1, -1], [1, -1, 1]], atol=1e-9)
    # One picture a child and no donor: the error of a mean.
    expected = value.std(ddof=1) / np.sqrt(50)
    np.testing.assert_allclose(known.error, [expected, expected, 3 * expected])
    np.testing.assert_allclose(known.freedom, 49)


def test_intervals_are_students_where_nothing_is_skewed() -> None:
    known = uncertainty.Joint(np.ones(2), np.array([10.0, 1e4]), np.zeros(2), np.eye(2))
    low, high = known.interval(np.array([1.0, 2.0]), 0.95)
    np.testing.assert_allclose(high - [1, 2], [2.228, 1.960], atol=2e-3)
    np.testing.assert_allclose(low + high, [2, 4])
    some = known.of([1])
    assert some.freedom.tolist() == [1e4] and some.correlation.tolist() == [[1.0]]


def test_a_skewed_interval_reaches_further_toward_its_strong_donors() -> None:
    known = uncertainty.Joint(np.ones(1), np.array([30.0]), np.array([0.5]), np.eye(1))
    low, high = known.interval(np.zeros(1), 0.95)
    assert high[0] > -low[0] > 0


def test_nothing_is_beyond_a_margin_that_it_does_not_reach() -> None:
    known = uncertainty.Joint(np.ones(2), np.full(2, 50.0), np.zeros(2), np.eye(2))
    found, reach = known.beyond(np.array([0.5, -2.0]), np.full(2, 3.0))
    assert not found.any() and reach > 1.67
    found, _ = known.beyond(np.array([0.5, -20.0]), np.full(2, 3.0))
    assert found.tolist() == [False, True], "toward the side that it lies on"
    assert uncertainty.NOTHING.beyond(np.empty(0), np.empty(0)) == (pytest.approx([]), 0.0)
