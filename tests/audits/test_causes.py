"""What a model was told wrongly is found by trying it out."""

from __future__ import annotations

import numpy as np
import pytest

from xray.audits import causes
from xray.models.registry import Card, Model

keras = pytest.importorskip("keras")


def bright(weight: float, bias: float) -> object:
    """A network that calls bright films of its scale PNEUMONIA."""
    entry = keras.Input((8, 8, 1))
    pooled = keras.layers.GlobalAveragePooling2D()(entry)
    output = keras.layers.Dense(1, activation="sigmoid")(keras.layers.ReLU(max_value=1)(pooled))
    network = keras.Model(entry, output)
    network.layers[-1].set_weights([np.array([[weight]]), np.array([bias])])
    return network


@pytest.fixture
def films() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    sick = np.arange(120) % 2 == 1
    level = 0.4 + 0.2 * sick + 0.05 * rng.normal(size=120)
    films = np.clip(level[:, None, None] + np.zeros((1, 8, 8)), 0, 1).astype(np.float32)
    return films, sick, np.arange(120).astype(str)


def test_classes_the_wrong_way_round(films: tuple[np.ndarray, ...]) -> None:
    model = Model(Card("m", size=(8, 8)), bright(-20, 10))
    cause = causes.find(model, *films)
    assert (cause.name, cause.option) == ("reversed", "--positive-index 0")
    assert cause.auroc[1] > 0.9
    assert "--positive-index 0" in cause.sentence()


def test_fed_at_another_scale(films: tuple[np.ndarray, ...]) -> None:
    # As bytes every film is brighter than the network's eyes go.
    model = Model(Card("m", size=(8, 8), scale="byte"), bright(20, -10))
    assert np.ptp(model.log_odds_prepared(films[0])) == 0
    cause = causes.find(model, *films)
    assert (cause.name, cause.option) == ("scale", "--scale unit")


def test_one_that_learnt_nothing(films: tuple[np.ndarray, ...]) -> None:
    cause = causes.find(Model(Card("m", size=(8, 8)), bright(0, 0)), *films)
    assert (cause.name, cause.option) == ("untrained", "")
    assert "untrained" in cause.sentence()
