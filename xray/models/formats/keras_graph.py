"""What a Keras network says of itself: what it takes, what it scales by itself, how it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from xray.errors import ModelError
from xray.models.inputs import Input, shaped
from xray.models.outputs import Output, choose

if TYPE_CHECKING:
    from xray.models.card import Card

#: Layers that hand on what they get; of those in training alone, nothing is left in use.
_PASS = frozenset(
    [
        "InputLayer",
        "Identity",
        "Dropout",
        "SpatialDropout2D",
        "GaussianNoise",
        "GaussianDropout",
        "Reshape",
        "Flatten",
        "Concatenate",
        "Resizing",
        "CenterCrop",
        "RandomFlip",
        "RandomRotation",
        "RandomZoom",
        "RandomTranslation",
        "RandomContrast",
        "RandomBrightness",
        "RandomCrop",
        "RandomHeight",
        "RandomWidth",
        "ZeroPadding2D",
        "ActivityRegularization",
    ]
)
#: Of those, what an output may pass through without a change of its meaning.
_IDLE = frozenset("Identity Dropout Reshape Flatten ActivityRegularization".split())  # noqa: SIM905
#: Operations of keras.ops that sit between layers -> gain and offset of x with a number.
_ARITHMETIC: dict[str, Callable[[float], tuple[float, float]]] = {
    "Multiply": lambda y: (y, 0.0),
    "TrueDivide": lambda y: (1 / y, 0.0),
    "Divide": lambda y: (1 / y, 0.0),
    "Subtract": lambda y: (1.0, -y),
    "Add": lambda y: (1.0, y),
}


def takes(network: Any, name: str) -> Input:
    """What a network takes.

    Raises
    ------
    ModelError
        It does not take one film.
    """
    entries = list(getattr(network, "inputs", None) or [])
    if len(entries) > 1:
        raise ModelError(f"{name} takes {len(entries)} inputs; models of one film are audited.")
    shape = getattr(network, "input_shape", None)
    size, channels, first = shaped(shape, name)
    kind = str(entries[0].dtype) if entries else "float32"
    inside, seen, _ = _inside(network)
    return Input(size, channels, first, "int" in kind, inside, ", ".join(seen))


def _inside(network: Any) -> tuple[tuple[float, float], list[str], bool]:
    """Gain and offset before the first layer that looks, what applies them, whether one looked."""
    gain, offset = 1.0, 0.0
    seen: list[str] = []
    # Arithmetic between layers is an operation and no layer.
    for layer in getattr(network, "operations", None) or getattr(network, "layers", []):
        if getattr(layer, "layers", None):
            (more, shift), names, looked = _inside(layer)
            gain, offset, seen = gain * more, offset * more + shift, seen + names
        else:
            kind = type(layer).__name__
            change = _affine(layer, kind)
            if change is None and kind not in _PASS:
                return (gain, offset), seen, True
            if change is None:
                continue
            gain, offset, looked = gain * change[0], offset * change[0] + change[1], False
            seen.append(kind)
        if looked:
            return (gain, offset), seen, True
    return (gain, offset), seen, False


def _affine(layer: Any, kind: str) -> tuple[float, float] | None:
    """Gain and offset of a layer that only scales, in the mean over channels; None of others."""
    if kind == "Rescaling":
        return float(np.mean(layer.scale)), float(np.mean(layer.offset))
    if kind == "Normalization":
        if getattr(layer, "mean", None) is None or getattr(layer, "variance", None) is None:
            return None
        mean = float(np.mean(np.asarray(layer.mean)))
        deviation = max(float(np.sqrt(np.mean(np.asarray(layer.variance)))), 1e-6)
        if getattr(layer, "invert", False):
            return deviation, mean
        return 1 / deviation, -mean / deviation
    if kind in _ARITHMETIC:
        return _computed(layer, kind)
    return None


def _computed(layer: Any, kind: str) -> tuple[float, float] | None:
    """Gain and offset of an operation of x with one number; None of any other."""
    nodes = getattr(layer, "_inbound_nodes", [])
    if not nodes:
        return None
    given = [*nodes[0].arguments.args, *nodes[0].arguments.kwargs.values()]
    numbers = [
        (place, float(each))
        for place, each in enumerate(given)
        if isinstance(each, int | float) and not isinstance(each, bool)
    ]
    if len(numbers) != 1 or not numbers[0][1]:
        return None
    place, number = numbers[0]
    if place == 0 and kind == "Subtract":
        return -1.0, number
    # A number that is divided by x scales nothing.
    return None if place == 0 and "Divide" in kind else _ARITHMETIC[kind](number)


def gives(network: Any, name: str) -> tuple[Output, ...]:
    """The outputs of a network, each with its last activation.

    Raises
    ------
    ModelError
        An output that is a picture, or of unknown length.
    """
    tensors = list(getattr(network, "outputs", None) or [])
    names = list(getattr(network, "output_names", None) or [])
    if not tensors:
        shape = getattr(network, "output_shape", None)
        return (Output("output", _units(shape, name), _named(network.layers[-1])),)
    found = []
    for place, tensor in enumerate(tensors):
        layer = last(network, place)
        title = str(names[place]) if place < len(names) else f"output_{place}"
        found.append(
            Output(title, _units(tensor.shape, name), None if layer is None else _named(layer))
        )
    return tuple(found)


def _units(shape: Any, name: str) -> int:
    if not isinstance(shape, tuple) or len(shape) != 2 or not isinstance(shape[-1], int):
        raise ModelError(
            f"{name} gives outputs of shape {shape}; end it in one sigmoid unit or a softmax over "
            "classes."
        )
    return shape[-1]


def select(network: Any, place: int) -> Any:
    """The network with one of its outputs alone."""
    import keras

    if len(network.outputs) == 1:
        return network
    return keras.Model(network.inputs, network.outputs[place], name=network.name)


def last(network: Any, place: int = 0) -> Any:
    """Layer or operation that gives an output, looked for inside nested models.

    What only hands on (Flatten, a linear Activation, Dropout) is passed over.
    """
    tensors = getattr(network, "outputs", None)
    if not tensors:
        return network.layers[-1]
    tensor = tensors[place]
    for _ in range(1000):
        history = getattr(tensor, "_keras_history", None)
        if history is None:
            return None
        layer = history.operation
        if getattr(layer, "layers", None) and getattr(layer, "outputs", None):
            return last(layer, history.tensor_index)
        kind = type(layer).__name__
        idle = kind == "Activation" and _title(layer.activation) == "linear"
        if not idle and kind not in _IDLE:
            return layer
        tensor = layer._inbound_nodes[history.node_index].input_tensors[0]
    return None


def _named(layer: Any) -> str | None:
    """Name of the activation that a layer ends in; "" for none, None where it does not tell."""
    kind = type(layer).__name__
    if kind in ("Softmax", "Sigmoid"):
        return kind.lower()
    if hasattr(layer, "activation"):
        title = _title(layer.activation)
        return "" if title == "linear" else title
    if kind in ("ReLU", "LeakyReLU", "ELU", "Tanh", "Relu"):
        return kind.lower()
    return "" if kind in ("BatchNormalization", "Add", "LogSoftmax") else None


def _title(activation: Any) -> str:
    return "linear" if activation is None else str(getattr(activation, "__name__", activation))


def prepared(network: Any, card: Card) -> tuple[Any, bool]:
    """The network with the output that its card names, and whether it gives logits now."""
    if card.output_name:
        network = select(network, choose(gives(network, card.name), card.output_name, card.name))
    return network, strip(network, card.output)


def strip(network: Any, output: str) -> bool:
    """Make a network of one output give logits by removing its last activation in place.

    A float32 probability near 1 no longer tells +17 from +40; the logit does.

    Returns
    -------
    bool
        True when the outputs now are logits; False when they stay what they were.
    """
    import keras

    if output in ("logit", "multilabel_logit"):
        return True
    layer = last(network)
    activation = getattr(layer, "activation", None)
    if activation is not None and _title(activation) == output:
        layer.activation = keras.activations.linear
        return True
    return False
