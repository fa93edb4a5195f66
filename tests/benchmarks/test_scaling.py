"""Slopes are those of the steepest step, and what is written is what was measured."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from benchmarks import _common, scaling
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


def test_the_page_has_a_place_for_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {
            "what": "index",
            "of": "films",
            "sizes": (600, 6000),
            "seconds": (1.25, 12.0),
            "slope": 0.98,
        }
    ]
    page = ROOT / "docs" / "scaling.md"
    before, kept = page.read_text(), page.read_text().partition("<!-- benchmarks.waiting -->")
    monkeypatch.setattr(_common, "ROOT", tmp_path)
    copy = tmp_path / "docs" / "scaling.md"
    copy.parent.mkdir()
    copy.write_text(before)
    _common.into_page("scaling", scaling.COLUMNS, scaling.told(rows))
    assert "| index | 600, 6,000 films | 1.2, 12 | 0.98 |\n<!-- end -->" in copy.read_text()
    assert copy.read_text().endswith("".join(kept[1:]))


def test_rows_that_are_not_measured_again_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_common, "ROOT", tmp_path)
    page = tmp_path / "docs" / "scaling.md"
    page.parent.mkdir()
    after = "after\n<!-- benchmarks.index -->\n<!-- end -->\n"
    page.write_text(f"before\n<!-- benchmarks.waiting -->\n<!-- end -->\n{after}")
    for rows in ([["one", "1"], ["two", "2"]], [["two", "3"]]):
        _common.into_page("waiting", ("wait", "seconds"), rows, keep=True)
    table = "| wait | seconds |\n| --- | --- |\n| one | 1 |\n| two | 3 |\n"
    assert page.read_text() == f"before\n<!-- benchmarks.waiting -->\n{table}<!-- end -->\n{after}"
