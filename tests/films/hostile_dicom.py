"""Bad uploads, part three: DICOM files that lie about themselves."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from pydicom import config
from pydicom.encaps import encapsulate

from tests.films.dicom_maker import compressed, dataset, written
from tests.films.hostile_files import GREY, Case, patched, seeds


def dicom_bombs() -> Iterator[Case]:
    """Small DICOM files that ask for much."""
    film = dataset(GREY, 8)
    film.Rows = film.Columns = 65535
    yield Case("dicom of 65535 x 65535", written(film))
    film = compressed(GREY, 8, "JPEG2000")
    stream = patched(film.PixelData, film.PixelData.index(b"\xff\x51") + 6, ">II", 60000, 60000)
    film.PixelData = stream
    yield Case("dicom with a larger JPEG 2000 in it", written(film))
    film = compressed(GREY, 8, "JPEG")
    at = film.PixelData.index(b"\xff\xc0") + 5
    film.PixelData = patched(film.PixelData, at, ">HH", 60000, 60000)
    yield Case("dicom with a larger JPEG in it", written(film))
    film = compressed(GREY, 8, "RLE")
    runs = struct.pack("<16L", 1, 64, *[0] * 14) + b"\x81\x00" * 2_000_000
    film.PixelData = encapsulate([runs])
    yield Case("dicom with runs without end", written(film))
    plain = written(dataset(GREY, 8))
    deflated = plain.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99", 1)
    at = deflated.index(b"1.2.840.10008.1.2.1.99")
    deflated = deflated[: at - 2] + struct.pack("<H", 22) + deflated[at : at + 22]
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = squeeze.compress(bytes(100_000_000)) + squeeze.flush()
    yield Case("dicom deflated bomb", deflated + bomb)
    yield Case(
        "dicom of a billion frames", written(dataset(GREY, 8, NumberOfFrames=10**9)), "either"
    )


def codestream(side: int, cut: int = 0x11, layers: int = 1, tile: int = 0, block: int = 4) -> bytes:
    """JPEG 2000 of side x side pixels, all empty, whose precincts have the exponents ``cut``.

    Its code blocks are 4 x 4 pixels doubled ``block`` times.
    """
    tile = tile or side
    siz = struct.pack(">HHH8IHBBB", 0xFF51, 41, 0, side, side, 0, 0, tile, tile, 0, 0, 1, 7, 1, 1)
    style = bytes([5, block, block, 0, 1]) + bytes([cut]) * 6
    cod = struct.pack(">HHBBHB", 0xFF52, 7 + len(style), 1, 0, layers, 0) + style
    qcd = struct.pack(">HHB", 0xFF5C, 19, 0x40) + bytes([0x48] * 16)
    body = bytes(8000)
    part = struct.pack(">HHHIBBH", 0xFF90, 10, 0, 14 + len(body), 0, 1, 0xFF93) + body
    return b"\xff\x4f" + siz + cod + qcd + part + b"\xff\xd9"


def around(stream: bytes, side: int) -> bytes:
    """DICOM file of side x side pixels around a JPEG 2000 codestream."""
    film = compressed(GREY, 8, "JPEG2000")
    film.Rows = film.Columns = side
    film.PixelData = encapsulate([stream])
    return written(film)


def costly_jpeg2000() -> Iterator[Case]:
    """JPEG 2000 of a few kilobytes whose headers ask for gigabytes or minutes."""
    plain = codestream(3000)
    yield Case("jpeg 2000 in precincts of two pixels", around(plain, 3000))
    yield Case("jpeg 2000 of 65535 layers", around(codestream(3000, 0x77, 65535), 3000))
    yield Case("jpeg 2000 in tiles of 16 pixels", around(codestream(3000, 0xFF, 1, 16), 3000))
    blocks = codestream(4900, 0xFF, block=0)
    yield Case("jpeg 2000 in code blocks of four pixels", around(blocks, 4900))
    # The same precincts for a single component, and for a single tile.
    coc = struct.pack(">HHBB", 0xFF53, 15, 0, 1) + bytes([5, 4, 4, 0, 1]) + b"\x11" * 6
    mild = codestream(3000, 0xFF)
    at = mild.index(b"\xff\x5c")
    yield Case("jpeg 2000 with one costly component", around(mild[:at] + coc + mild[at:], 3000))
    cod = plain[plain.index(b"\xff\x52") : plain.index(b"\xff\x5c")]
    at = mild.index(b"\xff\x93")
    tiled = patched(mild[:at] + cod + mild[at:], mild.index(b"\xff\x90") + 6, ">I", 0)
    yield Case("jpeg 2000 with one costly tile", around(tiled, 3000))
    yield Case("jpeg 2000 behind another", around(mild + plain, 3000))


def costly_dicom() -> Iterator[Case]:
    """DICOM files that cost a careless reader minutes, or memory many times their size."""
    plain = written(dataset(GREY, 8))
    at = plain.index(b"\x28\0\x02\0")
    element = b"\x09\0\x10\0LO\0\0"
    yield Case("dicom of a million elements", plain[:at] + element * 1_000_000 + plain[at:])
    opened = b"\x08\0\x15\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff"
    closed = b"\xfe\xff\r\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    inner = opened + element * 900_000 + closed
    yield Case("dicom of a million elements in a sequence", plain[:at] + inner + plain[at:])
    meta = plain.index(b"\x02\0\x10\0UI")
    many = b"\x02\0\x03\0LO\0\0" * 4_000_000
    yield Case("dicom of four million elements of meta", plain[:meta] + many + plain[meta:])
    film = compressed(GREY, 8, "JPEG2000")
    fragments = bytes(film.PixelData[:8]) + b"\xfe\xff\0\xe0\0\0\0\0" * 1_000_000
    film.PixelData = fragments + film.PixelData[8:]
    yield Case("dicom of a million fragments", written(film))
    film = compressed(GREY, 8, "JPEG")
    entries = b"".join(struct.pack("<HHII", i, 7, 60_000, 0) for i in range(5000))
    block = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 5000) + entries
    start = film.PixelData.index(b"\xff\xd8")
    stream = film.PixelData[start:]
    segment = b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block
    film.PixelData = encapsulate([stream[:2] + segment + stream[20:]])
    yield Case("dicom around a jpeg with exif", written(film))


def strange_dicom() -> Iterator[Case]:
    """DICOM that lies about itself."""
    good, plain = seeds(), written(dataset(GREY, 8))
    for kind in ("dicom", "dicom-jpeg", "dicom-jpeg2000", "dicom-rle"):
        for uid in (
            "1.2.840.10008.1.2.1",
            "1.2.840.10008.1.2.2",
            "1.2.840.10008.1.2.4.50",
            "1.2.840.10008.1.2.4.70",
            "1.2.840.10008.1.2.4.90",
            "1.2.840.10008.1.2.5",
            "1.2.840.10008.1.2.4.201",
            "9.9",
        ):
            yield Case(f"{kind} that claims {uid}", _claiming(good[kind], uid), "either")
    yield Case("dicom without its preamble", plain[132:], "film")
    yield Case(
        "dicom without a transfer syntax",
        plain.replace(b"\x02\0\x10\0UI", b"\x02\0\x11\0UI"),
        "either",
    )
    yield Case("dicom of 2 x 2", written(dataset(GREY[:2, :2], 8)))
    yield Case("dicom of no rows", written(dataset(GREY, 8, Rows=0)))
    yield Case("dicom of four frames", written(dataset(np.stack([GREY] * 4), 8)), "film")
    steep = written(dataset(GREY, 8, RescaleSlope="54321", RescaleIntercept="0"))
    yield Case("dicom with a slope in words", steep.replace(b"54321", b"steep"))
    report = dataset(GREY, 8)
    del report.PixelData
    yield Case("dicom without a picture", written(report))
    report.EncapsulatedDocument, report.MIMETypeOfEncapsulatedDocument = (
        b"%PDF-1.4",
        "application/pdf",
    )
    yield Case("dicom around a pdf", written(report))
    nested = b"\x08\0\x15\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff" * 3000
    yield Case("dicom of sequences 3000 deep", plain[: plain.index(b"\x08\0\x16\0")] + nested)
    at = plain.rindex(b"\xe0\x7f\x10\0")
    yield Case(
        "dicom with pixels of endless length",
        plain[: at + 8] + b"\xff\xff\xff\xff" + plain[at + 12 :],
    )
    long = plain[: at + 8] + b"\xfe\xff\xff\xff" + plain[at + 12 :]
    yield Case("dicom with pixels of length 4 GB", long, "either")
    yield Case("dicom with pixels twice", plain + plain[at:], "either")
    yield Case("dicom with junk behind", plain + bytes(range(256)) * 20, "either")
    wrong: dict[str, dict[str, Any]] = {
        "of 300 bits": {"BitsStored": 300},
        "of 0 bits": {"BitsStored": 0},
        "of 7 allocated bits": {"BitsAllocated": 7},
        "of 16 bits that has 8": {"BitsAllocated": 16, "BitsStored": 16},
        "of 7 samples": {"SamplesPerPixel": 7},
        "in palette colours": {"PhotometricInterpretation": "PALETTE COLOR"},
        "in colours of its own": {"PhotometricInterpretation": "<b>RGB</b>"},
        "without photometric interpretation": {"PhotometricInterpretation": ""},
        "with an infinite slope": {"RescaleSlope": "1e400"},
        "with a window of nothing": {"WindowCenter": "nan", "WindowWidth": "nan"},
        "with minus four frames": {"NumberOfFrames": -4},
        "with no pixels": {"PixelData": b""},
        "with seven pixels": {"PixelData": bytes(8)},
        "with one row too many": {"Rows": 73},
    }
    before = config.settings.writing_validation_mode
    config.settings.writing_validation_mode = config.IGNORE
    try:
        for name, attributes in wrong.items():
            film = dataset(GREY, 8)
            for keyword, value in attributes.items():
                setattr(film, keyword, value)
            yield Case(f"dicom {name}", written(film), "either")
    finally:
        config.settings.writing_validation_mode = before


def _claiming(data: bytes, uid: str) -> bytes:
    """DICOM file with another transfer syntax written into its meta group."""
    at = data.index(b"\x02\0\x10\0UI") + 6
    length = struct.unpack("<H", data[at : at + 2])[0]
    padded = uid.encode() + b"\0" * (len(uid) % 2)
    return data[:at] + struct.pack("<H", len(padded)) + padded + data[at + 2 + length :]
