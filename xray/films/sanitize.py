"""Leave out of a picture file whatever its pixels do not need, before a decoder sees it.

Comments, profiles, EXIF blocks, previews and animations are where decoders are led astray: texts
that unpack to gigabytes, directories whose ten thousand entries each claim the whole file.  What
is wanted of them, how to turn the film upright, is read here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

#: More parts than this have no purpose: 40 MB in parts of 4 kB are ten thousand.
MAX_PARTS = 50_000

#: TIFF tags (TIFF 6.0, appendix A) that say where the pixels are and what they mean; 274, the
#: orientation, is read here.
_TIFF_TAGS = {256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284}
_TIFF_TAGS |= {317, 320, 322, 323, 324, 325, 332, 338, 339, 530, 532}

#: Bytes of one value of each TIFF type.
_TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}

_PNG_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}


def jpeg(data: bytes) -> tuple[bytes, int]:
    """Keep of a JPEG file its tables, frame and scans, the JFIF header and Adobe's colour note.

    Returns
    -------
    bytes, and the EXIF orientation (1..8)

    Raises
    ------
    ValueError, IndexError, struct.error
        The segments before the first scan make no sense.
    """
    kept, orientation = [data[:2]], 0
    for marker, at, end in segments(data):
        if marker == 0xE1 and not orientation and data[at + 4 : at + 10] == b"Exif\0\0":
            orientation = exif_orientation(data[at + 10 : end])
        if marker in (0xE0, 0xEE) or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept.append(data[at:end])
    return b"".join(kept), orientation or 1


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment of a JPEG file.

    The last is that of the first scan (marker 0xDA), which is taken to reach to the file's end.

    Raises
    ------
    ValueError, IndexError, struct.error
        The segments make no sense.
    """
    at = 2
    for _ in range(MAX_PARTS):
        at = data.index(b"\xff", at)
        marker = data[at + 1]
        if marker in (0x00, 0x01, 0xFF) or 0xD0 <= marker <= 0xD8:
            # Stuffing, fill bytes and markers without content.
            at += 1 if marker == 0xFF else 2
            continue
        if marker == 0xDA:
            yield marker, at, len(data)
            return
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker == 0xD9 or length < 2:
            raise ValueError("a JPEG that ends before its first scan")
        end = at + 2 + length
        yield marker, at, end
        at = end
    raise ValueError("a JPEG of too many segments")


def png(data: bytes) -> tuple[bytes, int]:
    """Keep of a PNG file header, palette, transparency and pixels; of an animation one picture.

    Returns
    -------
    bytes, and the EXIF orientation (1..8)

    Raises
    ------
    ValueError, struct.error
        The chunks make no sense.
    """
    kept, orientation, at = [data[:8]], 0, 8
    for _ in range(MAX_PARTS):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if kind == b"eXIf" and not orientation:
            orientation = exif_orientation(data[at + 8 : end - 4])
        if kind in _PNG_CHUNKS:
            kept.append(data[at:end])
        if kind == b"IEND":
            return b"".join(kept), orientation or 1
        at = end
    raise ValueError("a PNG of too many chunks")


def tiff(data: bytes) -> tuple[bytes, int]:
    """Keep of a TIFF file's first directory what its pixels need, and no other directory.

    Returns
    -------
    bytes, and the orientation (1..8)

    Raises
    ------
    ValueError, struct.error
        The directory makes no sense: its values would be larger than the file.
    """
    order = "<" if data[:2] == b"II" else ">"
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    kept, claimed = [], 0
    for i in range(count):
        entry = data[at + 2 + 12 * i : at + 14 + 12 * i]
        tag, kind, number = struct.unpack_from(order + "HHI", entry)
        if tag in _TIFF_TAGS:
            kept.append(entry)
            claimed += number * _TIFF_SIZES.get(kind, 8)
    if claimed > len(data):
        raise ValueError("a TIFF whose tags are larger than itself")
    directory = struct.pack(order + "H", len(kept)) + b"".join(kept) + bytes(4)
    whole = b"".join([data[:at], directory, data[at + len(directory) :]])
    return whole, exif_orientation(data)


def exif_orientation(block: bytes) -> int:
    """Orientation, 1..8, from an EXIF block; 1 where it is absent or the block is damaged.

    Parameters
    ----------
    block : TIFF structure (EXIF 2.32, 4.5.2), with or without "Exif" and two zeros before it
    """
    block = block.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None:
        return 1
    try:
        (at,) = struct.unpack_from(order + "I", block, 4)
        (count,) = struct.unpack_from(order + "H", block, at)
        for i in range(count):
            tag, kind, _n, value = struct.unpack_from(order + "HHIH", block, at + 2 + 12 * i)
            if tag == 0x0112:
                return value if kind == 3 and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
