"""What a file is by its first bytes, and the sizes that headers give."""

from __future__ import annotations

import pytest

from tests.films.hostile_files import PICTURE, saved, seeds
from xray.films import formats


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("lossless", [True, False])
def test_webp_size_is_read_from_the_header(mode: str, lossless: bool) -> None:
    data = saved(PICTURE.convert(mode), "WEBP", lossless=lossless)
    assert formats.webp_size(data) == (64, 72)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("jpeg", "JPEG"),
        ("jpeg-progressive", "JPEG"),
        ("png", "PNG"),
        ("tiff", "TIFF"),
        ("bmp", "BMP"),
        ("webp", "WEBP"),
        ("dicom", "DICOM"),
    ],
)
def test_good_files_are_told_by_their_first_bytes(kind: str, name: str) -> None:
    assert formats.picture_format(seeds()[kind]) == name


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xd8", b"RIFF\0\0\0\0WAVE", b"II+\0", b"GIF89a", b" \x89PNG\r\n\x1a\n", b"text"],
)
def test_other_files_have_no_format(data: bytes) -> None:
    assert formats.picture_format(data) is None


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"8BPS\0\1", "a Photoshop file"),
        (b"MM\0+", "a BigTIFF"),
        (b"\0\0\0\x0cjP  \r\n", "a JPEG 2000 file"),
        (b"\0\0\0\x20ftypavif", "a HEIC or AVIF picture"),
        (b"\0\0\0\x20ftypisom", "a video or sound"),
        (b"RIFF\0\0\0\0WAVE", "a video or sound"),
        (b"\n <HTML><body>", "a web page"),
        (b"<?xml version='1.0'?><SVG>", "an SVG drawing"),
        (b"<?xml version='1.0'?><a/>", "an XML document"),
        (b"junk\n%PDF-1.4", "a PDF"),
        (b"\x7fELF\2", "a program"),
        (b"path,label\n", "a text"),
        (b"", "a text"),
        (b"a\0b", "no picture that is read here"),
        ("größer".encode(), "no picture that is read here"),
    ],
)
def test_other_files_have_a_name_and_advice(data: bytes, what: str) -> None:
    found, advice = formats.describe(data)
    assert found == what
    assert advice


def test_words_far_into_a_file_do_not_name_it() -> None:
    assert formats.describe(b"x" * 1024 + b"<html>")[0] == "a text"


def test_the_size_of_a_png_is_in_its_only_header() -> None:
    data = saved(PICTURE, "PNG")
    assert formats.png_size(data) == (64, 72)
    interlaced = data[:28] + b"\1" + data[29:]
    assert formats.png_size(interlaced) is None
    assert formats.png_size(data[:33] + data[8:]) is None, "two headers"
    assert formats.png_size(data[:28]) is None, "cut"
    assert formats.png_size(b"") is None


def test_the_largest_sizes_of_webp() -> None:
    """Of RFC 9649: 24 bits in the extended header, 14 in the others."""
    start = b"RIFF\0\0\0\0WEBP"
    extended = start + b"VP8X\x0a\0\0\0" + bytes(4) + b"\xff\xff\xff" + b"\0\0\0"
    assert formats.webp_size(extended) == (1 << 24, 1)
    lossless = start + b"VP8L\x0a\0\0\0" + b"\x2f\xff\xff\xff\xff" + bytes(5)
    assert formats.webp_size(lossless) == (1 << 14, 1 << 14)
    lossy = start + b"VP8 \x0a\0\0\0" + bytes(6) + b"\x40\xc0\x48\0"
    # The two highest bits tell how it is to be enlarged.
    assert formats.webp_size(lossy) == (64, 72)
    assert formats.webp_size(lossy[:-1]) is None
    assert formats.webp_size(start + b"ALPH\x0a\0\0\0" + bytes(10)) is None
