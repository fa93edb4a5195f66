"""Lay devices over training films: for the cure, and for the demonstration."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xray.drawing import laying
from xray.drawing.layers import Layer
from xray.drawing.laying import Place
from xray.films import lungs
from xray.films.pixels import Bytes, Pixels, as_bytes, as_float
from xray.jobs.progress import Progress

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
