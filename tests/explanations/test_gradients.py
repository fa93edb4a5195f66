"""Gradients of networks whose answer is known, nested and cut as people build them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.helpers.linear import Linear
from tests.helpers.networks import SIDE, network
from xray.errors import ModelError
from xray.explanations import gradients
from xray.models import framing, layers
from xray.models.card import Card
from xray.models.model import Model


def model(net: Any, size: int = SIDE, **options: Any) -> Model:
    return Model(Card("net", size=(size, size), **{"output": "sigmoid"} | options), net)


def film(size: int = SIDE, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((size, size), dtype=np.float32)


@pytest.mark.parametrize(
    ("units", "activation", "options"),
    [
        (1, "sigmoid", {}),
        (1, "sigmoid", {"settings": {"unit_means_normal": True}}),
        (3, "softmax", {"output": "softmax", "positive_index": (0, 2)}),
        (3, "sigmoid", {"output": "sigmoid", "positive_index": (0, 2)}),
        (2, None, {"output": "logit", "positive_index": (1,)}),
    ],
)
def test_log_odds_have_the_slope_of_what_the_model_says(
    units: int, activation: str | None, options: dict[str, Any]
) -> None:
    one = model(network(units, activation), **options)
    grey, blank = film(), np.zeros((SIDE, SIDE), np.float32)
    found = gradients.integrated(one, grey, blank, 300)
    end, start = one.log_odds_prepared(np.stack([grey, blank]))
    assert found.sum() == pytest.approx(end - start, rel=0.03)
    assert abs(end - start) > 0.003


@pytest.mark.parametrize("scale", ["byte", "imagenet", "torch"])
def test_scales_and_channels_are_seen_through(scale: str) -> None:
    one = model(network(channels=3), channels=3, scale=scale)
    grey, blank = film(), np.full((SIDE, SIDE), 0.5, np.float32)
    end, start = one.log_odds_prepared(np.stack([grey, blank]))
    # 255 times the kinks of a film in 0 to 1: an integral over few points is a little off.
    assert gradients.integrated(one, grey, blank, 300).sum() == pytest.approx(end - start, rel=0.02)


def looks_at(place: tuple[int, int]) -> Any:
    """A network of 16 pixels whose maps shine where a film does, and which reads one cell of 4."""
    import keras

    entry = keras.Input((SIDE, SIDE, 1))
    x = keras.layers.Conv2D(1, 4, 4, name="look", use_bias=False)(entry)
    x = keras.layers.Activation("relu", name="lit")(x)
    net = keras.Model(entry, keras.layers.Dense(1, name="end")(keras.layers.Flatten()(x)))
    net.get_layer("look").set_weights([np.full((4, 4, 1, 1), 1 / 16)])
    weights = np.zeros((4, 4))
    weights[place] = 16.0
    net.get_layer("end").set_weights([weights.reshape(16, 1), np.zeros(1)])
    return net


def test_grad_cam_is_the_features_times_their_mean_slope() -> None:
    one = model(looks_at((0, 3)), output="logit")
    grey = np.zeros((SIDE, SIDE), np.float32)
    grey[:4, 12:] = 1.0
    values, layer = gradients.grad_cam(one, grey)
    # The slope is 16 at one cell of 16, so that its mean is 1; the features are the film's cells.
    assert layer == "lit"
    assert values[0, -1] == pytest.approx(1.0) and values[-1, 0] == 0
    turned = replace(one.card, settings={"unit_means_normal": True})
    assert gradients.grad_cam(Model(turned, looks_at((0, 3))), grey)[0].min() == pytest.approx(-1)


def test_layers_are_found_in_nested_models_and_behind_what_cuts() -> None:
    import keras

    inner = looks_at((3, 0))
    entry = keras.Input((20, 20, 1))
    middle = keras.Sequential([keras.Input((20, 20, 1)), keras.layers.Cropping2D(2), inner])
    one = model(keras.Model(entry, middle(entry)), size=20, output="logit")
    grey = np.zeros((20, 20), np.float32)
    grey[14:18, 2:6] = 1.0
    values, layer = gradients.grad_cam(one, grey)
    assert layer == "lit"
    assert np.unravel_index(values.argmax(), values.shape) == (16, 2) and values[17, 2] == 1
    # What is cut off weighs nothing.
    assert not values[:2].any() and not values[:, 18:].any()
    assert gradients.grad_cam(one, grey, "look")[1] == "look"
    with pytest.raises(ModelError, match="no layer named lock; its last convolutions: look"):
        gradients.grad_cam(one, grey, "lock")


def test_a_network_of_lungs_is_explained_on_the_whole_film() -> None:
    one = model(
        framing.framed(looks_at((0, 0))), size=framing.film_size((SIDE, SIDE))[0], output="logit"
    )
    from xray.drawing.phantoms import phantom

    grey = one.prepare(phantom(1, (256, 256)).pixels[None])[0]
    seen = layers.features_of(one)
    assert [type(layer).__name__ for layer, _ in seen.crops] == ["LungCrop"]
    values, _ = gradients.grad_cam(one, grey)
    assert values[len(grey) // 2, len(grey) // 2] != 0 and not values[0].any()
    # The box is where the network cuts: what is put there is all that it sees.
    cut = framing.cut(grey[None], (SIDE, SIDE))[0]
    cells = cut.reshape(4, 4, 4, 4).mean(axis=(1, 3))
    peak = np.unravel_index(values.argmax(), values.shape)
    rows, columns = (np.flatnonzero(values.any(axis=axis)) for axis in (1, 0))
    inside = [
        int(4 * (at - ends[0]) / len(ends)) for at, ends in zip(peak, (rows, columns), strict=True)
    ]
    assert cells[tuple(inside)] == pytest.approx(cells.max(), rel=0.05)
    # Along the path every point is cut as the film is, so that the sum is what the film adds.
    blank = np.zeros_like(grey)
    whole = 16 * cells[0, 0]
    assert gradients.integrated(one, grey, blank).sum() == pytest.approx(whole, rel=1e-3)


def test_a_map_is_drawn_into_its_box() -> None:
    values = gradients.placed(np.arange(4.0).reshape(2, 2), ((0.5, 1.0), (0.0, 0.5)), (8, 8))
    assert not values[:4].any() and not values[:, 4:].any()
    assert values[4, 0] == 0 and values[7, 3] == 3 and values[7, 0] == 2


def test_what_has_no_gradients_says_what_to_take() -> None:
    with pytest.raises(ModelError, match="no Keras network"):
        gradients.grad_cam(Linear(), film())
    import keras

    flat = keras.Sequential(
        [keras.Input((SIDE, SIDE, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    with pytest.raises(ModelError, match="no convolution"):
        gradients.grad_cam(model(flat, output="logit"), film())
