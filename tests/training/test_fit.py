"""Training: learns, stops, and goes on after a kill as if nothing had happened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xray.errors import Stopped
from xray.training import architectures, fit, recipes
from xray.training.fit import Sample

keras = pytest.importorskip("keras")

TINY = replace(
    recipes.get("basic"),
    size=(16, 16),
    options={"filters": [4], "dense": [4]},
    phases=(recipes.Phase(3, 3e-3), recipes.Phase(2, 1e-3)),
    batch=16,
)


def _sample(seed: int, n: int = 96) -> Sample:
    rng = np.random.default_rng(seed)
    labels = rng.random(n) < 0.5
    films = rng.random((n, 16, 16), dtype=np.float32) * 0.3
    films[labels, 4:12, 4:12] += 0.5
    return Sample(films, labels)


def _network() -> object:
    keras.utils.set_random_seed(0)
    return architectures.build(TINY)


@pytest.fixture(scope="module")
def unbroken() -> tuple[Any, dict[str, list[float]]]:
    """A network that was trained without a break, and its history; no test changes it."""
    network = _network()
    return network, fit.fit(network, TINY, _sample(0), _sample(1))


def test_it_learns_and_keeps_history(unbroken: tuple[Any, dict[str, list[float]]]) -> None:
    _, history = unbroken
    assert history["val_loss"][-1] < history["val_loss"][0]
    assert history["phase"] == [0, 0, 0, 1, 1]


def test_the_best_epoch_is_left_in_the_network(
    unbroken: tuple[Any, dict[str, list[float]]],
) -> None:
    network, history = unbroken
    val = _sample(1)
    p = keras.ops.convert_to_numpy(network(val.films[..., None]))[:, 0]
    loss = -np.mean(np.where(val.labels, np.log(p), np.log1p(-p)))
    assert loss == pytest.approx(min(history["val_loss"]), abs=1e-4)


@pytest.mark.parametrize("stop_after", [8, 20])
def test_a_killed_run_goes_on_as_the_unbroken_one(
    unbroken: tuple[Any, dict[str, list[float]]], tmp_path: Path, stop_after: int
) -> None:
    train, val = _sample(0), _sample(1)
    network, expected = unbroken

    def kill(done: int, total: int) -> None:
        if done == stop_after:
            raise Stopped("killed")

    with pytest.raises(Stopped):
        fit.fit(_network(), TINY, train, val, folder=tmp_path / "run", progress=kill)
    resumed = _network()
    history = fit.fit(resumed, TINY, train, val, folder=tmp_path / "run")
    assert history.keys() == expected.keys()
    np.testing.assert_allclose(history["val_loss"], expected["val_loss"], atol=1e-5)
    for a, b in zip(network.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    assert not (tmp_path / "run").exists()


def test_class_weights() -> None:
    labels = np.array([False] * 10 + [True] * 30)
    assert fit.class_weights(labels, "balanced") == {0: 2.0, 1: pytest.approx(2 / 3)}
    assert fit.class_weights(labels, "2:1") == {0: 2.0, 1: 1.0}
    assert fit.class_weights(labels, "none") == {0: 1.0, 1: 1.0}


def test_head_by_regression_separates() -> None:
    network = architectures.build(replace(TINY, options={"filters": [8], "dense": [64]}))
    val = _sample(1)
    fit.fit_head(network, _sample(0), val)
    p = keras.ops.convert_to_numpy(network(val.films[..., None]))[:, 0]
    assert ((p > 0.5) == val.labels).mean() > 0.9
