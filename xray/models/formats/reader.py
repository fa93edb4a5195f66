"""Model files told apart by their content, whatever they are called, and read by what fits.

A stranger's file is hostile until shown otherwise: sizes are capped before anything is read,
nothing is unpickled, Keras runs in safe mode, and a SavedModel's graph is read before it is run.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from xray.errors import ModelError
from xray.models.formats.keras_files import MAX_BYTES, text, weights_only

#: What is read -> words for people.
FORMATS = {
    "keras": "Keras 3 (.keras)",
    "hdf5": "Keras (HDF5)",
    "saved_model": "TensorFlow SavedModel",
    "onnx": "ONNX",
    "tflite": "TensorFlow Lite",
}
_HDF5 = b"\x89HDF\r\n\x1a\n"
_TORCH = (
    "is a PyTorch file: weights in Python's pickle format, which may hold any program and is not "
    "opened; export the network to ONNX where it was trained (six lines: docs/your-model.md)"
)

_POINTER = (
    "is a Git LFS pointer, a note of where the model lies and not the model itself; fetch it with "
    "'git lfs pull' in its repository"
)
_WORDS = (
    "is text (a configuration, or a page that was saved in place of the model), not a model with "
    "its weights; download or save the model itself"
)
_UNKNOWN = (
    "is no model file known here; give a .keras, HDF5, ONNX or TensorFlow Lite file, or the "
    "folder of a SavedModel"
)


def kind(path: Path, name: str = "") -> str:
    """Format of a model file or folder, one of ``FORMATS``, by its content.

    Raises
    ------
    ModelError
        It is none of them: one sentence that says what it is and what to do.
    """
    name = name or path.name
    if path.is_dir():
        if (path / "saved_model.pb").is_file():
            _check_size(
                sum(each.stat().st_size for each in path.rglob("*") if each.is_file()), name
            )
            return "saved_model"
        raise ModelError(
            f"{name} is a folder and no SavedModel (it lacks saved_model.pb); give a model file "
            "or the folder that model.export wrote."
        )
    try:
        size = path.stat().st_size
        with open(path, "rb") as stream:
            head = stream.read(512)
    except FileNotFoundError:
        raise ModelError(f"There is no file {path}; give the path of a model file.") from None
    except OSError as error:
        raise ModelError(f"{name} cannot be opened ({error.strerror}).") from error
    _check_size(size, name)
    found = _told(path, head, name)
    if found in FORMATS:
        return found
    raise ModelError(f"{name} {found}.")


def _check_size(size: int, name: str) -> None:
    if size > MAX_BYTES:
        raise ModelError(f"{name} has {size / 2**30:.1f} GB; models of up to 2 GB are read.")


def _told(path: Path, head: bytes, name: str) -> str:
    """A format, or what a file is that is none, with advice."""
    if head.startswith(b"PK\x03\x04"):
        return _zip(path)
    if head.startswith(_HDF5):
        _check_hdf5(path, name)
        return "hdf5"
    suffix = path.suffix.lower()
    pickled = head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")
    # A protocol buffer whose first field is ONNX's version, followed by another known field.
    onnx = head[:1] == b"\x08" and 2 < head[1] < 32 and head[2] in b"\x12\x1a\x22\x28\x32\x3a\x42"
    told = (
        (not head, "is empty; download or save it again"),
        (head.startswith(b"version https://git-lfs"), _POINTER),
        (head[4:8] == b"TFL3", "tflite"),
        (pickled and suffix in (".pth", ".pt", ".ckpt", ".bin"), _TORCH),
        (pickled, "is a Python pickle, which may hold any program and is not opened; export ONNX"),
        (
            path.name == "saved_model.pb",
            "is one file of a SavedModel; give the folder that it lies in",
        ),
        (onnx, "onnx"),
        (
            head[:1] == b"\n" and suffix == ".pb",
            "is a frozen graph of TensorFlow 1; convert it to ONNX (tf2onnx) or a SavedModel",
        ),
        (head.lstrip()[:1] in (b"{", b"<"), _WORDS),
        (True, _UNKNOWN),
    )
    return next(what for holds, what in told if holds)


def _zip(path: Path) -> str:
    """What a zip archive is."""
    torch = path.suffix.lower() in (".pth", ".pt")
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        damaged = "is a damaged or incomplete archive; download or save it again"
        return _TORCH if torch else damaged
    ends = {member.rsplit("/", 1)[-1] for member in names}
    whole = any(member.endswith(".weights.h5") for member in names)
    told = (
        ("config.json" in names and whole, "keras"),
        ("config.json" in names, "is a .keras file without its weights; save it again"),
        ("data.pkl" in ends or torch, _TORCH),
        ("saved_model.pb" in ends, "is a zipped SavedModel; unpack it and give the folder"),
        (True, "is an archive and no model; unpack it and give the model inside"),
    )
    return next(what for holds, what in told if holds)


def _check_hdf5(path: Path, name: str) -> None:
    """Refuse an HDF5 file that holds no network.

    Raises
    ------
    ModelError
        It is damaged, or holds weights alone (with who wrote them).
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            config = "model_config" in file.attrs
            version = text(file.attrs.get("keras_version", ""))
            weights = bool(
                {"layers", "layer_names", "vars", "_layer_checkpoint_dependencies"}
                & ({*file} | {*file.attrs})
            )
    except OSError as error:
        raise ModelError(
            f"{name} is a damaged or incomplete HDF5 file; download or save it again."
        ) from error
    if not config and weights:
        raise ModelError(weights_only(name, version))
    if not config:
        raise ModelError(f"{name} is an HDF5 file that holds no network; give the model itself.")


def read(path: Path, name: str) -> Any:
    """Read a model of any format.

    Parameters
    ----------
    path : file, or folder of a SavedModel
    name : the model's, for messages

    Returns
    -------
    A built Keras model, or a ``runtimes.Runtime``.

    Raises
    ------
    ModelError
        See ``kind`` and the readers.
    """
    found = kind(path, name)
    if found in ("keras", "hdf5"):
        from xray.models.formats import keras_files

        return keras_files.read(path, name, found == "hdf5")
    from xray.models.formats import runtimes

    return runtimes.READERS[found](path, name)
