"""JPEG quality by the quantisation tables."""

from __future__ import annotations

from xray.films import jpeg


def test_jpeg_quality_of_strange_tables() -> None:
    assert jpeg.quality({}) is None
    assert jpeg.quality({0: [0] * 64}) is None
    assert jpeg.quality({0: [1] * 3}) is None
    assert jpeg.quality({0: [60000] * 64}) == 1
    assert jpeg.quality({1: [1] * 64}) == 100
