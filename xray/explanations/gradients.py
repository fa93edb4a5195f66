"""Explanations by gradients: of the positive class's log-odds, through a Keras network.

Grad-CAM (Selvaraju et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks via
Gradient-based Localization") and integrated gradients (Sundararajan, Taly and Yan 2017, "Axiomatic
Attribution for Deep Networks"). TensorFlow is imported on first use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import cv2
import numpy as np
from numpy.typing import NDArray

from xray.errors import ModelError
from xray.films.decode import Pixels
from xray.models import inputs
from xray.models.formats import keras_graph
from xray.models.registry import Card, Model, Predictor

Floats = NDArray[np.float64]
#: Where something lies along height and width, as shares: ((top, bottom), (left, right)).
Box = tuple[tuple[float, float], tuple[float, float]]

#: Films whose gradients are taken at a time.
BATCH = 16
#: Points of the path of integrated gradients, as captum's default.
STEPS = 50
_WHOLE: Box = ((0.0, 1.0), (0.0, 1.0))

#: Model -> what was compiled of it.
_COMPILED: WeakKeyDictionary[Model, dict[str, Any]] = WeakKeyDictionary()


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


def integrated(model: Predictor, grey: Pixels, blank: Pixels, steps: int = STEPS) -> Floats:
    """Integrated gradients of the log-odds from a blank film to a film.

    The path is straight in what the network is fed; its integral is taken by Gauss and Legendre's
    rule. Over the film the values sum to the difference of the two films' log-odds. Where the
    network cuts films to their lungs, every point of the path is cut as the film itself is: a blank
    film shows no lungs.

    Parameters
    ----------
    model : a loaded Keras model
    grey, blank : (h, w) float32 in [0, 1], at the model's size
    steps : points of the path

    Returns
    -------
    (h, w) float64, in log-odds

    Raises
    ------
    ModelError
        The model has no gradients (see ``needs_gradients``).
    """
    ready = needs_gradients(model)
    start, end = _fed(ready, np.stack([blank, grey]))
    places, weights = np.polynomial.legendre.leggauss(steps)
    total = np.zeros(end.shape)
    crops = tuple(layer for layer in leaves(ready.network) if _moving(layer))

    def build(network: Any, say: Callable[[Any], Any]) -> Any:
        return _slopes(network, say, crops)

    for first in range(0, steps, BATCH):
        share = (places[first : first + BATCH] + 1)[:, None, None, None] / 2
        points = (start + share * (end - start)).astype(np.float32)
        slopes = _run(ready, "slopes", build, points, end[None])[0]
        total += np.tensordot(weights[first : first + BATCH] / 2, slopes, 1)
    return np.asarray((total * (end - start)).sum(axis=0 if _first(ready) else -1))


def grad_cam(
    model: Predictor, grey: Pixels, layer: str = "", relu: bool = False
) -> tuple[Floats, str]:
    """Grad-CAM of the log-odds at a layer of features.

    Parameters
    ----------
    model : a loaded Keras model
    grey : (h, w) float32 in [0, 1], at the model's size
    layer : its name; the last convolution's features, after its activation, when empty
    relu : keep what speaks for the positive class only, as the paper does

    Returns
    -------
    (h, w) float64
        The map on the film that the network is given: 0 outside of what is cut out of it on the
        way. Its unit is log-odds times the features'.
    str
        Name of the layer.

    Raises
    ------
    ModelError
        The model has no gradients, or no such layer.
    """
    ready = needs_gradients(model)
    seen = features_of(ready, layer)

    def build(network: Any, say: Callable[[Any], Any]) -> Any:
        return _cam(network, say, seen)

    key = f"cam {seen.layer.name}"
    slopes, features, *cuts = _run(ready, key, build, _fed(ready, grey[None]))
    if slopes.ndim != 4:
        raise ModelError(
            f"{seen.layer.name} of {ready.card.name} gives no maps of features; name a layer of "
            "convolutions."
        )
    axes = (2, 3) if seen.first else (1, 2)
    values = (slopes.mean(axis=axes, keepdims=True) * features).sum(axis=1 if seen.first else 3)[0]
    values = np.maximum(values, 0) if relu else values
    return placed(values, _composed(seen.crops, cuts), grey.shape), seen.layer.name


def needs_gradients(model: Predictor) -> Model:
    """The model where gradients can be taken of it.

    Raises
    ------
    ModelError
        It is no network of Keras on TensorFlow, or takes whole numbers.
    """
    name = model.card.name
    if not isinstance(model, Model) or not model.keras:
        raise ModelError(
            f"{name} is no Keras network, so it has no gradients here; take LIME or occlusion."
        )
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ModelError("Gradients are taken by TensorFlow; set KERAS_BACKEND=tensorflow.")
    if keras_graph.takes(model.network, name).integer:
        raise ModelError(f"{name} takes whole numbers, which have no gradients; take occlusion.")
    return model


def placed(values: Floats, box: Box, shape: tuple[int, ...]) -> Floats:
    """A map (h, w) drawn into its box of a film (H, W), bilinear; 0 outside of the box."""
    grids = []
    for (start, end), length, size in zip(box, shape, values.shape, strict=True):
        at = ((np.arange(length) + 0.5) / length - start) / (end - start)
        inside = (at >= 0) & (at <= 1)
        # Half a cell at the rim repeats the rim, as resizing does.
        grids.append(np.where(inside, np.clip(at * size - 0.5, 0, size - 1), -2))
    rows, columns = np.meshgrid(*grids, indexing="ij")
    drawn = cv2.remap(
        values.astype(np.float32), columns.astype(np.float32), rows.astype(np.float32),
        cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0.0,
    )  # fmt: skip
    return np.asarray(drawn, np.float64)


# --- looking into a network ------------------------------------------------------------------


def features_of(model: Model, name: str = "") -> Layer:
    """The layer that Grad-CAM looks at, wherever it lies in nested models.

    Of the layers that keep the size of the last convolution's maps the last one: its activation, or
    the sum of a residual block.

    Raises
    ------
    ModelError
        No convolution, or no layer of this name.
    """
    kept = _COMPILED.setdefault(model, {})
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
        model.network(_fed(model, np.zeros((1, *model.card.size), np.float32)), training=False)
    return found


def _chosen(passed: list[_Step], name: str, model: str) -> Layer:
    """The layer to look at, of those that a film passes."""
    convolutions = [
        at for at, step in enumerate(passed)
        if "Conv" in type(step.layer).__name__ and len(step.made) == 4
        and min(step.sides(step.first)) > 1
    ]  # fmt: skip
    if name:
        places = [at for at, step in enumerate(passed) if step.layer.name == name]
        if not places:
            known = ", ".join(passed[at].layer.name for at in convolutions[-6:]) or "none"
            raise ModelError(f"{model} has no layer named {name}; its last convolutions: {known}.")
    elif convolutions:
        last = passed[convolutions[-1]]
        places = [
            at for at in range(convolutions[-1], len(passed))
            if len(passed[at].made) == 4
            and passed[at].sides(last.first) == last.sides(last.first)
        ]  # fmt: skip
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


def _composed(crops: tuple[tuple[Any, Box | None], ...], cuts: list[Floats]) -> Box:
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

        def run(*given: Any, **options: Any) -> Any:
            if change is not None:
                given = (change(layer, given[0]), *given[1:])
            made = call(*given, **options)
            if note is not None:
                note(layer, given[0] if given else None, made)
            return made

        return run

    with ExitStack() as stack:
        for layer in {id(each): each for each in layers}.values():
            layer.call = wrapped(layer)
            stack.callback(delattr, layer, "call")
        yield


# --- compiled --------------------------------------------------------------------------------


def _first(model: Model) -> bool:
    """Whether the network takes channels before height and width."""
    return keras_graph.takes(model.network, model.card.name).first


def _fed(model: Model, grey: Pixels) -> Pixels:
    """What the network is fed of films (N, h, w)."""
    card = model.card
    fed = inputs.scaled(grey, card.scale, card.channels, card.colour)
    return np.ascontiguousarray(np.moveaxis(fed, -1, 1) if _first(model) else fed)


#: Makes a compiled function of a network and of what turns its outputs into log-odds.
_Build = Callable[[Any, Callable[[Any], Any]], Any]


def _run(model: Model, key: str, build: _Build, *fed: Pixels) -> list[Floats]:
    """Run what ``build`` makes of the network, compiled once a model; arrays out."""
    kept = _COMPILED.setdefault(model, {})
    with model.lock:
        if key not in kept:
            # Held by the compiled function, the model itself would never be let go.
            card, exact = model.card, model.exact
            kept[key] = build(model.network, lambda raw: log_odds(raw, card, exact))
        return [np.asarray(each, np.float64) for each in kept[key](*fed)]


def _compiled(network: Any, function: Callable[..., Any], inputs: int = 1) -> Any:
    """``function`` of fed films as a graph, traced once whatever the number of films."""
    import tensorflow as tf

    fed = tf.TensorSpec((None, *network.input_shape[1:]))
    return tf.function(function, input_signature=[fed] * inputs, autograph=False)


def _moving(layer: Any) -> bool:
    """Whether a layer cuts films at a place that depends on them."""
    return type(layer).__name__ == "LungCrop"


def _slopes(network: Any, say: Callable[[Any], Any], crops: tuple[Any, ...]) -> Any:
    """Compiled: films, one film -> [gradient of each film's log-odds, all cut as the one is]."""
    import tensorflow as tf

    def slopes(fed: Any, one: Any) -> Any:
        lungs: list[Any] = []
        if crops:
            with watched(crops, lambda layer, given, made: lungs.append(given[1])):
                network(one, training=False)
        held = iter(lungs)

        def hold(layer: Any, given: Any) -> Any:
            return [given[0], tf.repeat(next(held), tf.shape(fed)[0], axis=0)]

        with tf.GradientTape() as tape, watched(crops, change=hold):
            tape.watch(fed)
            said = say(network(fed, training=False))
        return [tape.gradient(said, fed)]

    return _compiled(network, slopes, 2)


def _cam(network: Any, say: Callable[[Any], Any], seen: Layer) -> Any:
    """Compiled: fed film -> [gradient at a layer, its features, ends of each LungCrop's box]."""
    import tensorflow as tf

    def cam(fed: Any) -> Any:
        kept: list[Any] = []
        cuts: list[Any] = []

        def note(layer: Any, given: Any, made: Any) -> None:
            if layer is seen.layer:
                tape.watch(made)
                kept.append(made)
            else:
                cuts.append(tf.stack([end[0] for ends in layer.box(given[1]) for end in ends]))

        moving = [layer for layer, box in seen.crops if box is None]
        with tf.GradientTape() as tape, watched([seen.layer, *moving], note):
            said = say(network(fed, training=False))
        return [tape.gradient(said, kept[-1]), kept[-1], *cuts]

    return _compiled(network, cam)


def log_odds(raw: Any, card: Card, exact: bool) -> Any:
    """Log-odds (N,) as a tensor, of what a network gave (N, units); see ``outputs.log_odds``."""
    from keras import ops

    units = raw.shape[1]
    picked = list(card.positive_index)
    others = [unit for unit in range(units) if unit not in picked]
    logits = exact or card.output in ("logit", "multilabel_logit")
    tiny = 1e-7 if not logits else 0.0
    if card.output == "softmax" or (card.output == "logit" and units > 1):
        scores = raw if logits else ops.log(ops.clip(raw, tiny, 1.0))
        odds = ops.logsumexp(ops.take(scores, picked, 1), axis=1) - ops.logsumexp(
            ops.take(scores, others, 1), axis=1
        )
    else:
        chosen = ops.take(raw, picked, 1)
        if not logits:
            chosen = ops.clip(chosen, tiny, 1 - tiny)
            chosen = ops.log(chosen) - ops.log1p(-chosen)
        odds = chosen[:, 0]
        if len(picked) > 1:
            none = -ops.sum(ops.softplus(chosen), axis=1)
            odds = ops.log(-ops.expm1(none)) - none
    return -odds if card.settings.get("unit_means_normal") else odds
