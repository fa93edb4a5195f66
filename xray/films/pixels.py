"""Grey values of films: numbers in [0, 1], or bytes of a quarter of their memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
Bytes = NDArray[np.uint8]


def as_bytes(films: Pixels) -> Bytes:
    """Grey in [0, 1] to 0..255: films come in 8 bits, and a quarter of the memory serves."""
    levels: Bytes = np.rint(films * np.float32(255)).astype(np.uint8)
    return levels


def as_float(films: Pixels | Bytes) -> Pixels:
    """Grey 0..255 to float32 in [0, 1]; floats pass."""
    if films.dtype == np.uint8:
        values = films.astype(np.float32)
        values /= np.float32(255)
        return values
    return np.asarray(films, dtype=np.float32)
