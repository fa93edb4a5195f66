"""Calibration, held to scikit-learn's curve and to logistic regression through the origin."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression

from xray.errors import ArtifactError
from xray.metrics import bootstrap, calibration


def simulated(seed=0, n=2000, heat=1.0):
    """Films whose true log-odds are known; the model reports ``heat`` times as much."""
    rng = np.random.default_rng(seed)
    true = rng.normal(0.5, 2, n)
    return rng.random(n) < 1 / (1 + np.exp(-true)), true * heat


@pytest.mark.parametrize("positive", ["PNEUMONIA", "NORMAL"])
def test_reliability_equals_scikit_learns_curve(positive):
    y, log_odds = simulated(1)
    got = calibration.reliability(y, log_odds, positive)
    probability = 1 / (1 + np.exp(-log_odds))
    truth = y
    if positive == "NORMAL":
        truth, probability = ~y, 1 - probability
    observed, predicted = calibration_curve(truth, probability, n_bins=10)
    assert got["observed"].to_numpy() == pytest.approx(observed)
    assert got["predicted"].to_numpy() == pytest.approx(predicted)
    assert got["n"].sum() == len(y)
    assert ((got["low"] <= got["observed"]) & (got["observed"] <= got["high"])).all()


def test_bins_cover_the_ends_and_skip_the_empty():
    got = calibration.reliability([False, True, True], [-800.0, 800.0, 900.0])
    assert got[["start", "end", "n"]].to_numpy().tolist() == [[0, 0.1, 1], [0.9, 1, 2]]


def test_calibration_error_equals_the_sum_over_the_bins():
    y, log_odds = simulated(2, 500, heat=2)
    table = calibration.reliability(y, log_odds)
    by_hand = np.sum(table["n"] * (table["predicted"] - table["observed"]).abs()) / 500
    assert calibration.expected_calibration_error(y, log_odds)[0] == pytest.approx(by_hand)


def test_weighted_calibration_error_equals_drawing_the_films():
    y, log_odds = simulated(3, 150, heat=2)
    drawn = bootstrap.resamples(np.arange(150) // 2, 20, seed=1)
    got = calibration.expected_calibration_error(y, log_odds, drawn)
    for b, weights in enumerate(drawn.astype(int)):
        i = np.repeat(np.arange(150), weights)
        expected = calibration.expected_calibration_error(y[i], log_odds[i])[0]
        assert got[b] == pytest.approx(expected)


@pytest.mark.parametrize("heat", [0.5, 1.0, 3.0])
def test_temperature_equals_logistic_regression_through_the_origin(heat):
    y, log_odds = simulated(4, heat=heat)
    slope = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10).fit(log_odds[:, None], y)
    got = calibration.fit_temperature(y, log_odds)
    assert got.value == pytest.approx(1 / slope.coef_[0, 0], rel=1e-4)
    assert got.value == pytest.approx(heat, rel=0.15)
    assert got.problem == ""


def test_a_temperature_that_validation_cannot_set_says_so():
    y = np.array([False] * 5 + [True] * 5)
    assert "without error" in calibration.fit_temperature(y, np.where(y, 2.0, -2.0)).problem
    assert "chance" in calibration.fit_temperature(y, np.where(y, -2.0, 2.0)).problem
    with pytest.raises(ArtifactError, match="both classes"):
        calibration.fit_temperature(y[:5], np.zeros(5))


def test_scaling_repairs_a_model_that_is_too_sure():
    y, log_odds = simulated(5, heat=3)
    unseen, later = simulated(6, heat=3)
    temperature = calibration.fit_temperature(y, log_odds).value
    table = calibration.summary(unseen, later, temperature, np.arange(2000))
    value = table.set_index(["metric", "scaled"])["value"]
    for metric in ("brier", "log_loss", "ece"):
        assert value[metric, True] < value[metric, False]
    ece = table[table["metric"] == "ece"].set_index("scaled")
    # What is left is what chance leaves; before, it was far from it.
    assert ece.loc[True, "low"] < 2 * ece.loc[True, "chance"]
    assert ece.loc[False, "low"] > 2 * ece.loc[False, "chance"]
    assert ((table["low"] <= table["value"]) & (table["value"] <= table["high"])).all()


def test_error_by_chance_is_what_calibrated_films_show():
    scores = [simulated(seed, 300) for seed in range(60)]
    shown = np.mean([calibration.expected_calibration_error(*pair)[0] for pair in scores])
    assert calibration.error_by_chance(scores[0][1]) == pytest.approx(shown, rel=0.2)
