"""DICOM to grey values, reading nothing that names a patient.

Only the attributes in ``_READ`` are taken from the file; the rest, with everything about the
patient, never becomes an object here.  No text from the file enters a message.
"""

from __future__ import annotations

import logging
import struct
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from xray.errors import FilmError
from xray.films.grey import Levels, check_size, chroma, ramp, stretched
from xray.films.jpeg import MAX_SCANS, count_scans
from xray.films.jpeg2000 import is_costly

if TYPE_CHECKING:
    from pydicom import Dataset

Plane = NDArray[np.float32]

#: What is read of a file, by DICOM keyword: how to decode the pixels, and how to show them.
_READ = (
    *("SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames"),
    *("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
    *("RescaleSlope", "RescaleIntercept", "ModalityLUTSequence", "WindowCenter", "WindowWidth"),
    *("VOILUTFunction", "VOILUTSequence"),
)

# By number, so that no page pays for importing pydicom: https://dicom.nema.org PS3.6, table A-1.
_UNCOMPRESSED = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"}
_RLE = "1.2.840.10008.1.2.5"
_JPEG = {
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
}
_JPEG2000 = {"1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"}
_NAMES = {
    "1.2.840.10008.1.2.1.99": "deflate",
    "1.2.840.10008.1.2.4.51": "12-bit JPEG",
    "1.2.840.10008.1.2.4.57": "lossless JPEG",
    "1.2.840.10008.1.2.4.70": "lossless JPEG",
    "1.2.840.10008.1.2.4.80": "JPEG-LS",
    "1.2.840.10008.1.2.4.81": "JPEG-LS",
    "1.2.840.10008.1.2.4.201": "HTJ2K",
    "1.2.840.10008.1.2.4.202": "HTJ2K",
    "1.2.840.10008.1.2.4.203": "HTJ2K",
}


_PIXEL_DATA = 0x7FE00010

#: Most bytes before the pixel data: overlays and previews take a few million at most.
_MAX_HEAD = 8_000_000

#: Most fragments of compressed pixel data; a film has one, or some by restart interval.
_MAX_FRAGMENTS = 10_000


def is_dicom(data: bytes) -> bool:
    """Whether bytes begin as a DICOM file does: 128 of anything, then "DICM"."""
    return data[128:132] == b"DICM"


def preload() -> None:
    """Import all that decoding needs, for a process that waits for films."""
    from pydicom import config, datadict, encaps, filereader  # noqa: F401
    from pydicom.pixels import processing, utils  # noqa: F401
    from pydicom.pixels.decoders.base import get_decoder

    for syntax in (*_UNCOMPRESSED, _RLE, *_JPEG, *_JPEG2000):
        get_decoder(syntax).is_available  # noqa: B018


def decode(data: bytes, name: str) -> tuple[Plane | Levels, str, float]:
    """Decode the first frame as it is meant to be seen.

    Modality rescale or table, then VOI table or window (the first of several), then MONOCHROME1
    inverted so that bone is bright (PS3.3 C.11.1, C.11.2, C.7.6.3).

    Parameters
    ----------
    data : a whole DICOM file
    name : what to call it in messages

    Returns
    -------
    (H, W) float32 in [0, 1], or uint8 where a film in colours comes as bytes; the photometric
    interpretation, e.g. "MONOCHROME2"; the chroma (``grey.chroma``)

    Raises
    ------
    FilmError
        No picture in it, a compression or colour model that is not read, too large, damaged.
    MemoryError
    """
    try:
        return _decode(data, name)
    except (FilmError, MemoryError):
        raise
    # pydicom documents no closed set of errors for damaged files.  ``from None``: its messages
    # quote values, and whoever logs the traceback must not log them.
    except Exception:
        raise FilmError(
            f"{name} is a damaged or incomplete DICOM file; export it again, or as PNG."
        ) from None


def _decode(data: bytes, name: str) -> tuple[Plane | Levels, str, float]:
    """Decode, with pydicom's errors as they come."""
    from pydicom import config
    from pydicom.pixels.utils import pixel_array

    # pydicom warns about values by quoting them, and a value may be a person's name.
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    config.settings.reading_validation_mode = config.IGNORE
    _check_syntax(_transfer_syntax(data), name)
    dataset = _read(data, name)
    height, width = int(dataset.Rows), int(dataset.Columns)
    check_size(width, height, name)
    _check_stream(dataset, name)
    stored = pixel_array(dataset, index=0)
    if stored.shape[:2] != (height, width):
        raise ValueError("pixels of another size than declared")
    photometric = str(dataset.PhotometricInterpretation)
    if photometric in ("MONOCHROME1", "MONOCHROME2") and stored.ndim == 2:
        shown = _shown(stored, dataset)
        return (1 - shown if photometric == "MONOCHROME1" else shown), photometric, 0.0
    if stored.ndim == 3 and stored.shape[2] == 3 and stored.dtype == np.uint8:
        picture = Image.fromarray(stored)
        return np.asarray(picture.convert("L")), "RGB", chroma(picture)
    raise FilmError(f"{name} is a DICOM file in colours that are not read; export it as PNG.")


def _transfer_syntax(data: bytes) -> str:
    """Transfer syntax from the file's meta group alone, before anything is inflated."""
    from pydicom.filereader import read_dataset

    stream = BytesIO(data)
    stream.seek(132)
    meta = read_dataset(stream, False, True, stop_when=lambda tag, _vr, _length: tag.group != 2)
    return str(meta.TransferSyntaxUID)


def _read(data: bytes, name: str) -> Dataset:
    """Read the attributes in ``_READ`` and the pixel data, and nothing before or after them.

    Reading costs time by the element, and eight bytes make one; so both the bytes before the
    pixels and the pieces these come in are bounded.
    """
    from pydicom.datadict import tag_for_keyword
    from pydicom.filereader import read_dataset, read_partial

    found = False

    def at_pixels(tag: int, _vr: str | None, _length: int) -> bool:
        nonlocal found
        found = tag == _PIXEL_DATA
        return tag >= _PIXEL_DATA

    head = BytesIO(data[:_MAX_HEAD])
    wanted = [tag for word in _READ if (tag := tag_for_keyword(word))]
    dataset = read_partial(head, at_pixels, specific_tags=wanted)
    if not found:
        raise FilmError(
            f"{name} is a DICOM file without a picture, or cut short; upload the film itself."
        )
    stream = BytesIO(data)
    stream.seek(head.tell())
    implicit, little = dataset.original_encoding
    rest = read_dataset(
        stream, bool(implicit), bool(little), stop_when=lambda tag, *_: tag != _PIXEL_DATA
    )
    dataset.update(rest)
    if dataset.PixelData.count(b"\xfe\xff\x00\xe0") > _MAX_FRAGMENTS:
        raise ValueError("pixels in too many pieces")
    return dataset


def _check_syntax(syntax: str, name: str) -> None:
    """Refuse what cannot be decoded, or not within bounds (whole-file deflate)."""
    if syntax in _UNCOMPRESSED or syntax == _RLE:
        return
    if syntax in _JPEG | _JPEG2000:
        from pydicom.pixels.decoders.base import get_decoder

        if get_decoder(syntax).is_available:
            return
    how = f"compressed as {_NAMES[syntax]}" if syntax in _NAMES else "in a form"
    raise FilmError(
        f"{name} is a DICOM file {how} that is not read here; "
        "export it as PNG or as uncompressed DICOM (for example with gdcmconv --raw)."
    )


def _check_stream(dataset: Dataset, name: str) -> None:
    """Hold the compressed first frame to the size the file declares, before decoding it."""
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    if syntax in _UNCOMPRESSED:
        return
    from pydicom.encaps import get_frame

    frames = int(dataset.get("NumberOfFrames") or 1)
    stream = get_frame(dataset.PixelData, 0, number_of_frames=frames)
    if syntax == _RLE:
        if _rle_overflows(stream, int(dataset.Rows) * int(dataset.Columns)):
            raise ValueError("runs longer than the picture")
        return
    if b"Exif\0\0" in stream or count_scans(stream) > MAX_SCANS:
        raise ValueError("what no device writes, and may be costly to decode")
    if syntax in _JPEG2000 and is_costly(stream):
        raise FilmError(
            f"{name} is a DICOM file whose JPEG 2000 picture is cut into far too many pieces; "
            "export it again, or as PNG."
        )
    with Image.open(BytesIO(stream), formats=("JPEG", "JPEG2000")) as image:
        check_size(*image.size, name)
        if image.size != (dataset.Columns, dataset.Rows):
            raise ValueError("a picture of another size than declared")


def _rle_overflows(stream: bytes, count: int) -> bool:
    """Whether a segment of an RLE frame unpacks to more than ``count`` bytes and some padding.

    pydicom unpacks to the end before it counts, and two bytes may stand for 128.
    """
    segments = struct.unpack("<16L", stream[:64])
    offsets = [*segments[1 : 1 + min(segments[0], 15)], len(stream)]
    for start, end in pairwise(offsets):
        at, total = start, 0
        while at < min(end, len(stream)):
            code = stream[at]
            total += code + 1 if code < 128 else 257 - code
            at += code + 2 if code < 128 else 2
            if total > count + 256:
                return True
    return False


def _shown(stored: NDArray[Any], dataset: Dataset) -> Plane:
    """Grey values (H, W) in [0, 1] of stored values, by the file's own tables and window."""
    from pydicom.pixels.processing import apply_modality_lut, apply_voi

    bits = int(dataset.BitsStored)
    signed = int(dataset.get("PixelRepresentation") or 0) == 1
    if not signed and bits < 8 * stored.dtype.itemsize:
        # Old files keep overlays in the bits above.
        stored = stored & stored.dtype.type(2**bits - 1)
    ends = np.array([-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] if signed else [0, 2**bits - 1])
    if dataset.get("ModalityLUTSequence"):
        values = apply_modality_lut(stored, dataset)
        low, high = float(values.min()), float(values.max())
    else:
        slope = float(dataset.get("RescaleSlope") or 1)
        intercept = float(dataset.get("RescaleIntercept") or 0)
        if not np.isfinite([slope, intercept]).all():
            raise ValueError("a scale without ends")
        if (slope, intercept) == (1, 0):
            values = stored
        else:
            values = stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)
        low, high = sorted(float(end) for end in slope * ends + intercept)
    if dataset.get("VOILUTSequence"):
        table = dataset.VOILUTSequence[0]
        shown = apply_voi(values.astype(np.int64), dataset, index=0)
        return ramp(shown, 0, max(1.0, float(np.max(table.LUTData))))
    windowed = _window(values, dataset)
    # A window beside the data shows one even grey; nobody meant that.
    if windowed is not None and windowed.min() < windowed.max():
        return windowed
    return stretched(values, low, high if high > low else low + 1)


def _window(values: NDArray[Any], dataset: Dataset) -> Plane | None:
    """Apply the first window (PS3.3 C.11.2.1.2 and .3); None where there is no usable one."""
    centre, width = (_first(dataset.get(word)) for word in ("WindowCenter", "WindowWidth"))
    if centre is None or width is None or not np.isfinite([centre, width]).all() or width <= 0:
        return None
    function = str(dataset.get("VOILUTFunction") or "LINEAR")
    if function == "SIGMOID":
        exponent = np.clip(-4 * (values.astype(np.float32) - centre) / width, -80, 80)
        return np.asarray(1 / (1 + np.exp(exponent)), np.float32)
    if function == "LINEAR_EXACT":
        return ramp(values, centre - width / 2, centre + width / 2)
    # LINEAR counts in whole grey values: a width of one is a step.
    half = max((width - 1) / 2, 1e-3)
    return ramp(values, centre - 0.5 - half, centre - 0.5 + half)


def _first(value: Any) -> float | None:
    """First of one or several numbers; None where there is none."""
    if value is None or isinstance(value, (str, float, int)):
        return None if value in (None, "") else float(value)
    return float(value[0]) if len(value) else None
