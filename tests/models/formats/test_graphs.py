"""What is read off a graph of operations: how it ends, and what it does before it looks."""

from __future__ import annotations

import numpy as np
import pytest

from xray.models.formats.graphs import Graph, Step


def chain(*kinds: str, constants: dict[str, float] | None = None) -> Graph:
    """Operations one after the other, from "in" to "out"."""
    names = ["in", *(f"{place}" for place in range(1, len(kinds))), "out"]
    steps = [Step(kind, (names[i],), (names[i + 1],)) for i, kind in enumerate(kinds)]
    made = {name: np.array(value) for name, value in (constants or {}).items()}
    return Graph(steps, made)


@pytest.mark.parametrize(
    ("kinds", "activation"),
    [
        (("Conv", "Gemm", "Sigmoid"), "sigmoid"),
        (("FULLY_CONNECTED", "LOGISTIC"), "sigmoid"),
        (("QLinearMatMul", "QLinearSoftmax", "DequantizeLinear"), "softmax"),
        (("MatMul", "Softmax", "Reshape", "Identity"), "softmax"),
        (("Conv", "MatMul"), ""),
        (("MatMul", "LogSoftmax"), ""),
        (("MatMul", "Relu"), "relu"),
        (("Cast",), None),
    ],
)
def test_the_last_activation(kinds: tuple[str, ...], activation: str | None) -> None:
    assert chain(*kinds).activation("out") == activation


def test_an_output_that_no_step_makes_tells_nothing() -> None:
    assert chain("Sigmoid").activation("elsewhere") is None


def test_what_only_hands_on_is_followed_to_its_one_variable() -> None:
    steps = [Step("Sigmoid", ("in",), ("s",)), Step("Reshape", ("shape", "s"), ("out",))]
    assert Graph(steps, {"shape": np.array([1, -1])}).activation("out") == "sigmoid"
    constant = Graph(steps[1:], {"shape": np.array([1]), "s": np.array([1.0])})
    assert constant.activation("out") is None


def test_a_graph_that_runs_in_a_circle_ends() -> None:
    circle = Graph([Step("Identity", ("a",), ("b",)), Step("Identity", ("b",), ("a",))])
    assert circle.activation("a") is None
    assert circle.inside("a") == ((1.0, 0.0), "")


@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        ("Mul", ("in", "k"), (4.0, 0.0)),
        ("Mul", ("k", "in"), (4.0, 0.0)),
        ("Div", ("in", "k"), (0.25, 0.0)),
        ("RealDiv", ("in", "k"), (0.25, 0.0)),
        ("Add", ("in", "k"), (1.0, 4.0)),
        ("Sub", ("in", "k"), (1.0, -4.0)),
        ("Sub", ("k", "in"), (-1.0, 4.0)),
    ],
)
def test_arithmetic_with_a_constant(
    kind: str, inputs: tuple[str, str], expected: tuple[float, float]
) -> None:
    graph = Graph([Step(kind, inputs, ("out",))], {"k": np.array(4.0)})
    assert graph.inside("in") == (expected, kind)


@pytest.mark.parametrize(
    ("kind", "inputs", "k"),
    [("Div", ("k", "in"), 4.0), ("Div", ("in", "k"), 0.0), ("Mul", ("in", "in"), 4.0)],
)
def test_what_is_no_scaling_ends_the_search(kind: str, inputs: tuple[str, str], k: float) -> None:
    graph = Graph([Step(kind, inputs, ("out",))], {"k": np.array(k)})
    assert graph.inside("in") == ((1.0, 0.0), "")


def test_scaling_step_by_step_until_something_looks() -> None:
    """(x - 127.5) / 127.5, then a convolution; what comes after it does not count."""
    steps = [
        Step("Cast", ("in",), ("a",)),
        Step("Sub", ("a", "middle"), ("b",)),
        Step("Div", ("b", "middle"), ("c",)),
        Step("Conv", ("c", "kernel"), ("d",)),
        Step("Mul", ("d", "middle"), ("out",)),
    ]
    constants = {"middle": np.array(127.5), "kernel": np.zeros(1)}
    (gain, offset), seen = Graph(steps[::-1], constants).inside("in")
    assert (gain, offset) == pytest.approx((1 / 127.5, -1))
    assert seen == "Sub, Div"


def test_a_constant_a_channel_counts_by_its_mean() -> None:
    graph = Graph([Step("Sub", ("in", "k"), ("out",))], {"k": np.array([100.0, 110.0, 120.0])})
    assert graph.inside("in") == ((1.0, -110.0), "Sub")


def test_an_input_that_goes_two_ways_is_looked_at() -> None:
    steps = [Step("Mul", ("in", "k"), ("a",)), Step("Conv", ("in", "k"), ("b",))]
    assert Graph(steps, {"k": np.array(2.0)}).inside("in") == ((1.0, 0.0), "")
