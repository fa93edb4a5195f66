"""Sanity checks of explanations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.linear import Linear, film
from xray.explanations import sanity
from xray.explanations.lime import explain
from xray.models.card import Card
from xray.models.model import Model


@pytest.fixture
def model() -> Linear:
    return Linear(interaction=2.0)


def test_deletion_by_true_weights_beats_random_order(model: Linear) -> None:
    found = explain(model, film(), segments=model.segments)
    curve = sanity.deletion(model, film(), found)
    assert curve.passed and curve.score > 0.1
    assert curve.removed[0] == 0 and curve.removed[-1] == 1
    # Every order starts at the whole film and ends at the empty one.
    sign = 1 if found.log_odds >= 0 else -1
    starts = np.append(curve.random[:, 0], curve.by_weight[0])
    assert starts == pytest.approx(sign * found.log_odds, abs=1e-6)
    assert np.ptp(np.append(curve.random[:, -1], curve.by_weight[-1])) < 1e-6


@pytest.mark.parametrize("sign", [1, -1])
def test_deletion_follows_the_called_class(sign: int) -> None:
    model = Linear()
    model.effects = sign * np.abs(model.effects)
    found = explain(model, film(), segments=model.segments)
    curve = sanity.deletion(model, film(), found)
    assert curve.by_weight[0] > 0 and curve.passed


def test_deletion_by_meaningless_weights_does_not(model: Linear) -> None:
    found = explain(model, film(), segments=model.segments)
    scores = []
    for seed in range(6):
        weights = np.random.default_rng(seed).permutation(found.weights)
        curve = sanity.deletion(model, film(), replace(found, weights=weights), seed=seed)
        scores.append(curve.score)
    assert abs(np.mean(scores)) < 0.12


def test_deletion_hides_as_much_area_as_it_says(model: Linear) -> None:
    found = explain(model, film(), segments=model.segments)
    model.seen.clear()
    image = film()
    curve = sanity.deletion(model, image, found, orders=2)
    hidden = [(shown != image).mean() for shown in np.concatenate(model.seen)[: sanity.STEPS]]
    assert hidden == pytest.approx(curve.removed, abs=1 / 30)


def test_randomisation_tells_the_same_model_from_another(model: Linear) -> None:
    found = explain(model, film(), segments=model.segments)
    same = sanity.randomisation(model, film(), found)
    assert same.correlation > 0.95 and same.overlap >= 0.8 and not same.passed
    other = sanity.randomisation(Linear(seed=5), film(), found)
    assert other.correlation < 0.5 and other.passed


def test_a_dead_network_counts_as_different(model: Linear) -> None:
    found = explain(model, film(), segments=model.segments)
    dead = Linear()
    dead.effects = np.zeros(dead.grid)
    assert sanity.randomisation(dead, film(), found).correlation == 0.0


def test_a_model_without_weights_is_checked_by_deletion_alone(model: Linear) -> None:
    calls: list[tuple[int, int]] = []
    found = explain(model, film(), segments=model.segments)
    checks = sanity.check(model, film(), found, progress=lambda *call: calls.append(call))
    assert calls == [(1, 1)]
    assert checks.randomisation is None
    assert checks.deletion.passed


def test_a_keras_models_weights_are_shuffled_and_its_outputs_stay_logits() -> None:
    keras = pytest.importorskip("keras")
    network = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            keras.layers.Conv2D(4, 3, strides=4, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model = Model(Card("tiny", size=(16, 16)), network)
    before = [weight.copy() for weight in model.network.get_weights()]
    shuffled = sanity.shuffle_weights(model, seed=1)
    for old, kept, new in zip(
        before, model.network.get_weights(), shuffled.network.get_weights(), strict=True
    ):
        assert (old == kept).all()
        assert np.sort(old.ravel()) == pytest.approx(np.sort(new.ravel()))
    assert any(
        (old != new).any() for old, new in zip(before, shuffled.network.get_weights(), strict=True)
    )
    films = np.random.default_rng(0).random((3, 16, 16), dtype=np.float32)
    one, two = model.log_odds_prepared(films), shuffled.log_odds_prepared(films)
    assert np.isfinite(two).all() and np.abs(one - two).max() > 1e-4
    checks = sanity.check(model, films[0], explain(model, films[0], n_superpixels=12))
    assert checks.randomisation is not None
