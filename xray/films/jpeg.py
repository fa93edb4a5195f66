"""What a JPEG file says about how it was compressed, without decoding it."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from xray.films import sanitize

# ITU-T T.81 (1992), annex K, table K.1: what the Independent JPEG Group's library scales.
_LUMINANCE = """
16 11 10 16 24 40 51 61  12 12 14 19 26 58 60 55  14 13 16 24 40 57 69 56  14 17 22 29 51 87 80 62
18 22 37 56 68 109 103 77  24 35 55 64 81 104 113 92  49 64 78 87 103 121 120 101
72 92 95 98 112 100 103 99"""

#: More scans than this and a progressive JPEG is a trap: each may cost a pass over all its pixels
#: while taking a few bytes.  Encoders write about ten.
MAX_SCANS = 100


def count_scans(data: bytes) -> int:
    """Count scans by their start marker, which compressed data cannot contain."""
    return data.count(b"\xff\xda")


def baseline_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a plain baseline JPEG; None for any other, and for a damaged one.

    Plain: one frame of 8 bits and one or three components, coded by Huffman's tables, with at
    most a scan for each component.  Such a file costs what its size says: each pixel is decoded
    once.
    """
    frames, scan = [], len(data)
    try:
        for marker, start, end in sanitize.segments(data):
            if marker == 0xDA:
                scan = start
            elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
                frames.append((marker, *struct.unpack(">BHHB", data[start + 4 : end][:6])))
    except (ValueError, IndexError, struct.error):
        return None
    if len(frames) != 1 or frames[0][:2] != (0xC0, 8):
        return None
    height, width, components = frames[0][2:]
    if components not in (1, 3) or count_scans(data[scan:]) > components:
        return None
    return width, height


def quality(tables: Mapping[int, Sequence[int]]) -> float | None:
    """Estimate the quality setting, 1..100, from quantisation tables.

    Exact where the file was written with the tables of the Independent JPEG Group (libjpeg and
    most others); otherwise the setting whose luminance table is nearest, by the sum of absolute
    differences.

    Parameters
    ----------
    tables : table number -> 64 divisors in natural order (``Image.quantization`` of Pillow);
        the first is for luminance

    Returns
    -------
    float or None
        None where there is no table of 64 positive numbers.
    """
    first = next((tables[key] for key in sorted(tables)), None)
    if first is None or len(first) != 64 or min(first) < 1:
        return None
    # libjpeg keeps to 255, as ``_standard`` does; tables of 16 bits may hold more.
    distance = np.abs(_standard() - np.minimum(first, 255)).sum(axis=1)
    return float(np.argmin(distance) + 1)


@cache
def _standard() -> NDArray[np.int64]:
    """Luminance tables (100, 64) that libjpeg's ``jpeg_set_quality`` makes of quality 1..100."""
    base = np.array(_LUMINANCE.split(), dtype=np.int64)
    settings = np.arange(1, 101)
    scale = np.where(settings < 50, 5000 // settings, 200 - 2 * settings)
    return np.clip((base * scale[:, None] + 50) // 100, 1, 255)
