"""Numbers to grey values, and how large a film may be: shared by every decoder."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from xray.errors import FilmError

#: Grey values 0..255 of a film, (H, W).
Levels = NDArray[np.uint8]

#: Largest file read.  The largest chest detectors give 4280 x 3520 pixels, 30 MB in 16 bits.
MAX_BYTES = 40_000_000

#: Most pixels decoded, checked in the header before any of them is.
MAX_PIXELS = 25_000_000

#: Shortest side of a film, in pixels.
MIN_SIDE = 32

#: A film that uses less than this share of its scale is stretched to what it uses.
NARROW = 0.25

#: Depths, in bits, at which detectors and exporters store grey values.
_DEPTHS = (8, 10, 12, 14, 16, 24, 32)


def check_bytes(count: int, name: str) -> None:
    """Refuse a file of no bytes or too many.

    Raises
    ------
    FilmError
    """
    if count == 0:
        raise FilmError(f"{name} is empty; export or download the film again.")
    if count > MAX_BYTES:
        raise FilmError(
            f"{name} has {count / 1e6:.0f} MB, more than the {MAX_BYTES / 1e6:.0f} MB read here; "
            "export it smaller, for example as JPEG."
        )


def check_size(width: int, height: int, name: str) -> None:
    """Refuse a size, as the header gives it, at which no chest film comes.

    Raises
    ------
    FilmError
    """
    if width * height > MAX_PIXELS:
        raise FilmError(
            f"{name} has {width} x {height} pixels, more than the {MAX_PIXELS / 1e6:.0f} million "
            "decoded here; export it smaller."
        )
    if min(width, height) < MIN_SIDE:
        raise FilmError(
            f"{name} has {width} x {height} pixels, too few for a film; "
            f"use one with at least {MIN_SIDE} on each side."
        )


def stretched(
    values: NDArray[Any], low: float, high: float, inside: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """Map ``low``..``high`` to [0, 1], or the range in use where it is a small part of that.

    Films of more than 8 bits are taken at their bit depth, so that films of the same detector
    stay comparable.  But a 12-bit film with one burned-in marker at 65535, or a raw one without a
    window, would come out black: where the central 99 % of the pixels use less than ``NARROW`` of
    the scale, they are stretched over all of it, as every viewer would.

    Parameters
    ----------
    values : (H, W) numbers
    low, high : ends of the scale; ``low`` < ``high``
    inside : (H, W) which pixels are looked at for it; all when None

    Returns
    -------
    (H, W) float32 in [0, 1]
    """
    step = max(1, int(np.sqrt(values.size / 250_000)))
    seen = values[::step, ::step]
    if inside is not None:
        some = seen[inside[::step, ::step]]
        seen = some if some.size else values[inside]
    first, last = np.percentile(seen, [0.5, 99.5])
    if 0 < last - first < NARROW * (high - low):
        low, high = float(first), float(last)
    return ramp(values, low, high)


def ramp(values: NDArray[Any], low: float, high: float) -> NDArray[np.float32]:
    """Map ``low``..``high`` (low < high) linearly to [0, 1] and clip; (H, W) float32."""
    out = values.astype(np.float32)
    out -= np.float32(low)
    out *= np.float32(1 / (high - low))
    return np.clip(out, 0, 1, out=out)


def chroma(picture: Image.Image) -> float:
    """Chroma of a picture in any colour mode, measured at an eighth of its size, in [0, 1]."""
    return distance_from_grey(np.asarray(picture.convert("RGB").reduce(8)))


def distance_from_grey(pixels: NDArray[np.uint8]) -> float:
    """Mean difference of red and of blue from green over a (H, W, 3) film, in [0, 1]."""
    values = pixels.astype(np.int16)
    apart = np.abs(values[..., ::2] - values[..., 1:2]).sum()
    return float(apart) / (2 * 255 * values[..., 0].size)


def from_numbers(values: NDArray[Any], name: str) -> NDArray[np.float32]:
    """Grey values of a film whose file does not say what black and white are.

    Integers are taken at the smallest usual depth (8, 10, 12, 14, 16 ... bits) that holds them,
    real numbers as they are when all lie in [0, 1]; then as ``stretched`` does.

    Parameters
    ----------
    values : (H, W) integers or real numbers

    Returns
    -------
    (H, W) float32 in [0, 1]

    Raises
    ------
    FilmError
        Some values are not finite.
    """
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        raise FilmError(f"{name} holds values that are no numbers; export it as PNG.")
    if low >= 0 and values.dtype.kind in "iu":
        depth = next((bits for bits in _DEPTHS if high < 2**bits), 64)
        return stretched(values, 0, 2**depth - 1)
    if low >= 0 and high <= 1:
        return values.astype(np.float32)
    return stretched(values, low, max(high, np.nextafter(low, np.inf)))
