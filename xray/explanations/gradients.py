"""Explanations by gradients: of the positive class's log-odds, through a Keras network.

Grad-CAM (Selvaraju et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks via
Gradient-based Localization") and integrated gradients (Sundararajan, Taly and Yan 2017, "Axiomatic
Attribution for Deep Networks"). TensorFlow is imported on first use.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xray.errors import ModelError
from xray.films.pixels import Pixels
from xray.models import layers
from xray.models.formats import keras_graph
from xray.models.model import Model, Predictor

Floats = NDArray[np.float64]
#: Films whose gradients are taken at a time.
BATCH = 16
#: Points of the path of integrated gradients, as captum's default.
STEPS = 50


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
    start, end = layers.fed(ready, np.stack([blank, grey]))
    places, weights = np.polynomial.legendre.leggauss(steps)
    total = np.zeros(end.shape)
    crops = tuple(layer for layer in layers.leaves(ready.network) if _moving(layer))

    def build(network: Any, say: layers.Say) -> Any:
        return _slopes(network, say, crops)

    for first in range(0, steps, BATCH):
        share = (places[first : first + BATCH] + 1)[:, None, None, None] / 2
        points = (start + share * (end - start)).astype(np.float32)
        slopes = layers.run(ready, "slopes", build, points, end[None])[0]
        total += np.tensordot(weights[first : first + BATCH] / 2, slopes, 1)
    return np.asarray((total * (end - start)).sum(axis=0 if layers.channels_first(ready) else -1))


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
    seen = layers.features_of(ready, layer)

    def build(network: Any, say: layers.Say) -> Any:
        return _cam(network, say, seen)

    key = f"cam {seen.layer.name}"
    slopes, features, *cuts = layers.run(ready, key, build, layers.fed(ready, grey[None]))
    if slopes.ndim != 4:
        raise ModelError(
            f"{seen.layer.name} of {ready.card.name} gives no maps of features; name a layer of "
            "convolutions."
        )
    axes = (2, 3) if seen.first else (1, 2)
    values = (slopes.mean(axis=axes, keepdims=True) * features).sum(axis=1 if seen.first else 3)[0]
    values = np.maximum(values, 0) if relu else values
    return placed(values, layers.composed(seen.crops, cuts), grey.shape), seen.layer.name


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


def placed(values: Floats, box: layers.Box, shape: tuple[int, ...]) -> Floats:
    """A map (h, w) drawn into its box of a film (H, W), bilinear; 0 outside of the box."""
    grids = []
    for (start, end), length, size in zip(box, shape, values.shape, strict=True):
        at = ((np.arange(length) + 0.5) / length - start) / (end - start)
        inside = (at >= 0) & (at <= 1)
        # Half a cell at the rim repeats the rim, as resizing does.
        grids.append(np.where(inside, np.clip(at * size - 0.5, 0, size - 1), -2))
    rows, columns = np.meshgrid(*grids, indexing="ij")
    drawn = cv2.remap(
        values.astype(np.float32),
        columns.astype(np.float32),
        rows.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0.0,
    )
    return np.asarray(drawn, np.float64)


# --- compiled --------------------------------------------------------------------------------


def _moving(layer: Any) -> bool:
    """Whether a layer cuts films at a place that depends on them."""
    return type(layer).__name__ == "LungCrop"


def _slopes(network: Any, say: layers.Say, crops: tuple[Any, ...]) -> Any:
    """Compiled: films, one film -> [gradient of each film's log-odds, all cut as the one is]."""
    import tensorflow as tf

    def slopes(fed: Any, one: Any) -> Any:
        lungs: list[Any] = []
        if crops:
            with layers.watched(crops, lambda layer, given, made: lungs.append(given[1])):
                network(one, training=False)
        held = iter(lungs)

        def hold(layer: Any, given: Any) -> Any:
            return [given[0], tf.repeat(next(held), tf.shape(fed)[0], axis=0)]

        with tf.GradientTape() as tape, layers.watched(crops, change=hold):
            tape.watch(fed)
            said = say(network(fed, training=False))
        return [tape.gradient(said, fed)]

    return layers.compiled(network, slopes, 2)


def _cam(network: Any, say: layers.Say, seen: layers.Layer) -> Any:
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
        with tf.GradientTape() as tape, layers.watched([seen.layer, *moving], note):
            said = say(network(fed, training=False))
        return [tape.gradient(said, kept[-1]), kept[-1], *cuts]

    return layers.compiled(network, cam)
