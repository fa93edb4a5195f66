"""Networks that Keras does not read answer as they should, and say what they take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers import networks as tiny
from xray.errors import ModelError
from xray.models import registry
from xray.models.formats import reader, runtimes
from xray.models.formats.runtimes import Runtime
from xray.models.inputs import Input
from xray.models.outputs import Output

keras = pytest.importorskip("keras")
layers = keras.layers


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


class Mean(Runtime):
    """Answers with the mean of what it is given, and keeps it."""

    def __init__(self, **entry: Any) -> None:
        super().__init__(Input((2, 3), 1, **entry), (Output("mean", 1, ""),), 7)

    def _call(self, x: np.ndarray, output: int) -> np.ndarray:
        self.given = x
        return x.mean(axis=(1, 2, 3), dtype=np.float32)[:, None]


def test_channels_and_whole_numbers_as_a_network_takes_them() -> None:
    x = np.linspace(-10, 300, 12, dtype=np.float32).reshape(2, 2, 3, 1)
    plain, first, whole = Mean(), Mean(first=True), Mean(integer=True)
    np.testing.assert_allclose(plain.run(x, 0)[:, 0], x.mean(axis=(1, 2, 3)))
    assert plain.given.shape == (2, 2, 3, 1) and plain.count_params() == 7
    first.run(x, 0)
    np.testing.assert_array_equal(first.given, x.transpose(0, 3, 1, 2))
    assert first.given.flags.c_contiguous
    whole.run(x, 0)
    assert (whole.given.min(), whole.given.max()) == (0, 255)
    np.testing.assert_array_equal(whole.given, np.rint(whole.given))


def mean_of(
    path: Path,
    shape: tuple[Any, ...] = ("n", 1, 4, 4),
    kind: str = "FLOAT",
    entries: int = 1,
    picture: bool = False,
    **about: str,
) -> Path:
    """A network in ONNX whose two answers are a film's mean, and what a sigmoid makes of it."""
    pytest.importorskip("onnxruntime")
    import onnx
    from onnx import TensorProto, helper

    names = [f"film{place}" for place in range(entries)]
    nodes = [
        helper.make_node("Cast", names[:1], ["real"], to=TensorProto.FLOAT),
        helper.make_node("GlobalAveragePool", ["real"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["mean"]),
        helper.make_node("Sigmoid", ["real" if picture else "mean"], ["answer"]),
    ]
    ends = {"mean": (shape[0], 1), "answer": shape if picture else (shape[0], 1)}
    taken = getattr(TensorProto, kind)
    graph = helper.make_graph(
        nodes,
        "mean",
        [helper.make_tensor_value_info(name, taken, shape) for name in names],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, sides)
            for name, sides in ends.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, about)
    onnx.save(model, path)
    return path


def given(n: int, top: float = 1.0) -> np.ndarray:
    return np.linspace(0, top, n * 16, dtype=np.float32).reshape(n, 4, 4, 1)


def test_each_output_of_an_onnx_network(tmp_path: Path) -> None:
    net = runtimes.Onnx(mean_of(tmp_path / "a.onnx"), "net")
    assert net.outputs == (Output("mean", 1, ""), Output("answer", 1, "sigmoid"))
    assert net.input == Input((4, 4), 1, first=True)
    x = given(3)
    means = x.mean(axis=(1, 2, 3))
    np.testing.assert_allclose(net.run(x, 0)[:, 0], means, atol=1e-6)
    np.testing.assert_allclose(net.run(x, 1)[:, 0], 1 / (1 + np.exp(-means)), atol=1e-6)


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_a_batch_that_is_built_in_is_filled_up(tmp_path: Path, batch: int) -> None:
    net = runtimes.Onnx(mean_of(tmp_path / "a.onnx", (batch, 1, 4, 4)), "net")
    x = given(5)
    found = net.run(x, 0)
    assert found.shape == (5, 1)
    np.testing.assert_allclose(found[:, 0], x.mean(axis=(1, 2, 3)), atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "integer"), [("UINT8", True), ("INT64", True), ("FLOAT16", False), ("DOUBLE", False)]
)
def test_films_in_the_kind_of_numbers_that_is_taken(
    tmp_path: Path, kind: str, integer: bool
) -> None:
    net = runtimes.Onnx(mean_of(tmp_path / "a.onnx", kind=kind), "net")
    assert net.input.integer == integer
    x = given(2, 255.0 if integer else 1.0)
    expected = (np.rint(x) if integer else x).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(net.run(x, 0)[:, 0], expected, rtol=1e-3)


@pytest.mark.parametrize(
    ("about", "named"),
    [
        ({"class_names": "['sick']"}, ("sick",)),
        ({"names": "{0: 'sick'}"}, ("sick",)),
        ({"labels": ' {"0": "sick"} '}, ("sick",)),
        ({"classes": " sick "}, ("sick",)),
        ({"classes": "well, sick"}, ()),
        ({"author": "me"}, ()),
    ],
)
def test_names_of_classes_come_with_the_file(
    tmp_path: Path, about: dict[str, str], named: tuple[str, ...]
) -> None:
    net = runtimes.Onnx(mean_of(tmp_path / "a.onnx", **about), "net")
    assert {output.classes for output in net.outputs} == {named}, "as many as there are units"


def test_networks_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    two = mean_of(tmp_path / "two.onnx", entries=2)
    with pytest.raises(ModelError, match="net takes 2 inputs"):
        runtimes.Onnx(two, "net")
    with pytest.raises(ModelError, match="net takes inputs of shape"):
        runtimes.Onnx(mean_of(tmp_path / "a.onnx", ("n", 7, 4, 4)), "net")
    picture = mean_of(tmp_path / "picture.onnx", picture=True)
    with pytest.raises(ModelError, match="net gives outputs of shape"):
        runtimes.Onnx(picture, "net")


def test_weights_that_lie_elsewhere_are_not_read(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load(mean_of(tmp_path / "a.onnx"))
    weights = onnx.numpy_helper.from_array(np.zeros(4, np.float32), "weights")
    onnx.external_data_helper.set_external_data(weights, "/etc/hostname")
    weights.ClearField("raw_data")
    weights.data_location = 1
    model.graph.initializer.append(weights)
    (tmp_path / "b.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="net keeps its weights in another file"):
        runtimes.Onnx(tmp_path / "b.onnx", "net")


def test_what_is_damaged_is_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    (tmp_path / "a").write_bytes(b"\x08\x09\x12\xff\xff\xff")
    with pytest.raises(ModelError, match="net is a damaged ONNX file"):
        runtimes.Onnx(tmp_path / "a", "net")
    with pytest.raises(ModelError, match="net does not load as TensorFlow Lite"):
        runtimes.TfLite(tmp_path / "a", "net")


def test_every_other_format_has_its_reader() -> None:
    assert set(runtimes.READERS) == set(reader.FORMATS) - {"keras", "hdf5"}
