"""Superpixels of films."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.ndimage

from xray.drawing.phantoms import phantom
from xray.explanations import superpixels
from xray.films import decode
from xray.films.resize import resize


def _check(labels: np.ndarray, exempt: int = 0) -> None:
    """Numbered without gaps, each of one piece, none tiny."""
    count = labels.max() + 1
    assert labels.dtype == np.int32 and (np.unique(labels) == np.arange(count)).all()
    areas = np.bincount(labels.ravel())
    for label in range(count - exempt):
        assert scipy.ndimage.label(labels == label)[1] == 1
        assert areas[label] >= superpixels.SMALLEST_SHARE * labels.size / count * 0.5


@pytest.fixture(scope="module")
def film() -> np.ndarray:
    return resize(phantom(3, label="PNEUMONIA").pixels, (128, 128))


@pytest.fixture(scope="module")
def lungs() -> np.ndarray:
    mask = phantom(3, label="PNEUMONIA").lung_mask
    return resize(mask.astype(np.float32), (128, 128)) > 0.5


@pytest.mark.parametrize("n", [12, 30, 44, 70])
def test_segment_gives_about_the_number_asked_for(film: np.ndarray, n: int) -> None:
    labels = superpixels.segment(film, n)
    _check(labels)
    assert 0.9 * n <= labels.max() + 1 <= n


def test_segment_is_deterministic(film: np.ndarray) -> None:
    assert (superpixels.segment(film) == superpixels.segment(film.copy())).all()


def test_segments_follow_a_bright_square() -> None:
    image = np.zeros((96, 96), np.float32)
    image[30:62, 34:66] = 0.8
    labels = superpixels.segment(image, 40)
    inside = image > 0
    shares = np.array([inside[labels == label].mean() for label in range(labels.max() + 1)])
    assert ((shares < 0.1) | (shares > 0.9)).mean() > 0.85


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_flat_film_is_cut_all_the_same(value: float) -> None:
    labels = superpixels.segment(np.full((64, 64), value, np.float32), 20)
    _check(labels)
    assert 10 <= labels.max() + 1 <= 20


def test_tiny_film_gives_at_least_one() -> None:
    labels = superpixels.segment(np.random.default_rng(0).random((6, 5), dtype=np.float32), 44)
    assert labels.min() == 0 and labels.max() + 1 <= 44


def test_no_superpixel_crosses_from_lung_to_outside(film: np.ndarray, lungs: np.ndarray) -> None:
    labels = superpixels.segment(film, 44, lungs=lungs)
    _check(labels)
    assert 40 <= labels.max() + 1 <= 44
    regions = superpixels.split_lungs(lungs)
    purity = [
        np.bincount(regions[labels == k]).max() / (labels == k).sum() for k in np.unique(labels)
    ]
    assert np.mean(purity) > 0.97


def test_split_lungs_tells_left_right_and_between(lungs: np.ndarray) -> None:
    regions = superpixels.split_lungs(lungs)
    assert set(np.unique(regions)) == {0, 1, 2, 3}
    columns = np.arange(128)[None, :] * np.ones((128, 1))
    centre = [columns[regions == part].mean() for part in (1, 3, 2)]
    assert centre == sorted(centre)
    assert ((regions == 1) | (regions == 2))[lungs].mean() > 0.9


def test_split_lungs_of_nothing_one_blob_and_touching_lungs() -> None:
    assert (superpixels.split_lungs(np.zeros((20, 20), bool)) == 0).all()
    blob = np.zeros((20, 20), bool)
    blob[5:15, 2:18] = True
    assert set(np.unique(superpixels.split_lungs(blob))) == {0, 1, 2}


def test_devices_become_superpixels_of_their_own(film: np.ndarray) -> None:
    line, disc = np.zeros((128, 128), bool), np.zeros((128, 128), bool)
    line[20:90, 60:62] = True
    disc[40:48, 56:64] = True
    labels = superpixels.segment(film, 44, masks=[disc, np.zeros_like(disc), line])
    _check(labels, exempt=2)
    count = labels.max() + 1
    assert 40 <= count <= 44
    assert ((labels == count - 2) == disc).all()
    assert ((labels == count - 1) == (line & ~disc)).all()
    assert superpixels.owners(labels, disc).tolist() == [count - 2]
    assert superpixels.owners(labels, line).tolist() == [count - 1]


@pytest.mark.films
def test_real_films_are_cut_as_asked(real_films: Path) -> None:
    for label in ("NORMAL", "PNEUMONIA"):
        for path in sorted((real_films / "test" / label).glob("*.jpeg"))[::60]:
            labels = superpixels.segment(resize(decode.read(path).pixels, (128, 128)))
            _check(labels)
            assert 42 <= labels.max() + 1 <= superpixels.DEFAULT_COUNT


def test_masks_may_cover_the_whole_film() -> None:
    left = np.zeros((40, 48), bool)
    left[:, :20] = True
    labels = superpixels.segment(np.zeros((40, 48), np.float32), masks=[left, ~left])
    assert (labels == np.where(left, 0, 1)).all()
