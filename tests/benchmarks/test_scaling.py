"""Slopes are those of the steepest step, and what is written is what was measured."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from benchmarks import scaling
from xray.environment import ROOT


def test_the_steepest_step_counts() -> None:
    assert scaling.slope([1, 10, 100], [2.0, 20.0, 60.0]) == pytest.approx(1.0)
    assert scaling.slope([1, 10, 100], [2.0, 4.0, 400.0]) == pytest.approx(2.0)


def test_lines_are_drawn_where_the_numbers_are() -> None:
    svg = ET.fromstring(scaling.drawn({"index": [(1, 1.0), (100, 100.0)], "audit": [(10, 10.0)]}))
    dots = [
        (float(e.get("cx", "")), float(e.get("cy", ""))) for e in svg.iter() if "circle" in e.tag
    ]
    assert len(dots) == 3
    (x0, y0), (x1, y1), middle = dots
    assert middle == pytest.approx(((x0 + x1) / 2, (y0 + y1) / 2), abs=0.2) and x1 > x0 and y1 < y0


def test_the_page_has_a_place_for_the_table() -> None:
    rows = [
        {
            "what": "index",
            "of": "films",
            "sizes": (600, 6000),
            "seconds": (1.25, 12.0),
            "slope": 0.98,
        }
    ]
    page = (ROOT / "docs" / "scaling.md").read_text()
    written = scaling.PLACE.sub(lambda _: scaling.told(rows), page)
    assert "| index | 600, 6,000 films | 1.2, 12 | 0.98 |\n<!-- end -->" in written
    assert scaling.PLACE.sub(lambda _: "", written) == scaling.PLACE.sub(lambda _: "", page)
