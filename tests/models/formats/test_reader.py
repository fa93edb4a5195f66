"""Model files of every format: told by their content, read safely, refused in a sentence."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers import networks as tiny
from xray.errors import ModelError
from xray.models import registry
from xray.models.formats import reader

keras = pytest.importorskip("keras")
layers = keras.layers


def _answers(path: Path, **options: Any) -> np.ndarray:
    return registry.load(str(path), **options).probability(tiny.films())


@pytest.mark.parametrize(
    ("saved", "named"),
    [
        ("a.keras", "a.h5"),
        ("a.h5", "a.keras"),
        ("a.h5", "A.H5"),
        ("a.keras", "model"),
        ("a.h5", "model.hdf5"),
        ("a.keras", "model.onnx"),
    ],
)
def test_content_decides_and_not_the_name(tmp_path: Path, saved: str, named: str) -> None:
    net = tiny.network()
    net.save(tmp_path / saved)
    path = tmp_path / "other" / named
    path.parent.mkdir()
    path.write_bytes((tmp_path / saved).read_bytes())
    np.testing.assert_allclose(_answers(path), tiny.said(net, tiny.films())[:, 0], atol=1e-6)


def _weights_only(path: Path) -> None:
    tiny.network().save_weights(path.with_name("a.weights.h5"))
    path.with_name("a.weights.h5").rename(path)


def _pickled(path: Path) -> None:
    path.write_bytes(pickle.dumps({"state_dict": 1}))


def _torch_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", b"")


@pytest.mark.parametrize(
    ("name", "make", "says"),
    [
        (
            "a.keras",
            lambda path: path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n"),
            "git lfs pull",
        ),
        ("a.pth", lambda path: path.write_bytes(b"PK\x03\x04xxxx"), "is a PyTorch file"),
        ("a.bin", _torch_zip, "is a PyTorch file"),
        ("a.pt", _pickled, "is a PyTorch file"),
        ("a.pkl", _pickled, "is a Python pickle"),
        ("a.h5", _weights_only, "holds weights without the network"),
        ("a.h5", lambda path: path.write_bytes(b""), "is empty"),
        ("a.h5", lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n123"), "damaged or incomplete"),
        ("a.keras", lambda path: path.write_bytes(b"PK\x03\x04broken"), "damaged or incomplete"),
        ("a.h5", lambda path: path.write_bytes(b"<!DOCTYPE html><html>"), "is text"),
        ("a.onnx", lambda path: path.write_bytes(b"GIF89a......."), "no model file known"),
        ("a.onnx", lambda path: path.write_bytes(b"\x08\x09\x12\xff\xff\xff"), "damaged ONNX"),
        ("a.tflite", lambda path: path.write_bytes(b"\x1c\0\0\0TFL3" + b"\0" * 40), "TensorFlow"),
        ("folder", lambda path: path.mkdir(), "no SavedModel"),
    ],
)
def test_what_is_no_model_is_told_in_a_sentence(
    tmp_path: Path, name: str, make: Any, says: str
) -> None:
    path = tmp_path / name
    make(path)
    with pytest.raises(ModelError, match=says) as caught:
        reader.read(path, name)
    assert str(caught.value).count("\n") == 0
