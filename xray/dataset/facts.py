"""What film files say about themselves, from a single decode: the rows that ``index`` stores.

Everything is measured on a small copy of the film, so that films of every size are measured
alike and a large film costs little: JPEG decoding stops at the scale it needs.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fft

from xray.dataset import outliers
from xray.errors import FilmError
from xray.files import sha256_bytes
from xray.films import decode, decoder, grey, jpeg, sanitize
from xray.films.resize import resize

#: Raised whenever a fact is computed in another way, so that cached tables are rebuilt.
VERSION = 7

#: Side of the square copy that is measured, in pixels.
COPY = 224

#: Films that are measured together: more, and the arrays of a step are too large for memory that
#: was used before to serve again, and for the processor to have them at hand.
TOGETHER = 8

#: Columns that ``measure`` fills, with what they hold where the file cannot be read.
UNREADABLE: dict[str, Any] = {
    "width": np.nan,
    "height": np.nan,
    "mode": "",
    "mean": np.nan,
    "contrast": np.nan,
    "sha256": "",
    "phash": "",
    "jpeg_quality": np.nan,
    **dict.fromkeys(outliers.STORED, np.nan),
}

#: The eight lowest cosines of the discrete cosine transform (type II) of 32 values, (8, 32).
_WAVES = fft.dct(np.eye(32), axis=0)[:8]


@dataclass(frozen=True, eq=False)
class _Copy:
    """One film made small: (S, S) uint8, chroma in [0, 1], facts."""

    pixels: NDArray[np.uint8]
    chroma: float
    facts: dict[str, Any]


def measure(paths: Sequence[str]) -> list[dict[str, Any]]:
    """Read films and measure them, a few together, which is quicker than one by one.

    Returns
    -------
    A dict a path, with the keys of ``UNREADABLE`` and ``error``: "" where the film was read,
    one sentence where it was not. ``mean`` and ``contrast`` are those of the copy.
    """
    rows: list[dict[str, Any]] = []
    for start in range(0, len(paths), TOGETHER):
        copies = [_shrink(path) for path in paths[start : start + TOGETHER]]
        measured = iter(_measured([copy for copy in copies if isinstance(copy, _Copy)]))
        rows += [
            {**UNREADABLE, "error": copy} if isinstance(copy, str) else next(measured)
            for copy in copies
        ]
    return rows


def _measured(copies: Sequence[_Copy]) -> Iterator[dict[str, Any]]:
    """Rows of films that were read."""
    if copies:
        pixels, chroma = [copy.pixels for copy in copies], [copy.chroma for copy in copies]
        scores, halves = outliers.measure(pixels, chroma)
        columns = scores | {"phash": perceptual_hashes(list(halves)), "error": [""] * len(copies)}
        for copy, *values in zip(copies, *columns.values(), strict=True):
            yield copy.facts | dict(zip(columns, values, strict=True))


def perceptual_hashes(copies: Sequence[NDArray[np.uint8]]) -> list[str]:
    """Hash how films look: imagehash's ``phash`` of their 32 x 32 copies, many at once.

    A bit for each of the 8 x 8 lowest frequencies of the discrete cosine transform: above
    their median or not.

    Parameters
    ----------
    copies : N of (S, S) uint8

    Returns
    -------
    16 hexadecimal digits a film
    """
    small = np.stack([cv2.resize(copy, (32, 32), interpolation=cv2.INTER_AREA) for copy in copies])
    low = (_WAVES @ small.astype(np.float64) @ _WAVES.T).reshape(len(small), 64)
    bits = low > np.median(low, axis=1, keepdims=True)
    return [row.tobytes().hex() for row in np.packbits(bits, axis=1)]


def _shrink(path: str) -> _Copy | str:
    """Read one film and make its copy; a sentence where it cannot be read."""
    name = path.rpartition("/")[2]
    try:
        with open(path, "rb", buffering=0) as stream:
            size = os.fstat(stream.fileno()).st_size
            grey.check_bytes(size, name)
            data = stream.read(size)
            if len(data) < size:
                data += stream.read()
        if data[:2] == b"\xff\xd8" and (quick := _shrink_jpeg(data)):
            return quick
        film = decode.decode(data, name, own=True)
    except FilmError as error:
        return str(error)
    except OSError as error:
        return f"{name} cannot be opened ({error.strerror}); check that it may be read."
    small = resize(film.pixels, (COPY, COPY)) * 255 + 0.5
    facts = {
        "width": float(film.width),
        "height": float(film.height),
        "mode": film.mode,
        "sha256": film.sha256,
        "jpeg_quality": np.nan if film.jpeg_quality is None else float(film.jpeg_quality),
    }
    return _Copy(small.astype(np.uint8), film.chroma, facts)


def _shrink_jpeg(data: bytes) -> _Copy | None:
    """Decode a plain whole JPEG (``decoder.is_bounded``) no larger than needed; None for others.

    Whatever is refused or fails here goes to ``films``, which decides and finds the words.
    OpenCV decodes here, because it can leave the colour out and stop at a fraction of the size.
    """
    # OpenCV fills what a truncated file lacks with grey; a whole one ends in its end marker.
    head = _head(data) if data.endswith(b"\xff\xd9") else None
    header = None if head is None else _header(head)
    if head is None or header is None or data.count(_SCAN, len(head)) >= len(header.mode):
        return None
    content = np.frombuffer(data, np.uint8)
    try:
        light = _decode_light(content, min(header.size))
        chroma = 0.0 if header.mode == "L" else _chroma_jpeg(content)
    # Readers raise whatever a damaged file leads them to.
    except Exception:
        return None
    if light[0, 0] == light[COPY // 2, COPY // 2] and light.min() == light.max():
        return None
    facts = {
        "width": float(header.size[0]),
        "height": float(header.size[1]),
        "mode": header.mode,
        "sha256": sha256_bytes(data),
        "jpeg_quality": header.quality,
    }
    return _Copy(light, chroma, facts)


#: Start of a scan in a JPEG file: what follows are pixels.
_SCAN = b"\xff\xda"

#: What the JPEG before began with: films of one source and size begin alike.
_heads = [b""]


def _head(data: bytes) -> bytes | None:
    """A JPEG up to its first pixels; None where its segments make no sense."""
    before = _heads[0]
    if before and data.startswith(before):
        return before
    try:
        # Not by its marker alone: a preview in the header has scans of its own.
        scan = next((start for marker, start, _ in sanitize.segments(data) if marker == 0xDA), None)
    except (ValueError, IndexError, struct.error):
        return None
    if scan is None:
        return None
    _heads[0] = head = data[: scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big")]
    return head


@dataclass(frozen=True)
class _Header:
    """What the bytes of a JPEG before its first scan say; size is (width, height)."""

    size: tuple[int, int]
    mode: str
    quality: float


@lru_cache(maxsize=256)
def _header(head: bytes) -> _Header | None:
    """Read a JPEG's header; None where the film is not plain, upright and of a size to read.

    Films of one source and size share a header to the last bit: it is read once.
    """
    if not decoder.is_bounded(head, "JPEG"):
        return None
    try:
        image = Image.open(BytesIO(head), formats=["JPEG"])
        grey.check_size(*image.size, "")
        turned = "exif" in image.info and image.getexif().get(0x0112, 1) != 1
        if image.mode not in ("L", "RGB") or turned:
            return None
        found = jpeg.quality({0: image.quantization[0]})  # type: ignore[attr-defined]
    # Readers raise whatever a damaged file leads them to.
    except Exception:
        return None
    return _Header(image.size, image.mode, np.nan if found is None else found)


def _decode_light(data: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Decode the luminance of a JPEG at the smallest scale that keeps ``COPY`` pixels a side."""
    scale = next((n for n in (8, 4, 2) if side >= n * COPY), 1)
    flag = getattr(cv2, f"IMREAD_REDUCED_GRAYSCALE_{scale}") if scale > 1 else cv2.IMREAD_GRAYSCALE
    light = cv2.imdecode(data, flag | cv2.IMREAD_IGNORE_ORIENTATION)
    if light is None:
        raise FilmError("OpenCV does not read this file.")
    if light.shape != (COPY, COPY):
        light = cv2.resize(light, (COPY, COPY), interpolation=cv2.INTER_AREA)
    return np.asarray(light, dtype=np.uint8)


def _chroma_jpeg(data: NDArray[np.uint8]) -> float:
    """Chroma of a colour JPEG, at an eighth of its size."""
    colour = cv2.imdecode(data, cv2.IMREAD_REDUCED_COLOR_8)
    if colour is None:
        raise FilmError("OpenCV does not read this file.")
    content = colour.tobytes()
    # Most films in colour hold none.
    if content[::3] == content[1::3] == content[2::3]:
        return 0.0
    return grey.distance_from_grey(np.asarray(colour, np.uint8))
