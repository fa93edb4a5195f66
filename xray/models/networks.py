"""Keras networks: read safely, understood, compiled, stored small. Imported on first use."""

from __future__ import annotations

import os
import random
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xray.errors import ModelError
from xray.files import replacing
from xray.films.pixels import Pixels
from xray.models import outputs
from xray.models.formats import keras_graph
from xray.models.formats.runtimes import Runtime
from xray.models.inputs import Input

if TYPE_CHECKING:
    from xray.models.card import Card
    from xray.models.model import Model

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

#: Scaled films (N, h, w, c) in, raw outputs (N, K) out.
Compiled = Callable[[Pixels], NDArray[np.float32]]

#: One network is built at a time.
_SEEDING = threading.Lock()


def read(path: Path, name: str) -> Any:
    """Load a Keras file in safe mode: no code in it is run.

    Raises
    ------
    ModelError
        It is no Keras file, Keras cannot load it, or it holds code (a Lambda layer).
    """
    from xray.models.formats import reader

    network = reader.read(path, name)
    if isinstance(network, Runtime):
        raise ModelError(f"{name} is {reader.FORMATS[network.format]}; a Keras file is wanted.")
    return network


def complete(card: Card, network: Any, given: Iterable[str] | None = None) -> Card:
    """Fill in a card's size, channels, output and scale from the network where they are open.

    Parameters
    ----------
    card : what is known
    network : a Keras model or a ``Runtime``
    given : names of the fields that were said, where the rest is open; None where the card is
        one that was stored, and says all

    Raises
    ------
    ModelError
        The network does not take one film, does not give class probabilities, or contradicts
        what was said.
    """
    name, stored = card.name, given is None
    said = set(given or ())
    foreign = isinstance(network, Runtime)
    entry = network.input if foreign else keras_graph.takes(network, name)
    ends = network.outputs if foreign else keras_graph.gives(network, name)
    end = ends[outputs.choose(ends, card.output_name, name)]
    chosen, normal = outputs.positives(
        card.positive_index if stored or "positive_index" in said else (),
        end.units,
        name,
        end.classes,
    )
    if stored:
        normal = end.units == 1 and bool(card.settings.get("unit_means_normal"))
    settings = {key: value for key, value in card.settings.items() if key != "unit_means_normal"}
    return replace(
        card,
        format=network.format if foreign else "keras",
        size=_size(entry, card, stored, said),
        channels=entry.channels,
        scale=card.scale if stored or "scale" in said else entry.scale,
        inside=entry.seen,
        parameters=int(network.count_params()),
        output=outputs.declared(end, card.output if stored or "output" in said else "", name),
        output_name=end.name if len(ends) > 1 else "",
        positive_index=chosen,
        settings=settings | ({"unit_means_normal": True} if normal else {}),
    )


def _size(entry: Input, card: Card, stored: bool, said: set[str]) -> tuple[int, int]:
    """Height and width of the films that a network is given."""
    height, width = entry.size
    if height and width:
        if "size" in said and tuple(card.size) != (height, width):
            raise ModelError(
                f"{card.name} takes films of {height} x {width} pixels; leave --size out."
            )
        return height, width
    if stored or "size" in said:
        return card.size
    raise ModelError(
        f"{card.name} takes films of any size; say which one it learnt from with --size, such as "
        "--size 224."
    )


def compiled(network: Any, card: Card, precision: str) -> Compiled:
    """Compile a network's forward pass once, on films that are scaled already.

    ``model.predict`` in a loop leaks memory and is slow; a compiled function is neither. What is
    not a Keras network computes in float32 whatever is asked.
    """
    if isinstance(network, Runtime):
        place = outputs.choose(network.outputs, card.output_name, card.name)
        return lambda x: network.run(x, place)
    import keras

    if precision == "bfloat16":
        network = in_bfloat16(network)
    first = keras_graph.takes(network, card.name).first
    kind = str(network.inputs[0].dtype) if getattr(network, "inputs", None) else "float32"

    def forward(x: Any) -> Any:
        return network(x, training=False)

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        sides = (card.channels, *card.size) if first else (*card.size, card.channels)
        spec = tf.TensorSpec((None, *sides), tf.as_dtype(kind))
        forward = tf.function(forward, input_signature=[spec], autograph=False)

    def run(x: Pixels) -> NDArray[np.float32]:
        x = np.moveaxis(x, -1, 1) if first else x
        if "int" in kind:
            x = np.rint(x)
        output = forward(keras.ops.convert_to_tensor(x, dtype=kind))
        return np.asarray(keras.ops.convert_to_numpy(output), dtype=np.float32)

    return run


def clone(network: Any) -> Any:
    """Copy a network with its weights, a last activation that was removed staying removed."""
    import keras

    copy = keras.models.clone_model(network, recursive=True)
    copy.set_weights(network.get_weights())
    # clone_model rebuilds from configurations, which do not hold a removed activation.
    for old, new in zip(_flat(network), _flat(copy), strict=True):
        if hasattr(old, "activation"):
            new.activation = old.activation
    return copy


def _flat(network: Any) -> list[Any]:
    """The layers of a network, those of nested models among them."""
    found = []
    for layer in network.layers:
        found += _flat(layer) if getattr(layer, "layers", None) else [layer]
    return found


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

    policy, last = keras.DTypePolicy(name), keras_graph.last(network)

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
            "check its input shape, or --size where it takes films of any."
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
    for layer in getattr(network, "layers", []):
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
