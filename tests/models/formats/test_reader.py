"""Model files of every format: told by their content, read safely, refused in a sentence."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import h5py
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


def _edit_config(path: Path, change: Any, version: str = "2.4.0") -> None:
    """Change the configuration of an HDF5 file, and who is said to have written it."""
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        change(config)
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = version


def _layers_of(config: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each for each in config["config"]["layers"] if each["class_name"] == kind]


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


def test_saved_model_onnx_and_lite_answer_as_keras(tmp_path: Path) -> None:
    import tensorflow as tf

    pytest.importorskip("onnxruntime")
    net = tiny.network()
    expected = tiny.said(net, tiny.films())[:, 0]
    net.export(tmp_path / "folder", verbose=False)
    lite = tf.lite.TFLiteConverter.from_keras_model(net).convert()
    (tmp_path / "lite.bin").write_bytes(lite)
    tiny.onnx_of(net, tmp_path / "network")
    for path in (tmp_path / "folder", tmp_path / "lite.bin", tmp_path / "network"):
        model = registry.load(str(path))
        assert model.card.output == "sigmoid"
        assert model.card.size == (tiny.SIDE, tiny.SIDE)
        np.testing.assert_allclose(model.probability(tiny.films()), expected, atol=1e-5)


@pytest.mark.parametrize(("end", "output"), [("Softmax", "softmax"), ("Identity", "logit")])
def test_onnx_reads_its_end_and_what_it_scales_inside(
    tmp_path: Path, end: str, output: str
) -> None:
    pytest.importorskip("onnxruntime")
    net = tiny.network(2, "softmax", channels=3)
    path = tiny.onnx_of(net, tmp_path / "two.onnx", end, divide=255)
    model = registry.load(str(path))
    card = model.card
    assert (card.output, card.scale, card.inside, card.channels) == (output, "byte", "Div", 3)
    expected = tiny.said(net, tiny.films())[:, 1]
    np.testing.assert_allclose(model.probability(tiny.films()), expected, atol=1e-5)


def test_quantised_lite_takes_whole_numbers_as_they_were_meant(tmp_path: Path) -> None:
    import tensorflow as tf

    net = tiny.network(before=layers.Rescaling(1 / 255))
    converter = tf.lite.TFLiteConverter.from_keras_model(net)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        [film[None, ..., None] * np.float32(255)] for film in tiny.films(40)
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.uint8
    (tmp_path / "whole.tflite").write_bytes(converter.convert())
    model = registry.load(str(tmp_path / "whole.tflite"))
    assert model.card.scale == "byte"
    expected = tiny.said(net, tiny.films() * 255)[:, 0]
    np.testing.assert_allclose(model.probability(tiny.films()), expected, atol=0.02)


def test_keras_2_words_are_put_into_those_of_today(tmp_path: Path) -> None:
    path = tmp_path / "old.h5"
    entry = keras.Input((tiny.SIDE, tiny.SIDE, 3))
    x = layers.BatchNormalization()(layers.DepthwiseConv2D(3)(entry))
    x = layers.Conv2D(3, 3, activation="relu")(x)
    net = keras.Model(entry, layers.Dense(1, activation="sigmoid")(layers.Flatten()(x)))
    net.save(path)

    def age(config: dict[str, Any]) -> None:
        config["class_name"] = "Model"
        _layers_of(config, "DepthwiseConv2D")[0]["config"]["groups"] = 1
        _layers_of(config, "BatchNormalization")[0]["config"] |= {"axis": [3], "renorm": False}
        _layers_of(config, "Conv2D")[0]["config"]["activation"] = {
            "class_name": "LeakyReLU",
            "config": {"name": "leaky", "alpha": 0.0, "trainable": True, "dtype": "float32"},
        }
        _layers_of(config, "Dense")[0]["config"]["kernel_initializer"] = {
            "class_name": "GlorotUniform",
            "config": {"seed": None, "dtype": "float32"},
        }
        first = _layers_of(config, "InputLayer")[0]["config"]
        first["batch_input_shape"] = first.pop("batch_shape")

    _edit_config(path, age)
    np.testing.assert_allclose(_answers(path), tiny.said(net, tiny.films())[:, 0], atol=1e-6)


def test_keras_2_sequential_without_an_input_layer(tmp_path: Path) -> None:
    path = tmp_path / "sequential.h5"
    net = keras.Sequential(
        [
            keras.Input((tiny.SIDE, tiny.SIDE, 1)),
            layers.Conv2D(2, 3, name="one"),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    net.save(path)

    def age(config: dict[str, Any]) -> None:
        entry, first, *_ = config["config"]["layers"]
        first["config"]["batch_input_shape"] = entry["config"]["batch_shape"]
        del config["config"]["layers"][0], config["config"]["build_input_shape"]

    _edit_config(path, age, "2.2.4")
    np.testing.assert_allclose(_answers(path), tiny.said(net, tiny.films())[:, 0], atol=1e-6)


def test_keras_2_arithmetic_becomes_rescaling() -> None:
    from xray.models.formats.keras_files import repaired

    divide = {
        "class_name": "TFOpLambda",
        "config": {"name": "div", "function": "math.truediv"},
        "name": "div",
        "inbound_nodes": [["input_1", 0, 0, {"y": 127.5, "name": None}]],
    }
    made = repaired(divide)
    assert made["class_name"] == "Rescaling"
    assert made["config"]["scale"] == pytest.approx(1 / 127.5)
    assert made["inbound_nodes"] == [[["input_1", 0, 0, {}]]]
    unknown = divide | {"config": {"name": "div", "function": "io.read_file"}}
    assert repaired(unknown)["class_name"] == "TFOpLambda"


def test_a_file_of_a_newer_keras_says_so_and_what_stands_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "new.keras"
    tiny.network().save(tmp_path / "now.keras")
    with zipfile.ZipFile(tmp_path / "now.keras") as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "config.json":
                config = json.loads(data)
                _layers_of(config, "Dense")[0]["config"]["future_option"] = None
                data = json.dumps(config).encode()
            if name == "metadata.json":
                data = json.dumps({"keras_version": "3.99.0"}).encode()
            new.writestr(name, data)
    with pytest.raises(ModelError) as caught:
        registry.load(str(path))
    said = str(caught.value)
    assert "written by Keras 3.99.0, newer than this one" in said
    assert "'end' (Dense) has 'future_option'" in said
    assert said.count("\n") == 0


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


def test_a_lambda_layer_is_named_and_not_run(tmp_path: Path) -> None:
    for suffix in (".keras", ".h5"):
        path = tmp_path / f"code{suffix}"
        tiny.network(before=layers.Lambda(lambda x: x / 255)).save(path)
        with pytest.raises(ModelError, match="code in a Lambda layer"):
            reader.read(path, "code")


def test_an_archive_that_reaches_outside_or_is_huge_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "outside.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("config.json", "model.weights.h5", "../../elsewhere"):
            archive.writestr(name, "{}")
    with pytest.raises(ModelError, match="reach outside"):
        reader.read(path, "outside")


def test_hdf5_that_takes_weights_from_other_files_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "linked.h5"
    tiny.network().save(path)
    with h5py.File(path, "r+") as file:
        file["model_weights/elsewhere"] = h5py.ExternalLink("/etc/hostname", "/x")
    with pytest.raises(ModelError, match="other files"):
        reader.read(path, "linked")


def test_a_saved_model_that_reads_files_is_refused_before_it_runs(tmp_path: Path) -> None:
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((None, 8, 8, 1))])
    def hostile(film: Any) -> Any:
        text = tf.io.read_file(str(tmp_path / "secret"))
        return tf.reduce_sum(film, (1, 2)) * tf.cast(tf.strings.length(text), tf.float32)

    module = tf.Module()
    module.run = hostile
    tf.saved_model.save(module, str(tmp_path / "evil"), signatures=hostile.get_concrete_function())
    with pytest.raises(ModelError, match="ReadFile"):
        reader.read(tmp_path / "evil", "evil")
