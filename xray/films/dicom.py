"""DICOM to grey values, reading nothing that names a patient.

Only the attributes in ``_READ`` are taken from the file; the rest, with everything about the
patient, never becomes an object here.  No text from the file enters a message.
"""

from __future__ import annotations

import logging
import struct
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from xray.errors import FilmError
from xray.films import rendering
from xray.films.grey import Levels, check_size, chroma
from xray.films.jpeg import MAX_SCANS, count_scans
from xray.films.jpeg2000 import is_costly

if TYPE_CHECKING:
    from pydicom import Dataset

Plane = NDArray[np.float32]

#: What is read of a file, by DICOM keyword: how to decode the pixels, and how to show them.
_READ = (
    *("SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames"),
    *("Rows", "Columns"),
    *rendering.READ,
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

#: Most reads before the pixel data. Each element takes some, in sequences too, and each read about
#: 3 microseconds of pydicom; films have hundreds of elements, and eight bytes make one.
_MAX_READS = 100_000

#: Most fragments of compressed pixel data; a film has one, or some by restart interval.
_MAX_FRAGMENTS = 10_000


class _Head(BytesIO):
    """Bytes that may be read a bounded number of times."""

    left = _MAX_READS

    def read(self, size: int | None = -1, /) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise ValueError("too many elements")
        return super().read(size)


def is_dicom(data: bytes) -> bool:
    """Whether bytes begin as a DICOM file does: 128 of anything, then "DICM"; or without these.

    Old archives write data sets without preamble or meta header: elements in the order of their
    tags, beginning with group 2 or 8.
    """
    return data[128:132] == b"DICM" or _begins(data) is not None


#: Bytes of the first elements in which a data set without preamble is recognised.
_FEW = 3
_VRS = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR "
    b"US UT UV".split()
)
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())


def _begins(data: bytes) -> str | None:
    """Transfer syntax of a data set that begins with its first element; None of anything else."""
    for order, syntaxes in (
        ("<", ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")),
        (">", ("1.2.840.10008.1.2.2", "")),
    ):
        at, before, explicit = 0, 0, True
        for place in range(_FEW):
            if len(data) < at + 12:
                break
            group, element, length = struct.unpack(order + "HHL", data[at : at + 8])
            tag = group << 16 | element
            if (place == 0 and group not in (2, 8)) or tag <= before or group > 0x7FE0:
                break
            vr = data[at + 4 : at + 6]
            if place == 0:
                explicit = vr in _VRS
            if explicit:
                if vr not in _VRS:
                    break
                wide = vr in _LONG
                start = at + (8 if wide else 6)
                length = int.from_bytes(
                    data[start : start + (4 if wide else 2)], "little" if order == "<" else "big"
                )
                at += (12 if wide else 8) + length
            else:
                at += 8 + length
            # What stands first in a film are words and numbers, none of them long.
            if length > 1024 or length % 2:
                break
            before = tag
        else:
            return syntaxes[0] if explicit else syntaxes[1] or None
    return None


def preload() -> None:
    """Import all that decoding needs, for a process that waits for films."""
    from pydicom import config, datadict, encaps, filereader  # noqa: F401
    from pydicom.pixels import processing, utils  # noqa: F401
    from pydicom.pixels.decoders.base import get_decoder

    for syntax in (*_UNCOMPRESSED, _RLE, *_JPEG, *_JPEG2000):
        get_decoder(syntax).is_available  # noqa: B018


def decode(data: bytes, name: str) -> tuple[Plane | Levels, str, float]:
    """Decode the first frame as it is meant to be seen.

    How stored values become greys says ``xray.films.rendering``.

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
    from pydicom.uid import UID

    # pydicom warns about values by quoting them, and a value may be a person's name.
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    config.settings.reading_validation_mode = config.IGNORE
    syntax = _transfer_syntax(data)
    _check_syntax(syntax, name)
    dataset = _read(data, name)
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = UID(syntax)
    height, width = int(dataset.Rows), int(dataset.Columns)
    check_size(width, height, name)
    _check_stream(dataset, name)
    native = str(dataset.file_meta.TransferSyntaxUID) in _UNCOMPRESSED | {_RLE}
    # pydicom would cut off the bits that rendering has to look at.
    stored = pixel_array(dataset, index=0, correct_unused_bits=not native)
    if stored.shape[:2] != (height, width):
        raise ValueError("pixels of another size than declared")
    photometric = str(dataset.PhotometricInterpretation)
    if photometric in ("MONOCHROME1", "MONOCHROME2") and stored.ndim == 2:
        return rendering.shown(stored, dataset, name, native), photometric, 0.0
    if stored.ndim == 3 and stored.shape[2] == 3 and stored.dtype == np.uint8:
        picture = Image.fromarray(stored)
        return np.asarray(picture.convert("L")), "RGB", chroma(picture)
    raise FilmError(f"{name} is a DICOM file in colours that are not read; export it as PNG.")


def _transfer_syntax(data: bytes) -> str:
    """Transfer syntax from the file's meta group alone, before anything is inflated."""
    from pydicom.filereader import read_dataset

    stream = _Head(data)
    bare = data[128:132] != b"DICM"
    stream.seek(0 if bare else 132)
    if data[stream.tell() : stream.tell() + 2] == b"\x02\0":
        meta = read_dataset(stream, False, True, stop_when=lambda tag, _vr, _length: tag.group != 2)
        if "TransferSyntaxUID" in meta:
            return str(meta.TransferSyntaxUID)
    found = _begins(data[stream.tell() :])
    if found is None:
        raise ValueError("no transfer syntax")
    return found


def _read(data: bytes, name: str) -> Dataset:
    """Read the attributes in ``_READ`` and the pixel data, and nothing before or after them.

    Reading costs time by the element: so the bytes before the pixels, their elements, and the
    pieces that the pixels come in are bounded.
    """
    from pydicom.datadict import tag_for_keyword
    from pydicom.filereader import read_dataset, read_partial

    found = False

    def at_pixels(tag: int, _vr: str | None, _length: int) -> bool:
        nonlocal found
        found = tag == _PIXEL_DATA
        return tag >= _PIXEL_DATA

    head = _Head(data[:_MAX_HEAD])
    wanted = [tag for word in _READ if (tag := tag_for_keyword(word))]
    wanted += rendering.OVERLAY_BITS
    dataset = read_partial(head, at_pixels, force=True, specific_tags=wanted)
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
