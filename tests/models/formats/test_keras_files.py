"""Keras files: read in safe mode, mended where Keras 2 wrote them, refused in a sentence."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.helpers import networks as tiny
from xray.errors import ModelError
from xray.models import registry
from xray.models.formats import keras_files, reader

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
    divide = {
        "class_name": "TFOpLambda",
        "config": {"name": "div", "function": "math.truediv"},
        "name": "div",
        "inbound_nodes": [["input_1", 0, 0, {"y": 127.5, "name": None}]],
    }
    made = keras_files.repaired(divide)
    assert made["class_name"] == "Rescaling"
    assert made["config"]["scale"] == pytest.approx(1 / 127.5)
    assert made["inbound_nodes"] == [[["input_1", 0, 0, {}]]]
    unknown = divide | {"config": {"name": "div", "function": "io.read_file"}}
    assert keras_files.repaired(unknown)["class_name"] == "TFOpLambda"


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


def layer(kind: str, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": "x"} | config}


@pytest.mark.parametrize(
    "config",
    [
        None,
        [1, "two"],
        layer("Dense", units=1, activation="relu"),
        layer("DepthwiseConv2D", groups=2),
        layer("BatchNormalization", axis=-1, renorm=True),
        layer("InputLayer", batch_shape=[None, 8, 8, 1]),
    ],
)
def test_what_is_in_today_s_words_stays(config: Any) -> None:
    assert keras_files.repaired(config) == config


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (layer("Model"), layer("Functional")),
        (layer("DepthwiseConv2D", groups=1), layer("DepthwiseConv2D")),
        (layer("BatchNormalization", axis=[3], fused=None), layer("BatchNormalization", axis=3)),
        (
            layer("InputLayer", batch_input_shape=[None, 8]),
            layer("InputLayer", batch_shape=[None, 8]),
        ),
        (layer("Dense", batch_input_shape=[None, 8]), layer("Dense")),
        (layer("Dense", dtype=layer("Policy", name="float32")), layer("Dense", dtype="float32")),
        (
            layer("Functional", output_layers=[["end", 0, 0]]),
            layer("Functional", output_layers=["end", 0, 0]),
        ),
        (
            layer("Dense") | {"module": "tensorflow.keras.layers"},
            layer("Dense") | {"module": "keras.layers", "registered_name": None},
        ),
        (
            layer("Model") | {"module": "keras.src.engine.functional"},
            layer("Functional") | {"module": "keras", "registered_name": None},
        ),
    ],
)
def test_old_words_are_put_into_today_s(old: dict[str, Any], new: dict[str, Any]) -> None:
    before = json.dumps(old)
    assert keras_files.repaired(old) == new
    assert json.dumps(old) == before, "what was given stays"
    assert keras_files.repaired(new) == new
    assert keras_files.repaired({"layers": [old]}) == {"layers": [new]}


@pytest.mark.parametrize(
    ("function", "more", "scale", "offset"),
    [
        ("math.truediv", {"y": 4}, 0.25, 0),
        ("math.multiply", {"y": 4}, 4, 0),
        ("math.subtract", {"y": 4}, 1, -4),
        ("__operators__.add", {"y": 4}, 1, 4),
        ("nn.bias_add", {"bias": [-103.9, -116.8, -123.7]}, 1, [-103.9, -116.8, -123.7]),
    ],
)
def test_arithmetic_of_keras_2(
    function: str, more: dict[str, Any], scale: float, offset: Any
) -> None:
    old = layer("TFOpLambda", function=function) | {"inbound_nodes": [["before", 0, 0, more]]}
    made = keras_files.repaired(old)
    assert (made["class_name"], made["inbound_nodes"]) == ("Rescaling", [[["before", 0, 0, {}]]])
    assert (made["config"]["scale"], made["config"]["offset"]) == (scale, offset)
    assert made["name"] == made["config"]["name"] == "x"


@pytest.mark.parametrize(
    "more", [{"y": 0}, {"y": True}, {"y": ["other", 0, 0]}, {}, {"slice_spec": []}]
)
def test_arithmetic_with_something_else_stays_what_it_is(more: dict[str, Any]) -> None:
    for kind in ("TFOpLambda", "SlicingOpLambda"):
        old = layer(kind, function="math.truediv") | {"inbound_nodes": [["before", 0, 0, more]]}
        assert keras_files.repaired(old) == old


def test_channels_in_reverse_order_change_nothing_of_a_grey_film() -> None:
    turn = {"start": None, "stop": None, "step": -1}
    all_ = turn | {"step": None}

    def made(last: dict[str, Any]) -> dict[str, Any]:
        nodes = [[["before", 0, 0, {"slice_spec": [all_, all_, all_, last]}]]]
        return dict(keras_files.repaired(layer("SlicingOpLambda") | {"inbound_nodes": nodes}))

    assert (made(turn)["class_name"], made(turn)["config"]["scale"]) == ("Rescaling", 1)
    assert made(turn | {"stop": 1})["class_name"] == "SlicingOpLambda"


def archive(path: Path, *names: str, data: bytes = b"{}") -> zipfile.ZipFile:
    with zipfile.ZipFile(path, "w") as made:
        for name in names:
            made.writestr(name, data)
    return zipfile.ZipFile(path)


@pytest.mark.parametrize("name", ["/etc/passwd", "a/../../b", "..\\b", "C:\\b", "c:b"])
def test_names_that_reach_outside_are_refused(tmp_path: Path, name: str) -> None:
    with (
        archive(tmp_path / "a.zip", "config.json", name) as made,
        pytest.raises(ModelError, match="net holds files that reach outside it"),
    ):
        keras_files.check_archive(made, "net")


def test_archives_of_too_much_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with archive(tmp_path / "a.zip", "config.json", "a..b/weights.h5", data=bytes(600)) as made:
        keras_files.check_archive(made, "net")
        monkeypatch.setattr(keras_files, "MAX_BYTES", 1_199)
        with pytest.raises(ModelError, match="more than a model of 2 GB"):
            keras_files.check_archive(made, "net")
        monkeypatch.undo()
        monkeypatch.setattr(keras_files, "MAX_MEMBERS", 1)
        with pytest.raises(ModelError, match="more than a model of 2 GB"):
            keras_files.check_archive(made, "net")


def test_attributes_are_text_however_they_were_written() -> None:
    assert keras_files.text(b"2.4.0") == keras_files.text("2.4.0") == "2.4.0"
    assert keras_files.text(b"\xff") == "\ufffd"


def test_weights_alone_say_who_wrote_them() -> None:
    assert "belong to, written by Keras 2.4.0; load them" in keras_files.weights_only("a", "2.4.0")
    assert "belong to; load them" in keras_files.weights_only("a")
