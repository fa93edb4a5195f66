"""Looking into a Keras network: its layers by name or by what they are, watched as films pass.

Networks are not taken apart for it, so that nested models, Sequential ones and those behind a part
that cuts films are alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from xray.errors import ModelError
from xray.films.pixels import Pixels
from xray.models import inputs, outputs
from xray.models.formats import keras_graph
from xray.models.model import Model

Floats = NDArray[np.float64]
#: Where something lies along height and width, as shares: ((top, bottom), (left, right)).
Box = tuple[tuple[float, float], tuple[float, float]]
_WHOLE: Box = ((0.0, 1.0), (0.0, 1.0))

#: Model -> what was found in it and compiled of it.
_KEPT: WeakKeyDictionary[Model, dict[str, Any]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer that is looked into, and what a film passes before it.

    Attributes
    ----------
    layer : of Keras
    first : whether channels come before height and width
    crops : layers before it that cut films, in the order in which they run, each with the box that
        it cuts, or None where the box depends on the film
    """

    layer: Any
    first: bool
    crops: tuple[tuple[Any, Box | None], ...]


@dataclass(frozen=True)
class _Step:
    """A layer as a film passes it: shapes of what it is given and of what it gives."""

    layer: Any
    given: tuple[int, ...]
    made: tuple[int, ...]

    @property
    def first(self) -> bool:
        """Whether channels come before height and width."""
        return getattr(self.layer, "data_format", None) == "channels_first"

    def sides(self, first: bool) -> tuple[int, ...]:
        """Height and width of its maps."""
        return self.made[2:4] if first else self.made[1:3]


def features_of(model: Model, name: str = "") -> Layer:
    """The layer that Grad-CAM looks at, wherever it lies in nested models.

    Of the layers that keep the size of the last convolution's maps the last one: its activation, or
    the sum of a residual block.

    Raises
    ------
    ModelError
        No convolution, or no layer of this name.
    """
    kept = _KEPT.setdefault(model, {})
    key = f"layer {name}"
    if key not in kept:
        with model.lock:
            passed = _passed(model)
        kept[key] = _chosen(passed, name, model.card.name)
    found: Layer = kept[key]
    return found


def _passed(model: Model) -> list[_Step]:
    """Layers in the order in which they run."""
    found: list[_Step] = []

    def note(layer: Any, given: Any, made: Any) -> None:
        shapes = (tuple(getattr(each, "shape", None) or ()) for each in (given, made))
        found.append(_Step(layer, *shapes))

    with watched(leaves(model.network), note):
        model.network(fed(model, np.zeros((1, *model.card.size), np.float32)), training=False)
    return found


def _chosen(passed: list[_Step], name: str, model: str) -> Layer:
    """The layer to look at, of those that a film passes."""
    convolutions = [
        at
        for at, step in enumerate(passed)
        if "Conv" in type(step.layer).__name__
        and len(step.made) == 4
        and min(step.sides(step.first)) > 1
    ]
    if name:
        places = [at for at, step in enumerate(passed) if step.layer.name == name]
        if not places:
            known = ", ".join(passed[at].layer.name for at in convolutions[-6:]) or "none"
            raise ModelError(f"{model} has no layer named {name}; its last convolutions: {known}.")
    elif convolutions:
        last = passed[convolutions[-1]]
        places = [
            at
            for at in range(convolutions[-1], len(passed))
            if len(passed[at].made) == 4 and passed[at].sides(last.first) == last.sides(last.first)
        ]
    else:
        raise ModelError(f"{model} has no convolution for Grad-CAM to look at; take occlusion.")
    place = places[-1]
    before = [passed[at].first for at in convolutions if at <= place]
    crops = [
        (step.layer, _CROPS[type(step.layer).__name__](step))
        for step in passed[:place]
        if type(step.layer).__name__ in _CROPS
    ]
    return Layer(passed[place].layer, bool(before and before[-1]), tuple(crops))


def _cropped(step: _Step) -> Box:
    """The box that Keras' Cropping2D cuts."""
    sides = step.given[2:4] if step.first else step.given[1:3]
    (top, bottom), (left, right) = step.layer.cropping
    return (
        (top / sides[0], 1 - bottom / sides[0]),
        (left / sides[1], 1 - right / sides[1]),
    )


def _centred(step: _Step) -> Box:
    """The box that Keras' CenterCrop cuts; it resizes films that are too small, whole."""
    sides = step.given[2:4] if step.first else step.given[1:3]
    if any(now > before for now, before in zip(step.sides(step.first), sides, strict=True)):
        return _WHOLE
    ends = []
    for before, now in zip(sides, step.sides(step.first), strict=True):
        start = (before - now) // 2
        ends.append((start / before, (start + now) / before))
    return ends[0], ends[1]


#: Layers that cut films -> the box of a step; LungCrop's depends on the film.
_CROPS: dict[str, Callable[[_Step], Box | None]] = {
    "Cropping2D": _cropped,
    "CenterCrop": _centred,
    "LungCrop": lambda step: None,
}


def composed(crops: tuple[tuple[Any, Box | None], ...], cuts: list[Floats]) -> Box:
    """Box on the film of what several cuts, one after another, leave of it."""
    found, told = _WHOLE, iter(cuts)
    for _, fixed in crops:
        top, bottom, left, right = next(told) if fixed is None else np.ravel(fixed)
        ends = []
        for (start, end), (low, high) in zip(found, ((top, bottom), (left, right)), strict=True):
            length = end - start
            ends.append((float(start + low * length), float(start + high * length)))
        found = ends[0], ends[1]
    return found


def leaves(network: Any) -> list[Any]:
    """Layers and operations of a network, those of nested models among them."""
    found = []
    for layer in getattr(network, "operations", None) or getattr(network, "layers", []):
        found += leaves(layer) if getattr(layer, "layers", None) else [layer]
    return found


@contextmanager
def watched(
    layers: Sequence[Any],
    note: Callable[[Any, Any, Any], None] | None = None,
    change: Callable[[Any, Any], Any] | None = None,
) -> Iterator[None]:
    """Tell ``note`` the layer, what it is given and what it gives, whenever one of them runs.

    Or ``change`` what it is given.

    The network itself stays as it is, and nested models need not be taken apart.
    Hold the model's lock.
    """

    def wrapped(layer: Any) -> Callable[..., Any]:
        call = layer.call

        def passing(*given: Any, **options: Any) -> Any:
            if change is not None:
                given = (change(layer, given[0]), *given[1:])
            made = call(*given, **options)
            if note is not None:
                note(layer, given[0] if given else None, made)
            return made

        return passing

    with ExitStack() as stack:
        for layer in {id(each): each for each in layers}.values():
            layer.call = wrapped(layer)
            stack.callback(delattr, layer, "call")
        yield


# --- running -------------------------------------------------------------------------------


def channels_first(model: Model) -> bool:
    """Whether the network takes channels before height and width."""
    return keras_graph.takes(model.network, model.card.name).first


def fed(model: Model, grey: Pixels) -> Pixels:
    """What the network is fed of films (N, h, w)."""
    card = model.card
    fed = inputs.scaled(grey, card.scale, card.channels, card.colour)
    return np.ascontiguousarray(np.moveaxis(fed, -1, 1) if channels_first(model) else fed)


#: Outputs of a network, a tensor (N, units) -> log-odds (N,).
Say = Callable[[Any], Any]
#: Makes a compiled function of a network and of what turns its outputs into log-odds.
Build = Callable[[Any, Say], Any]


def run(model: Model, key: str, build: Build, *films: Pixels) -> list[Floats]:
    """Run what ``build`` makes of the network, compiled once a model; arrays out."""
    kept = _KEPT.setdefault(model, {})
    with model.lock:
        if key not in kept:
            # Held by the compiled function, the model itself would never be let go.
            card, exact = model.card, model.exact
            kept[key] = build(model.network, lambda raw: outputs.tensor(raw, card, exact))
        return [np.asarray(each, np.float64) for each in kept[key](*films)]


def compiled(network: Any, function: Callable[..., Any], inputs: int = 1) -> Any:
    """``function`` of fed films as a graph, traced once whatever the number of films."""
    import tensorflow as tf

    fed = tf.TensorSpec((None, *network.input_shape[1:]))
    return tf.function(function, input_signature=[fed] * inputs, autograph=False)


# --- what a network makes of a film --------------------------------------------------------


def penultimate(model: Model, name: str = "") -> tuple[Any, bool]:
    """The layer whose input describes a film best, or that of a name.

    Returns
    -------
    layer : the last one with weights, which reads the description off; or the one named
    before : whether what it is given is meant (True), or what it gives

    Raises
    ------
    ModelError
        No layer of this name, or none with weights.
    """
    kept = _KEPT.setdefault(model, {})
    key = f"penultimate {name}"
    if key not in kept:
        with model.lock:
            passed = _passed(model)
        if name:
            found = [step for step in passed if step.layer.name == name]
        else:
            found = [step for step in passed if getattr(step.layer, "weights", None)]
        if not found:
            known = ", ".join(step.layer.name for step in passed[-6:])
            raise ModelError(
                f"{model.card.name} has no layer named {name}; its last are: {known}."
                if name
                else f"{model.card.name} has no layer with weights to embed films by."
            )
        kept[key] = found[-1].layer, not name and len(found[-1].given) == 2
    chosen: tuple[Any, bool] = kept[key]
    return chosen


def described(model: Model, grey: Pixels, name: str = "") -> NDArray[np.float32]:
    """What a layer makes of films, (N, D) float32: maps of features by their means.

    Parameters
    ----------
    model : a loaded Keras model
    grey : (N, h, w) float32 in [0, 1], at the model's size
    name : of the layer; the penultimate one when empty
    """
    layer, before = penultimate(model, name)

    def build(network: Any, say: Say) -> Any:
        import tensorflow as tf

        def describe(films: Any) -> Any:
            seen: list[Any] = []
            note = lambda _, given, made: seen.append(given if before else made)  # noqa: E731
            with watched([layer], note):
                network(films, training=False)
            out = seen[-1]
            if len(out.shape) == 4:
                axes = (2, 3) if getattr(layer, "data_format", "") == "channels_first" else (1, 2)
                out = tf.reduce_mean(out, axes)
            return [tf.reshape(out, (tf.shape(out)[0], -1))]

        return compiled(network, describe)

    step = max(8, min(256, 2**20 // int(np.prod(model.card.size))))
    parts = [
        run(model, f"describe {layer.name} {before}", build, fed(model, grey[at : at + step]))[0]
        for at in range(0, len(grey), step)
    ]
    return np.concatenate(parts).astype(np.float32)
