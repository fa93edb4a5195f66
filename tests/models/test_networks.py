"""Networks of Keras: their weights, their sizes and what they are given."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers import tiny
from xray.errors import ModelError
from xray.models import inputs, networks, registry
from xray.training import architectures, recipes

keras = pytest.importorskip("keras")
layers = keras.layers


def test_half_precision_storage_is_smaller_and_close(tmp_path: Path) -> None:
    network = architectures.build(recipes.get("basic"))
    networks.save(network, tmp_path / "full.keras")
    networks.save(network, tmp_path / "half.keras", half=True)
    assert (tmp_path / "half.keras").stat().st_size < 0.6 * (tmp_path / "full.keras").stat().st_size
    full, half = (registry.load(str(tmp_path / f"{n}.keras")) for n in ("full", "half"))
    films = tiny.films(4, 128)
    assert np.abs(full.probability(films) - half.probability(films)).max() < 0.005


def test_initial_weights_follow_from_the_seed_whatever_other_threads_draw() -> None:
    keras = pytest.importorskip("keras")

    def build(disturbed: bool = False) -> Any:
        made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        if disturbed:
            random.sample(range(1_000), 5)
        made.add(keras.layers.Dense(2))
        return made

    keras.utils.set_random_seed(3)
    usual = build().get_weights()
    for disturbed in (False, True):
        found = networks.seeded(3, partial(build, disturbed)).get_weights()
        for one, two in zip(usual, found, strict=True):
            np.testing.assert_array_equal(one, two)


def test_scales_match_keras_preprocessing() -> None:
    grey = tiny.films()
    rgb = np.repeat(grey[..., None] * 255, 3, axis=-1)
    expected = keras.applications.vgg19.preprocess_input(rgb.copy())
    np.testing.assert_allclose(inputs.scaled(grey, "imagenet", 3), expected, atol=1e-4)
    np.testing.assert_allclose(inputs.scaled(grey, "symmetric", 1)[..., 0], grey * 2 - 1)
    np.testing.assert_allclose(inputs.scaled(grey, "byte", 1)[..., 0], grey * 255)


def test_wrong_input_shape_is_said(tmp_path: Path) -> None:
    entry = keras.Input((10,))
    keras.Model(entry, layers.Dense(1, activation="sigmoid")(entry)).save(tmp_path / "flat.keras")
    with pytest.raises(ModelError, match="inputs of shape"):
        registry.load(str(tmp_path / "flat.keras"))
