"""Graphs of operations, as ONNX, TensorFlow Lite and SavedModels store networks, and what is read
off them: how they end, and what they do to their inputs before they look at them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Operations that hand on what they get, as far as meaning goes.
_PASS = frozenset(
    [
        "identity",
        "cast",
        "reshape",
        "squeeze",
        "flatten",
        "transpose",
        "quantize",
        "dequantize",
        "quantizelinear",
        "dequantizelinear",
        "stopgradient",
        "unsqueeze",
        "expanddims",
        "pad",
        "mirrorpad",
        "dropout",
    ]
)
#: Operations that end a network without an activation.
_LINEAR = frozenset(
    [
        "gemm",
        "matmul",
        "add",
        "addv2",
        "biasadd",
        "fully_connected",
        "conv",
        "conv2d",
        "conv_2d",
        "mul",
        "average_pool_2d",
        "mean",
        "globalaveragepool",
        "reducemean",
        "logsoftmax",
        "log_softmax",
        "qlinearmatmul",
        "qgemm",
        "qlinearadd",
        "qlinearglobalaveragepool",
        "matmulinteger",
        "_fusedmatmul",
    ]
)
_NAMES = {"logistic": "sigmoid", "qlinearsigmoid": "sigmoid", "qlinearsoftmax": "softmax"}


@dataclass(frozen=True)
class Step:
    """One operation: its kind in the format's own word, and the names of what goes in and out."""

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def plain(self) -> str:
        """The kind in lower case, one word for each meaning."""
        lower = self.kind.lower()
        return _NAMES.get(lower, lower)


@dataclass
class Graph:
    """Operations in any order, and the constants among what goes into them."""

    steps: list[Step]
    constants: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def activation(self, output: str) -> str | None:
        """The activation that gives an output: "sigmoid", "softmax", "" for none, another's name.

        None where the graph does not tell.
        """
        made = {name: step for step in self.steps for name in step.outputs}
        for _ in range(len(self.steps) + 1):
            step = made.get(output)
            if step is None:
                return None
            if step.plain in _PASS:
                source = self._variable(step)
                if source is None:
                    return None
                output = source
                continue
            return "" if step.plain in _LINEAR else step.plain
        return None

    def inside(self, entry: str) -> tuple[tuple[float, float], str]:
        """Gain and offset applied to an input before anything else, and the operations' names."""
        users: dict[str, list[Step]] = {}
        for step in self.steps:
            for name in step.inputs:
                users.setdefault(name, []).append(step)
        gain, offset, seen = 1.0, 0.0, []
        for _ in range(len(self.steps) + 1):
            following = users.get(entry, [])
            if len(following) != 1 or not following[0].outputs:
                break
            step = following[0]
            if step.plain not in _PASS:
                change = self._arithmetic(step, entry)
                if change is None:
                    break
                gain, offset = gain * change[0], offset * change[0] + change[1]
                seen.append(step.kind)
            entry = step.outputs[0]
        return (gain, offset), ", ".join(seen)

    def _variable(self, step: Step) -> str | None:
        """The one input of a step that is no constant."""
        open_ = [name for name in step.inputs if name and name not in self.constants]
        return open_[0] if open_ else None

    def _arithmetic(self, step: Step, entry: str) -> tuple[float, float] | None:
        """What a step does to its input with a constant, as gain and offset in the mean."""
        others = [name for name in step.inputs if name != entry]
        if len(others) != 1 or others[0] not in self.constants:
            return None
        number = float(np.mean(self.constants[others[0]]))
        before = step.inputs[0] != entry
        if step.plain in ("mul", "multiply"):
            return number, 0.0
        if step.plain in ("div", "realdiv", "truediv") and number and not before:
            return 1 / number, 0.0
        if step.plain in ("add", "addv2", "biasadd"):
            return 1.0, number
        if step.plain in ("sub", "subtract"):
            return (-1.0, number) if before else (1.0, -number)
        return None
