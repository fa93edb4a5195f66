"""Bad uploads, part two: pictures that are damaged, too large, too small, odd."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from tests.films.hostile_files import FILM, GREY, PICTURE, TWELVE, Case, patched, saved, seeds


def truncated() -> Iterator[Case]:
    """Every kind of file, cut at many points."""
    for kind, data in seeds().items():
        for share in (0.05, 0.15, 0.3, 0.5, 0.7, 0.85):
            yield Case(f"truncated {kind} at {share:.0%}", data[: int(len(data) * share)])
        yield Case(f"truncated {kind} by one byte", data[:-1], "either")


def damaged() -> Iterator[Case]:
    """Every kind of file, with bytes changed, doubled, lost."""
    rng = np.random.default_rng(5)
    for kind, data in seeds().items():
        for change in range(4):
            raw = bytearray(data)
            for place in rng.integers(4, len(raw), 2 ** (2 * change)):
                raw[place] = rng.integers(256)
            yield Case(f"damaged {kind} {change}", bytes(raw), "either")
        a, b = sorted(rng.integers(20, len(data), 2))
        yield Case(f"doubled part {kind}", data[:b] + data[a:], "either")
        yield Case(f"lost part {kind}", data[:a] + data[b:], "either")
        yield Case(f"zeroed tail {kind}", data[:a] + bytes(len(data) - a), "either")


def chunk(kind: bytes, body: bytes) -> bytes:
    """One PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int = 8, colour: int = 0, extra: bytes = b"") -> bytes:
    """PNG that declares what it is told, with few pixels."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = zlib.compress(bytes(10_000))
    parts = chunk(b"IHDR", head) + extra + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def tiff(tags: dict[int, tuple[int, int]], body: bytes, following: int = 0) -> bytes:
    """TIFF of one strip: tag -> (type, value), with ``body`` at offset 8."""
    where = 8 + len(body)
    entries = {256: (4, 64), 257: (4, 72), 258: (3, 8), 259: (3, 1), 262: (3, 1), 273: (4, 8)}
    entries |= {277: (3, 1), 278: (4, 72), 279: (4, len(body))} | tags
    fields = b"".join(
        struct.pack("<HHII", t, *kv[:1], 1, kv[1]) for t, kv in sorted(entries.items())
    )
    return (
        struct.pack("<2sHI", b"II", 42, where)
        + body
        + struct.pack("<H", len(entries))
        + fields
        + struct.pack("<I", following)
    )


#: A million steps of a BMP in runs, each to where it is.
NOWHERE = b"\0\2\0\0" * 1_000_000 + b"\0\1"


def bombs() -> Iterator[Case]:
    """Small files that ask for much: pixels, memory, time."""
    good = seeds()
    much = zlib.compress(bytes(100_000_000))
    for width, height in ((60_000, 60_000), (2**31 - 1, 2**31 - 1), (5001, 5000), (10**7, 33)):
        yield Case(f"png of {width} x {height}", png(width, height))
        size = {256: (4, width), 257: (4, height), 278: (4, height)}
        yield Case(f"tiff of {width} x {height}", tiff(size, bytes(64)))
        yield Case(f"bmp of {width} x {height}", patched(good["bmp"], 18, "<ii", width, height))
    yield Case("bmp of negative width", patched(good["bmp"], 18, "<ii", -64, 72))
    yield Case("bmp of lowest height", patched(good["bmp"], 18, "<ii", 64, -(2**31)))
    for bits, code in ((8, 1), (4, 2)):
        runs = struct.pack("<IiiHHIIiiII", 40, 3000, 3000, 1, bits, code, 0, 0, 0, 1 << bits, 0)
        at = struct.pack("<2sIHHI", b"BM", 0, 0, 0, 54 + (4 << bits))
        yield Case(
            f"bmp of steps that go nowhere, {bits} bits", at + runs + bytes(4 << bits) + NOWHERE
        )
    frame = good["jpeg"].index(b"\xff\xc0") + 5
    for height, width in ((65535, 65535), (5001, 5000), (0, 64), (64, 0)):
        yield Case(
            f"jpeg of {width} x {height}", patched(good["jpeg"], frame, ">HH", height, width)
        )
    canvas = struct.pack("<4sIB3x", b"VP8X", 10, 0) + b"\xff\xff\xff" * 2
    riff = struct.pack("<4sI4s", b"RIFF", 4 + len(canvas), b"WEBP")
    yield Case("webp of 16 million squared", riff + canvas + bytes(100))
    yield Case("webp of 16383 squared", good["webp"][:26] + b"\xff\x3f\xff\x3f" + good["webp"][30:])
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 100 + bytes(100_000_000)))
    png64 = chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0))
    yield Case("png with a bomb of pixels", b"\x89PNG\r\n\x1a\n" + png64 + pixels)
    start = good["png"].index(b"IDAT") - 4
    for name, body in (
        ("zTXt", b"Comment\0\0" + much),
        ("iTXt", b"Comment\0\1\0\0\0" + much),
        ("iCCP", b"profile\0\0" + much),
    ):
        extra = chunk(name.encode(), body)
        yield Case(
            f"png with a bomb in {name}",
            good["png"][:start] + extra + good["png"][start:],
            "either",
        )
    several = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1_000_000))) * 300
    yield Case("png with 300 texts", good["png"][:start] + several + good["png"][start:], "either")
    last = good["jpeg-progressive"].rindex(b"\xff\xda")
    scans = good["jpeg-progressive"][last:-2] * 5000
    yield Case("jpeg of 5000 scans", good["jpeg-progressive"][:-2] + scans + b"\xff\xd9")
    deflate = {259: (3, 8)}
    yield Case(
        "tiff with a bomb of pixels",
        tiff(deflate, zlib.compress(FILM.tobytes() + bytes(10**8))),
        "either",
    )
    yield Case(
        "tiff that follows itself", tiff({}, GREY.tobytes(), following=8 + GREY.size), "film"
    )
    for code in (2, 3, 4, 6, 7, 34712, 34925, 50000, 50001, 9999):
        yield Case(f"tiff of compression {code}", tiff({259: (3, code)}, GREY.tobytes()))
    yield Case("tiff of 60000 samples", tiff({277: (3, 60000)}, GREY.tobytes()))
    yield Case("tiff of 60000 bits", tiff({258: (3, 60000)}, GREY.tobytes()))
    yield Case("tiff with a strip beyond its end", tiff({273: (4, 2**31)}, GREY.tobytes()))
    yield Case("tiff with an endless strip", tiff({279: (4, 2**32 - 1)}, GREY.tobytes()), "either")


def tiles(side: tuple[int, int], tile: tuple[int, int], body: bytes) -> bytes:
    """TIFF (width, height) whose tiles are all read from one place and inflated."""
    many = -(-side[0] // tile[0]) * -(-side[1] // tile[1])
    at = 8 + len(body)
    entries = {256: (4, 1, side[0]), 257: (4, 1, side[1]), 258: (3, 1, 8), 259: (3, 1, 8)}
    entries |= {262: (3, 1, 1), 277: (3, 1, 1), 322: (4, 1, tile[0]), 323: (4, 1, tile[1])}
    entries |= {324: (4, many, at), 325: (4, many, at + 4 * many)}
    fields = b"".join(struct.pack("<HHII", tag, *entry) for tag, entry in entries.items())
    lists = struct.pack("<I", 8) * many + struct.pack("<I", len(body)) * many
    head = struct.pack("<2sHI", b"II", 42, at + len(lists))
    return head + body + lists + struct.pack("<H", len(entries)) + fields + bytes(4)


def shared_tiles() -> Iterator[Case]:
    """TIFF whose one tile is read thousands of times."""
    wide = zlib.compress(bytes(65536 * 128), 9)
    yield Case("tiff of tiles far wider than it", tiles((32, 780_000), (65536, 128), wide))
    # Blocks that hold nothing, in a tile of the right size.
    slow = b"\x78\x9c" + b"\0\0\0\xff\xff" * 70_000 + zlib.compress(bytes(48 * 48))[2:]
    yield Case("tiff of one slow tile ten thousand times", tiles((4992, 4992), (48, 48), slow))


def costly() -> Iterator[Case]:
    """Files that cost a careless reader minutes, or memory many times their size."""
    good = seeds()
    jpeg, start = good["jpeg"], good["png"].index(b"IDAT") - 4
    # A directory of entries that each claim nearly the whole block, in one segment and in many.
    entries = b"".join(struct.pack("<HHII", i, 7, 60_000, 0) for i in range(5000))
    block = b"II*\0\x08\0\0\0" + struct.pack("<H", 5000) + entries
    segment = b"\xff\xe1" + struct.pack(">H", len(block) + 8) + b"Exif\0\0" + block
    bare = jpeg[:2] + jpeg[20:]  # without JFIF's density, for which Pillow looks into the EXIF
    yield Case("jpeg whose exif is larger than itself", bare[:2] + segment + bare[2:], "film")
    more = b"\xff\xe1\xff\xff" + b"Exif\0\0" + bytes(65527)
    yield Case("jpeg of a hundred exifs", bare[:2] + segment + more * 100 + bare[2:], "film")
    wide = b"II*\0\x08\0\0\0" + struct.pack("<H", 65535)
    wide += b"".join(struct.pack("<HHII", i, 7, 5_000_000, 0) for i in range(65535))
    wide += bytes(5_000_000)
    exif = chunk(b"eXIf", wide)
    yield Case(
        "png whose exif is larger than itself",
        good["png"][:start] + exif + good["png"][start:],
        "film",
    )
    body = struct.pack("<I", len(wide)) + wide + bytes(len(wide) % 2)
    canvas = (
        struct.pack("<4sIB3x", b"VP8X", 10, 8)
        + (63).to_bytes(3, "little")
        + (71).to_bytes(3, "little")
    )
    riff = b"WEBP" + canvas + good["webp"][12:] + b"EXIF" + body
    yield Case(
        "webp whose exif is larger than itself",
        b"RIFF" + struct.pack("<I", len(riff)) + riff,
        "film",
    )
    yield Case("tiff whose tags are larger than itself", wide, "error")
    inner = struct.pack("<2sHI", b"II", 42, 8) + struct.pack("<H", 5000) + entries
    names = tiff({270: (2, 8), 315: (2, 8), 34665: (4, 8)}, GREY.tobytes() + inner)
    yield Case("tiff with a name and an exif directory in its pixels", names, "film")
    yield Case("jpeg of a million segments", jpeg[:2] + b"\xff\xfe\0\x02" * 1_000_000 + jpeg[2:])
    yield Case("jpeg of a million fill bytes", jpeg[:2] + b"\xff" * 1_000_000 + jpeg[2:])
    empty = chunk(b"IDAT", b"")
    yield Case(
        "png of 300,000 empty chunks", good["png"][:start] + empty * 300_000 + good["png"][start:]
    )
    junk = chunk(b"juNk", b"")
    yield Case(
        "png of 300,000 unknown chunks", good["png"][:start] + junk * 300_000 + good["png"][start:]
    )
    strips = struct.pack("<I", 8) * 400_000
    tags = {273: (4, 8), 278: (4, 1), 279: (4, 8)}
    pieces = tiff(tags, strips)
    for tag in (273, 279):  # 400,000 strips, whose places and sizes are the strips themselves
        at = pieces.index(struct.pack("<HHI", tag, 4, 1))
        pieces = patched(pieces, at + 4, "<I", 400_000)
    yield Case("tiff of 400,000 strips", pieces)


def tiny() -> Iterator[Case]:
    """Fewer pixels than any film has."""
    for kind in ("PNG", "JPEG", "BMP", "TIFF", "WEBP"):
        for size in ((1, 1), (31, 31), (400, 8)):
            yield Case(
                f"{kind} of {size[0]} x {size[1]}", saved(PICTURE.convert("RGB").resize(size), kind)
            )
    yield Case("png of 0 x 0", png(0, 0))
    yield Case("bmp of 0 x 0", patched(seeds()["bmp"], 18, "<ii", 0, 0))
    for shade in (0, 77, 255):
        flat = Image.new("L", (64, 64), shade)
        yield Case(f"even grey {shade} png", saved(flat, "PNG"))
        yield Case(f"even grey {shade} jpeg", saved(flat, "JPEG"))


def numbers() -> Iterator[Case]:
    """Depths, colour modes and values at the edge of what the formats know."""

    def tif(values: np.ndarray, **options: Any) -> bytes:
        stream = io.BytesIO()
        tifffile.imwrite(stream, values, **options)
        return stream.getvalue()

    hot = TWELVE.copy()
    hot[0, 0] = 65535
    yield Case("12 bits with a pixel of 16", saved(Image.fromarray(hot), "PNG"), "film")
    yield Case(
        "16 bits even grey", saved(Image.fromarray(np.full((64, 64), 999, np.uint16)), "PNG")
    )
    for bad in (np.nan, np.inf, -np.inf):
        values = FILM.copy()
        values[3, 3] = bad
        yield Case(f"float tiff with {bad}", tif(values))
    for factor in (1e38, -1e38, 1e-38, 1e-45):
        yield Case(f"float tiff times {factor}", tif((FILM * factor).astype(np.float32)), "either")
    yield Case("float tiff of 64 bits", tif(FILM.astype(np.float64)), "either")
    yield Case("float tiff of 16 bits", tif(FILM.astype(np.float16)), "either")
    yield Case("signed tiff", tif((TWELVE.astype(np.int32) - 2000).astype(np.int16)), "either")
    yield Case("tiff of 32 bits", tif(TWELVE.astype(np.uint32) * 1_000_000), "either")
    yield Case("tiff of 64 bits", tif(TWELVE.astype(np.uint64)), "either")
    yield Case("complex tiff", tif(FILM.astype(np.complex64)), "either")
    yield Case(
        "tiff of 7 channels",
        tif(np.stack([GREY] * 7), photometric="minisblack", planarconfig="separate"),
        "either",
    )
    yield Case("big-endian tiff", tif(TWELVE, byteorder=">"), "film")
    yield Case("tiff, white is zero", tif(GREY, photometric="miniswhite"), "film")
    for depth in (1, 2, 4, 8, 16):
        for colour in (0, 2, 3, 4, 6):
            yield Case(
                f"png of {depth} bits, colour type {colour}", png(64, 64, depth, colour), "error"
            )
    yield Case("png of 3 bits", png(64, 64, 3, 0))
    rgb = PICTURE.convert("RGB")
    for mode in ("1", "LA", "RGBA", "P", "I;16", "CMYK", "YCbCr", "F", "I"):
        kind = "PNG" if mode in ("1", "LA", "RGBA", "P", "I;16") else "TIFF"
        image = PICTURE.convert("F") if mode in ("F", "I") else rgb
        image = Image.fromarray(TWELVE) if mode == "I;16" else image
        data = saved(image if mode == "I;16" else image.convert(mode), kind)
        # Older Pillows read no uncompressed YCbCr in TIFF.
        yield Case(f"mode {mode}", data, "either" if mode == "YCbCr" else "film")
    lightness = saved(Image.merge("LAB", [PICTURE] * 3), "TIFF")
    yield Case("mode LAB", lightness, "either")
    cmyk = rgb.convert("CMYK")
    yield Case("jpeg in CMYK", saved(cmyk, "JPEG"), "film")
    yield Case("tiff in CMYK", saved(cmyk, "TIFF"), "film")
    clear = PICTURE.convert("LA")
    clear.putalpha(0)
    yield Case("png, all transparent", saved(clear, "PNG"))


def moving() -> Iterator[Case]:
    """Several frames: the first is the film."""
    rgb = PICTURE.convert("RGB")
    others = [rgb.transpose(Image.Transpose.FLIP_LEFT_RIGHT)] * 5
    for kind in ("PNG", "WEBP", "TIFF", "MPO"):
        yield Case(
            f"animated {kind}", saved(rgb, kind, save_all=True, append_images=others), "film"
        )
    actl = chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))
    at = seeds()["png"].index(b"IDAT") - 4
    yield Case(
        "png that claims two billion frames",
        seeds()["png"][:at] + actl + seeds()["png"][at:],
        "either",
    )


def exif_tricks() -> Iterator[Case]:
    """Orientations, and EXIF blocks that are not."""

    def entry(tag: int, kind: int, count: int, value: int) -> bytes:
        return struct.pack("<2sHIHHHIII", b"II", 42, 8, 1, tag, kind, count, value, 0)

    for value in range(10):
        exif = Image.Exif()
        exif[0x0112] = value
        yield Case(f"orientation {value}", saved(PICTURE, "JPEG", exif=exif), "film")
    blocks = {
        "exif that is text": b"<script>alert(1)</script>",
        "exif cut short": b"MM\0*\0\0\0\x08\0\x05\x01",
        "exif that points at itself": entry(0x8769, 4, 1, 8),
        "exif of endless count": entry(0x0112, 3, 2**32 - 1, 0),
        "exif with orientation as text": entry(0x0112, 2, 4, 0x636261),
        "exif with orientation as fraction": entry(0x0112, 5, 1, 26) + bytes(8),
        "exif of 60 kB": b"II*\0\x08\0\0\0\xff\xff" + bytes(60_000),
    }
    for name, block in blocks.items():
        yield Case(name, saved(PICTURE, "JPEG", exif=b"Exif\0\0" + block), "film")
    laughs = b"<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]><x:xmpmeta>&b;</x:xmpmeta>"
    yield Case("xmp with entities", saved(PICTURE, "JPEG", xmp=laughs), "film")
    profile = bytes(60_000)
    yield Case("colour profile of zeros", saved(PICTURE, "JPEG", icc_profile=profile), "film")
    good = seeds()["jpeg"]
    yield Case(
        "jpeg with 200 comments", good[:2] + b"\xff\xfe\0\x20" + bytes(30) + good[2:], "film"
    )
    yield Case("jpeg with a segment of length 0", good[:2] + b"\xff\xfe\0\0" + good[2:], "either")
    yield Case(
        "jpeg with a segment beyond its end", good[:2] + b"\xff\xfe\xff\xff" + good[2:], "either"
    )
