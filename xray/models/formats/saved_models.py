"""SavedModels: the graph is read before any of it is run.

A SavedModel is a program. What its serving signature reaches must consist of operations that
compute numbers from numbers; whatever reads or writes files, calls Python, or reaches a network
is refused before TensorFlow loads the folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xray.errors import ModelError
from xray.models.formats.graphs import Graph, Step

#: Largest graph that is read, in bytes (weights lie beside it).
MAX_GRAPH = 256 * 2**20

#: Operations that compute numbers from numbers, and how TensorFlow holds variables and functions.
ALLOWED = frozenset(
    """
    Abs Add AddN AddV2 All Any ArgMax AvgPool BatchMatMulV2 BatchMatMulV3 BatchToSpaceND BiasAdd
    BroadcastArgs BroadcastTo Cast Ceil ClipByValue Concat ConcatV2 Const Conv2D CropAndResize
    Cumsum DepthToSpace DepthwiseConv2dNative Div DivNoNan Einsum Elu EnsureShape Equal Erf Exp
    ExpandDims Expm1 FakeQuantWithMinMaxVars Fill Floor FloorDiv FloorMod FusedBatchNorm
    FusedBatchNormV2 FusedBatchNormV3 Gather GatherNd GatherV2 Greater GreaterEqual Identity
    IdentityN If LRN LeakyRelu Less LessEqual Log Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr
    MatMul Max MaxPool MaxPoolV2 Maximum Mean Min Minimum MirrorPad Mul Neg NoOp NotEqual OneHot
    Pack Pad PadV2 PartitionedCall Placeholder PlaceholderWithDefault Pow PreventGradient Prod
    Range Rank ReadVariableOp RealDiv Reciprocal Relu Relu6 Reshape ResizeArea ResizeBicubic
    ResizeBilinear ResizeNearestNeighbor ReverseV2 Round Rsqrt Select SelectV2 Selu Shape ShapeN
    Sigmoid Sign Slice Softmax Softplus Softsign SpaceToBatchND SpaceToDepth Split SplitV Sqrt
    Square SquaredDifference Squeeze StatefulPartitionedCall StatelessIf StatelessWhile
    StopGradient StridedSlice Sub Sum Tanh Tile Transpose Unpack VarHandleOp VarIsInitializedOp
    Where While ZerosLike OnesLike TopKV2 Mod TruncateDiv Sin Cos
    """.split()  # noqa: SIM905
)
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")


@dataclass(frozen=True)
class Checked:
    """What was read off a SavedModel whose graph may be run."""

    signature: str
    entry: str
    activations: dict[str, str | None]
    inside: tuple[float, float]
    seen: str


def checked(path: Path, name: str) -> Checked:
    """Read the graph of a SavedModel and refuse what it must not do.

    Parameters
    ----------
    path : its folder
    name : the model's, for messages

    Raises
    ------
    ModelError
        It is damaged, of TensorFlow 1, has no signature for one film, or reaches operations that
        are not allowed.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    file = path / "saved_model.pb"
    if file.stat().st_size > MAX_GRAPH:
        raise ModelError(f"The graph of {name} is too large to be read; export it again.")
    parsed = saved_model_pb2.SavedModel()
    try:
        parsed.ParseFromString(file.read_bytes())
        meta = parsed.meta_graphs[0]
    except Exception as error:  # protobuf's own, or an empty list
        raise ModelError(
            f"{name} is a damaged SavedModel; export it again with model.export(folder)."
        ) from error
    if not meta.object_graph_def.nodes:
        raise ModelError(
            f"{name} was written by TensorFlow 1, whose loading may run anything; convert it to "
            "ONNX with tf2onnx."
        )
    kinds = {node.WhichOneof("kind") for node in meta.object_graph_def.nodes}
    if kinds & {"asset", "resource"}:
        raise ModelError(
            f"{name} brings files or tables that loading would open; export the network alone "
            "with model.export(folder)."
        )
    defined = attrgetter("library.function")(meta.graph_def)
    functions = {each.signature.name: each for each in defined}
    signature = _signature(meta, name)
    definition = meta.signature_def[signature]
    if len(definition.inputs) != 1:
        raise ModelError(
            f"{name} takes {len(definition.inputs)} inputs; models of one film are audited."
        )
    ends = {key: info.name.split(":") for key, info in definition.outputs.items()}
    reached = _reached(meta, functions, name)
    barred = sorted(reached - ALLOWED)
    if barred:
        raise ModelError(
            f"{name} uses operations that are not run here ({', '.join(barred[:4])}); export the "
            "network alone with model.export(folder), or as ONNX."
        )
    entry = next(iter(definition.inputs))
    return Checked(signature, entry, *_read_off(meta, functions, ends, definition, entry))


def _signature(meta: Any, name: str) -> str:
    """The signature to run: serving_default, serve, or the only one."""
    known = [key for key in meta.signature_def if not key.startswith("__")]
    for wanted in ("serving_default", "serve"):
        if wanted in known:
            return wanted
    if len(known) == 1:
        return str(known[0])
    raise ModelError(f"{name} has no signature to run; export it again with model.export(folder).")


def _reached(meta: Any, functions: dict[str, Any], name: str) -> set[str]:
    """Kinds of operations that any signature, or loading itself, can reach.

    What saves and restores variables lies in the graph beside the signatures; TensorFlow calls
    it by itself to restore, with names that it makes, and no signature may call it.
    """
    nodes = {node.name: node for node in meta.graph_def.node}
    waiting = []
    for key, definition in meta.signature_def.items():
        for info in definition.outputs.values():
            waiting.append(info.name.split(":")[0])
        if key == "__saved_model_init_op":
            waiting += [info.name.split(":")[0] for info in definition.outputs.values()]
    seen, kinds, calls = set(), set(), []
    while waiting:
        node = nodes.get(waiting.pop())
        if node is None or node.name in seen:
            continue
        seen.add(node.name)
        kinds.add(node.op)
        calls += _called(node)
        waiting += [each.lstrip("^").split(":")[0] for each in node.input]
    # Functions of the objects that were saved can be called by their names: all but those that
    # save and restore, which are the saver's own.
    done: set[str] = set()
    while calls:
        which = calls.pop()
        if which in done:
            continue
        done.add(which)
        function = functions.get(which)
        if function is None:
            raise ModelError(f"{name} calls a function that it lacks; export it again.")
        for node in function.node_def:
            kinds.add(node.op)
            calls += _called(node)
    return kinds - set(functions)


def _called(node: Any) -> list[str]:
    """Names of the functions that a node calls."""
    found = []
    for key, value in node.attr.items():
        if key.startswith("_"):  # gradients and hints
            continue
        if value.HasField("func"):
            found.append(value.func.name)
        found += [each.name for each in value.list.func]
    return found


def _read_off(
    meta: Any, functions: dict[str, Any], ends: dict[str, list[str]], definition: Any, entry: str
) -> tuple[dict[str, str | None], tuple[float, float], str]:
    """How each output ends, and what is done to the input, in one graph without calls."""
    flat = _Flat(functions)
    flat.add(meta.graph_def.node, "", {})
    graph = Graph(flat.steps, flat.constants)
    activations = {
        key: graph.activation(flat.resolve(_plain(":".join(parts)))) for key, parts in ends.items()
    }
    inside, seen = graph.inside(flat.resolve(definition.inputs[entry].name))
    return activations, inside, seen


class _Flat:
    """A graph with its calls written out; names get the path of calls before them."""

    def __init__(self, functions: dict[str, Any]) -> None:
        self.functions = functions
        self.steps: list[Step] = []
        self.constants: dict[str, NDArray[Any]] = {}
        #: Names that stand for others: results of calls.
        self.alias: dict[str, str] = {}

    def resolve(self, name: str) -> str:
        """What a name stands for."""
        for _ in range(1000):
            if name not in self.alias:
                break
            name = self.alias[name]
        return name

    def add(self, nodes: Any, path: str, given: dict[str, str], depth: int = 0) -> None:
        """Write out nodes; ``given`` are the names that a function's arguments stand for."""
        from tensorflow import make_ndarray

        for node in nodes:
            names = [
                given.get(each.split(":")[0], path + _plain(each))
                for each in node.input
                if not each.startswith("^")
            ]
            out = f"{path}{node.name}:0"
            if node.op == "Const":
                tensor = node.attr["value"].tensor
                small = int(np.prod([each.size for each in tensor.tensor_shape.dim] or [1])) <= 16
                self.constants[out] = make_ndarray(tensor) if small else np.zeros(1)
            elif node.op in _CALLS and depth < 20:
                function = self.functions[node.attr["f"].func.name]
                inner = f"{path}{node.name}/"
                arguments = [each.name for each in function.signature.input_arg]
                self.add(
                    function.node_def, inner, dict(zip(arguments, names, strict=False)), depth + 1
                )
                for place, result in enumerate(function.signature.output_arg):
                    end = function.ret[result.name]
                    bound = dict(zip(arguments, names, strict=False))
                    self.alias[f"{path}{node.name}:{place}"] = bound.get(
                        end.split(":")[0], inner + _plain(end)
                    )
            elif node.op == "ReadVariableOp":
                self.constants[out] = np.zeros(1)
            else:
                self.steps.append(Step(node.op, tuple(names), (out,)))
        if depth == 0:
            self.steps = [
                Step(each.kind, tuple(self.resolve(name) for name in each.inputs), each.outputs)
                for each in self.steps
            ]


def _plain(name: str) -> str:
    """A tensor's name as node:place; functions write node:result:place."""
    parts = name.split(":")
    return f"{parts[0]}:{parts[-1] if len(parts) > 1 else 0}"
