"""Inputs: scales as the libraries have them, and what a network scales by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers import networks as tiny
from xray.errors import ModelError
from xray.models import inputs, registry

keras = pytest.importorskip("keras")
layers = keras.layers


def test_scales_are_those_of_keras_and_torchvision() -> None:
    grey = tiny.films()
    rgb = np.repeat(grey[..., None] * 255, 3, axis=-1)
    torch = keras.applications.imagenet_utils.preprocess_input(rgb.copy(), mode="torch")
    caffe = keras.applications.imagenet_utils.preprocess_input(rgb.copy(), mode="caffe")
    np.testing.assert_allclose(inputs.scaled(grey, "torch", 3), torch, atol=1e-5)
    np.testing.assert_allclose(inputs.scaled(grey, "imagenet", 3), caffe, atol=1e-4)
    np.testing.assert_allclose(inputs.scaled(grey, "torch", 3, "bgr"), torch[..., ::-1], atol=1e-5)
    np.testing.assert_allclose(
        inputs.scaled(grey, "imagenet", 3, "rgb"), caffe[..., ::-1], atol=1e-4
    )


def test_standard_is_tensorflow_s_per_image_standardisation() -> None:
    import tensorflow as tf

    grey = np.concatenate([tiny.films(), np.full((1, tiny.SIDE, tiny.SIDE), 0.3, np.float32)])
    expected = tf.image.per_image_standardization(grey[..., None] * 255).numpy()
    np.testing.assert_allclose(inputs.scaled(grey, "standard", 1), expected, atol=1e-3)


def _nested() -> Any:
    entry = keras.Input((tiny.SIDE, tiny.SIDE, 1))
    x = layers.Rescaling(1 / 127.5, offset=-1)(layers.RandomFlip()(entry))
    return keras.Model(entry, layers.Rescaling(0.5, offset=0.5)(x), name="prepare")


def _normalization() -> Any:
    return layers.Normalization(mean=120.0, variance=60.0**2)


@pytest.mark.parametrize(
    ("before", "scale", "seen"),
    [
        (lambda: layers.Rescaling(1 / 255), "byte", "Rescaling"),
        (lambda: layers.Rescaling(1 / 127.5, offset=-1), "byte", "Rescaling"),
        (lambda: layers.Rescaling(2.0, offset=-1), "unit", "Rescaling"),
        (_nested, "byte", "Rescaling, Rescaling"),
        (_normalization, "byte", "Normalization"),
        (lambda: layers.Normalization(mean=0.5, variance=0.04), "unit", "Normalization"),
        (lambda: lambda x: x / 255, "byte", "TrueDivide"),
        (lambda: layers.Dropout(0.1), "unit", ""),
    ],
)
def test_what_a_network_scales_itself_is_not_scaled_twice(
    tmp_path: Path, before: Any, scale: str, seen: str
) -> None:
    net = tiny.network(before=before())
    net.save(tmp_path / "model.keras")
    model = registry.load(str(tmp_path / "model.keras"))
    assert (model.card.scale, model.card.inside) == (scale, seen)
    expected = tiny.said(net, tiny.films() * (255 if scale == "byte" else 1))[:, 0]
    np.testing.assert_allclose(model.probability(tiny.films()), expected, atol=1e-5)


def test_what_is_said_of_the_scale_holds(tmp_path: Path) -> None:
    tiny.network(before=layers.Rescaling(1 / 255)).save(tmp_path / "model.keras")
    assert registry.load(str(tmp_path / "model.keras"), scale="unit").card.scale == "unit"


def test_whole_numbers_and_channels_first(tmp_path: Path) -> None:
    entry = keras.Input((3, tiny.SIDE, tiny.SIDE), dtype="uint8")
    x = layers.Rescaling(1 / 255)(entry)
    x = layers.Flatten()(layers.AveragePooling2D(4, data_format="channels_first")(x))
    net = keras.Model(entry, layers.Dense(1, activation="sigmoid")(x))
    net.save(tmp_path / "first.keras")
    model = registry.load(str(tmp_path / "first.keras"))
    assert (model.card.scale, model.card.channels) == ("byte", 3)
    assert model.card.size == (tiny.SIDE, tiny.SIDE)
    whole = np.repeat(np.rint(tiny.films() * 255)[:, None], 3, axis=1)
    expected = net.predict(whole, verbose=0)[:, 0]
    np.testing.assert_allclose(model.probability(tiny.films()), expected, atol=1e-5)


def test_films_of_any_size_need_one(tmp_path: Path) -> None:
    entry = keras.Input((None, None, 1))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(entry))
    net = keras.Model(entry, layers.Dense(1, activation="sigmoid")(x))
    path = tmp_path / "any.keras"
    net.save(path)
    with pytest.raises(ModelError, match="--size"):
        registry.load(str(path))
    model = registry.load(str(path), size=(tiny.SIDE, tiny.SIDE))
    np.testing.assert_allclose(
        model.probability(tiny.films()), tiny.said(net, tiny.films())[:, 0], atol=1e-6
    )


def test_a_size_that_is_not_the_network_s_is_refused(tmp_path: Path) -> None:
    tiny.network().save(tmp_path / "model.keras")
    with pytest.raises(ModelError, match="leave --size out"):
        registry.load(str(tmp_path / "model.keras"), size=(64, 64))
