"""Python objects as models: what they give is read as it is meant, and nonsense is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.helpers.fakes import Gives
from xray.errors import ModelError
from xray.models import objects, registry


@pytest.mark.parametrize(
    ("answer", "options", "probability"),
    [
        ((0.3,), {}, 0.3),
        ((0.3,), {"positive_index": 1}, 0.3),
        ((0.3,), {"positive_index": 0}, 0.7),
        ((0.9, 0.1), {}, 0.1),
        ((0.9, 0.1), {"positive_index": 0}, 0.9),
        ((0.2, 0.3, 0.5), {"positive_index": 2}, 0.5),
        ((1.0,), {}, 1.0),
    ],
)
def test_probabilities_of_an_object(
    answer: tuple[float, ...], options: dict[str, int], probability: float
) -> None:
    model = objects.wrap(Gives(*answer), size=(16, 16), **options)
    films = np.random.default_rng(0).random((70, 20, 30), dtype=np.float32)
    np.testing.assert_allclose(model.probability(films), probability, atol=1e-9)
    assert np.isfinite(model.log_odds(films)).all()


@pytest.mark.parametrize(
    ("source", "options", "says"),
    [
        (object(), {}, "has no predict"),
        (Gives(1.5), {}, "outside \\[0, 1\\]"),
        (Gives(np.nan), {}, "outside \\[0, 1\\]"),
        (Gives(0.2, 0.3, 0.5), {}, "positive-index"),
        (Gives("much"), {}, "predict of Gives failed"),
        (Gives(0.5), {"scale": "byte"}, "scale cannot be given"),
    ],
)
def test_objects_that_are_refused(source: Any, options: dict[str, Any], says: str) -> None:
    with pytest.raises(ModelError, match=says):
        objects.wrap(source, **options)


def test_an_object_that_forgets_films_is_refused() -> None:
    class Forgets:
        def predict(self, films: np.ndarray) -> np.ndarray:
            return np.full(1, 0.5)

    with pytest.raises(ModelError, match="for 2 films"):
        objects.wrap(Forgets())


def test_a_network_in_memory_is_read_as_its_file_is(tmp_path: Path) -> None:
    entry = keras.Input((32, 32, 1))
    last = keras.layers.Dense(1, activation="sigmoid")
    network = keras.Model(entry, last(keras.layers.Flatten()(entry)))
    network.save(tmp_path / "mine.keras")
    films = np.random.default_rng(0).random((3, 40, 30), dtype=np.float32)
    shown = films[:, :32, :30].repeat(2, axis=2)[:, :, :32, None]
    before = network.predict(shown, verbose=0)
    model = objects.wrap(network, "mine")
    from_file = registry.load(str(tmp_path / "mine.keras")).log_odds(films)
    np.testing.assert_allclose(model.log_odds(films), from_file, rtol=1e-5)
    # Its last activation was taken off a copy.
    np.testing.assert_array_equal(network.predict(shown, verbose=0), before)
    reverse = objects.wrap(network, positive_index=0)
    np.testing.assert_allclose(reverse.log_odds(films), -from_file, rtol=1e-5)
    bytes_ = objects.wrap(network, scale="byte").log_odds(films / 255)
    np.testing.assert_allclose(bytes_, from_file, rtol=1e-4, atol=1e-5)
