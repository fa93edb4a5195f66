"""Simulated audits: the films and the truth that intervals are held against."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import crossed_intervals as simulated


@pytest.mark.parametrize("shape", simulated.SHAPES)
def test_distances_have_unit_spread_and_the_share_beyond_the_threshold(shape: str) -> None:
    distance = simulated.distances(shape, 0.2)
    assert distance.sf(0) == pytest.approx(0.2 if simulated.SHAPES[shape][1] else 0.3, abs=1e-6)
    drawn = distance.rvs(20_000, random_state=np.random.default_rng(0))
    assert drawn.std() == pytest.approx(1, abs=0.1)
    assert (drawn > 0).mean() == pytest.approx(distance.sf(0), abs=0.02)


def test_what_is_true_is_what_very_many_films_and_donors_give() -> None:
    distance = simulated.distances("normal", 0.2)
    mean, spread, _, chance = simulated.POPULATIONS["strong"]
    rng = np.random.default_rng(3)
    plain, by_chance = rng.standard_normal((2, 1_000_000))
    plain += distance.mean()
    device = plain + rng.normal(mean, spread, len(plain)) + chance * by_chance
    null = plain + chance * rng.standard_normal(len(plain))
    counted = 100 * ((device > 0).mean() - (null > 0).mean())
    assert simulated.truth("strong", distance) == pytest.approx(counted, abs=0.2)


def test_averaged_calls_err_less_and_their_intervals_hold() -> None:
    counted, averaged = simulated.coverage("no effect", "normal", 80, 209, 45, 8, 0.2, seed=0)
    assert (counted["calls"], averaged["calls"]) == ("counted", "averaged")
    assert counted["of_counted"] == 1
    assert float(averaged["of_counted"]) < 0.8
    for row in (counted, averaged):
        assert float(row["covered_95"]) >= 0.9
    assert abs(float(averaged["bias"])) < 0.2
