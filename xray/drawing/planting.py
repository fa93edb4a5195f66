"""Lay devices over training films: for the cure, and for the demonstration."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xray.drawing import laying
from xray.drawing.layers import Layer
from xray.drawing.laying import Place
from xray.films import lungs
from xray.films.pixels import Pixels
from xray.jobs.progress import Progress

Bytes = NDArray[np.uint8]

#: Copies made of each film; epochs take turns, so that one copy is not learnt by heart.
VARIANTS = 2
#: Devices laid over one film, from and below: a monitored child wears several at once.
WORN = (2, 5)


def worn_copies(
    films: Pixels | Bytes,
    stock: Sequence[Layer],
    seed: int,
    variants: int = VARIANTS,
    worn: tuple[int, int] = WORN,
    progress: Progress | None = None,
) -> Bytes:
    """Lay devices over a copy of every film, several times over.

    Parameters
    ----------
    films : (N, H, W) float32 in [0, 1] or uint8
    stock : devices to choose from
    worn : how many are laid over one film, from and below

    Returns
    -------
    (variants, N, H, W) uint8
    """
    out = np.empty((variants, *films.shape), np.uint8)
    boxes = [found.box for found in lungs.estimate_many([as_float(film) for film in films])]
    for i, box in enumerate(boxes):
        for variant in range(variants):
            rng = np.random.default_rng([seed, i, variant])
            film = as_float(films[i])
            count = min(len(stock), int(rng.integers(*worn)))
            for number in rng.choice(len(stock), count, replace=False):
                film = laying.put(film, box, stock[number], Place.draw(rng))
            out[variant, i] = as_bytes(film)
        if progress:
            progress(i + 1, len(films))
    return out


def as_bytes(films: Pixels) -> Bytes:
    """Grey in [0, 1] to 0..255: films come in 8 bits, and a quarter of the memory serves."""
    levels: Bytes = np.rint(films * np.float32(255)).astype(np.uint8)
    return levels


def as_float(films: Pixels | Bytes) -> Pixels:
    """Grey 0..255 to float32 in [0, 1]; floats pass."""
    if films.dtype == np.uint8:
        return films.astype(np.float32) / np.float32(255)
    return np.asarray(films, dtype=np.float32)
