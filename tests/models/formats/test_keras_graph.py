"""What a Keras network says of itself: its input, its scaling, its outputs and their ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.helpers import networks as tiny
from xray.errors import ModelError
from xray.models.card import Card
from xray.models.formats import keras_graph
from xray.models.outputs import Output

keras = pytest.importorskip("keras")
layers = keras.layers


@pytest.mark.parametrize(
    ("before", "inside", "seen"),
    [
        (lambda x: x, (1, 0), ""),
        (layers.Rescaling(1 / 127.5, -1), (1 / 127.5, -1), "Rescaling"),
        (layers.Normalization(mean=100, variance=400), (1 / 20, -5), "Normalization"),
        (
            layers.Normalization(mean=100, variance=400, invert=True),
            (20, 100),
            "Normalization",
        ),
        (lambda x: x / 255, (1 / 255, 0), "TrueDivide"),
        (lambda x: 2 * x - 1, (2, -1), "Multiply, Subtract"),
        (lambda x: x / 127.5 - 1, (1 / 127.5, -1), "TrueDivide, Subtract"),
        (lambda x: 1 - x / 255, (-1 / 255, 1), "TrueDivide, Subtract"),
        (lambda x: keras.ops.subtract(255.0, x), (-1, 255), "Subtract"),
        (lambda x: 1 / (x + 1), (1, 1), "Add"),
        (lambda x: x * x, (1, 0), ""),
        (lambda x: layers.Rescaling(0.5)(layers.Dropout(0.1)(x)), (0.5, 0), "Rescaling"),
        (lambda x: layers.Rescaling(0.5)(layers.Conv2D(1, 1)(x)), (1, 0), ""),
    ],
)
def test_what_is_scaled_before_anything_looks(
    before: Callable[[Any], Any], inside: tuple[float, float], seen: str
) -> None:
    found = keras_graph.takes(tiny.network(before=before), "net")
    assert found.inside == pytest.approx(inside)
    assert found.seen == seen
    assert (found.size, found.channels, found.integer) == ((tiny.SIDE, tiny.SIDE), 1, False)


def test_scaling_inside_a_nested_network_counts() -> None:
    entry = keras.Input((None, None, 3))
    nested = keras.Model(entry, layers.Rescaling(2.0, 1.0)(entry))
    whole = keras.Sequential(
        [keras.Input((None, None, 3)), layers.Rescaling(1 / 255), nested, layers.Conv2D(1, 3)]
    )
    found = keras_graph.takes(whole, "net")
    assert found.inside == pytest.approx((2 / 255, 1))
    assert found.seen == "Rescaling, Rescaling"
    assert (found.size, found.channels) == ((None, None), 3)


def test_whole_numbers_are_told() -> None:
    entry = keras.Input((8, 8, 1), dtype="uint8")
    net = keras.Model(entry, layers.Flatten()(layers.Rescaling(1 / 255)(entry)))
    assert keras_graph.takes(net, "net").integer


def test_networks_of_other_inputs_are_refused() -> None:
    one, other = keras.Input((8, 8, 1)), keras.Input((3,))
    both = keras.Model([one, other], layers.Concatenate()([layers.Flatten()(one), other]))
    with pytest.raises(ModelError, match="net takes 2 inputs"):
        keras_graph.takes(both, "net")
    with pytest.raises(ModelError, match="net takes inputs of shape"):
        keras_graph.takes(keras.Model(other, layers.Dense(1)(other)), "net")


@pytest.mark.parametrize(
    ("end", "units", "activation"),
    [
        (lambda: [layers.Dense(1, activation="sigmoid")], 1, "sigmoid"),
        (lambda: [layers.Dense(3, activation="softmax"), layers.Flatten()], 3, "softmax"),
        (lambda: [layers.Dense(2), layers.Softmax(), layers.Dropout(0.1)], 2, "softmax"),
        (lambda: [layers.Dense(1), layers.Activation("sigmoid")], 1, "sigmoid"),
        (lambda: [layers.Dense(1), layers.Activation("linear")], 1, ""),
        (lambda: [layers.Dense(1)], 1, ""),
        (lambda: [layers.Dense(1), layers.BatchNormalization()], 1, ""),
        (lambda: [layers.Dense(2), layers.ReLU()], 2, "relu"),
        (lambda: [layers.Dense(2, activation="tanh")], 2, "tanh"),
        (lambda: [layers.LayerNormalization()], 4, None),
    ],
)
def test_how_a_network_ends(
    end: Callable[[], list[Any]], units: int, activation: str | None
) -> None:
    entry = keras.Input((4,))
    net = keras.Sequential([entry, *end()])
    (found,) = keras_graph.gives(net, "net")
    assert (found.units, found.activation) == (units, activation)


def two_heads() -> Any:
    entry = keras.Input((4,))
    sick = layers.Dense(1, activation="sigmoid", name="sick")(entry)
    kind = layers.Dense(3, activation="softmax", name="kind")(entry)
    return keras.Model(entry, {"sick": sick, "kind": kind})


def test_each_of_several_outputs_can_be_taken_alone() -> None:
    net = two_heads()
    found = keras_graph.gives(net, "net")
    assert set(found) == {Output("sick", 1, "sigmoid"), Output("kind", 3, "softmax")}
    place = [output.name for output in found].index("kind")
    x = np.ones((2, 4), np.float32)
    alone = keras_graph.select(net, place)
    np.testing.assert_allclose(alone([x]), net(x)["kind"])
    assert keras_graph.gives(alone, "net")[0].activation == "softmax"
    assert keras_graph.select(alone, 0) is alone


def test_pictures_are_no_answers() -> None:
    entry = keras.Input((8, 8, 1))
    with pytest.raises(ModelError, match="net gives outputs of shape"):
        keras_graph.gives(keras.Model(entry, layers.Conv2D(1, 3)(entry)), "net")


def test_the_last_layer_is_found_inside_nested_networks() -> None:
    entry = keras.Input((4,))
    inner = keras.Model(entry, layers.Dense(1, activation="sigmoid", name="end")(entry))
    outer_entry = keras.Input((4,))
    outer = keras.Model(outer_entry, layers.Flatten()(inner(outer_entry)))
    assert keras_graph.last(outer).name == "end"


@pytest.mark.parametrize(("units", "activation"), [(1, "sigmoid"), (3, "softmax")])
def test_a_stripped_network_gives_logits(units: int, activation: str) -> None:
    net = tiny.network(units, activation)
    before = tiny.said(net, tiny.films())
    assert keras_graph.strip(net, activation)
    logits = np.asarray(net(tiny.films()[..., None]), np.float64)
    back = np.exp(logits) / (1 + np.exp(logits)) if units == 1 else np.exp(logits)
    if units > 1:
        back /= back.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(back, before, atol=1e-6)


def test_what_cannot_be_stripped_stays() -> None:
    net = tiny.network(1, "sigmoid")
    before = tiny.said(net, tiny.films())
    assert not keras_graph.strip(net, "softmax")
    np.testing.assert_array_equal(tiny.said(net, tiny.films()), before)
    assert keras_graph.strip(net, "logit"), "its outputs are logits by what was said"
    layered = keras.Sequential([keras.Input((4,)), layers.Dense(2), layers.Softmax()])
    assert not keras_graph.strip(layered, "softmax")


def test_a_network_is_prepared_for_its_card() -> None:
    net, logits = keras_graph.prepared(two_heads(), Card("net", output_name="sick"))
    assert logits and keras_graph.gives(net, "net")[0].units == 1
    assert keras_graph.gives(net, "net")[0].activation == ""
    with pytest.raises(ModelError, match="no output named other"):
        keras_graph.prepared(two_heads(), Card("net", output_name="other"))
