"""The benchmark of agreement takes the evaluations that ``lime.explain`` would take."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import agreement
from tests.helpers.linear import Linear, film
from xray.explanations import designs, lime, surrogate
from xray.explanations.perturbation import Parts, filled


@pytest.fixture(scope="module")
def pool() -> agreement.Pool:
    model, image = Linear(interaction=30.0), film()
    parts = Parts(image, filled(image, model.segments), model.segments)
    rng = np.random.default_rng(0)
    blocks = [designs.block("folded", parts.count, rng) for _ in range(agreement.BLOCKS)]
    coins = rng.integers(0, 2, (200, parts.count)).astype(bool)
    masks = np.concatenate([np.ones((1, parts.count), bool), *blocks, coins])
    return agreement.Pool(masks, parts.log_odds(model, masks), len(blocks[0]))


def test_every_way_is_measured_against_what_it_did_not_use(
    pool: agreement.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "COINS", 200)
    found = agreement.measure(pool)
    limit = pool.masks.shape[1] + 1
    assert found["lime package, 200"][0] == pytest.approx(201 / limit)
    assert found["with its complement"][0] == pytest.approx((1 + pool.size) / limit)
    assert found["one Hadamard matrix"][0] < found["with its complement"][0]
    for times, near, repeats in found.values():
        assert times > 1 and 0 <= near <= 1 and (np.isnan(repeats) or 0 <= repeats <= 1)


def test_it_stops_where_an_explanation_stops(
    pool: agreement.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, image = Linear(interaction=30.0), film()
    asked = [agreement.ours(pool, 0, lime.Settings(settled=bar)) for bar in (0.0, 0.8, 1.0)]
    sizes = [len(rows) for rows in asked]
    assert sizes == sorted(sizes) and sizes[0] == pool.size // 2
    assert set(sizes) <= {35, 43, 52, 61, 70, 104, 140}
    for expected in (0.91, 0.88, 0.86, 0.83, 0.81):
        monkeypatch.setattr(surrogate, "expected_overlap", lambda _, e=expected: e)
        found = lime.explain(model, image, segments=model.segments, floor=30)
        rows = agreement.ours(pool, 0, lime.Settings())
        assert found.n_evaluations == 1 + len(rows)


def test_a_softmax_says_what_its_sigmoid_said() -> None:
    one, two = agreement.load("augmented", None), agreement.load(agreement.SOFTMAX, None)
    films = np.stack([film(size) for size in [one.card.size] * 2])
    assert two.card.output == "softmax"
    np.testing.assert_allclose(two.log_odds(films), one.log_odds(films), atol=1e-3)
