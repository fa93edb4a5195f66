"""What a JPEG 2000 file costs before it is decoded."""

from __future__ import annotations

import numpy as np

from tests.films.hostile_dicom import codestream
from tests.films.hostile_files import FILM, saved
from xray.films import decode as films
from xray.films import jpeg2000


def test_honest_jpeg_2000_is_not_costly() -> None:
    side = 5000
    for cut, layers, tile in ((0xFF, 12, 256), (0x88, 12, 0), (0x77, 1, 1024)):
        assert not jpeg2000.is_costly(codestream(side, cut, layers, tile))
    for tiled in ({}, {"tile_size": (64, 64)}, {"precinct_size": (32, 32)}):
        film = saved(films.Image.fromarray(np.uint8(FILM * 255)), "JPEG2000", **tiled)
        assert not jpeg2000.is_costly(film)


def test_code_blocks_are_counted_over_tiles_and_components() -> None:
    assert not jpeg2000.is_costly(codestream(4900, 0xFF, block=2))
    assert jpeg2000.is_costly(codestream(4900, 0xFF, block=0))
    assert jpeg2000.is_costly(codestream(4900, 0xFF, tile=490, block=0))
    stream = codestream(2000, 0xFF, block=0)
    assert not jpeg2000.is_costly(stream)
    at = stream.index(b"\xff\x51")
    colours = stream[: at + 38] + b"\0\3" + stream[at + 40 : at + 43] * 3 + stream[at + 43 :]
    size = (int.from_bytes(colours[at + 2 : at + 4]) + 6).to_bytes(2)
    assert jpeg2000.is_costly(colours[: at + 2] + size + colours[at + 4 :])
