"""Scores, intervals and the threshold, held to scikit-learn, scipy and statsmodels."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk
from statsmodels.stats.proportion import proportion_confint

from xray.errors import ArtifactError
from xray.metrics import odds, scores
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


@pytest.mark.parametrize("label", [True, False])
def test_films_of_one_class_give_no_figure_that_needs_both(label: bool) -> None:
    rng = np.random.default_rng(3)
    table = scores.scores(np.full(40, label), rng.normal(size=40), 0.0).set_index("metric")
    known = {"accuracy", "recall" if label else "specificity", "brier", "log_loss"}
    assert set(table.index[table["value"].notna()]) == known
    assert table.loc[table["value"].isna(), "method"].str.startswith("no value").all()
