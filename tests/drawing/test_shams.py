"""Shams: the same brightness without structure, the same shape elsewhere."""

import cv2
import numpy as np
import pytest

from xray.drawing import devices, shams
from xray.drawing.phantoms import phantom


@pytest.fixture(scope="module")
def film() -> np.ndarray:
    return phantom(5).pixels


def roughness(delta: np.ndarray) -> float:
    """Share of a change's energy that is finer than 2 % of the film's side."""
    sigma = 0.02 * delta.shape[0]
    smooth = cv2.GaussianBlur(delta, (0, 0), sigma)
    return float(((delta - smooth) ** 2).sum() / (delta**2).sum())


@pytest.mark.parametrize("kind", devices.KINDS)
def test_brightness_keeps_sum_and_place_and_loses_structure(film: np.ndarray, kind: str) -> None:
    rng = np.random.default_rng(1)
    drawn = devices.draw(film, kind, rng)
    sham = shams.brightness(film, drawn.delta, rng)
    change = sham - film
    assert sham.dtype == np.float32
    assert sham.min() >= 0
    assert sham.max() <= 1
    assert change.sum() == pytest.approx(drawn.delta.sum(), rel=0.02)
    ys, xs = np.mgrid[: film.shape[0], : film.shape[1]]
    for axis in (ys, xs):
        shift = (axis * change).sum() / change.sum() - (
            axis * drawn.delta
        ).sum() / drawn.delta.sum()
        assert abs(shift) < 0.12 * film.shape[0]
    assert roughness(change) < 0.15 * roughness(drawn.delta)


def test_brightness_copes_with_no_change_and_no_room() -> None:
    rng = np.random.default_rng(0)
    grey = np.full((50, 60), 0.5, np.float32)
    np.testing.assert_array_equal(shams.brightness(grey, np.zeros_like(grey), rng), grey)
    white = np.ones((50, 60), np.float32)
    delta = np.zeros_like(white)
    delta[20:30, 20:30] = 0.5
    np.testing.assert_array_equal(shams.brightness(white, delta, rng), white)
    darker = shams.brightness(white, -delta, rng)
    assert (darker - white).sum() == pytest.approx(-delta.sum(), rel=0.02)


@pytest.mark.parametrize("size", [(64, 64), (224, 224), (500, 700)])
def test_moved_masks_keep_their_area_and_leave_their_place(size: tuple[int, int]) -> None:
    height, width = size
    mask = np.zeros(size, bool)
    mask[int(0.2 * height) : int(0.5 * height), int(0.2 * width) : int(0.26 * width)] = True
    mask[int(0.7 * height) : int(0.8 * height), int(0.7 * width) : int(0.8 * width)] = True
    for seed in range(5):
        copy = shams.moved(mask, np.random.default_rng(seed))
        assert copy.dtype == np.bool_
        assert copy.sum() == pytest.approx(mask.sum(), rel=0.15)
        assert (copy & mask).sum() < 0.05 * mask.sum()


def test_moved_masks_keep_off_other_devices_and_choose_like_tissue() -> None:
    film = np.full((200, 200), 0.2, np.float32)
    film[:, 100:] = 0.8
    mask = np.zeros(film.shape, bool)
    mask[60:100, 30:40] = True
    other = np.zeros_like(mask)
    other[:, :22] = True
    for seed in range(5):
        copy = shams.moved(mask, np.random.default_rng(seed), other, film)
        assert (copy & other).sum() < 0.05 * mask.sum()
        assert film[copy].mean() == pytest.approx(0.2, abs=0.1)


def test_moved_keeps_soft_masks_soft_and_empty_ones_empty(film: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    drawn = devices.draw(film, "electrode", rng)
    copy = shams.moved(drawn.mask, rng, drawn.mask > 0.5, film)
    assert copy.dtype == np.float32
    assert copy.sum() == pytest.approx(drawn.mask.sum(), rel=0.25)
    assert ((copy > 0.05) & (copy < 0.95)).sum() > 0
    assert not shams.moved(np.zeros((40, 40), bool), rng).any()
    full = shams.moved(np.ones((40, 40), bool), rng)
    assert full.shape == (40, 40)


def test_many_pieces_all_move() -> None:
    mask = np.zeros((224, 224), bool)
    for k in range(9):
        mask[20 + 20 * k : 28 + 20 * k, 20:30] = True
    copy = shams.moved(mask, np.random.default_rng(0))
    assert copy.sum() == pytest.approx(mask.sum(), rel=0.15)
