"""Scores, intervals and the threshold, held to scikit-learn, scipy and statsmodels."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn import metrics as sk
from statsmodels.stats.proportion import proportion_confint

from xray.errors import ArtifactError
from xray.metrics import bootstrap, odds, scores
from xray.metrics import patients as patients_


def simulated(seed: int = 0, n: int = 624, rounding: int = 6):
    """Truth and log-odds of a fair model, with ties when rounded coarsely."""
    rng = np.random.default_rng(seed)
    y = rng.random(n) < 0.625
    return y, np.round(rng.normal(np.where(y, 2.0, -1.5), 2.5), rounding)


def values(table: pd.DataFrame) -> pd.Series:
    return table.set_index("metric")["value"]


@pytest.mark.parametrize("positive", scores.LABELS)
@pytest.mark.parametrize("rounding", [6, 0])
def test_every_metric_equals_scikit_learns(positive, rounding):
    y, log_odds = simulated(1, rounding=rounding)
    got = values(scores.scores(y, log_odds, 1.0, positive))
    called = log_odds >= 1.0
    truth, call, ranked = (
        (y, called, log_odds) if positive == "PNEUMONIA" else (~y, ~called, -log_odds)
    )
    probability = odds.to_probability(ranked)
    expected = {
        "accuracy": sk.accuracy_score(truth, call),
        "precision": sk.precision_score(truth, call),
        "recall": sk.recall_score(truth, call),
        "specificity": sk.recall_score(~truth, ~call),
        "npv": sk.precision_score(~truth, ~call),
        "f1": sk.f1_score(truth, call),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, call),
        "mcc": sk.matthews_corrcoef(truth, call),
        "auroc": sk.roc_auc_score(truth, ranked),
        "average_precision": sk.average_precision_score(truth, ranked),
        "brier": sk.brier_score_loss(truth, probability),
        "log_loss": sk.log_loss(truth, probability),
    }
    assert list(got.index) == list(scores.TITLES)
    for name, value in expected.items():
        assert got[name] == pytest.approx(value, abs=1e-12), name


def test_weighted_metrics_equal_scikit_learns_on_every_resample():
    y, log_odds = simulated(2, n=120, rounding=0)
    drawn = bootstrap.resamples(np.arange(120) // 3, 20, seed=5)
    areas = bootstrap.auroc(y, log_odds, drawn)
    precisions = bootstrap.average_precision(y, log_odds, drawn)
    compound = bootstrap.counts(y, log_odds >= 0, "PNEUMONIA", drawn)
    for b, weight in enumerate(drawn):
        assert areas[b] == pytest.approx(sk.roc_auc_score(y, log_odds, sample_weight=weight))
        assert precisions[b] == pytest.approx(
            sk.average_precision_score(y, log_odds, sample_weight=weight)
        )
        call = log_odds >= 0
        assert bootstrap.mcc(*compound)[b] == pytest.approx(
            sk.matthews_corrcoef(y, call, sample_weight=weight)
        )
        assert bootstrap.f1(*compound)[b] == pytest.approx(
            sk.f1_score(y, call, sample_weight=weight)
        )
        assert bootstrap.balanced_accuracy(*compound)[b] == pytest.approx(
            sk.balanced_accuracy_score(y, call, sample_weight=weight)
        )


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(-4, 4), st.integers(1, 3)), min_size=4, max_size=40
    )
)
@settings(deadline=None, max_examples=60)
def test_auroc_with_ties_and_weights_counts_pairs(rows):
    y, score, weight = (np.array(column) for column in zip(*rows, strict=True))
    y, score, weight = y.astype(bool), score.astype(float), weight.astype(float)
    got = bootstrap.auroc(y, score, weight[None])[0]
    pairs = weight[y][:, None] * weight[~y][None]
    if not pairs.size:
        assert np.isnan(got)
        return
    ahead = (score[y][:, None] > score[~y]) + 0.5 * (score[y][:, None] == score[~y])
    assert got == pytest.approx((pairs * ahead).sum() / pairs.sum())


@pytest.mark.parametrize(("hits", "n"), [(0, 7), (7, 7), (101, 234), (388, 390), (1, 1)])
def test_wilson_equals_statsmodels(hits, n):
    assert bootstrap.wilson(hits, n) == pytest.approx(
        proportion_confint(hits, n, method="wilson"), abs=1e-9
    )


def test_the_other_class_sees_the_same_calls():
    y, log_odds = simulated(3)
    here = scores.confusion(y, log_odds, 0.5)
    there = scores.confusion(y, log_odds, 0.5, "NORMAL")
    assert (here.tp, here.fp, here.fn, here.tn) == (there.tn, there.fn, there.fp, there.tp)
    assert there.flipped() == here
    assert here.n == len(y)
    assert sk.confusion_matrix(y, log_odds >= 0.5).ravel().tolist() == [
        here.tn,
        here.fp,
        here.fn,
        here.tp,
    ]


def test_a_film_on_the_threshold_is_pneumonia():
    assert scores.confusion([True], [0.25], 0.25).tp == 1


def test_resamples_draw_whole_patients():
    groups = np.array(["a", "b", "a", "c", "c", "c"])
    drawn = bootstrap.resamples(groups, 500, seed=1)
    assert (drawn[:, 0] == drawn[:, 2]).all()
    assert (drawn[:, 3] == drawn[:, 4]).all()
    # Three patients are drawn each time, so the films drawn vary in number.
    assert (drawn[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert drawn[:, 1].mean() == pytest.approx(1, abs=0.1)
    assert drawn[:, 1].var() == pytest.approx(2 / 3, abs=0.15)
    assert np.array_equal(drawn, bootstrap.resamples(groups, 500, seed=1))
    assert not np.array_equal(drawn, bootstrap.resamples(groups, 500, seed=2))


def test_the_interval_widens_when_films_of_a_patient_agree():
    y, log_odds = simulated(4, n=150)
    groups = np.repeat(np.arange(150), 4)
    tables = [
        scores.scores(np.repeat(y, 4), np.repeat(log_odds, 4), 0.0, groups=unit)
        for unit in (groups, None)
    ]
    wide, narrow = (t.set_index("metric").loc["auroc"] for t in tables)
    ratio = (wide["high"] - wide["low"]) / (narrow["high"] - narrow["low"])
    assert ratio == pytest.approx(2, abs=0.3)


def test_bootstrap_interval_covers_the_truth():
    """The AUROC of two normals one standard deviation apart is Phi(1 / sqrt 2) = 0.760."""
    rng = np.random.default_rng(11)
    inside = 0
    for _ in range(200):
        y = rng.random(200) < 0.6
        score = rng.normal(y.astype(float), 1)
        draws = bootstrap.auroc(y, score, bootstrap.resamples(np.arange(200), 400))
        low, high, _ = bootstrap.percentiles(draws)
        inside += low <= 0.7602 <= high
    assert 0.90 <= inside / 200 <= 0.99


def test_a_thousand_resamples_take_well_under_a_second():
    y, log_odds = simulated(5)
    groups = np.arange(624) // 2
    scores.scores(y, log_odds, 0.0, groups=groups)
    start = time.perf_counter()
    for threshold in (0.0, 1.0):
        scores.scores(y, log_odds, threshold, groups=groups)
    assert (time.perf_counter() - start) / 2 < 0.6


def test_missing_intervals_say_why():
    y = np.array([True] * 10 + [False] * 10)
    perfect = scores.scores(y, np.where(y, 3.0, -3.0), 0.0).set_index("metric")
    assert perfect.loc["auroc", "value"] == 1
    assert np.isnan(perfect.loc["auroc", "low"])
    assert "same value" in perfect.loc["auroc", "method"]
    assert perfect.loc["accuracy", "low"] == pytest.approx(
        proportion_confint(20, 20, method="wilson")[0]
    )
    one_class = scores.scores(np.ones(9, bool), np.linspace(-1, 3, 9), 0.0).set_index("metric")
    for metric in ("auroc", "specificity", "balanced_accuracy"):
        assert np.isnan(one_class.loc[metric, "value"])
        assert one_class.loc[metric, "method"].startswith("no value")
    degenerate = scores.scores(y, np.full(20, 5.0), 0.0).set_index("metric")
    assert np.isnan(degenerate.loc["npv", "value"])
    assert degenerate.loc["auroc", "value"] == 0.5


def test_damaged_predictions_are_named():
    with pytest.raises(ArtifactError, match=r"1 of 3 log-odds"):
        scores.scores([True, False, True], [1.0, np.nan, 2.0], 0.0)
    with pytest.raises(ArtifactError, match="no films"):
        scores.confusion([], [], 0.0)


def test_patients_are_persons_or_single_films():
    files = [
        "test/PNEUMONIA/person7_virus_1.jpeg",
        "test/PNEUMONIA/person7_bacteria_2.jpeg",
        "test/NORMAL/mine.png",
        "test/NORMAL/other.png",
    ]
    unit = patients_.patients(pd.DataFrame({"file": files}))
    assert unit[0] == unit[1]
    assert len(set(unit)) == 3


class TestThreshold:
    def test_beats_every_other_threshold(self):
        y, log_odds = simulated(6, rounding=1)
        best = scores.choose_threshold(y, log_odds)
        score = {
            t: sk.balanced_accuracy_score(y, log_odds >= t)
            for t in [best, *np.unique(log_odds), *(np.unique(log_odds) + 0.05)]
        }
        assert score[best] == pytest.approx(max(score.values()))

    def test_takes_the_middle_of_the_plateau(self):
        y = np.array([False, False, True, True])
        assert scores.choose_threshold(y, [-3.0, -1.0, 5.0, 9.0]) == pytest.approx(2.0)

    def test_takes_the_widest_of_equal_plateaus(self):
        y = np.array([False, True, False, True])
        # Above -2 or above 4, each gets three of the four right; the second gap is wider.
        assert scores.choose_threshold(y, [-3.0, -1.0, 2.0, 6.0]) == pytest.approx(4.0)

    def test_a_tie_of_both_classes_does_not_cut_a_plateau(self):
        y = np.array([False, False, False, True, True, True])
        # The pair at 1 is one of each class: on which side of it the threshold lies is the same.
        assert scores.choose_threshold(y, [-4.0, -3.0, 1.0, 1.0, 2.0, 9.0]) == pytest.approx(-0.5)

    def test_ignores_the_mix_of_classes(self):
        y, log_odds = simulated(7, n=200)
        more = np.r_[y, np.repeat(y[y], 9)], np.r_[log_odds, np.repeat(log_odds[y], 9)]
        assert scores.choose_threshold(*more) == pytest.approx(scores.choose_threshold(y, log_odds))

    @pytest.mark.parametrize("log_odds", [[4.0] * 4, [9.0, 8.0, 1.0, 0.5]])
    def test_a_model_no_better_than_guessing_gets_one_half(self, log_odds):
        assert scores.choose_threshold([False, False, True, True], log_odds) == 0.0

    def test_needs_both_classes(self):
        with pytest.raises(ArtifactError, match="both classes"):
            scores.choose_threshold([True, True], [1.0, 2.0])


@pytest.mark.parametrize(
    ("threshold", "positive", "words"),
    [(0.0, "PNEUMONIA", "0.500"), (12.0, "PNEUMONIA", "1 - 6.1e-06"), (12.0, "NORMAL", "6.1e-06")],
)
def test_thresholds_never_read_as_certainty(threshold, positive, words):
    assert scores.show_threshold(threshold, positive) == words


def test_newcombe_covers_and_does_not_vanish_at_one() -> None:
    low, high = bootstrap.newcombe(1.0, 20, 20)
    assert high == 1 and 0.85 < low < 0.97
    assert bootstrap.newcombe(0.0, 20, 20) == pytest.approx((1 - high, 1 - low), abs=1e-6)
    assert np.isnan(bootstrap.newcombe(0.5, 0, 3)).all()
    rng = np.random.default_rng(0)
    truth = norm.cdf(1.5 / np.sqrt(2))
    covered = []
    for _ in range(400):
        score = np.r_[rng.normal(1.5, 1, 20), rng.normal(0, 1, 15)]
        area = sk.roc_auc_score(np.arange(35) < 20, score)
        low, high = bootstrap.newcombe(float(area), 20, 15)
        covered.append(low <= truth <= high)
    assert 0.92 < np.mean(covered) < 0.99
