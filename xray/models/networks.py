"""Keras networks: read safely, understood, compiled, stored small. Imported on first use."""

from __future__ import annotations

import os
import random
import tempfile
import threading
import zipfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xray.errors import ModelError
from xray.files import replacing
from xray.films.decode import Pixels

if TYPE_CHECKING:
    from xray.models.registry import Card, Model

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

#: Prepared grey films (N, h, w) in, raw outputs (N, K) out.
Compiled = Callable[[Pixels], NDArray[np.float32]]

#: One network is built at a time.
_SEEDING = threading.Lock()

#: Channel means (blue, green, red) of keras.applications' "caffe" preprocessing (VGG, ResNet).
IMAGENET_MEANS = (103.939, 116.779, 123.68)


def read(path: Path, name: str) -> Any:
    """Load a Keras file in safe mode: no code in it is run.

    Raises
    ------
    ModelError
        Keras cannot load it, or it holds code (a Lambda layer).
    """
    import keras

    from xray.models import lung_crop  # noqa: F401  lets Keras know the layer

    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises many kinds on a bad file
        reason = str(error).strip().split("\n")[0].split(". ")[0][:160] or type(error).__name__
        raise ModelError(
            f"{name} does not load as a Keras model in safe mode ({reason}); "
            "save it with Keras 3 as .keras, without Lambda layers."
        ) from error


def _last(network: Any) -> Any:
    """Layer that gives the output, looked for inside nested models."""
    layer = network.layers[-1]
    while hasattr(layer, "layers") and layer.layers:
        layer = layer.layers[-1]
    return layer


def strip_activation(network: Any, output: str) -> bool:
    """Make the network give logits by removing its last sigmoid or softmax in place.

    A float32 probability near 1 no longer tells +17 from +40; the logit does.

    Returns
    -------
    bool
        True when the outputs now are logits; False when they stay what they were.
    """
    import keras

    if output == "logit":
        return True
    layer = _last(network)
    if type(layer).__name__ == "Softmax":
        return False
    activation = getattr(layer, "activation", None)
    if activation is not None and getattr(activation, "__name__", "") == output:
        layer.activation = keras.activations.linear
        return True
    return False


def complete(card: Card, network: Any) -> Card:
    """Fill in a card's size, channels, output and scale from the network where they are open.

    Raises
    ------
    ModelError
        The network does not take one film or does not give class probabilities.
    """
    name = card.name
    shape = getattr(network, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[3] not in (1, 3):
        raise ModelError(
            f"{name} takes inputs of shape {shape}; this tool audits networks that take "
            "(height, width, 1 or 3 channels)."
        )
    units = network.output_shape[-1] if isinstance(network.output_shape, tuple) else None
    if not isinstance(units, int) or len(network.output_shape) != 2 or units < 1:
        raise ModelError(
            f"{name} gives outputs of shape {network.output_shape}; end it in one sigmoid unit "
            "or a softmax over classes."
        )
    size = (shape[1] or card.size[0] or 224, shape[2] or card.size[1] or 224)
    changes: dict[str, Any] = {"size": size, "channels": shape[3]}
    changes["parameters"] = int(network.count_params())
    index = card.positive_index
    if units == 1:
        if index > 1:
            raise ModelError(
                f"{name} has one output: --positive-index 1 when it is the probability of "
                "the positive class (the default), 0 when it is that of the negative one."
            )
        changes["positive_index"] = 0
        return replace(card, **changes)
    if index < 0 and units == 2:
        index = 1
    if not 0 <= index < units:
        raise ModelError(
            f"{name} has {units} classes; say which one is the positive class with "
            "--positive-index."
        )
    settings = {key: value for key, value in card.settings.items() if key != "unit_means_normal"}
    changes |= {"output": "softmax", "positive_index": index, "settings": settings}
    return replace(card, **changes)


def scaled(grey: Pixels, scale: str, channels: int) -> Pixels:
    """Turn grey films in [0, 1] into what a network takes.

    Parameters
    ----------
    grey : (N, h, w) float32 in [0, 1]
    scale : "unit" [0, 1], "byte" [0, 255], "symmetric" [-1, 1], "imagenet" (0..255 minus the
        ImageNet channel means, as keras.applications does for VGG and ResNet).
    channels : 1 or 3

    Returns
    -------
    (N, h, w, channels) float32
    """
    film = np.asarray(grey, dtype=np.float32)[..., None]
    x = np.broadcast_to(film, (*film.shape[:-1], channels))  # Not copied: whoever computes copies.
    if scale == "byte":
        return np.asarray(x * np.float32(255))
    if scale == "symmetric":
        return np.asarray(x * np.float32(2) - np.float32(1))
    if scale == "imagenet":
        return np.asarray(x * np.float32(255) - np.asarray(IMAGENET_MEANS[:channels], np.float32))
    return x


def compiled(network: Any, card: Card, precision: str) -> Compiled:
    """Compile a network's forward pass once.

    ``model.predict`` in a loop leaks memory and is slow; a compiled function is neither.
    """
    import keras

    if precision == "bfloat16":
        network = in_bfloat16(network)

    def forward(x: Any) -> Any:
        return network(x, training=False)

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        spec = tf.TensorSpec((None, *card.size, card.channels), tf.float32)
        forward = tf.function(forward, input_signature=[spec], autograph=False)

    def run(grey: Pixels) -> NDArray[np.float32]:
        output = forward(keras.ops.convert_to_tensor(scaled(grey, card.scale, card.channels)))
        return np.asarray(keras.ops.convert_to_numpy(output), dtype=np.float32)

    return run


def clone(network: Any) -> Any:
    """Copy a network with its weights, a last activation that was removed staying removed."""
    import keras

    copy = keras.models.clone_model(network, recursive=True)
    copy.set_weights(network.get_weights())
    # clone_model rebuilds from configurations, which do not hold a removed activation.
    _last(copy).activation = getattr(_last(network), "activation", None)
    return copy


def in_bfloat16(network: Any) -> Any:
    """Copy a network that computes in bfloat16 (see :func:`set_policy`); weights stay float32."""
    copy = clone(network)
    set_policy(copy, "mixed_bfloat16")
    return copy


def set_policy(network: Any, name: str) -> None:
    """Let layers compute by a Keras dtype policy; variables stay float32.

    But for the last one, and for what cuts films to the lungs: a place on a film needs digits.
    """
    import keras

    from xray.models.framing import NAME

    policy, last = keras.DTypePolicy(name), _last(network)

    def apply(layer: Any) -> None:
        if layer.name == NAME:
            return
        for inner in getattr(layer, "layers", []):
            apply(inner)
        if layer is not last and not hasattr(layer, "layers"):
            layer.dtype_policy = policy

    apply(network)


def check(model: Model) -> None:
    """Run two films through a model, so that what cannot work is said at once.

    Raises
    ------
    ModelError
        Wrong shapes, outputs outside [0, 1], or outputs that are not numbers.
    """
    rng = np.random.default_rng(0)
    films = rng.random((2, *model.card.size), dtype=np.float32)
    try:
        model.log_odds_prepared(films)
    except ModelError:
        raise
    except Exception as error:
        reason = str(error).strip().split("\n")[0][:160]
        raise ModelError(
            f"{model.card.name} cannot predict a film of {model.card.size} ({reason}); "
            "check its input shape."
        ) from error


def seeded(seed: int, build: Callable[[], Any]) -> Any:
    """Build a network whose initial weights follow from the seed, whatever else goes on.

    Keras draws the seeds of layers from Python's own generator, which all threads share, and
    the threads that serve a cluster's worker draw from it too. While the network is built,
    Keras draws the same numbers from a generator of its own.
    """
    import keras

    with _SEEDING, ExitStack() as stack:
        keras.utils.set_random_seed(seed)
        # Keras' own module, which another version may lack: then only the shared seed counts.
        with suppress(ImportError, AttributeError):
            from keras.src.random import seed_generator

            stack.callback(setattr, seed_generator, "python_random", seed_generator.python_random)
            seed_generator.python_random = random.Random(seed)
        return build()


def layer_table(network: Any) -> list[dict[str, Any]]:
    """Layers of a network with output shapes and parameter counts, nested models flattened."""
    rows: list[dict[str, Any]] = []
    for layer in network.layers:
        if getattr(layer, "layers", None):
            rows += layer_table(layer)
            continue
        shape = getattr(layer, "output", None)
        rows.append(
            {
                "name": layer.name,
                "type": type(layer).__name__,
                "output": [int(n) if n else None for n in shape.shape] if shape is not None else [],
                "parameters": int(layer.count_params()),
            }
        )
    return rows


def save(network: Any, path: Path, half: bool = False) -> None:
    """Save a network as ``.keras``, its weights optionally stored in half precision.

    Keras casts stored weights to the variables' type, so a file with float16 weights loads
    everywhere as the float32 network it is; only the stored numbers are rounded.
    """
    with replacing(path) as beside:
        network.save(beside)
        if half:
            _halve(beside)


def _halve(path: Path) -> None:
    """Rewrite the weights inside a ``.keras`` file as compressed float16."""
    import h5py

    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        source, target = Path(folder) / "model.weights.h5", Path(folder) / "half.weights.h5"
        with h5py.File(source) as old, h5py.File(target, "w") as new:

            def copy(name: str, item: Any) -> None:
                if isinstance(item, h5py.Group):
                    new.require_group(name).attrs.update(item.attrs)
                    return
                values = item[()]
                if values.dtype == np.float32:
                    values = values.astype(np.float16)
                packing = {"compression": "gzip"} if values.ndim else {}
                new.create_dataset(name, data=values, **packing).attrs.update(item.attrs)

            new.attrs.update(old.attrs)
            old.visititems(copy)
        target.replace(source)
        with zipfile.ZipFile(path, "w") as archive:
            for member in sorted(Path(folder).iterdir()):
                archive.write(member, member.name)
