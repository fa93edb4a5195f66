"""What a JPEG 2000 codestream makes its decoder do, from its headers alone (ISO/IEC 15444-1)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

#: Most packets: one for each precinct, resolution, component and quality layer.  OpenJPEG takes
#: about 2 kB and 5 microseconds for each precinct, filled or not.  A film of 25 million pixels
#: in tiles of 256 with six resolutions and twelve layers has 30,000 packets, in colour 90,000.
MAX_PACKETS = 100_000

#: Most tiles: the same film in tiles of 256 has 400.  OpenJPEG takes some kilobytes for each.
MAX_TILES = 2_000

#: Most code blocks.  OpenJPEG takes about 350 bytes for each.  A film of 25 million pixels in the
#: usual blocks of 64 x 64 has 8,000, of 16 x 16 130,000; the smallest are of 4 x 4.
MAX_BLOCKS = 400_000

#: Most headers: those of the file, and a few for every part of a tile.
_MAX_MARKERS = 50_000

_SIZ, _COD, _COC, _SOT, _SOD, _EOC = 0xFF51, 0xFF52, 0xFF53, 0xFF90, 0xFF93, 0xFFD9
_START = b"\xff\x4f\xff\x51"


def is_costly(data: bytes) -> bool:
    """Whether a codestream, bare or in a JP2 file, has too many parts for a film.

    Parts are tiles, packets and code blocks.  Precincts, blocks and layers may be set anew for
    single components and tiles; the most demanding setting is taken for all of them.

    Raises
    ------
    ValueError, struct.error
        The headers make no sense, or it is not clear which codestream is the picture.
    """
    if data.count(_START) != 1:
        raise ValueError("not one JPEG 2000 codestream")
    stream = data[data.index(_START) :]
    tiles = components = layers = precincts = blocks = 0
    width = height = 0
    for marker, body in _headers(stream):
        if marker == _SIZ:
            x1, y1, x0, y0, wide, high = struct.unpack_from(">6I", body, 2)
            (components,) = struct.unpack_from(">H", body, 34)
            width, height = min(wide, x1 - x0), min(high, y1 - y0)
            tiles = _ceil(x1 - x0, wide) * _ceil(y1 - y0, high)
        elif marker == _COD:
            layers = max(layers, int.from_bytes(body[2:4]))
            precincts = max(precincts, _precincts(body[5:], bool(body[0] & 1), width, height))
            blocks = max(blocks, _blocks(body[5:], width, height))
        elif marker == _COC:
            own = body[1 if components < 257 else 2 :]
            precincts = max(precincts, _precincts(own[1:], bool(own[0] & 1), width, height))
            blocks = max(blocks, _blocks(own[1:], width, height))
    parts = tiles * components
    return (
        tiles > MAX_TILES or parts * precincts * layers > MAX_PACKETS or parts * blocks > MAX_BLOCKS
    )


def _blocks(style: bytes, width: int, height: int) -> int:
    """Code blocks of one component of a tile: the resolutions hold as many samples as it has."""
    return _ceil(width, 4 << (style[1] & 15)) * _ceil(height, 4 << (style[2] & 15))


def _precincts(style: bytes, given: bool, width: int, height: int) -> int:
    """Precincts of all resolutions of one component of a tile (annexes A.6.1 and B.6)."""
    levels, sizes = style[0], style[5:]
    if levels > 32 or (given and len(sizes) <= levels):
        raise ValueError("more resolutions than a codestream may have")
    total = 0
    for resolution in range(levels + 1):
        size = sizes[resolution] if given else 0xFF
        halved = 1 << (levels - resolution)
        columns = _ceil(_ceil(width, halved), 1 << (size & 15))
        total += columns * _ceil(_ceil(height, halved), 1 << (size >> 4))
    return total


def _headers(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and content of every header: the file's, then those of each part of a tile."""
    at, following = 2, len(stream)
    for _ in range(_MAX_MARKERS):
        if at + 4 > len(stream):
            return
        marker, length = struct.unpack_from(">HH", stream, at)
        if marker == _EOC:
            return
        if marker == _SOD:
            at = following
            continue
        if marker < 0xFF00 or length < 2:
            raise ValueError("a JPEG 2000 codestream with a header that is none")
        body = stream[at + 4 : at + 2 + length]
        if marker == _SOT:
            size = int.from_bytes(body[2:6])
            if 0 < size < 14:
                raise ValueError("a part of a tile that is shorter than its header")
            following = at + size if size else len(stream)
        yield marker, body
        at += 2 + length
    raise ValueError("a JPEG 2000 codestream of too many headers")


def _ceil(whole: int, part: int) -> int:
    return -(-whole // part)
