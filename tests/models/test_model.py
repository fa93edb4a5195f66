"""Log-odds of a loaded network: exact, and never saturated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.helpers import tiny
from xray.errors import ModelError
from xray.models import registry

keras = pytest.importorskip("keras")
layers = keras.layers


def test_log_odds_are_the_logit_of_what_the_network_says(tmp_path: Path) -> None:
    network = tiny.network()
    films = tiny.films()
    said = network.predict(films[..., None], verbose=0)[:, 0]
    tiny.store(tmp_path, network)
    model = registry.load("tiny", tmp_path)
    assert model.exact
    np.testing.assert_allclose(model.probability(films), said, atol=1e-6)


def test_log_odds_do_not_saturate_where_probabilities_do(tmp_path: Path) -> None:
    network = tiny.network()
    kernel, bias = network.layers[-1].get_weights()
    network.layers[-1].set_weights([kernel * 0, bias + 40])
    tiny.store(tmp_path, network)
    log_odds = registry.load("tiny", tmp_path).log_odds(tiny.films())
    np.testing.assert_allclose(log_odds, 40, rtol=1e-5)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_softmax_log_odds_of_the_chosen_class(tmp_path: Path, index: int) -> None:
    network = tiny.network(3, "softmax")
    films = tiny.films()
    p = network.predict(films[..., None], verbose=0)[:, index].astype(np.float64)
    path = tmp_path / "three.keras"
    network.save(path)
    if index == 0:
        index = 0
    model = registry.load(str(path), output="softmax", positive_index=index)
    np.testing.assert_allclose(model.log_odds(films), np.log(p) - np.log1p(-p), atol=1e-4)


def test_more_classes_need_the_positive_one_named(tmp_path: Path) -> None:
    path = tmp_path / "three.keras"
    tiny.network(3, "softmax").save(path)
    with pytest.raises(ModelError, match="--positive-index"):
        registry.load(str(path))


def test_bfloat16_is_close_and_leaves_the_model_alone(tmp_path: Path) -> None:
    tiny.store(tmp_path, tiny.network())
    model = registry.load("tiny", tmp_path)
    films = tiny.films()
    before = model.log_odds(films)
    quick = model.log_odds_prepared(films, precision="bfloat16")
    assert 0 < np.abs(quick - before).max() < 0.05
    np.testing.assert_array_equal(model.log_odds(films), before)


def test_without_an_activation_outputs_are_logits_unless_declared_otherwise(tmp_path: Path) -> None:
    network = tiny.network(1, "linear")
    kernel, bias = network.layers[-1].get_weights()
    network.layers[-1].set_weights([kernel, bias + 7])
    network.save(tmp_path / "linear.keras")
    said = network.predict(tiny.films()[..., None], verbose=0)[:, 0]
    model = registry.load(str(tmp_path / "linear.keras"))
    assert model.card.output == "logit"
    np.testing.assert_allclose(model.log_odds(tiny.films()), said, atol=1e-4)
    with pytest.raises(ModelError, match="outside"):
        registry.load(str(tmp_path / "linear.keras"), output="sigmoid")


def test_nan_outputs_are_said(tmp_path: Path) -> None:
    network = tiny.network()
    network.layers[-1].set_weights([w * np.nan for w in network.layers[-1].get_weights()])
    network.save(tmp_path / "nan.keras")
    with pytest.raises(ModelError, match="not numbers"):
        registry.load(str(tmp_path / "nan.keras"))
