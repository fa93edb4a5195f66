"""Lungs: the guess, the network, the step from one to the other, and the training."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xray.drawing.phantoms import phantom
from xray.environment import artifacts_dir
from xray.errors import Stopped
from xray.films import lungs
from xray.films.decode import read
from xray.training import lung_network

CARD = artifacts_dir() / "networks" / "lungs" / "card.json"


def test_the_guess_finds_most_of_the_lungs_of_phantoms_at_any_size() -> None:
    for size in [(64, 64), (224, 224), (300, 420)]:
        film = phantom(2, size)
        found = lungs.guess(film.pixels)
        assert found.source == "heuristic"
        assert found.field.shape == size
        assert found.field.dtype == np.bool_
        assert lung_network.dice(found.field, film.lung_mask > 0.5) > 0.6


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_films_without_a_chest_still_get_two_lungs_in_place(level: float) -> None:
    found = lungs.guess(np.full((90, 120), level, np.float32))
    assert found.left.any()
    assert found.right.any()
    x0, y0, x1, y1 = found.box
    assert 0 <= x0 < found.midline < x1 <= 120
    assert 0 <= y0 < y1 <= 90


def test_split_tells_the_sides_apart_and_scales_to_the_film() -> None:
    share = np.zeros((64, 64), np.float32)
    share[10:50, 8:28] = 1
    share[12:54, 36:58] = 1
    share[2, 2] = 1
    found = lungs.split(share, (128, 256), "network")
    assert found.left.shape == (128, 256)
    assert not (found.left & found.right).any()
    assert found.left[60, 70]
    assert found.right[60, 200]
    # The stray pixel is no lung.
    assert not found.field[:10, :20].any()
    np.testing.assert_allclose(found.box, (32, 20, 232, 108))
    assert 28 * 4 <= found.midline <= 36 * 4


def test_an_empty_map_gives_the_usual_place() -> None:
    found = lungs.split(np.zeros((64, 64), np.float32), (64, 64), "network")
    assert found.left.any()
    assert found.right.any()


def test_without_a_network_the_guess_stands_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path))
    film = phantom(1).pixels
    assert lungs.network() is None
    assert lungs.estimate(film).source == "heuristic"
    # A network that is not the one of its card is not used.
    folder = lungs.network_folder()
    folder.mkdir(parents=True)
    (folder / lungs.NETWORK_FILE).write_bytes(b"something else")
    (folder / "card.json").write_text(json.dumps({"sha256": "0" * 64}))
    assert lungs.network() is None
    assert lungs.estimate(film).source == "heuristic"


def test_many_films_of_many_sizes_report_progress_and_can_be_stopped() -> None:
    films = [phantom(seed, size).pixels for seed, size in enumerate([(64, 64), (90, 150)] * 3)]
    seen = []
    found = lungs.estimate_many(films, lambda done, total: seen.append((done, total)))
    assert [f.field.shape for f in found] == [film.shape for film in films]
    assert seen[-1] == (6, 6)

    def stop(done: int, total: int) -> None:
        raise Stopped("stopped")

    with pytest.raises(Stopped):
        lungs.estimate_many(films, stop)
    assert lungs.estimate_many([]) == []


@pytest.mark.skipif(not CARD.is_file(), reason="the lung network is not stored here")
def test_the_stored_network_is_the_one_of_its_card_and_small() -> None:
    card = json.loads(CARD.read_text())
    assert card["test"]["network"]["dice_mean"] > 0.9
    assert card["bytes"] < 2_000_000
    film = phantom(4)
    found = lungs.estimate(film.pixels)
    assert found.source == "network"
    assert found.field.any()


@pytest.mark.skipif(not CARD.is_file(), reason="the lung network is not stored here")
def test_brightness_and_size_hardly_move_the_networks_lungs() -> None:
    film = phantom(6, (400, 400)).pixels
    usual = lungs.estimate(film).field
    dark = lungs.estimate(film * np.float32(0.5)).field
    assert lung_network.dice(usual, dark) > 0.95


@pytest.mark.films
@pytest.mark.skipif(not CARD.is_file(), reason="the lung network is not stored here")
def test_on_real_films_network_and_guess_agree_about_the_chest(real_films: Path) -> None:
    paths = sorted((real_films / "test" / "NORMAL").glob("*.jpeg"))[:40]
    films = [read(path).pixels for path in paths]
    found = lungs.estimate_many(films)
    assert {lung.source for lung in found} == {"network"}
    shares = [lung.field.mean() for lung in found]
    assert 0.15 < np.median(shares) < 0.6
    agreement = [
        lung_network.dice(lung.field, lungs.guess(film).field)
        for lung, film in zip(found, films, strict=True)
    ]
    assert np.median(agreement) > 0.65


def test_augmented_masks_follow_their_films() -> None:
    rng = np.random.default_rng(0)
    field = np.zeros((8, lungs.SIDE, lungs.SIDE, 1), np.float32)
    field[:, 20:44, 10:26] = 1
    films = 1 - field
    x, y = lung_network.augment(films, field, rng)
    for film, share in zip(x[..., 0], y[..., 0], strict=True):
        assert np.corrcoef(film.ravel(), share.ravel())[0, 1] < -0.95
    assert np.abs(y - field).max() > 0.5


@pytest.mark.slow
def test_training_writes_a_network_that_its_own_loader_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, masks = tmp_path / "films", tmp_path / "masks"
    for part, count in (("train", 32), ("test", 3)):
        for seed in range(count):
            film = phantom(seed, (64, 64))
            for root, pixels, name in (
                (data, film.pixels, f"{seed}.jpeg"),
                (masks, film.lung_mask, f"{seed}.png"),
            ):
                path = root / part / "NORMAL" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray((np.asarray(pixels, float) * 255).astype(np.uint8)).save(path)
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path / "artifacts"))
    steps = []
    card = lung_network.train(data, masks, 2, 0, lambda done, total: steps.append((done, total)))
    assert steps == [(1, 2), (2, 2)]
    assert card["test"]["films"] == 3
    assert 0 <= card["test"]["network"]["dice_mean"] <= 1
    assert lungs.network() is not None
    assert lungs.estimate(phantom(0).pixels).field.any()
