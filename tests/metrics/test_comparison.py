"""Paired comparisons, held to statsmodels and to DeLong written the slow way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests

from tests.test_plain_words import sentences
from xray.metrics import bootstrap, comparison


def two_models(seed=0, n=300, gap=0.0, rounding=6):
    rng = np.random.default_rng(seed)
    y = rng.random(n) < 0.6
    shared = rng.normal(0, 1.5, n)
    a = np.where(y, 2.0 + gap, -1.0 - gap) + shared + rng.normal(0, 1, n)
    b = np.where(y, 2.0, -1.0) + shared + rng.normal(0, 1, n)
    return y, np.round(a, rounding), np.round(b, rounding)


def slow_delong(y, a, b):
    """DeLong et al. (1988), equations 2 to 5, one pair of films at a time."""

    def kernel(positive, negative):
        return 1.0 if positive > negative else 0.5 if positive == negative else 0.0

    parts = []
    for score in (a, b):
        psi = np.array([[kernel(p, q) for q in score[~y]] for p in score[y]])
        parts.append((psi.mean(), psi.mean(axis=1), psi.mean(axis=0)))
    m, n = y.sum(), (~y).sum()

    def cov(u, v, mean_u, mean_v):
        return np.sum((u - mean_u) * (v - mean_v)) / (len(u) - 1)

    def s(u, v):
        (mean_u, u10, u01), (mean_v, v10, v01) = u, v
        return cov(u10, v10, mean_u, mean_v) / m + cov(u01, v01, mean_u, mean_v) / n

    variance = s(parts[0], parts[0]) + s(parts[1], parts[1]) - 2 * s(parts[0], parts[1])
    area_a, area_b = parts[0][0], parts[1][0]
    return area_a, area_b, np.sqrt(variance)


@pytest.mark.parametrize("rounding", [6, 0])
def test_delong_equals_the_slow_way(rounding):
    y, a, b = two_models(1, 90, gap=0.3, rounding=rounding)
    area_a, area_b, error = slow_delong(y, a, b)
    got = comparison.delong(y, a, b)
    assert (got.auroc_a, got.auroc_b) == pytest.approx((area_a, area_b))
    assert got.difference == pytest.approx(area_a - area_b)
    assert got.p == pytest.approx(2 * norm.sf(abs(area_a - area_b) / error))
    assert (got.low, got.high) == pytest.approx(
        (got.difference - 1.959964 * error, got.difference + 1.959964 * error), abs=1e-6
    )


def test_delong_equals_mlstatkit():
    stats = pytest.importorskip("MLstatkit", reason="MLstatkit is not installed")
    y, a, b = two_models(2, 200, gap=0.2)
    got = comparison.delong(y, a, b)
    z, p = stats.Delong_test(y.astype(int), a, b)[:2]
    assert got.p == pytest.approx(p, abs=1e-9)
    # MLstatkit takes the difference the other way round.
    assert got.difference / ((got.high - got.low) / 2 / 1.959964) == pytest.approx(-z, abs=1e-5)


def test_delong_of_a_model_with_itself_is_no_difference():
    y, a, _ = two_models(3)
    got = comparison.delong(y, a, a)
    assert (got.difference, got.p) == (0, 1)


def test_delong_rejects_five_in_a_hundred_when_nothing_differs():
    rejected = [comparison.delong(*two_models(seed, 120)).p < 0.05 for seed in range(300)]
    assert 0.02 <= np.mean(rejected) <= 0.085


@pytest.mark.parametrize("seed", range(4))
def test_mcnemar_equals_statsmodels(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.random(150) < 0.9, rng.random(150) < 0.8
    table = [[np.sum(a & b), np.sum(a & ~b)], [np.sum(~a & b), np.sum(~a & ~b)]]
    got = comparison.mcnemar(a, b)
    assert got.p == pytest.approx(statsmodels_mcnemar(table, exact=True).pvalue)
    assert (got.only_a, got.only_b) == (table[0][1], table[1][0])


def test_mcnemar_without_disagreement():
    assert comparison.mcnemar([True, False], [True, False]).p == 1.0


def test_holm_equals_statsmodels_and_skips_the_missing():
    p = [0.01, 0.04, 0.03, 0.2, 0.01]
    assert comparison.holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    got = comparison.holm([0.01, np.nan, 0.04])
    assert np.isnan(got[1])
    assert got[[0, 2]] == pytest.approx([0.02, 0.04])


def test_agreement_puts_every_film_into_its_cell():
    y = np.array([True, True, False, False])
    cells = comparison.agreement(y, [True, True, True, True], [True, False, False, True], "m", "k")
    assert cells.tolist() == ["both right", "only m", "only k", "neither"]


def test_films_furthest_apart_come_first():
    table = comparison.films_of(
        ["x", "y", "z"], {"a": np.array([0.0, 2.0, 1.0]), "b": np.array([0.1, -3.0, 1.0])}
    )
    assert table["file"].tolist() == ["y", "x", "z"]
    assert table["b"].iloc[0] == pytest.approx(1 / (1 + np.exp(3)))


def test_films_are_found_in_a_catalogue_in_the_order_wanted():
    assert comparison.rows_of(pd.Series(["c", "x", "a"]), pd.Series(["a", "b", "c"])) == [2, 0]


def test_differences_equal_a_bootstrap_with_a_loop():
    y, a, b = two_models(4, 120, gap=0.5)
    groups = np.arange(120) // 2
    drawn = bootstrap.resamples(groups, 200, seed=3)
    table = comparison.differences(y, (a, b), (0.0, 0.5), drawn).set_index("metric")
    loop = []
    for weights in drawn.astype(int):
        i = np.repeat(np.arange(120), weights)
        loop.append(np.mean((a[i] >= 0) == y[i]) - np.mean((b[i] >= 0.5) == y[i]))
    assert table.loc["accuracy", ["low", "high"]].tolist() == pytest.approx(
        np.quantile(loop, [0.025, 0.975]).tolist()
    )
    assert table.loc["accuracy", "ahead"] == pytest.approx(
        np.mean(np.array(loop) > 0) + np.mean(np.array(loop) == 0) / 2
    )
    assert table.loc["accuracy", "difference"] == pytest.approx(
        np.mean((a >= 0) == y) - np.mean((b >= 0.5) == y)
    )


def compared(gap, n=400, seed=5):
    y, a, b = two_models(seed, n, gap=gap)
    return comparison.compare_all(y, {"a": a, "b": b}, {"a": 0.5, "b": 0.5}, groups=np.arange(n))[0]


def test_a_large_difference_would_survive_and_none_would_not():
    assert comparison.survives(compared(2.0), "auroc").startswith("Would probably survive")
    assert "May not survive" in comparison.survives(compared(0.0), "auroc")
    assert "A net leads B net" in comparison.survives(
        compared(2.0), "accuracy", {"a": "A net", "b": "B net"}
    )


def test_the_leader_is_named_whatever_the_order():
    y, a, b = two_models(5, 400, gap=2.0)
    pair = comparison.compare_all(
        y, {"worse": b, "better": a}, {"worse": 0.5, "better": 0.5}, np.arange(400)
    )[0]
    sentence = comparison.survives(pair, "auroc")
    assert "better leads worse by 0." in sentence
    assert all(len(each.split()) <= 20 for each in sentences(sentence)), sentence
    assert "95 % 0." in sentence


def test_interval_and_test_that_disagree_are_said_to():
    y, a, b = two_models(6, 400, gap=0.5)
    # Ten copies of each film under one patient: the tests are fooled, the bootstrap is not.
    copies = {name: np.repeat(score[:40], 30) for name, score in {"a": a, "b": b}.items()}
    pair = comparison.compare_all(
        np.repeat(y[:40], 30), copies, {"a": 0.5, "b": 0.5}, np.repeat(np.arange(40), 30)
    )[0]
    assert pair.p_ranking < 0.05
    row = pair.differences.set_index("metric").loc["auroc"]
    assert row["low"] < 0 < row["high"]
    assert comparison.survives(pair, "auroc").startswith("Uncertain")


def test_three_models_are_three_pairs_with_adjusted_p():
    y, a, b = two_models(7, 300, gap=0.4)
    scores = {"a": a, "b": b, "c": b + np.random.default_rng(0).normal(0, 1, 300)}
    pairs = comparison.compare_all(y, scores, dict.fromkeys(scores, 0.5), np.arange(300))
    assert [(p.a, p.b) for p in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    raw = [p.delong.p for p in pairs]
    assert [p.p_ranking for p in pairs] == pytest.approx(multipletests(raw, method="holm")[1])
    for pair in pairs:
        assert pair.mcnemar.only_a == np.sum(pair.cells == f"only {pair.a}")
        assert len(pair.cells) == 300


def test_one_class_has_no_ranking_to_compare():
    _, a, b = two_models(8, 50)
    pair = comparison.compare_all(
        np.ones(50, bool), {"a": a, "b": b}, {"a": 0.0, "b": 0.0}, np.arange(50)
    )[0]
    assert pair.delong is None
    assert np.isnan(pair.p_ranking)


@pytest.mark.parametrize(("p", "words"), [(0.0312, "p = 0.031"), (1e-9, "p < 0.001")])
def test_p_values_are_never_zero(p, words):
    assert comparison.show_p(p) == words
