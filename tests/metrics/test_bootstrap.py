"""Bootstrap metrics and intervals against scikit-learn, statsmodels and the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn import metrics as sk
from statsmodels.stats.proportion import proportion_confint

from tests.metrics.test_scores import simulated
from xray.metrics import bootstrap


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
