"""Layers found in nested networks and watched; the network stays as it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.helpers.networks import SIDE, films
from xray.models import layers
from xray.models.card import Card
from xray.models.model import Model


def residual() -> Model:
    """Two convolutions whose maps are added, an activation, then a smaller pooled map."""
    import keras

    entry = keras.Input((SIDE, SIDE, 1))
    x = keras.layers.Conv2D(3, 3, padding="same", name="one")(entry)
    y = keras.layers.Conv2D(3, 3, padding="same", name="two")(x)
    x = keras.layers.ReLU(name="lit")(keras.layers.Add(name="sum")([x, y]))
    x = keras.layers.Flatten()(keras.layers.MaxPooling2D(name="pool")(x))
    body = keras.Model(entry, keras.layers.Dense(1, name="end")(x), name="body")
    outer = keras.Input((SIDE, SIDE, 1))
    return Model(Card("net", size=(SIDE, SIDE), output="logit"), keras.Model(outer, body(outer)))


def test_features_are_the_last_maps_of_the_last_convolutions_size() -> None:
    assert layers.features_of(residual()).layer.name == "lit"
    assert layers.features_of(residual(), "two").layer.name == "two"


def test_what_runs_is_told_in_order_and_the_network_stays_as_it_was() -> None:
    model = residual()
    before = model.log_odds_prepared(films(2))
    told: list[tuple[str, tuple[Any, ...]]] = []
    with layers.watched(
        layers.leaves(model.network), lambda layer, _, made: told.append((layer.name, made.shape))
    ):
        model.network(layers.fed(model, films(2)), training=False)
    names = [name for name, _ in told]
    assert names.index("one") < names.index("two") < names.index("sum") < names.index("end")
    assert dict(told)["pool"] == (2, 8, 8, 3)
    assert all("call" not in vars(layer) for layer in layers.leaves(model.network))
    assert np.array_equal(before, model.log_odds_prepared(films(2)))


def test_what_a_layer_is_given_can_be_changed() -> None:
    model = residual()
    end = model.network.get_layer("body").get_layer("end")
    with layers.watched([end], change=lambda layer, given: 0 * given):
        said = model.network(layers.fed(model, films(2)), training=False)
    assert np.asarray(said) == pytest.approx(np.full((2, 1), float(np.asarray(end.bias)[0])))


@pytest.mark.parametrize("cut", ["Cropping2D", "CenterCrop"])
def test_boxes_of_cuts_are_put_together(cut: str) -> None:
    import keras

    entry = keras.Input((40, 20, 1))
    x = keras.layers.Cropping2D(((10, 10), (0, 10)))(entry)
    given = ((5, 5), (2, 3)) if cut == "Cropping2D" else (10, 6)
    x = getattr(keras.layers, cut)(*(given if cut == "CenterCrop" else (given,)))(x)
    x = keras.layers.Conv2D(1, 3, padding="same")(x)
    x = keras.layers.Dense(1)(keras.layers.Flatten()(x))
    model = Model(Card("net", size=(40, 20), output="logit"), keras.Model(entry, x))
    found = layers.features_of(model)
    rows, columns = layers.composed(found.crops, [])
    assert rows == pytest.approx((15 / 40, 25 / 40))
    assert columns == pytest.approx((2 / 20, 7 / 20) if cut == "Cropping2D" else (2 / 20, 8 / 20))
