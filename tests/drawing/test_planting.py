"""Devices laid over training films: seeded, several at once, and each copy another."""

from __future__ import annotations

import numpy as np

from xray.drawing import planting, rendering
from xray.drawing.phantoms import phantom
from xray.films.pixels import as_bytes

SIZE = (96, 96)


def test_copies_are_seeded_and_differ() -> None:
    films = np.stack([as_bytes(phantom(seed, SIZE).pixels) for seed in range(3)])
    stock = rendering.read(SIZE, kind="support")[:6]
    copies = planting.worn_copies(films, stock, seed=1)
    assert copies.shape == (planting.VARIANTS, *films.shape) and copies.dtype == np.uint8
    changed = copies.astype(int) - films
    assert (np.abs(changed).max(axis=(2, 3)) > 20).all(), "every copy wears something"
    assert changed.mean() > 0, "devices are bright"
    assert (copies[0] != copies[1]).any()
    np.testing.assert_array_equal(copies, planting.worn_copies(films, stock, seed=1))
    one = planting.worn_copies(films, stock[:1], seed=1, worn=(1, 2))
    assert np.abs(one.astype(int) - films).sum() < np.abs(changed).sum()
