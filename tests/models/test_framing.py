"""Networks of the lungs alone: what is cut, that it trains, explains and is a model like any."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy.ndimage

from xray.commands import main
from xray.dashboard.views import preprocessing
from xray.dataset import index
from xray.environment import ROOT, artifacts_dir
from xray.errors import ModelError
from xray.explanations import lime, sanity
from xray.films import decode, lungs
from xray.models import framing, registry
from xray.models.card import read_predictions
from xray.models.lung_crop import LungCrop
from xray.training import ledger, overrides, recipes, sweeps


def crop(film: np.ndarray, lung: np.ndarray, size: tuple[int, int], margin: float) -> np.ndarray:
    layer = LungCrop(size, margin)
    return np.asarray(layer([film[None, ..., None], lung[None, ..., None]]))[0, ..., 0]


def lung_map(rows: slice, columns: slice, side: int = 64) -> np.ndarray:
    field = np.zeros((side, side), np.float32)
    field[rows, columns] = 1
    return field


def test_a_film_is_cut_to_the_lungs_with_a_margin() -> None:
    rng = np.random.default_rng(0)
    film = rng.random((64, 64)).astype(np.float32)
    field = lung_map(slice(16, 48), slice(20, 52))
    trim = 32 * 0.005
    rows = np.linspace(16 + trim, 48 - trim, 33)
    columns = np.linspace(20 + trim, 52 - trim, 33)
    middles = [(ends[:-1] + ends[1:]) / 2 - 0.5 for ends in (rows, columns)]
    wanted = scipy.ndimage.map_coordinates(film, np.meshgrid(*middles, indexing="ij"), order=1)
    assert crop(film, field, (32, 32), 0.0) == pytest.approx(wanted, abs=1e-4)
    wide = crop(film, field, (32, 32), 0.25)
    assert np.abs(wide - crop(film, field, (32, 32), 0.0)).max() > 0.1
    assert wide.min() >= film.min() and wide.max() <= film.max()


def test_beyond_the_film_its_edge_goes_on_and_no_bar_tells() -> None:
    film = np.repeat(np.linspace(0.2, 0.9, 64, dtype=np.float32)[:, None], 64, axis=1)
    got = crop(film, lung_map(slice(0, 64), slice(0, 64)), (64, 64), 0.5)
    assert got[:8] == pytest.approx(0.2, abs=0.01)
    assert got[-8:] == pytest.approx(0.9, abs=0.01)


def test_a_film_without_lungs_is_not_cut() -> None:
    film = np.random.default_rng(1).random((64, 64)).astype(np.float32)
    for field in (np.zeros((64, 64), np.float32), lung_map(slice(3, 6), slice(3, 6))):
        assert crop(film, field, (64, 64), 0.1) == pytest.approx(film, abs=1e-5)


def test_films_are_read_large_enough() -> None:
    assert [framing.film_size((n, n))[0] for n in (32, 64, 128, 224)] == [64, 128, 192, 384]


def test_where_the_lungs_lie_on_the_film_no_longer_shows(synthetic_folder: Path) -> None:
    table = index.usable(index.index(synthetic_folder)).head(6)
    whole = index.load_pixels(synthetic_folder, table, framing.film_size((64, 64)))
    got = framing.cut(whole, (64, 64))
    assert got.shape == (6, 64, 64) and got.dtype == np.float32
    assert got.min() >= 0 and got.max() <= 1
    boxes = []
    for pixels in (whole, got):
        found = lungs.estimate_many(list(pixels))
        boxes.append(np.array([each.box for each in found]) / pixels.shape[1])
    spread = [box.std(axis=0).mean() for box in boxes]
    assert spread[1] < spread[0]
    fills = [((b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])).mean() for b in boxes]
    assert fills[1] > 1.2 * fills[0]


def test_other_artifacts_take_the_committed_network_of_lungs_and_none_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path))
    assert framing.framer((32, 32)).name == framing.NAME
    monkeypatch.setattr(framing, "ROOT", tmp_path / "elsewhere")
    with pytest.raises(ModelError, match="restore it from git"):
        framing.framer((32, 32))


@pytest.mark.slow
def test_a_model_of_the_lungs_takes_whole_films_like_any_other(
    synthetic_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setenv("XRAY_CACHE", str(tmp_path / "cache"))
    shutil.copytree(ROOT / "artifacts" / "networks", tmp_path / "artifacts" / "networks")
    changed = ("framing=lungs", "size=32", "epochs=1", "split=original", "fraction=1")
    line = ["train", "small64", "--data", str(synthetic_folder), "--name", "lungs32"]
    line += [word for change in changed for word in ("--set", change)]
    assert main.main(line) == 0
    assert "framing=lungs" in ledger.read().iloc[0]["command"]

    model = registry.load("lungs32")
    assert model.card.size == (64, 64) and model.card.settings["size"] == [32, 32]
    assert {"LungCrop", "Conv2D", "Dense"} <= {layer["type"] for layer in model.card.layers}
    film = decode.read(next(synthetic_folder.glob("test/*/*"))).pixels
    stored = read_predictions("lungs32")
    whole = index.load_pixels(synthetic_folder, stored, model.card.size)
    assert model.log_odds(whole) == pytest.approx(stored["log_odds"], abs=1e-3)
    half = model.log_odds(whole, "bfloat16")
    assert half == pytest.approx(stored["log_odds"], abs=0.1)
    why = lime.explain(model, film, lime.Settings(ceiling=200))
    assert why.segments.shape == (64, 64)
    assert sanity.shuffle_weights(model).log_odds(whole) != pytest.approx(stored["log_odds"])
    picture = preprocessing.steps(decode.read(next(synthetic_folder.glob("test/*/*"))), model.card)
    assert [step.title for step in picture] == ["Film", "Resized", "Numbers"]
    assert preprocessing.cut_out(film, model.card).shape == (32, 32)
    assert preprocessing.variants(film, model.card, n=2).shape == (2, 32, 32)

    assert main.main([*line, "--set", "fit=letterbox"]) == 2
    assert "without devices" in capsys.readouterr().err


def test_only_a_known_framing_is_taken() -> None:
    with pytest.raises(ModelError, match="choose one of film, lungs"):
        overrides.change(recipes.get("small64"), {"framing": "heart"})


def test_the_committed_sweep_changes_the_framing_only() -> None:
    runs = sweeps.read(ROOT / "sweeps" / "framing.toml").runs
    assert {recipe.framing for recipe, _ in runs} == set(framing.FRAMINGS)
    shown: dict[str, set[str]] = {}
    for recipe, _ in runs:
        alike = str({**recipe.settings(), "framing": ""})
        shown.setdefault(alike, set()).add(recipe.framing)
    assert len(shown) == 2
    assert all(each == set(framing.FRAMINGS) for each in shown.values())


def test_whole_film_differs_from_basic_by_its_framing_only() -> None:
    basic, whole = (recipes.get(name).settings() for name in ("basic", "whole_film"))
    differ = {key for key in basic if basic[key] != whole[key]}
    assert differ == {"name", "title", "framing", "role"}
    assert (basic["framing"], whole["framing"]) == ("lungs", "film")
    assert {recipes.get(name).framing for name in ("basic", "augmented", "transfer")} == {"lungs"}


def test_networks_stored_under_an_earlier_module_name_still_load() -> None:
    """Files name the module that defined the layer then; it may have moved since."""
    path = artifacts_dir() / "models" / "basic" / "model.keras"
    with zipfile.ZipFile(path) as archive:
        config = archive.read("config.json").decode()
    assert '"module": "xray.{}"'.format("lung_crop") in config
    model = registry.load("basic")
    probability = model.probability(np.full((1, 224, 224), 0.5, np.float32))
    assert probability.shape == (1,)
    assert 0 < float(probability[0]) < 1
