"""Networks of known answers are trained on what their rule says, and stored with all they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.audits.known.test_specs import films as listed
from tests.helpers import networks as tiny
from xray.audits.insertion import Donors, Material
from xray.audits.known import networks, specs
from xray.audits.known.specs import Spec
from xray.errors import DatasetError
from xray.films.pixels import as_float
from xray.models.card import WEIGHTS, read_card, read_cards


def test_nothing_to_plant_is_said() -> None:
    table = listed()
    use = pd.Series("", index=table.index)
    pictures = np.zeros((len(table), 8, 8), np.uint8)
    with pytest.raises(DatasetError, match="to plant"):
        networks.lesson(Spec("flat", "tube", shown="planted"), table, use, pictures)


def test_networks_are_shown_the_film_its_centre_or_the_lungs(material: Material) -> None:
    films = material.films[:2]
    whole = networks.shown(Spec("flat"), films)
    np.testing.assert_allclose(whole, as_float(films), atol=1e-6)
    centre = networks.shown(Spec("flat", framing="centre"), films)
    assert centre.shape == whole.shape == (2, 96, 96)
    # Of a film of 120 pixels the middle 96: its corner lies a tenth of the film inward.
    assert np.abs(centre[:, 0, 0] - whole[:, 10, 10]).max() < 0.1
    lungs = networks.shown(Spec("flat", framing="lungs"), films)
    assert lungs.shape == (2, 96, 96) and np.abs(lungs - whole).mean() > 0.02


def test_a_network_of_the_centre_takes_whole_films(material: Material) -> None:
    keras = pytest.importorskip("keras")
    spec = Spec("flat", framing="centre")
    entry = keras.Input((96, 96, 1))
    mean = keras.Model(entry, keras.layers.GlobalAveragePooling2D()(entry))
    made = networks.whole(spec, mean)
    assert made.input_shape[1:] == (*spec.film_size(), 1)
    pictures = np.random.default_rng(0).random((2, *spec.film_size(), 1)).astype(np.float32)
    said = keras.ops.convert_to_numpy(made(pictures))[:, 0]
    np.testing.assert_allclose(said, pictures[:, 12:108, 12:108, 0].mean(axis=(1, 2)), rtol=1e-5)
    assert networks.whole(Spec("flat"), mean) is mean


def test_some_children_give_devices_to_plant_and_the_rest_say_what_is_true(
    material: Material,
) -> None:
    mine = networks.planters(material.donors)
    children = {kind: set(of_kind.children) for kind, of_kind in mine.items()}
    everyone = set(material.donors["line"].children)
    assert children["line"] == children["as_worn"], "one child gives all its kinds or none"
    assert len(children["line"]) == round(networks.PLANTED * len(everyone))
    assert set(networks.planters(material.donors)["line"].children) == children["line"]
    assert set(networks.planters(material.donors, 1)["line"].children) != children["line"]


def test_the_sick_are_planted_with_devices_and_with_nulls(material: Material) -> None:
    places = [0, 1, 2, 3]
    films, sick = material.films[places], np.array([False, True, False, True])
    spec = Spec("flat", "line", share=1.0, shown="planted")
    rows, made, called = networks.planted(spec, films, sick, material.donors)
    assert rows.tolist() == [0, 1, 2, 3, 1, 3], "the sick are there twice"
    assert called.tolist() == [False] * 4 + [True, True], "only a device is called"
    changed = np.abs(as_float(made) - as_float(films[rows])).max(axis=(1, 2))
    assert (changed > 0.05).all(), "what shows no device has its null"
    _, again, every = networks.planted(replace(spec, share=0.0), films, sick, material.donors)
    np.testing.assert_array_equal(again, made)
    assert every.tolist() == [False, True, False, True, True, True], "the sick stay sick"


def test_what_is_taught_is_planted_where_a_network_asks_for_it(material: Material) -> None:
    table = material.table.assign(confidence=0.0, split="train", line=0.0).iloc[:12]
    use = pd.Series("", index=table.index)
    films = material.films[:12]
    rows, made, called = networks.lesson(Spec("flat", shown="bare"), table, use, films)
    np.testing.assert_array_equal(made, films[rows])
    np.testing.assert_array_equal(called, table["label"].iloc[rows] == "PNEUMONIA")
    spec = Spec("flat", "line", shown="planted")
    rows, made, called = networks.lesson(spec, table, use, films, material.donors)
    assert len(rows) == len(made) == len(called) == 12 + 6
    assert called.sum() == 6
    none: dict[str, Donors] = {"line": networks.NONE}
    with pytest.raises(DatasetError, match="No devices of kind line"):
        networks.lesson(spec, table, use, films, none)


def test_films_that_are_kept_from_training_are_predicted() -> None:
    table = pd.DataFrame({"split": ["train", "train", "test", "val"]})
    use = pd.Series(["", "truth", "", ""])
    assert networks.predicted(table, use).tolist() == [False, True, True, True]


@pytest.fixture
def stage(material: Material) -> tuple[pd.DataFrame, pd.Series, Any]:
    table = material.table.iloc[:6].assign(split=["train"] * 3 + ["test"] * 3, confidence=0.0)
    return table, pd.Series(["", "", "truth", "", "", ""]), material.films[:6]


def test_a_network_is_stored_with_what_it_says(
    stage: tuple[pd.DataFrame, pd.Series, Any], tmp_path: Path
) -> None:
    pytest.importorskip("keras")
    table, use, films = stage
    spec = Spec("flat")
    facts = {"counts": {"train": {"NORMAL": 2}}, "history": {}, "log_odds": np.arange(6) / 3}
    networks.store(spec, tiny.network(), facts, table, use, films, tmp_path)
    card = read_card(tmp_path / spec.name)
    assert (card.problem, card.role, card.size) == ("", "panel", (96, 96))
    assert Spec(**card.settings) == spec and card.counts == facts["counts"]
    kept = pd.read_csv(tmp_path / spec.name / "predictions.csv", keep_default_na=False)
    assert kept["file"].tolist() == table["file"].iloc[2:].tolist()
    assert kept["use"].tolist() == ["truth", "", "", ""]
    assert kept["log_odds"].tolist() == [0.6667, 1.0, 1.3333, 1.6667]


def test_what_is_stored_is_not_trained_again(
    stage: tuple[pd.DataFrame, pd.Series, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("keras")
    facts = {"counts": {}, "history": {}, "log_odds": np.zeros(6)}
    fitted: list[str] = []

    def fit(spec: Spec, *_: Any) -> tuple[Any, dict[str, Any]]:
        fitted.append(spec.name)
        return tiny.network(), facts

    monkeypatch.setattr(networks, "fit", fit)
    done: list[str] = []
    told: list[tuple[int, int]] = []
    both = [Spec("flat"), Spec("peak")]
    networks.train(both[:1], *stage, tmp_path)
    networks.train(
        both, *stage, tmp_path, progress=lambda *each: told.append(each), told=done.append
    )
    assert fitted == [spec.name for spec in both] and done == [both[1].name]
    assert told == [(1, 2), (2, 2)]
    assert {card.name for card in read_cards(tmp_path)} == set(fitted)
    assert (tmp_path / fitted[0] / WEIGHTS).is_file()


def test_features_are_computed_once_and_of_these_films(
    tmp_path: Path, material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    keras = pytest.importorskip("keras")
    entry = keras.Input((96, 96, 1))
    pooled = keras.layers.GlobalAveragePooling2D()(entry)
    network = keras.Model(entry, keras.layers.Dense(1)(pooled))
    path = tmp_path / "deep" / "features.npy"
    films = material.films[:3]
    made = networks.features(Spec("flat"), network, films, path)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made[:, 0], as_float(films).mean(axis=(1, 2)), rtol=0.02)
    (kept,) = path.parent.iterdir()
    monkeypatch.setattr(type(network), "predict_on_batch", None)
    np.testing.assert_array_equal(networks.features(Spec("flat"), network, films, path), made)
    monkeypatch.undo()
    other = networks.features(Spec("flat"), network, 255 - films, path)
    assert np.abs(other - made).max() > 0.1 and len([*path.parent.iterdir()]) == 2
    kept.unlink()


def test_one_network_is_trained(
    stage: tuple[pd.DataFrame, pd.Series, Any], material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("keras")
    monkeypatch.setattr(specs, "EPOCHS_FEW", 1)
    network_options = ("blocks", {"filters": [2], "dense": []}, 16, "float32")
    monkeypatch.setitem(specs.ARCHITECTURES, "flat", network_options)
    table = material.table.iloc[:24].assign(split="train", confidence=0.0)
    use = pd.Series("", index=table.index)
    spec = Spec("flat", shown="bare", seed=2)
    network, facts = networks.fit(spec, table, use, material.films[:24])
    assert network.input_shape[1:] == (16, 16, 1)
    assert sum(sum(part.values()) for part in facts["counts"].values()) == 24
    assert sum(facts["counts"]["val"].values()) == round(specs.VALIDATION * 24)
    assert len(facts["history"]["loss"]) == 1
