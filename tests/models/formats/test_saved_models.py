"""SavedModels: what their graphs say of them, and what is refused before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xray.errors import ModelError
from xray.models.formats import reader, saved_models


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


def node(name: str, op: str, *inputs: str, calls: str = "", value: float | None = None) -> Any:
    """An operation of a graph, with the function that it calls or the number that it holds."""
    from tensorflow import make_tensor_proto
    from tensorflow.core.framework.node_def_pb2 import NodeDef

    made = NodeDef(name=name, op=op, input=inputs)
    if calls:
        made.attr["f"].func.name = calls
    if value is not None:
        made.attr["value"].tensor.CopyFrom(make_tensor_proto(np.float32(value)))
    return made


def function(name: str, nodes: list[Any], given: str, ends: dict[str, str]) -> Any:
    """A function of one argument."""
    from tensorflow.core.framework.function_pb2 import FunctionDef

    made = FunctionDef()
    made.signature.name = name
    made.signature.input_arg.add().name = given
    for result, end in ends.items():
        made.signature.output_arg.add().name = result
        made.ret[result] = end
    made.node_def.extend(nodes)
    return made


def network(*more: Any) -> Any:
    """``sigmoid(film / 255 * weight)`` in a function, as Keras exports a network."""
    return function(
        "serve",
        [
            node("scale", "Const", value=255),
            node("divide", "RealDiv", "film", "scale:output:0"),
            node("weight", "Const", value=2),
            node("product", "MatMul", "divide:z:0", "weight:output:0"),
            node("answer", "Sigmoid", "product:product:0"),
            *more,
        ],
        "film",
        {"sick": "answer:y:0"},
    )


class Made:
    """A SavedModel that can still be changed, and its folder."""

    def __init__(self, folder: Path, *functions: Any) -> None:
        from tensorflow.core.protobuf import saved_model_pb2

        self.folder = folder
        self.whole = saved_model_pb2.SavedModel()
        self.meta = self.whole.meta_graphs.add()
        self.meta.object_graph_def.nodes.add().user_object.identifier = "root"
        graph = self.meta.graph_def
        graph.MergeFrom(type(graph)(library={"function": functions}))
        graph.node.extend(
            [
                node("entry", "Placeholder"),
                node("call", "StatefulPartitionedCall", "entry", calls="serve"),
            ]
        )
        self.sign("serving_default")

    def sign(self, name: str, end: str = "call:0") -> Any:
        signature = self.meta.signature_def[name]
        signature.inputs["film"].name = "entry:0"
        signature.outputs["sick"].name = end
        return signature

    def checked(self) -> saved_models.Checked:
        (self.folder / "saved_model.pb").write_bytes(self.whole.SerializeToString())
        return saved_models.checked(self.folder, "net")


def test_a_graph_says_what_it_takes_and_how_it_ends(tmp_path: Path) -> None:
    found = Made(tmp_path, network()).checked()
    assert (found.signature, found.entry) == ("serving_default", "film")
    assert found.activations == {"sick": "sigmoid"}
    assert found.inside == pytest.approx((1 / 255, 0))
    assert found.seen == "RealDiv"


def test_calls_within_calls_are_written_out(tmp_path: Path) -> None:
    again = node("again", "PartitionedCall", "x", calls="inner")
    outer = function("serve", [again], "x", {"sick": "again:output:0"})
    inner = network()
    inner.signature.name = "inner"
    found = Made(tmp_path, outer, inner).checked()
    assert found.activations == {"sick": "sigmoid"}
    assert found.inside == pytest.approx((1 / 255, 0))


@pytest.mark.parametrize(
    ("names", "signature"),
    [
        (["other", "serve", "serving_default"], "serving_default"),
        (["other", "serve"], "serve"),
        (["other", "__saved_model_init_op"], "other"),
    ],
)
def test_which_signature_is_run(tmp_path: Path, names: list[str], signature: str) -> None:
    made = Made(tmp_path, network())
    del made.meta.signature_def["serving_default"]
    for name in names:
        made.sign(name)
    assert made.checked().signature == signature


@pytest.mark.parametrize("names", [[], ["one", "other"], ["__saved_model_init_op"]])
def test_without_a_signature_nothing_is_run(tmp_path: Path, names: list[str]) -> None:
    made = Made(tmp_path, network())
    del made.meta.signature_def["serving_default"]
    for name in names:
        made.sign(name)
    with pytest.raises(ModelError, match="net has no signature to run"):
        made.checked()


@pytest.mark.parametrize("op", ["ReadFile", "WriteFile", "PyFunc", "EagerPyFunc", "Send"])
def test_what_reaches_outside_is_refused_wherever_it_is(tmp_path: Path, op: str) -> None:
    """In the function, in one that it calls, in the graph itself, or as loading's own step."""
    hidden = function("hidden", [node("bad", op, "x")], "x", {"y": "bad:y:0"})
    calling = network(node("call", "PartitionedCall", "film", calls="hidden"))
    places = [Made(tmp_path, network(node("bad", op))), Made(tmp_path, calling, hidden)]
    in_graph = Made(tmp_path, network())
    in_graph.meta.graph_def.node.append(node("bad", op))
    in_graph.meta.graph_def.node[1].input.append("^bad")
    loading = Made(tmp_path, network())
    loading.meta.graph_def.node.append(node("bad", op))
    loading.sign("__saved_model_init_op", "bad")
    for made in (*places, in_graph, loading):
        with pytest.raises(ModelError, match=rf"operations that are not run here \({op}\)"):
            made.checked()


def test_another_signature_counts_too(tmp_path: Path) -> None:
    made = Made(tmp_path, network())
    made.meta.graph_def.node.append(node("bad", "ReadFile"))
    made.sign("train", "bad:0")
    with pytest.raises(ModelError, match="ReadFile"):
        made.checked()


def test_what_nothing_reaches_does_not_count(tmp_path: Path) -> None:
    """The saver's own steps lie in every graph."""
    made = Made(tmp_path, network())
    made.meta.graph_def.node.append(node("save", "SaveV2"))
    assert made.checked().signature == "serving_default"


def test_other_wrecks_are_told(tmp_path: Path) -> None:
    lacking = Made(tmp_path, network(node("call", "PartitionedCall", "film", calls="gone")))
    with pytest.raises(ModelError, match="net calls a function that it lacks"):
        lacking.checked()
    two = Made(tmp_path, network())
    two.meta.signature_def["serving_default"].inputs["more"].name = "entry:0"
    with pytest.raises(ModelError, match="net takes 2 inputs"):
        two.checked()
    old = Made(tmp_path, network())
    old.meta.ClearField("object_graph_def")
    with pytest.raises(ModelError, match="net was written by TensorFlow 1"):
        old.checked()
    for kind in ("asset", "resource"):
        bringing = Made(tmp_path, network())
        getattr(bringing.meta.object_graph_def.nodes.add(), kind).SetInParent()
        with pytest.raises(ModelError, match="net brings files or tables"):
            bringing.checked()
    empty = Made(tmp_path)
    empty.whole.ClearField("meta_graphs")
    with pytest.raises(ModelError, match="net is a damaged SavedModel"):
        empty.checked()


def test_a_graph_that_is_damaged_or_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\xff\xff\xff")
    with pytest.raises(ModelError, match="net is a damaged SavedModel"):
        saved_models.checked(tmp_path, "net")
    monkeypatch.setattr(saved_models, "MAX_GRAPH", 2)
    with pytest.raises(ModelError, match="graph of net is too large"):
        saved_models.checked(tmp_path, "net")
