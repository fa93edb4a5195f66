"""Networks that Keras does not read: ONNX, TensorFlow Lite, SavedModels."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xray.errors import ModelError
from xray.models.formats.graphs import Graph, Step
from xray.models.inputs import Input, shaped
from xray.models.outputs import Output

Numbers = NDArray[Any]

#: Where exporters keep the names of classes in an ONNX file's metadata.
CLASS_NAMES = ("class_names", "classes", "labels", "names")
#: Letters of them that are read.
MOST_NAMES = 10_000


class Runtime:
    """A network behind one call.

    Attributes
    ----------
    format : str
        One of ``reader.FORMATS``.
    input : Input
    outputs : tuple of Output
    parameters : int
        Numbers that were learnt, as far as the file tells.
    """

    format = ""

    def __init__(self, input_: Input, outputs: tuple[Output, ...], parameters: int) -> None:
        self.input = input_
        self.outputs = outputs
        self.parameters = parameters

    def count_params(self) -> int:
        """Parameters, by Keras' name for them."""
        return self.parameters

    def run(self, x: Numbers, output: int) -> NDArray[np.float32]:
        """One output (N, units) of scaled films (N, h, w, c).

        Raises
        ------
        ModelError
        """
        if self.input.integer:
            x = np.clip(np.rint(x), 0, 255)
        return self._call(
            np.ascontiguousarray(np.moveaxis(x, -1, 1) if self.input.first else x), output
        )

    def _call(self, x: Numbers, output: int) -> NDArray[np.float32]:
        raise NotImplementedError


class Onnx(Runtime):
    """An ONNX network, run by onnxruntime on the processor."""

    format = "onnx"

    def __init__(self, path: Path, name: str) -> None:
        onnx, onnxruntime = _onnx(name)
        data = path.read_bytes()
        try:
            model = onnx.load_model_from_string(data)
        except Exception as error:  # protobuf's own
            raise ModelError(
                f"{name} is a damaged ONNX file; export it again, the weights inside the file."
            ) from error
        if any(each.data_location == 1 for each in model.graph.initializer):
            raise ModelError(
                f"{name} keeps its weights in another file; export it again with the weights "
                "inside: torch.onnx.export(..., external_data=False)."
            )
        settings = onnxruntime.SessionOptions()
        settings.log_severity_level = 3
        settings.intra_op_num_threads = 0
        try:
            self._session = onnxruntime.InferenceSession(
                data, settings, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            reason = str(error).strip().split("\n")[0][-160:]
            raise ModelError(
                f"onnxruntime {onnxruntime.__version__} does not run {name} ({reason}); export it "
                "with an earlier opset_version, or update onnxruntime."
            ) from error
        entries = self._session.get_inputs()
        if len(entries) != 1:
            raise ModelError(f"{name} takes {len(entries)} inputs; models of one film are audited.")
        self._entry, self._kind = entries[0].name, entries[0].type
        size, channels, first = shaped(entries[0].shape, name)
        graph, parameters = _onnx_graph(onnx, model)
        inside, seen = graph.inside(self._entry)
        told = _class_names({each.key: each.value for each in model.metadata_props})
        outputs = tuple(
            Output(each.name, units, graph.activation(each.name), told * (len(told) == units))
            for each in self._session.get_outputs()
            for units in (_units(each.shape, name),)
        )
        integer = self._kind in ("tensor(uint8)", "tensor(int8)", "tensor(int32)", "tensor(int64)")
        super().__init__(Input(size, channels, first, integer, inside, seen), outputs, parameters)
        # A batch that was fixed when the network was exported.
        self._batch = entries[0].shape[0] if isinstance(entries[0].shape[0], int) else 0

    def _call(self, x: Numbers, output: int) -> NDArray[np.float32]:
        kinds = {
            "tensor(uint8)": np.uint8,
            "tensor(int8)": np.int8,
            "tensor(int32)": np.int32,
            "tensor(int64)": np.int64,
            "tensor(float16)": np.float16,
            "tensor(double)": np.float64,
        }
        x = x.astype(kinds.get(self._kind, np.float32))
        name = self.outputs[output].name

        def run(part: Numbers) -> Numbers:
            return np.asarray(self._session.run([name], {self._entry: part})[0], np.float32)

        return _in_batches(run, x, self._batch)


def _class_names(about: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the classes that an ONNX file's metadata holds, as a list, a mapping, or commas."""
    text = next((about[key] for key in CLASS_NAMES if key in about), "")[:MOST_NAMES]
    quoted = re.findall(r"""["']([^"']+)["']""", text)
    found = [each for each in quoted if not each.isdigit()] if quoted else text.split(",")
    return tuple(each.strip() for each in found if each.strip())


def _onnx(name: str) -> tuple[Any, Any]:
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise ModelError(
            f"{name} is an ONNX network, for which two packages are missing: "
            "pip install onnx onnxruntime"
        ) from error
    return onnx, onnxruntime


def _onnx_graph(onnx: Any, model: Any) -> tuple[Graph, int]:
    """The operations of an ONNX model, and its parameters."""
    constants = {each.name: each for each in model.graph.initializer}
    small, parameters = {}, 0
    for name, each in constants.items():
        count = int(np.prod(each.dims)) if each.dims else 1
        # Of large ones only that they are constants counts.
        small[name] = onnx.numpy_helper.to_array(each) if count <= 16 else np.zeros(1)
        parameters += count if each.data_type in (1, 10, 11, 3) else 0
    steps = []
    for node in model.graph.node:
        if node.op_type == "Constant":
            found = [each.t for each in node.attribute if each.name == "value"]
            small[node.output[0]] = (
                onnx.numpy_helper.to_array(found[0])
                if found and int(np.prod(found[0].dims or [1])) <= 16
                else np.zeros(1)
            )
            continue
        steps.append(Step(node.op_type, tuple(node.input), tuple(node.output)))
    return Graph(steps, small), parameters


class TfLite(Runtime):
    """A TensorFlow Lite network, run by TensorFlow's interpreter with its built-in operations."""

    format = "tflite"

    def __init__(self, path: Path, name: str) -> None:
        import tensorflow as tf

        try:
            bare = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            self._lite = _interpreter(path, bare)
            operations = self._lite._get_ops_details()
            flex = sorted({each["op_name"] for each in operations if _foreign(each["op_name"])})
            if flex:
                raise ModelError(
                    f"{name} needs operations beside TensorFlow Lite's own ({', '.join(flex[:3])})"
                    ", which are not run; convert it with built-in operations, or export ONNX."
                )
        except (ValueError, RuntimeError) as error:
            reason = str(error).strip().split("\n")[0][:160]
            raise ModelError(
                f"{name} does not load as TensorFlow Lite ({reason}); convert it again."
            ) from error
        entries, ends = self._lite.get_input_details(), self._lite.get_output_details()
        if len(entries) != 1:
            raise ModelError(f"{name} takes {len(entries)} inputs; models of one film are audited.")
        self._entry, self._ends = entries[0], ends
        shape = [int(n) for n in entries[0].get("shape_signature", entries[0]["shape"])]
        size, channels, _ = shaped(shape, name, first=False)
        # Before memory is laid out only constants can be read.
        graph, parameters = self._graph(operations)
        # As applications run it; what it does was seen to be TensorFlow Lite's own.
        self._lite = _interpreter(path, tf.lite.experimental.OpResolverType.BUILTIN)
        self._lite.allocate_tensors()
        inside, seen = graph.inside(str(entries[0]["index"]))
        gain, zero = entries[0]["quantization"]
        whole = np.issubdtype(entries[0]["dtype"], np.integer)
        if whole and gain:
            # The numbers that its whole numbers stand for say which range it expects.
            inside, seen = _of_range(gain, zero, entries[0]["dtype"], (inside, seen))
        outputs = tuple(
            Output(each["name"], _units(each["shape"], name), graph.activation(str(each["index"])))
            for each in ends
        )
        super().__init__(
            Input(size, channels, False, whole and not gain, inside, seen), outputs, parameters
        )
        self._whole = whole

    def _graph(self, operations: list[dict[str, Any]]) -> tuple[Graph, int]:
        """Its operations, small constants, and the number of its constants' values."""
        made = {int(i) for each in operations for i in each["outputs"]}
        made.add(int(self._entry["index"]))
        constants, parameters = {}, 0
        for tensor in self._lite.get_tensor_details():
            index, count = int(tensor["index"]), int(np.prod(tensor["shape"]))
            if index in made or not count:
                continue
            try:
                values = self._lite.get_tensor(index)
            except ValueError:
                continue
            constants[str(index)] = values if count <= 16 else np.zeros(1)
            parameters += count
        steps = [
            Step(each["op_name"], _names(each["inputs"]), _names(each["outputs"]))
            for each in operations
        ]
        return Graph(steps, constants), parameters

    def _call(self, x: Numbers, output: int) -> NDArray[np.float32]:
        gain, zero = self._entry["quantization"]
        kind = self._entry["dtype"]
        if self._whole and gain:
            limits = np.iinfo(kind)
            x = np.clip(np.rint(x / gain + zero), limits.min, limits.max)
        x = x.astype(kind)
        end = self._ends[output]

        def run(part: Numbers) -> Numbers:
            if tuple(self._lite.get_input_details()[0]["shape"]) != part.shape:
                self._lite.resize_tensor_input(self._entry["index"], part.shape)
                self._lite.allocate_tensors()
            self._lite.set_tensor(self._entry["index"], part)
            self._lite.invoke()
            found = np.asarray(self._lite.get_tensor(end["index"]), np.float32)
            step, origin = end["quantization"]
            return (found - np.float32(origin)) * np.float32(step) if step else found

        # A film at a time: many converted networks have their batch built in.
        return _in_batches(run, x, 1)


def _interpreter(path: Path, resolver: Any) -> Any:
    """An interpreter of a file; nothing of it has run yet."""
    import tensorflow as tf

    with warnings.catch_warnings():
        # It is to move to a package of its own, which TensorFlow does not bring yet.
        warnings.simplefilter("ignore")
        return tf.lite.Interpreter(
            model_content=path.read_bytes(), experimental_op_resolver_type=resolver
        )


def _foreign(operation: str) -> bool:
    return operation.startswith("Flex") or operation in ("CUSTOM", "TfLiteFlexDelegate")


def _names(indices: Any) -> tuple[str, ...]:
    return tuple(str(int(index)) for index in indices)


def _of_range(
    gain: float, zero: int, kind: Any, otherwise: tuple[tuple[float, float], str]
) -> tuple[tuple[float, float], str]:
    """What a quantised input says of its range, in the terms of ``Input.inside``."""
    limits = np.iinfo(kind)
    low, high = gain * (limits.min - zero), gain * (limits.max - zero)
    if high > 20:
        return (2 / 255, 0.0), f"whole numbers that stand for {low:.3g} to {high:.3g}"
    return otherwise


class SavedModel(Runtime):
    """A TensorFlow SavedModel, of which one signature is run after its graph has been read."""

    format = "saved_model"

    def __init__(self, path: Path, name: str) -> None:
        from xray.models.formats import saved_models

        found = saved_models.checked(path, name)
        import tensorflow as tf

        try:
            loaded = tf.saved_model.load(str(path))
            self._run = loaded.signatures[found.signature]
        except Exception as error:  # whatever a damaged folder leads TensorFlow to
            reason = str(error).strip().split("\n")[0][:160]
            raise ModelError(
                f"{name} does not load as a SavedModel ({reason}); export it again with "
                "model.export(folder)."
            ) from error
        # The signature's variables live as long as what was loaded.
        self._loaded = loaded
        spec = next(iter(self._run.structured_input_signature[1].values()))
        self._entry, self._dtype = found.entry, spec.dtype
        size, channels, first = shaped(list(spec.shape), name)
        outputs = tuple(
            Output(key, _units(list(tensor.shape), name), found.activations.get(key))
            for key, tensor in sorted(self._run.structured_outputs.items())
        )
        parameters = sum(int(np.prod(each.shape)) for each in self._run.variables)
        entry = Input(size, channels, first, spec.dtype.is_integer, found.inside, found.seen)
        super().__init__(entry, outputs, parameters)
        self._batch = int(spec.shape[0] or 0)

    def _call(self, x: Numbers, output: int) -> NDArray[np.float32]:
        import tensorflow as tf

        key = self.outputs[output].name

        def run(part: Numbers) -> Numbers:
            fed = tf.cast(tf.constant(part), self._dtype)
            return np.asarray(self._run(**{self._entry: fed})[key].numpy(), np.float32)

        return _in_batches(run, x, self._batch)


def _units(shape: Any, name: str) -> int:
    """Numbers a film of an output's shape with its batch.

    Raises
    ------
    ModelError
        It is a picture or of unknown length, not one answer a film.
    """
    plain = [n if isinstance(n, int | np.integer) and n > 0 else None for n in shape][1:]
    # (N, 1, 1, K) says no more than (N, K).
    sides = [n for n in plain if n != 1] or [1]
    if len(sides) > 1 or sides[0] is None:
        raise ModelError(
            f"{name} gives outputs of shape {tuple(shape)}; end it in one sigmoid unit or a "
            "softmax over classes."
        )
    return int(sides[0])


def _in_batches(run: Callable[[Numbers], Numbers], x: Numbers, batch: int) -> NDArray[np.float32]:
    """Run in batches of the size that is built in (0: any); the last one is filled up."""
    if not batch or batch == len(x):
        return np.asarray(run(x), np.float32).reshape(len(x), -1)
    parts = []
    for start in range(0, len(x), batch):
        part = x[start : start + batch]
        short = batch - len(part)
        if short:
            part = np.concatenate([part, np.repeat(part[-1:], short, axis=0)])
        parts.append(np.asarray(run(part), np.float32).reshape(batch, -1)[: batch - short])
    return np.concatenate(parts)


READERS: dict[str, Callable[[Path, str], Runtime]] = {
    "onnx": Onnx,
    "tflite": TfLite,
    "saved_model": SavedModel,
}
