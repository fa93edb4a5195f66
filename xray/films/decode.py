"""Bytes to films: decode what strangers upload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from xray.errors import FilmError
from xray.files import sha256_bytes
from xray.films import decoder, dicom, formats, jpeg, sanitize
from xray.films.decoder import Decoded
from xray.films.grey import (
    MAX_BYTES,
    MAX_PIXELS,
    Levels,
    check_bytes,
    check_size,
    chroma,
    from_numbers,
)
from xray.films.pixels import Pixels, as_float


@dataclass(frozen=True, eq=False)
class Film:
    """One decoded film.

    Attributes
    ----------
    pixels : (H, W) float32
        Grey values in [0, 1], bright where the film is bright, upright.
    name : str
        Name to show: never a path, printable, at most 80 characters.  It comes from a stranger:
        escape it wherever it is shown.
    sha256 : str
        Hash of the file's bytes.
    format : str
        "JPEG", "PNG", "TIFF", "BMP", "WEBP" or "DICOM".
    mode : str
        Colour mode of the original, in Pillow's words ("L", "RGB", "I;16", "CMYK", ...); of a
        DICOM file its photometric interpretation ("MONOCHROME1", "MONOCHROME2", "RGB").
    bytes : int
        Size of the file.
    jpeg_quality : float or None
        1..100, estimated from the quantisation tables; None where the file is no JPEG.
    chroma : float
        How far the original is from grey, in [0, 1] (``grey.chroma``); 0 where it holds no colour.
    """

    pixels: Pixels
    name: str
    sha256: str
    format: str
    mode: str
    bytes: int
    jpeg_quality: float | None = None
    chroma: float = 0.0

    @property
    def height(self) -> int:
        """Rows of the upright film."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns of the upright film."""
        return int(self.pixels.shape[1])


def decode(data: bytes, name: str = "film", own: bool = False) -> Film:
    """Decode a film from bytes, in memory only, in a process with limits (``xray.films.decoder``).

    The type is taken from the content, whatever the name says.  Sizes are checked in the header
    before pixels are decoded (``grey.MAX_BYTES``, ``MAX_PIXELS``, ``MIN_SIDE``).  Of several
    frames or pages the first is taken; EXIF orientation is applied.

    Parameters
    ----------
    data : a whole JPEG, PNG, TIFF, BMP, WebP or DICOM file
    name : what to call it
    own : it is one of many in a folder that the user chose, and nobody else sent it: decoded in
        this process where ``decoder.is_bounded`` says that its cost is

    Returns
    -------
    Film

    Raises
    ------
    FilmError
        One sentence: what is wrong with the file, and what to do.
    """
    name = shown_name(name)
    check_bytes(len(data), name)
    kind = formats.picture_format(data)
    if kind is None:
        what, advice = formats.describe(data)
        raise FilmError(f"{name} is {what}; {advice}.")
    if own and decoder.is_bounded(data, kind):
        try:
            decoded, sha256 = decode_here(data, kind, name), sha256_bytes(data)
        except MemoryError as error:
            raise FilmError(f"{name} is too large to decode here; export it smaller.") from error
    else:
        decoded, sha256 = decoder.decode(data, kind, name)
    levels = decoded.levels
    if not levels.min() < levels.max():
        raise FilmError(f"{name} shows one even grey and no film; export or download it again.")
    return Film(
        as_float(levels),
        name,
        sha256,
        kind,
        decoded.mode,
        len(data),
        decoded.quality,
        decoded.chroma,
    )


def decode_here(data: bytes, kind: str, name: str) -> Decoded:
    """Decode a film in this process, without limits; what ``decoder_process`` does.

    Raises
    ------
    FilmError
        As ``decode``.
    MemoryError
    """
    if kind == "DICOM":
        levels, mode, colour = dicom.decode(data, name)
        quality = None
    else:
        levels, mode, quality, colour = _decode_picture(data, kind, name)
    return Decoded(np.ascontiguousarray(levels), mode, quality, colour)


def read(path: Path, own: bool = False) -> Film:
    """Decode a film from a file; ``own`` as in ``decode``.

    Raises
    ------
    FilmError
        As ``decode``, or the file cannot be opened.
    """
    path = Path(path)
    name = shown_name(path.name)
    try:
        if not path.is_file():
            raise FilmError(f"{name} is not there, or no file; check the path.")
        check_bytes(path.stat().st_size, name)
        with open(path, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise FilmError(
            f"{name} cannot be opened ({error.strerror}); check that it may be read."
        ) from error
    return decode(data, name, own)


def shown_name(name: str) -> str:
    """Last part of a file name or path, printable, at most 80 characters; "film" where empty."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    # Control characters and those that turn the direction of writing are not printable.
    clean = "".join(letter if letter.isprintable() else "_" for letter in last).strip()
    return (clean if len(clean) <= 80 else clean[:60] + "..." + clean[-17:]) or "film"


#: Compressions of TIFF whose cost is bounded by the size of the picture.
_TIFF_COMPRESSIONS = {"raw", "packbits", "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate"}

#: Compressions of BMP in runs: of eight bits and of four.
_BMP_RUNS = {1, 2}

#: EXIF orientation -> what makes the stored film upright (EXIF 2.32, tag 0x0112).
_UPRIGHT: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    2: np.fliplr,
    3: lambda film: np.rot90(film, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda film: np.rot90(film, -1),
    7: lambda film: np.rot90(film, 2).T,
    8: np.rot90,
}


#: How the names of colour modes without colour begin.
_GREY_MODES = ("1", "L", "I", "F")

#: What takes out of a file all that its pixels do not need, and returns its orientation.
_STRIPPED = {"JPEG": sanitize.jpeg, "PNG": sanitize.png, "TIFF": sanitize.tiff}


def _decode_picture(data: bytes, kind: str, name: str) -> Decoded:
    """Decode with Pillow."""
    try:
        if kind == "WEBP" and (size := formats.webp_size(data)):
            check_size(*size, name)
        orientation = 1
        if kind in _STRIPPED:
            data, orientation = _STRIPPED[kind](data)
        with Image.open(BytesIO(data), formats=(kind,)) as image:
            check_size(*image.size, name)
            _check_traps(image, data, kind, name)
            if kind == "WEBP":
                orientation = sanitize.exif_orientation(image.info.get("exif", b""))
            mode = image.mode
            quality = jpeg.quality(getattr(image, "quantization", {})) if kind == "JPEG" else None
            levels = _UPRIGHT.get(orientation, np.asarray)(_grey(image, name))
            colour = 0.0 if mode.startswith(_GREY_MODES) else chroma(image)
    except (FilmError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise FilmError(f"{name} is too large to decode here; export it smaller.") from error
    # Pillow's readers raise whatever a damaged file leads them to.
    except Exception as error:
        raise FilmError(
            f"{name} is a damaged or incomplete {kind} file; export or download it again."
        ) from error
    return Decoded(levels, mode, quality, colour)


def _check_traps(image: Image.Image, data: bytes, kind: str, name: str) -> None:
    """Refuse files that would cost far more than their size in bytes and pixels says."""
    if kind == "JPEG" and jpeg.count_scans(data) > jpeg.MAX_SCANS:
        raise FilmError(f"{name} is a JPEG of far too many scans; save it again as PNG or JPEG.")
    # Read in steps of two bytes by Python, and any number of them may move nowhere.
    if kind == "BMP" and image.info.get("compression") in _BMP_RUNS:
        raise FilmError(f"{name} is a BMP with a compression not read here; save it as PNG.")
    if kind == "TIFF":
        if image.info.get("compression") not in _TIFF_COMPRESSIONS:
            raise FilmError(f"{name} is a TIFF with a compression not read here; save it as PNG.")
        if len(getattr(image, "tile", ())) > 4 * image.height + 1000:
            raise FilmError(f"{name} is a TIFF in far too many pieces; save it as PNG.")
        _check_tiles(image, len(data), name)


def _check_tiles(image: Image.Image, size: int, name: str) -> None:
    """Refuse a TIFF whose tiles hold far more than the picture, or share their bytes.

    Tiles may be wider and higher than what they show, and any number may be read from one place.
    """
    tags: Any = getattr(image, "tag_v2", {})
    width, height = (int(tags.get(tag) or 0) for tag in (322, 323))
    if width and height:
        tiles = -(-image.width // width) * -(-image.height // height)
        if tiles * width * height > 2 * MAX_PIXELS:
            raise FilmError(f"{name} is a TIFF whose tiles are far larger than it; save it as PNG.")
    counts = tags.get(325) or tags.get(279) or ()
    # A writer's slip in a single count is common.
    if len(counts) > 1 and sum(counts) > 2 * size:
        raise FilmError(
            f"{name} is a TIFF that reads the same bytes over and over; save it as PNG."
        )


def _grey(image: Image.Image, name: str) -> Pixels | Levels:
    """Grey values (H, W) of any colour mode: bytes, or real numbers in [0, 1].

    Transparent parts become black, which is what a film is where no X-rays were let through; white
    would be a bright edge that no film has.
    """
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image)
        grey = from_numbers(values, name)
        tags: Any = getattr(image, "tag_v2", {})
        # Pillow turns white-is-zero TIFFs the right way only up to eight bits (tag 262).
        return 1 - grey if tags.get(262) == 0 else grey
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "La", "RGBa"):
        both = np.asarray(image.convert("RGBA").convert("LA"), dtype=np.float32)
        return both[..., 0] * both[..., 1] / np.float32(255 * 255)
    return np.asarray(image.convert("L"))
