"""Outputs are read by the last activation, or as declared where it leaves them open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers import networks as tiny
from xray import classes
from xray.errors import ModelError
from xray.models import outputs, registry
from xray.models.model import Model

keras = pytest.importorskip("keras")
layers = keras.layers


def _load(tmp_path: Path, net: Any, **options: Any) -> Model:
    net.save(tmp_path / "model.keras")
    return registry.load(str(tmp_path / "model.keras"), **options)


def _softmax(raw: np.ndarray) -> np.ndarray:
    e = np.exp(raw - raw.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _sigmoid(raw: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-raw))


@pytest.mark.parametrize(
    ("units", "activation", "options", "expected"),
    [
        (1, "sigmoid", {}, lambda p: p[:, 0]),
        (1, "sigmoid", {"positive_index": (0,)}, lambda p: 1 - p[:, 0]),
        (1, None, {}, lambda p: _sigmoid(p[:, 0])),
        (1, None, {"positive_index": (0,)}, lambda p: 1 - _sigmoid(p[:, 0])),
        (2, None, {}, lambda p: _softmax(p)[:, 1]),
        (2, "softmax", {"positive_index": (0,)}, lambda p: p[:, 0]),
        (3, "softmax", {"positive_index": (0, 2)}, lambda p: p[:, 0] + p[:, 2]),
        (3, None, {"positive_index": (0, 2)}, lambda p: _softmax(p)[:, [0, 2]].sum(axis=1)),
        (14, "sigmoid", {"positive_index": (6,)}, lambda p: p[:, 6]),
        (
            14,
            None,
            {"positive_index": (6,), "output": "multilabel_logit"},
            lambda p: _sigmoid(p[:, 6]),
        ),
        (3, "sigmoid", {"positive_index": (0, 2)}, lambda p: 1 - (1 - p[:, 0]) * (1 - p[:, 2])),
    ],
)
def test_what_outputs_mean(
    tmp_path: Path, units: int, activation: str | None, options: dict[str, Any], expected: Any
) -> None:
    net = tiny.network(units, activation)
    p = tiny.said(net, tiny.films())
    model = _load(tmp_path, net, **options)
    np.testing.assert_allclose(model.probability(tiny.films()), expected(p), atol=1e-6)


@pytest.mark.parametrize(
    ("units", "activation", "options", "says"),
    [
        (1, "softmax", {}, "softmax over one unit"),
        (3, "softmax", {}, "--positive-index"),
        (14, "sigmoid", {}, "14 classes, 0 to 13"),
        (2, "softmax", {"positive_index": (0, 1)}, "all 2 classes"),
        (1, "sigmoid", {"positive_index": (2,)}, "one output"),
        (1, "sigmoid", {"output": "logit"}, "ends in a sigmoid"),
        (2, "softmax", {"output": "sigmoid"}, "ends in a softmax"),
        (1, "tanh", {}, "ends in tanh"),
        (1, None, {"output": "softmax"}, "always 1"),
    ],
)
def test_what_contradicts_the_file_is_refused(
    tmp_path: Path, units: int, activation: str | None, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(ModelError, match=says):
        _load(tmp_path, tiny.network(units, activation), **options)


@pytest.mark.parametrize(
    "said",
    [
        {"class_names": '["Atelectasis", "Pleural_Effusion", "Edema"]'},
        {"names": "{0: 'Atelectasis', 1: 'pleural effusion', 2: 'Edema'}"},
        {"labels": "Atelectasis, Pleural Effusion, Edema"},
    ],
)
def test_the_names_of_a_model_s_classes_choose_the_finding(
    tmp_path: Path, said: dict[str, str]
) -> None:
    pytest.importorskip("onnxruntime")
    net = tiny.network(3, "sigmoid")
    path = str(tiny.onnx_of(net, tmp_path / "many.onnx", **said))
    with classes.using(classes.Classes("no effusion", "Pleural Effusion")):
        model = registry.load(path)
        assert model.card.positive_index == (1,)
        p = tiny.said(net, tiny.films())
        np.testing.assert_allclose(model.probability(tiny.films()), p[:, 1], atol=1e-5)
        assert registry.load(path, positive_index=(2,)).card.positive_index == (2,)
    with pytest.raises(ModelError, match=r"Edema\), none of which is named PNEUMONIA; say which"):
        registry.load(path)


def test_names_of_other_number_than_the_units_choose_nothing(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    path = tiny.onnx_of(tiny.network(3, "sigmoid"), tmp_path / "m.onnx", names="A,PNEUMONIA")
    with pytest.raises(ModelError, match="3 classes, 0 to 2; say which one is the positive class"):
        registry.load(str(path))


def test_of_several_outputs_the_one_named_as_the_finding_is_read(tmp_path: Path) -> None:
    entry = keras.Input((16, 16, 1))
    seen = layers.Flatten()(entry)
    names = ("Edema", "Effusion")
    ends = {name: layers.Dense(1, activation="sigmoid", name=name)(seen) for name in names}
    net = keras.Model(entry, [ends[name] for name in names])
    with classes.using(classes.Classes("none", "effusion")):
        assert _load(tmp_path, net).card.output_name == "Effusion"
    with pytest.raises(ModelError, match="has 2 outputs; say which one"):
        _load(tmp_path, net)


def test_the_last_activation_is_found_behind_what_hands_on(tmp_path: Path) -> None:
    entry = keras.Input((tiny.SIDE, tiny.SIDE, 1))
    x = layers.Dense(2, activation="relu")(layers.Flatten()(entry))
    x = layers.Flatten()(layers.Dropout(0.5)(layers.Activation("softmax")(x)))
    net = keras.Model(entry, layers.Activation("linear")(x))
    p = tiny.said(net, tiny.films())
    model = _load(tmp_path, net)
    assert (model.card.output, model.exact) == ("softmax", True)
    np.testing.assert_allclose(model.probability(tiny.films()), p[:, 1], atol=1e-6)


def test_of_several_outputs_one_is_named(tmp_path: Path) -> None:
    entry = keras.Input((tiny.SIDE, tiny.SIDE, 1))
    flat = layers.Flatten()(entry)
    age = layers.Dense(1, name="age")(flat)
    sick = layers.Dense(1, activation="sigmoid", name="sick")(flat)
    net = keras.Model(entry, {"age": age, "sick": sick})
    p = np.asarray(net.predict(tiny.films()[..., None], verbose=0)["sick"])[:, 0]
    with pytest.raises(ModelError, match="--output-name: age, sick"):
        _load(tmp_path, net)
    model = _load(tmp_path, net, output_name="sick")
    assert (model.card.output, model.card.output_name) == ("sigmoid", "sick")
    np.testing.assert_allclose(model.probability(tiny.films()), p, atol=1e-6)


def test_log_odds_of_any_of_several_do_not_saturate() -> None:
    raw = np.array([[40.0, -40.0], [-40.0, -40.0]])
    odds = outputs.log_odds(raw, "multilabel_logit", (0, 1), normal=False, logits=True, model="two")
    assert odds[0] > 25
    assert -40 < odds[1] < -25


def test_numbers_that_are_none_are_said() -> None:
    with pytest.raises(ModelError, match="not numbers"):
        outputs.log_odds(
            np.array([[np.nan]]), "sigmoid", (0,), normal=False, logits=False, model="x"
        )


def test_no_films_have_no_log_odds() -> None:
    for output, units in (("sigmoid", 1), ("softmax", 2), ("logit", 3)):
        none = np.empty((0, units))
        told = outputs.log_odds(none, output, (0,), normal=False, logits=False, model="m")
        assert told.shape == (0,)
