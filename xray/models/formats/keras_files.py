"""Keras files: told by their content, read in safe mode, repaired where Keras 2 wrote them.

Nothing here unpickles or runs code that a file holds. Files of Keras 2 say some things in words
that Keras 3 no longer takes; where the network stays the same, its configuration is put into
today's words and read again.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from xray.errors import ModelError

#: Most bytes of a model, as it lies and unpacked; and of its configuration.
MAX_BYTES = 2 * 2**30
MAX_CONFIG = 32 * 2**20
#: Most files in an archive.
MAX_MEMBERS = 1000

#: Keywords that Keras 2 wrote and Keras 3 refuses, with the values that mean nothing.
_IDLE: dict[str, dict[str, tuple[Any, ...]]] = {
    "DepthwiseConv2D": {"groups": (1,)},
    "SeparableConv2D": {"groups": (1,)},
    "Conv2DTranspose": {"groups": (1,)},
    "BatchNormalization": {
        **{"renorm": (False, None), "virtual_batch_size": (None,), "adjustment": (None,)},
        **{"fused": (True, False, None), "renorm_clipping": (None, {}), "renorm_momentum": (0.99,)},
    },
    "InputLayer": {"ragged": (False,), "sparse": (False,)},
    "LSTM": {"time_major": (False,), "implementation": (1, 2)},
    "GRU": {"time_major": (False,), "implementation": (1, 2)},
    "Flatten": {"batch_input_shape": (None,)},
    "Dropout": {"noise_shape": (None,)},
}
#: Functions that Keras 2 stored as layers of their own -> what they do to x with a number y.
_ARITHMETIC: dict[str, Callable[[float], tuple[float, float]]] = {
    "math.truediv": lambda y: (1 / y, 0.0),
    "math.divide": lambda y: (1 / y, 0.0),
    "math.multiply": lambda y: (y, 0.0),
    "math.subtract": lambda y: (1.0, -y),
    "math.add": lambda y: (1.0, y),
    "__operators__.add": lambda y: (1.0, y),
}


def read(path: Path, name: str, hdf5: bool) -> Any:
    """Load a Keras file in safe mode: no code in it is run.

    Parameters
    ----------
    path : of the file, whatever its name ends in
    name : the model's, for messages
    hdf5 : its content is HDF5; else it is a zip archive of Keras 3

    Raises
    ------
    ModelError
        Keras cannot load it: who wrote it, what stands in the way, and what to do.
    """
    from xray.models import lung_crop  # noqa: F401  lets Keras know the layer

    config, version = _config(path, name, hdf5)
    suffix = ".h5" if hdf5 else ".keras"
    with _named(path, suffix) as file:
        try:
            return _load(file)
        except Exception as error:  # Keras raises many kinds on a bad file
            first = error
        mended = repaired(config)
        if mended != config:
            try:
                with _with_config(path, mended, hdf5, suffix) as again:
                    return _load(again)
            except Exception as error:
                first = error
    raise ModelError(_obstacle(name, first, version)) from first


def _load(path: Path) -> Any:
    import keras

    return keras.saving.load_model(path, compile=False, safe_mode=True)


@contextmanager
def _named(path: Path, suffix: str) -> Iterator[Path]:
    """The file under a name with the suffix that Keras goes by."""
    if path.suffix == suffix:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="xray-model-") as folder:
        link = Path(folder) / f"model{suffix}"
        try:
            link.symlink_to(path.resolve())
        except OSError:  # a system without links
            shutil.copyfile(path, link)
        yield link


@contextmanager
def _with_config(path: Path, config: Any, hdf5: bool, suffix: str) -> Iterator[Path]:
    """A copy of the file with another configuration."""
    import h5py

    text = json.dumps(config)
    with tempfile.TemporaryDirectory(prefix="xray-model-") as folder:
        copy = Path(folder) / f"model{suffix}"
        if hdf5:
            shutil.copyfile(path, copy)
            with h5py.File(copy, "r+") as file:
                del file.attrs["model_config"]
                file.attrs["model_config"] = text
        else:
            with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
                for member in old.namelist():
                    data = text.encode() if member == "config.json" else old.read(member)
                    new.writestr(member, data)
        yield copy


def _config(path: Path, name: str, hdf5: bool) -> tuple[Any, str]:
    """Configuration and version of Keras that a file says it was written by ("" when it does not).

    Raises
    ------
    ModelError
        The file is damaged, too large unpacked, or reaches for other files.
    """
    try:
        text, version = _hdf5_config(path, name) if hdf5 else _zip_config(path, name)
        return json.loads(text), version
    except ModelError:
        raise
    except Exception as error:  # what a damaged file leads the readers to
        kind = "HDF5" if hdf5 else ".keras"
        raise ModelError(
            f"{name} does not load as a Keras model in safe mode: it is a damaged or incomplete "
            f"{kind} file; download or save it again."
        ) from error


def _zip_config(path: Path, name: str) -> tuple[bytes, str]:
    with zipfile.ZipFile(path) as archive:
        check_archive(archive, name)
        if archive.getinfo("config.json").file_size > MAX_CONFIG:
            raise ModelError(f"The configuration of {name} is too large to be a network's.")
        version = ""
        if "metadata.json" in archive.namelist():
            found = json.loads(archive.read("metadata.json"))
            version = str(found.get("keras_version", "")) if isinstance(found, dict) else ""
        return archive.read("config.json"), version


def check_archive(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse an archive with too much in it, or with files that would land elsewhere.

    Raises
    ------
    ModelError
    """
    members = archive.infolist()
    if len(members) > MAX_MEMBERS or sum(each.file_size for each in members) > MAX_BYTES:
        raise ModelError(f"{name} unpacks to more than a model of 2 GB; it is not read.")
    for each in members:
        parts = Path(each.filename.replace("\\", "/")).parts
        if each.filename.startswith("/") or ".." in parts or ":" in each.filename:
            raise ModelError(f"{name} holds files that reach outside it; it is not read.")


def _hdf5_config(path: Path, name: str) -> tuple[str | bytes, str]:
    import h5py

    with h5py.File(path, "r") as file:
        version = text(file.attrs.get("keras_version", ""))
        config = file.attrs.get("model_config")
        if config is None:
            raise ModelError(weights_only(name, version))

        if _reaches_out(file):
            raise ModelError(f"{name} takes weights from other files; it is not read.")
        if len(config) > MAX_CONFIG:
            raise ModelError(f"The configuration of {name} is too large to be a network's.")
        return config, version


def _reaches_out(group: Any, depth: int = 0) -> bool:
    """Whether a group of HDF5 holds links to other files, data that lies in them, or is endless."""
    import h5py

    for key in group:
        if isinstance(group.get(key, getlink=True), h5py.ExternalLink):
            return True
        item = group.get(key)
        if isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
            return True
        if isinstance(item, h5py.Group) and (depth > 50 or _reaches_out(item, depth + 1)):
            return True
    return False


def text(value: Any) -> str:
    """An attribute of an HDF5 file as text."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def weights_only(name: str, version: str = "") -> str:
    """What to say of a file that holds weights without their network."""
    writer = f", written by Keras {version}" if version else ""
    return (
        f"{name} holds weights without the network that they belong to{writer}; load them into "
        "the network where it was trained, and save the whole: model.save('model.keras')."
    )


def repaired(config: Any) -> Any:
    """A Keras 2 configuration in the words of Keras 3; equal where there is nothing to mend."""
    if isinstance(config, list):
        return [repaired(entry) for entry in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "Sequential" and isinstance(config.get("config"), dict):
        inside = config["config"]
        inside = inside | {"layers": _with_entry(inside.get("layers"))}
        config = config | {"config": inside}
    out = {key: repaired(value) for key, value in config.items()}
    kind, inner = out.get("class_name"), out.get("config")
    if isinstance(kind, str) and isinstance(inner, dict):
        if kind == "Policy" and "name" in inner:
            return inner["name"]
        out |= {"class_name": "Functional" if kind == "Model" else kind}
        out["config"] = _layer(str(out["class_name"]), dict(inner))
        if str(out.get("module", "")).startswith(
            ("keras.src.engine", "keras.engine", "tensorflow.")
        ):
            whole = out["class_name"] in ("Functional", "Sequential")
            out |= {"module": "keras" if whole else "keras.layers", "registered_name": None}
        if kind in ("TFOpLambda", "SlicingOpLambda"):
            out = _arithmetic(out)
    return out


def _layer(kind: str, config: dict[str, Any]) -> dict[str, Any]:
    """One layer's settings in the words of Keras 3."""
    for keyword, values in _IDLE.get(kind, {}).items():
        if keyword in config and config[keyword] in values:
            del config[keyword]
    axis = config.get("axis")
    if kind == "BatchNormalization" and isinstance(axis, list) and len(axis) == 1:
        config["axis"] = axis[0]
    shape = config.pop("batch_input_shape", None)
    if kind == "InputLayer" and shape is not None:
        config["batch_shape"] = shape
    if kind == "Functional":
        # One output in a list would be handed on as a list.
        for key in ("input_layers", "output_layers"):
            ends = config.get(key)
            if isinstance(ends, list) and len(ends) == 1 and isinstance(ends[0], list):
                config[key] = ends[0]
    for key, value in config.items():
        # The first Keras inside TensorFlow gave initialisers a type of their own.
        inner = (
            value.get("config") if key.endswith("_initializer") and isinstance(value, dict) else 0
        )
        if isinstance(inner, dict):
            config[key] = value | {"config": {k: v for k, v in inner.items() if k != "dtype"}}
    activation = config.get("activation")
    if isinstance(activation, dict) and "module" not in activation:
        # A layer that serves as an activation (LeakyReLU).
        config["activation"] = activation | {"module": "keras.layers", "registered_name": None}
    return config


def _with_entry(layers: Any) -> Any:
    """The layers of a Sequential with the input that Keras 2 left to the first of them."""
    first = layers[0] if isinstance(layers, list) and layers else None
    inner = first.get("config") if isinstance(first, dict) else None
    if not isinstance(inner, dict) or layers[0].get("class_name") == "InputLayer":
        return layers
    shape = inner.get("batch_input_shape")
    if shape is None:
        return layers
    entry = {"batch_input_shape": shape, "dtype": "float32", "name": f"{inner.get('name')}_entry"}
    return [{"class_name": "InputLayer", "config": entry}, *layers]


def _arithmetic(layer: dict[str, Any]) -> dict[str, Any]:
    """A Keras 2 layer that computes with a number, as Rescaling; others stay what they are."""
    function = str(layer["config"].get("function", ""))
    nodes = layer.get("inbound_nodes") or []
    offset: Any
    try:
        source = nodes[0] if isinstance(nodes[0][0], str) else nodes[0][0]
        more = source[3]
        if layer["class_name"] == "SlicingOpLambda":
            gain, offset = _turned(more)
        elif function in _ARITHMETIC:
            number = more["y"]
            if isinstance(number, bool) or not isinstance(number, int | float):
                return layer
            gain, offset = _ARITHMETIC[function](float(number))
        elif function == "nn.bias_add":
            gain, offset = 1.0, [float(value) for value in more["bias"]]
        else:
            return layer
    except (LookupError, TypeError, ValueError, ZeroDivisionError):
        return layer
    name = layer.get("name") or layer["config"].get("name")
    return {
        "class_name": "Rescaling",
        "config": {"name": name, "dtype": "float32", "scale": gain, "offset": offset},
        "name": name,
        "inbound_nodes": [[[*source[:3], {}]]],
    }


def _turned(more: dict[str, Any]) -> tuple[float, float]:
    """Channels taken in reverse order: of a grey film all are alike, so nothing changes."""
    last = more["slice_spec"][-1]
    if (last["start"], last["stop"], last["step"]) != (None, None, -1):
        raise ValueError("another slice")
    return 1.0, 0.0


def _obstacle(name: str, error: Exception, version: str) -> str:
    """What a file that does not load is, who wrote it, what stands in the way, what to do."""
    import keras

    said = str(error)
    # Keras wraps errors in errors; the last one is the cause.
    cause = said.rsplit("Exception encountered:", 1)[-1]
    writer = f"written by Keras {version}" if version else "which does not say by what Keras"
    keyword = re.search(r"passed to (\w+): \{'(\w+)'|(\w+)\.__init__\(\).*argument '(\w+)'", cause)
    unknown = re.search(r"(?:[Uu]nknown layer: '?|locate (?:class|function) ')([\w>.]+)", cause)
    names = re.findall(r"config=\{'name': '([^']+)'", said)
    if "safe_mode" in cause and "Lambda" in cause:
        obstacle = "it holds code in a Lambda layer, which is not run"
        advice = "put a layer of Keras in its place (Rescaling for x / 255) and save it again"
    elif keyword:
        one, two, three, four = keyword.groups()
        called = f" '{names[-1]}'" if names else ""
        obstacle = f"its layer{called} ({one or three}) has '{two or four}', which is unknown here"
        advice = "load it where it was trained and save it with Keras 3 as .keras, or export ONNX"
    elif unknown:
        obstacle = f"it has a layer that Keras does not know ({unknown[1]})"
        advice = "export it to ONNX or as a SavedModel (model.export), which need no class"
    else:
        reason = cause.strip().split("\n")[0].split(". ")[0][:160] or type(error).__name__
        obstacle = reason
        advice = "save it with Keras 3 as .keras, without Lambda layers, or export ONNX"
    if _newer(version):
        writer += f", newer than this one ({keras.__version__})"
        advice = "update Keras (pip install -U keras), or export it to ONNX"
    return f"{name}, {writer}, does not load as a Keras model in safe mode: {obstacle}; {advice}."


def _newer(version: str) -> bool:
    """Whether a file was written by a later Keras than the one here, patches aside."""
    import keras

    try:
        return Version(version).release[:2] > Version(keras.__version__).release[:2]
    except InvalidVersion:
        return False
