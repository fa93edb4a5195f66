"""Shams: the same shape elsewhere."""

import cv2
import numpy as np
import pytest

from xray.drawing import shams
from xray.drawing.phantoms import phantom


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


def test_moved_keeps_soft_masks_soft_and_empty_ones_empty() -> None:
    rng = np.random.default_rng(0)
    drawn = phantom(5, device="electrode")
    soft = cv2.GaussianBlur(drawn.device_mask.astype(np.float32), (0, 0), 2)
    copy = shams.moved(soft, rng, soft > 0.5, drawn.pixels)
    assert copy.dtype == np.float32
    assert copy.sum() == pytest.approx(soft.sum(), rel=0.25)
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
