"""Operating points, costs and net benefit, held to scikit-learn's curves and to plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import precision_score, recall_score, roc_curve

from xray.errors import ArtifactError
from xray.metrics import bootstrap, decision
from xray.metrics.scores import Confusion


def simulated(seed=0, n=400, rounding=6):
    rng = np.random.default_rng(seed)
    y = rng.random(n) < 0.6
    return y, np.round(rng.normal(np.where(y, 1.5, -1.0), 1.5), rounding)


@pytest.mark.parametrize("rounding", [6, 0])
@pytest.mark.parametrize("positive", ["PNEUMONIA", "NORMAL"])
def test_the_sweep_holds_every_point_of_scikit_learns_curve(rounding, positive):
    y, log_odds = simulated(1, rounding=rounding)
    found, ranked = (y, log_odds) if positive == "PNEUMONIA" else (~y, -log_odds)
    alarm, recall, _ = roc_curve(found, ranked, drop_intermediate=False)
    got = decision.sweep(y, log_odds, positive).sort_values(["specificity", "recall"])
    expected = np.array(sorted(zip(1 - alarm, recall, strict=True)))
    assert got[["specificity", "recall"]].to_numpy() == pytest.approx(expected)
    for _, row in got.iloc[::40].iterrows():
        call = log_odds >= row["threshold"]
        call = call if positive == "PNEUMONIA" else ~call
        assert row["recall"] == pytest.approx(recall_score(found, call))


@pytest.mark.parametrize("held", ["recall", "specificity"])
@pytest.mark.parametrize("positive", ["PNEUMONIA", "NORMAL"])
def test_the_threshold_keeps_the_target_and_gives_away_least(held, positive):
    y, log_odds = simulated(2, rounding=1)
    points = decision.sweep(y, log_odds, positive)
    threshold = decision.threshold_for(points, held, 0.9)
    at = points[points["threshold"] == threshold].iloc[0]
    other = "specificity" if held == "recall" else "recall"
    assert at[held] >= 0.9
    assert at[other] == max(row[other] for _, row in points.iterrows() if row[held] >= 0.9)


@pytest.mark.parametrize("held", ["recall", "specificity"])
@pytest.mark.parametrize("positive", ["PNEUMONIA", "NORMAL"])
def test_the_curves_value_equals_a_loop_over_the_resamples(held, positive):
    y, log_odds = simulated(3, 90, rounding=0)
    drawn = bootstrap.resamples(np.arange(90) // 2, 25, seed=2)
    got = decision.on_curve((y, log_odds), held, 0.8, positive, drawn)
    other = "specificity" if held == "recall" else "recall"
    for b, weights in enumerate(drawn.astype(int)):
        i = np.repeat(np.arange(90), weights)
        points = decision.sweep(y[i], log_odds[i], positive)
        assert got[b] == pytest.approx(points.loc[points[held] >= 0.8 - 1e-12, other].max())


def test_an_operating_point_is_set_on_validation_and_kept_on_test():
    validation, test = simulated(4), simulated(5, 600)
    point = decision.operating_point(validation, test, "specificity", 0.9, groups=np.arange(600))
    y, log_odds = test
    assert point.specificity == pytest.approx(np.mean(log_odds[~y] < point.threshold))
    assert point.recall == pytest.approx(np.mean(log_odds[y] >= point.threshold))
    assert point.recall_low < point.recall < point.recall_high
    assert point.curve_low < point.curve < point.curve_high
    # The threshold does not look at the test films.
    shifted = decision.operating_point(
        validation, (y, log_odds + 1), "specificity", 0.9, groups=np.arange(600)
    )
    assert shifted.threshold == point.threshold
    assert shifted.curve == pytest.approx(point.curve)
    assert shifted.specificity < point.specificity


def test_one_class_has_no_operating_point():
    with pytest.raises(ArtifactError, match="both classes"):
        decision.sweep([True, True], [0.0, 1.0])


def test_predictive_values_at_the_films_own_prevalence_are_precision_and_npv():
    y, log_odds = simulated(6)
    call = log_odds >= 0.3
    ppv, npv = decision.predictive_values(recall_score(y, call), recall_score(~y, ~call), y.mean())
    assert float(ppv) == pytest.approx(precision_score(y, call))
    assert float(npv) == pytest.approx(precision_score(~y, ~call))


def test_predictive_values_of_the_textbook():
    # 90 % sensitive and specific, 1 % ill: of 1,000 there are 9 found among 108 called.
    ppv, npv = decision.predictive_values(0.9, 0.9, 0.01)
    assert float(ppv) == pytest.approx(9 / 108)
    assert float(npv) == pytest.approx(891 / 892)
    assert np.isnan(decision.predictive_values(0.0, 1.0, 0.5)[0])


def test_predictive_values_come_with_intervals():
    y, log_odds = simulated(7)
    drawn = bootstrap.resamples(np.arange(len(y)))
    table = decision.at_prevalences((y, log_odds), 0.0, "PNEUMONIA", [0.05, 0.5], drawn)
    assert (table["ppv_low"] < table["ppv"]).all()
    assert (table["npv"] < table["npv_high"]).all()
    assert table["ppv"].is_monotonic_increasing
    assert table["npv"].is_monotonic_decreasing


def test_costs_are_counted_a_hundred_films():
    assert float(decision.expected_cost(0.9, 0.8, 0.25, 4)) == pytest.approx(
        25 * 0.1 * 4 + 75 * 0.2
    )


def test_the_cost_of_a_confusion_matrix_is_that_of_its_rates():
    counts = Confusion(tp=90, fp=20, fn=10, tn=80)
    assert decision.cost_of(counts, 0.25, 4) == pytest.approx(25 * 0.1 * 4 + 75 * 0.2)


def test_operating_points_are_saved_with_their_models():
    point = decision.operating_point(simulated(4), simulated(5), "recall", 0.9, groups=range(400))
    table = decision.as_table({"a": point, "b": point})
    assert table["model"].tolist() == ["a", "b"]
    assert table["specificity"].iloc[0] == point.specificity


def test_the_cheapest_threshold_falls_as_misses_grow_dear():
    y, log_odds = simulated(8)
    points = decision.sweep(y, log_odds)
    chosen = [decision.cheapest_threshold(points, 0.5, ratio) for ratio in (0.1, 1, 10, 100)]
    assert chosen == sorted(chosen, reverse=True)
    assert chosen[0] > chosen[-1]
    cost = [
        decision.expected_cost(np.mean(log_odds[y] >= t), np.mean(log_odds[~y] < t), 0.5, 10)
        for t in [chosen[2], *np.linspace(-3, 3, 50)]
    ]
    assert min(cost) == pytest.approx(cost[0])


@pytest.mark.parametrize("positive", ["PNEUMONIA", "NORMAL"])
def test_net_benefit_equals_the_definition(positive):
    y, log_odds = simulated(9)
    found, probability = y, 1 / (1 + np.exp(-log_odds))
    if positive == "NORMAL":
        found, probability = ~y, 1 - probability
    chances = [0.1, 0.35, 0.8]
    table = decision.decision_curve(y, log_odds, chances, found.mean(), positive=positive)
    for chance, (_, row) in zip(chances, table.iterrows(), strict=True):
        act, odds, n = probability >= chance, chance / (1 - chance), len(y)
        assert row["model"] == pytest.approx(
            np.sum(act & found) / n - np.sum(act & ~found) / n * odds
        )
        assert row["everyone"] == pytest.approx(found.mean() - (~found).mean() * odds)
        assert row["nobody"] == 0


def test_shifted_to_the_prevalence_of_use_probabilities_are_right_there():
    """Films that are called right at 60 % stay calibrated when most of the ill are left out."""
    rng = np.random.default_rng(0)
    true = rng.normal(0.5, 2, 200_000)
    y = rng.random(len(true)) < 1 / (1 + np.exp(-true))
    kept = ~y | (rng.random(len(y)) < 0.1)
    moved = decision.shift_prior(true[kept], y.mean(), y[kept].mean())
    for low in (-2.0, 0.0, 2.0):
        near = (moved > low) & (moved < low + 0.5)
        expected = np.mean(1 / (1 + np.exp(-moved[near])))
        assert np.mean(y[kept][near]) == pytest.approx(expected, abs=0.03)


def test_net_benefit_has_intervals_and_scales_with_prevalence():
    y, log_odds = simulated(10)
    drawn = bootstrap.resamples(np.arange(len(y)))
    common, rare = (
        decision.decision_curve(y, log_odds, [0.2], share, drawn=drawn).iloc[0]
        for share in (0.6, 0.05)
    )
    assert common["low"] < common["model"] < common["high"]
    assert rare["model"] < common["model"]
    assert rare["everyone"] < 0 < common["everyone"]
