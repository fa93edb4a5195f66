"""Tiny networks as people save them, whose answers are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

SIDE = 16


def films(n: int = 6, side: int = SIDE, seed: int = 0) -> np.ndarray:
    """Films (n, side, side) float32 of 256 grey values, as files hold them."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, side, side)).astype(np.float32) / np.float32(255)


def network(
    units: int = 1, activation: str | None = "sigmoid", channels: int = 1, before: Any = None
) -> Any:
    """A Keras network of one convolution; ``before`` is a layer between input and convolution."""
    import keras

    keras.utils.set_random_seed(5)
    entry = keras.Input((SIDE, SIDE, channels))
    x = before(entry) if before is not None else entry
    x = keras.layers.Conv2D(4, 3, activation="relu", name="look")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(entry, keras.layers.Dense(units, activation=activation, name="end")(x))


def said(net: Any, given: np.ndarray) -> np.ndarray:
    """What Keras itself says of scaled films (n, h, w): (n, units) float64."""
    channels = net.input_shape[-1]
    x = np.repeat(given[..., None], channels, axis=-1)
    return np.asarray(net.predict(x, verbose=0), np.float64)


def onnx_of(net: Any, path: Path, end: str = "Sigmoid", divide: float = 0.0, **about: str) -> Path:
    """The network as ONNX, channels first, as PyTorch exports it.

    Parameters
    ----------
    divide : scales inside
    about : the file's metadata
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    kernel, shift = net.get_layer("look").get_weights()
    weights, bias = net.get_layer("end").get_weights()
    units, channels = weights.shape[1], kernel.shape[2]
    made = [
        numpy_helper.from_array(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)), "kernel"),
        *(
            numpy_helper.from_array(each, name)
            for each, name in ((shift, "shift"), (weights, "weights"), (bias, "bias"))
        ),
    ]
    nodes, first = [], "film"
    if divide:
        made.append(numpy_helper.from_array(np.float32(divide), "divisor"))
        nodes, first = [helper.make_node("Div", ["film", "divisor"], ["scaled"])], "scaled"
    nodes += [
        helper.make_node("Conv", [first, "kernel", "shift"], ["seen"]),
        helper.make_node("Relu", ["seen"], ["lit"]),
        helper.make_node("GlobalAveragePool", ["lit"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weights", "bias"], ["logits"]),
        helper.make_node(end, ["logits"], ["answer"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("film", TensorProto.FLOAT, ["n", channels, SIDE, SIDE])],
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, ["n", units])],
        made,
    )
    opset = [helper.make_opsetid("", 17)]
    made_ = helper.make_model(graph, opset_imports=opset, ir_version=9)
    helper.set_model_props(made_, about)
    onnx.save(made_, path)
    return path
