"""Models: cards, checked loading, and log-odds that do not saturate."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xray.errors import ArtifactError, ModelError
from xray.files import sha256_file, write_json, write_table
from xray.models import inputs, networks, registry
from xray.training import architectures, recipes

keras = pytest.importorskip("keras")
layers = keras.layers


def _film_batch(n: int = 5, size: int = 32) -> np.ndarray:
    return np.random.default_rng(0).random((n, size, size), dtype=np.float32)


def _network(units: int = 1, activation: str = "sigmoid", channels: int = 1) -> object:
    keras.utils.set_random_seed(1)
    entry = keras.Input((32, 32, channels))
    x = layers.Conv2D(4, 3, activation="relu")(entry)
    x = layers.Flatten()(x)
    return keras.Model(entry, layers.Dense(units, activation=activation)(x))


def _stored(folder: Path, network: object, **changes: object) -> registry.Card:
    home = folder / "tiny"
    home.mkdir(parents=True)
    networks.save(network, home / registry.WEIGHTS)
    files = {registry.WEIGHTS: sha256_file(home / registry.WEIGHTS)}
    card = replace(registry.Card("tiny", size=(32, 32), files=files), **changes)
    registry.write_card(card, home)
    return card


def test_log_odds_are_the_logit_of_what_the_network_says(tmp_path: Path) -> None:
    network = _network()
    films = _film_batch()
    said = network.predict(films[..., None], verbose=0)[:, 0]
    _stored(tmp_path, network)
    model = registry.load("tiny", tmp_path)
    assert model.exact
    np.testing.assert_allclose(model.probability(films), said, atol=1e-6)


def test_log_odds_do_not_saturate_where_probabilities_do(tmp_path: Path) -> None:
    network = _network()
    kernel, bias = network.layers[-1].get_weights()
    network.layers[-1].set_weights([kernel * 0, bias + 40])
    _stored(tmp_path, network)
    log_odds = registry.load("tiny", tmp_path).log_odds(_film_batch())
    np.testing.assert_allclose(log_odds, 40, rtol=1e-5)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_softmax_log_odds_of_the_chosen_class(tmp_path: Path, index: int) -> None:
    network = _network(3, "softmax")
    films = _film_batch()
    p = network.predict(films[..., None], verbose=0)[:, index].astype(np.float64)
    path = tmp_path / "three.keras"
    network.save(path)
    if index == 0:
        index = 0
    model = registry.load(str(path), output="softmax", positive_index=index)
    np.testing.assert_allclose(model.log_odds(films), np.log(p) - np.log1p(-p), atol=1e-4)


def test_more_classes_need_the_positive_one_named(tmp_path: Path) -> None:
    path = tmp_path / "three.keras"
    _network(3, "softmax").save(path)
    with pytest.raises(ModelError, match="--positive-index"):
        registry.load(str(path))


def test_half_precision_storage_is_smaller_and_close(tmp_path: Path) -> None:
    network = architectures.build(recipes.get("basic"))
    networks.save(network, tmp_path / "full.keras")
    networks.save(network, tmp_path / "half.keras", half=True)
    assert (tmp_path / "half.keras").stat().st_size < 0.6 * (tmp_path / "full.keras").stat().st_size
    full, half = (registry.load(str(tmp_path / f"{n}.keras")) for n in ("full", "half"))
    films = _film_batch(4, 128)
    assert np.abs(full.probability(films) - half.probability(films)).max() < 0.005


def test_bfloat16_is_close_and_leaves_the_model_alone(tmp_path: Path) -> None:
    _stored(tmp_path, _network())
    model = registry.load("tiny", tmp_path)
    films = _film_batch()
    before = model.log_odds(films)
    quick = model.log_odds_prepared(films, precision="bfloat16")
    assert 0 < np.abs(quick - before).max() < 0.05
    np.testing.assert_array_equal(model.log_odds(films), before)


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    _stored(tmp_path, _network())
    path = tmp_path / "tiny" / registry.WEIGHTS
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ModelError, match="does not match the hash"):
        registry.load("tiny", tmp_path)


def test_broken_models_are_rows_with_a_reason_and_others_go_on(tmp_path: Path) -> None:
    _stored(tmp_path, _network())
    for name, content in {"nojson": "{", "nothing": "{}", "list": "[]"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "card.json").write_text(content)
    found = {card.name: card for card in registry.cards(tmp_path)}
    assert found["tiny"].problem == ""
    assert all(found[name].problem for name in ("nojson", "nothing", "list"))
    with pytest.raises(ModelError):
        registry.load("nojson", tmp_path)


def test_code_in_a_model_file_is_refused(tmp_path: Path) -> None:
    entry = keras.Input((32, 32, 1))
    x = layers.Lambda(lambda t: t * 2)(entry)
    network = keras.Model(entry, layers.Dense(1, activation="sigmoid")(layers.Flatten()(x)))
    path = tmp_path / "code.keras"
    network.save(path)
    with pytest.raises(ModelError, match="safe mode"):
        registry.load(str(path))


@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x03\x04broken"])
def test_files_that_are_no_models(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.keras"
    path.write_bytes(content)
    with pytest.raises(ModelError):
        registry.load(str(path))


def test_without_an_activation_outputs_are_logits_unless_declared_otherwise(tmp_path: Path) -> None:
    network = _network(1, "linear")
    kernel, bias = network.layers[-1].get_weights()
    network.layers[-1].set_weights([kernel, bias + 7])
    network.save(tmp_path / "linear.keras")
    said = network.predict(_film_batch()[..., None], verbose=0)[:, 0]
    model = registry.load(str(tmp_path / "linear.keras"))
    assert model.card.output == "logit"
    np.testing.assert_allclose(model.log_odds(_film_batch()), said, atol=1e-4)
    with pytest.raises(ModelError, match="outside"):
        registry.load(str(tmp_path / "linear.keras"), output="sigmoid")


def test_nan_outputs_are_said(tmp_path: Path) -> None:
    network = _network()
    network.layers[-1].set_weights([w * np.nan for w in network.layers[-1].get_weights()])
    network.save(tmp_path / "nan.keras")
    with pytest.raises(ModelError, match="not numbers"):
        registry.load(str(tmp_path / "nan.keras"))


def test_wrong_input_shape_is_said(tmp_path: Path) -> None:
    entry = keras.Input((10,))
    keras.Model(entry, layers.Dense(1, activation="sigmoid")(entry)).save(tmp_path / "flat.keras")
    with pytest.raises(ModelError, match="inputs of shape"):
        registry.load(str(tmp_path / "flat.keras"))


def test_scales_match_keras_preprocessing() -> None:
    grey = _film_batch()
    rgb = np.repeat(grey[..., None] * 255, 3, axis=-1)
    expected = keras.applications.vgg19.preprocess_input(rgb.copy())
    np.testing.assert_allclose(inputs.scaled(grey, "imagenet", 3), expected, atol=1e-4)
    np.testing.assert_allclose(inputs.scaled(grey, "symmetric", 1)[..., 0], grey * 2 - 1)
    np.testing.assert_allclose(inputs.scaled(grey, "byte", 1)[..., 0], grey * 255)


def test_predictions_that_were_changed_are_refused(tmp_path: Path) -> None:
    import pandas as pd

    _stored(tmp_path, _network())
    path = tmp_path / "tiny" / "predictions.csv"
    columns = {"file": ["a"], "split": ["test"], "label": ["NORMAL"]}
    write_table(path, pd.DataFrame(columns | {"log_odds": [0.0], "probability": [0.5]}))
    card = registry.read_card(tmp_path / "tiny")
    registry.write_card(
        replace(card, files={**card.files, "predictions.csv": sha256_file(path)}), tmp_path / "tiny"
    )
    assert len(registry.predictions("tiny", tmp_path)) == 1
    path.write_text(path.read_text().replace("0.5", "0.9"))
    with pytest.raises(ArtifactError, match="changed"):
        registry.predictions("tiny", tmp_path)


def test_memory_limit_drops_the_least_recently_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        _stored(tmp_path / name, _network())
    monkeypatch.setattr(registry, "MEMORY_LIMIT", 1)
    registry._cache.clear()
    first = registry.load("tiny", tmp_path / "one")
    write_json(tmp_path / "two" / "tiny" / "card.json", {"name": "other", "size": [32, 32]})
    registry.load("tiny", tmp_path / "two")
    assert first not in registry._cache.values()


def test_initial_weights_follow_from_the_seed_whatever_other_threads_draw() -> None:
    keras = pytest.importorskip("keras")

    def build(disturbed: bool = False) -> Any:
        made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        if disturbed:
            random.sample(range(1_000), 5)
        made.add(keras.layers.Dense(2))
        return made

    keras.utils.set_random_seed(3)
    usual = build().get_weights()
    for disturbed in (False, True):
        found = networks.seeded(3, partial(build, disturbed)).get_weights()
        for one, two in zip(usual, found, strict=True):
            np.testing.assert_array_equal(one, two)
