"""Draw devices into training films: for the cure and for the control models."""

from __future__ import annotations

import numpy as np

from xray.drawing import devices as draw
from xray.films.pixels import Bytes, Pixels, as_bytes, as_float
from xray.jobs.progress import Progress

#: Drawings made of each film; epochs take turns, so that one drawing is not learnt by heart.
VARIANTS = 2


def devices_into(film: Pixels, rng: np.random.Generator, style: draw.Style) -> Pixels:
    """Draw two to four devices of different kinds into a film (H, W) in [0, 1].

    A monitored child wears several at once, and one thin line is more than a network of 64
    pixels learns.
    """
    for kind in rng.choice(draw.KINDS, size=rng.integers(2, 5), replace=False):
        film = draw.draw(film, str(kind), rng, style).film
    return film


def drawn_copies(
    films: Pixels | Bytes,
    seed: int,
    style: draw.Style = "plant",
    variants: int = VARIANTS,
    progress: Progress | None = None,
) -> Bytes:
    """Draw devices into every film, several times over.

    Parameters
    ----------
    films : (N, H, W) float32 in [0, 1] or uint8

    Returns
    -------
    (variants, N, H, W) uint8
    """
    out = np.empty((variants, *films.shape), np.uint8)
    for i in range(len(films)):
        film = as_float(films[i])
        for variant in range(variants):
            rng = np.random.default_rng([seed, i, variant])
            out[variant, i] = as_bytes(devices_into(film, rng, style))
        if progress:
            progress(i + 1, len(films))
    return out
