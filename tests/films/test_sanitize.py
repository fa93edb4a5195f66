"""What a decoder does not need is left out of a file, and what it needs stays."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from tests.films.hostile_files import seeds
from xray.films import sanitize
from xray.films.decode import decode


def test_what_is_stripped_is_not_missed() -> None:
    good = seeds()
    for kind, parser in (
        ("jpeg", sanitize.jpeg),
        ("jpeg-progressive", sanitize.jpeg),
        ("png", sanitize.png),
        ("tiff", sanitize.tiff),
        ("tiff-lzw", sanitize.tiff),
    ):
        kept, orientation = parser(good[kind])
        assert orientation == 1
        assert len(kept) <= len(good[kind])
        assert np.array_equal(decode(kept).pixels, decode(good[kind]).pixels)


def block(order: str, *entries: tuple[int, int, int, int]) -> bytes:
    """A TIFF structure of tags: number, type, count, value."""
    start = b"II*\0" if order == "<" else b"MM\0*"
    made = start + struct.pack(order + "IH", 8, len(entries))
    for tag, kind, count, value in entries:
        # A short value fills the first half of its field.
        made += struct.pack(order + "HHIHH", tag, kind, count, value, 0)
    return made + bytes(4)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("start", [b"", b"Exif\0\0"])
def test_orientation_in_either_order_of_bytes(order: str, start: bytes) -> None:
    other = (0x010F, 2, 1, 7)
    for value in range(1, 9):
        data = start + block(order, other, (0x0112, 3, 1, value))
        assert sanitize.exif_orientation(data) == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"II*\0",
        b"II*\0\xff\xff\xff\xff",
        block("<"),
        block("<", (0x0112, 3, 1, 0)),
        block("<", (0x0112, 3, 1, 9)),
        block("<", (0x0112, 4, 1, 6)),
        block("<", (0x0112, 3, 1, 6))[:-8],
        b"XX*\0" + block("<", (0x0112, 3, 1, 6))[4:],
    ],
)
def test_orientation_that_is_none_is_upright(data: bytes) -> None:
    assert sanitize.exif_orientation(data) == 1


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def test_a_jpeg_keeps_what_its_pixels_need() -> None:
    exif = segment(0xE1, b"Exif\0\0" + block(">", (0x0112, 3, 1, 6)))
    table, scan = segment(0xDB, b"table"), b"\xff\xda\0\2pixels\xff\xfe\xff\xd9"
    header, adobe = segment(0xE0, b"JFIF\0"), segment(0xEE, b"Adobe")
    noise = segment(0xFE, b"a comment") + segment(0xE2, b"ICC_PROFILE") + exif
    data = b"\xff\xd8" + header + noise + adobe + table + scan
    assert sanitize.jpeg(data) == (b"\xff\xd8" + header + adobe + table + scan, 6)
    # The first block that tells an orientation is the one that counts.
    other = segment(0xE1, b"Exif\0\0" + block(">", (0x0112, 3, 1, 3)))
    assert sanitize.jpeg(b"\xff\xd8" + other + exif + scan)[1] == 3
    assert sanitize.jpeg(b"\xff\xd8" + scan) == (b"\xff\xd8" + scan, 1)


def test_segments_of_a_jpeg() -> None:
    data = b"\xff\xd8" + segment(0xDB, b"abc") + b"\xff\xff\xff\xd0" + b"\xff\xda\0\2pixels"
    assert list(sanitize.segments(data)) == [(0xDB, 2, 9), (0xDA, 13, len(data))]


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xd9\0\2",
        b"\xff\xd8\xff\xdb\0\1",
        b"\xff\xd8\xff\xdb\0",
        b"\xff\xd8" + segment(0xDB, b"") * (sanitize.MAX_PARTS + 1),
    ],
    ids=["nothing", "cut", "the end", "too short", "no length", "too many"],
)
def test_segments_that_make_no_sense(data: bytes) -> None:
    with pytest.raises((ValueError, IndexError, struct.error)):
        list(sanitize.segments(data))


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + b"sums"


def test_a_png_keeps_what_its_pixels_need() -> None:
    start = b"\x89PNG\r\n\x1a\n"
    header, pixels, end = chunk(b"IHDR", b"h"), chunk(b"IDAT", b"p"), chunk(b"IEND")
    noise = chunk(b"zTXt", b"text") + chunk(b"iCCP", b"profile") + chunk(b"acTL", b"moves")
    exif = chunk(b"eXIf", block("<", (0x0112, 3, 1, 8)))
    needed = header + chunk(b"PLTE", b"rgb") + chunk(b"tRNS", b"t")
    data = start + needed + noise + exif + pixels + chunk(b"fdAT", b"next") + end
    assert sanitize.png(data + b"what follows the end") == (start + needed + pixels + end, 8)
    with pytest.raises(struct.error):
        sanitize.png(start + header + pixels)
    with pytest.raises(ValueError, match="too many"):
        sanitize.png(start + chunk(b"IDAT") * (sanitize.MAX_PARTS + 1))


def test_a_tiff_keeps_one_directory_and_its_pixels_in_place() -> None:
    width, height, maker = (256, 3, 1, 8), (257, 3, 1, 4), (37500, 7, 9, 0)
    data = block("<", width, maker, height, (0x0112, 3, 1, 3))
    data = data[:-4] + struct.pack("<I", 1_000) + b"pixels"
    kept, orientation = sanitize.tiff(data)
    assert orientation == 3
    assert len(kept) == len(data) and kept.endswith(b"pixels")
    (count,) = struct.unpack_from("<H", kept, 8)
    tags = [struct.unpack_from("<H", kept, 10 + 12 * i)[0] for i in range(count)]
    assert tags == [256, 257]
    assert struct.unpack_from("<I", kept, 10 + 12 * count) == (0,), "no other directory"


def test_a_tiff_that_claims_more_than_it_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="larger than itself"):
        sanitize.tiff(block("<", (273, 4, 1_000, 8)))
    with pytest.raises(struct.error):
        sanitize.tiff(block("<", (256, 3, 1, 8))[:12])
