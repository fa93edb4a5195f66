"""Films as points: stored once, neighbours by correlation, layouts that repeat."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageEnhance

from tests.helpers.networks import SIDE, films, network
from xray.dataset import index, leakage
from xray.errors import DatasetError, FilmError, ModelError
from xray.models import embeddings, objects
from xray.models.card import Card
from xray.models.embeddings import Space
from xray.models.model import Model


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(Card("net", size=(SIDE, SIDE), files={"model.keras": "ab"}), network(units=1))


@pytest.fixture(scope="module")
def table(synthetic_folder: Path) -> pd.DataFrame:
    return index.index(synthetic_folder)


def test_a_film_is_what_the_last_layer_reads(model: Model) -> None:
    grey = films(3)
    found = embeddings.vectors_of(model, grey)
    import keras

    body = keras.Model(model.network.inputs, model.network.get_layer("end").input)
    expected = np.asarray(body([grey[..., None]]))
    expected = expected - expected.mean(axis=1, keepdims=True)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert found == pytest.approx(expected, abs=1e-5)
    named = embeddings.vectors_of(model, grey, "look")
    # Maps of features are told by their means, which is what this network's last layer reads.
    assert named == pytest.approx(found, abs=1e-5)


def test_pixels_are_compared_by_correlation() -> None:
    grey = films(2, embeddings.SIDE)
    one, two = embeddings.vectors_of(None, grey)
    assert one @ two == pytest.approx(np.corrcoef(grey[0].ravel(), grey[1].ravel())[0, 1], abs=1e-4)
    brighter = embeddings.vectors_of(None, 0.5 * grey[:1] + 0.3)[0]
    assert one @ brighter == pytest.approx(1, abs=1e-5)


def test_a_space_is_made_once_and_read_again(
    synthetic_folder: Path, table: pd.DataFrame, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = embeddings.embed(synthetic_folder, table, model)
    assert list(space.files) == list(table["file"]) and space.vectors.shape[1] == 4
    monkeypatch.setattr(embeddings, "vectors_of", None)
    again = embeddings.embed(synthetic_folder, table, model)
    assert np.array_equal(again.vectors, space.vectors) and again.key == space.key
    found = embeddings.read(embeddings.key_of(table, "ab"), "net")
    assert found is not None and np.array_equal(found.vectors, space.vectors)
    assert embeddings.stored(table.iloc[1:], model) is None
    assert embeddings.stored(table, model, "look") is None
    assert embeddings.key_of(table, "ab") != embeddings.key_of(table, "cd")


def test_damaged_films_and_spaces_are_passed_over(
    synthetic_folder: Path, table: pd.DataFrame, tmp_path: Path
) -> None:
    folder = tmp_path / "films"
    shutil.copytree(synthetic_folder, folder)
    broken = table.assign(sha256="broken").reset_index(drop=True)
    (folder / broken["path"].iloc[3]).write_bytes(b"no film")
    space = embeddings.embed(folder, broken)
    assert len(space.files) == len(broken) - 1 and broken["file"].iloc[3] not in space.files
    embeddings._path(space.key).write_bytes(b"damaged")
    assert embeddings.read(space.key, embeddings.PIXELS) is None
    with pytest.raises(DatasetError, match="None of these films is here"):
        embeddings.embed(folder, broken.assign(path=""))


def test_neighbours_are_the_nearest_and_not_the_film_itself() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    space = Space("net", "", np.array([f"f{i}" for i in range(40)]), vectors, "k")
    rows, far = space.nearest(vectors[7], 3, "f7")
    order = np.argsort(1 - vectors @ vectors[7])
    assert list(rows) == list(order[1:4])
    assert far == pytest.approx(1 - vectors[rows] @ vectors[7], abs=1e-5)
    assert list(space.nearest(vectors[7], 1)[0]) == [7]
    assert space.row("f9") == 9 and space.row("g") is None


def test_pairs_are_all_that_are_no_further_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(size=(60, 200))
    vectors = leakage.unit(
        np.concatenate([base, base + rng.normal(size=(60, 200)) * 0.15]).astype(np.float32)
    )
    monkeypatch.setattr(embeddings, "DIRECTIONS", 5)
    space = Space("x", "", np.arange(120).astype(str), vectors, "")
    for distance in (0.0, 0.011, 0.5, 2.0):
        low = 1 - distance
        expected = {
            (i, j) for i in range(120) for j in range(i + 1, 120) if vectors[i] @ vectors[j] >= low
        }
        found = [tuple(pair) for pair in space.pairs(distance).tolist()]
        assert len(found) == len(expected) and set(found) == expected
    assert 0 < len(space.pairs(0.011)) < 60
    alone = Space("x", "", np.array(["a"]), vectors[:1], "")
    assert alone.pairs(1.0).shape == (0, 2)


def test_films_saved_again_are_found_and_others_are_not(tmp_path: Path) -> None:
    from xray.drawing.phantoms import phantom

    folder = tmp_path / "train" / "NORMAL"
    folder.mkdir(parents=True)
    for seed in range(8):
        pixels = phantom(seed, (256, 256), "NORMAL").pixels
        Image.fromarray((pixels * 255).astype(np.uint8)).save(folder / f"{seed}.png")
    film = Image.open(folder / "3.png")
    film.save(folder / "3-jpeg.jpeg", quality=40)
    film.resize((180, 200)).save(folder / "3-small.png")
    ImageEnhance.Brightness(film).enhance(0.8).save(folder / "3-dark.png")
    (folder / "5-copy.png").write_bytes((folder / "5.png").read_bytes())
    table = index.index(tmp_path)
    listed = leakage.members(table, embeddings.near_identical(tmp_path, table))
    names = listed["file"].str.rpartition("/")[2]
    again = ["3-dark.png", "3-jpeg.jpeg", "3-small.png", "3.png"]
    assert names[listed["group"] == 0].tolist() == again
    assert names[listed["group"] == 1].tolist() == ["5-copy.png", "5.png"]
    assert listed["group"].max() == 1
    assert embeddings.near_identical(tmp_path, table.head(1)).tolist() == [-1]


@pytest.mark.films
def test_real_films_hold_no_near_identical_pair_beyond_the_identical(real_films: Path) -> None:
    table = index.index(real_films)
    near = embeddings.near_identical(real_films, table)
    assert np.array_equal(near, leakage.identical(table))


def test_layouts_keep_neighbours_together_and_repeat() -> None:
    rng = np.random.default_rng(0)
    side = np.repeat([0, 1], 30)
    vectors = (rng.normal(size=(60, 8)) + 12 * side[:, None] * np.eye(8)[0]).astype(np.float32)
    space = Space("net", "", np.array([f"f{i}" for i in range(60)]), vectors, "two groups")
    for how in embeddings.LAYOUTS:
        places = embeddings.layout(space, how)
        assert places.shape == (60, 2) and places.min() == 0 and places.max() == 1
        middles = [places[side == one].mean(axis=0) for one in (0, 1)]
        spread = places[side == 0].std(axis=0).max()
        assert np.linalg.norm(middles[0] - middles[1]) > 2 * spread
        stored = embeddings.stored_layout(space, how)
        assert stored is not None and np.array_equal(stored, places)
        assert np.allclose(embeddings._laid_out(vectors, how, 0), places, atol=1e-4)
    with pytest.raises(FilmError, match="laid out by pca or tsne"):
        embeddings.layout(space, "umap")


def test_of_many_films_a_sample_is_drawn() -> None:
    assert list(embeddings.drawn(5, 10)) == [0, 1, 2, 3, 4]
    rows = embeddings.drawn(1000, 100)
    assert len(set(rows)) == 100 and list(rows) == sorted(rows)
    assert list(rows) == list(embeddings.drawn(1000, 100))


def test_what_is_no_keras_network_cannot_be_looked_into() -> None:
    class Flat:
        def predict(self, given: np.ndarray) -> np.ndarray:
            return np.full(len(given), 0.5)

    with pytest.raises(ModelError, match="no Keras network"):
        embeddings.vectors_of(objects.wrap(Flat(), size=(16, 16)), films(1))
