"""How good the test is: beside what explanations alone would have told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.helpers import shelf
from tests.helpers.visits import alone, words
from xray.audits import findings, stored
from xray.files import write_table


def test_lime_alone_stands_beside_the_audit(
    shelf_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shelf.move_in(Path(shutil.copytree(shelf_folder, tmp_path / "shelf")), "one reader")
    monkeypatch.setenv("XRAY_ARTIFACTS", str(copy))
    write_table(copy / "panel" / "quality.csv", shelf.quality())
    app = alone("devices", section="How good is this test")
    assert len(app.get("plotly_chart")) == 1
    assert "panel/methods.csv is missing" in words(app)
    assert "made by an earlier rule" in words(app)
    write_table(copy / "panel" / "quality.csv", shelf.quality().assign(bounds="one-sided"))
    assert "made by an earlier rule" in words(alone("devices", section="How good is this test"))
    write_table(copy / "panel" / "quality.csv", shelf.quality().assign(bounds=findings.BOUNDS))
    assert "earlier rule" not in words(alone("devices", section="How good is this test"))
    rows = [
        ("lime", "", None, 0.4, 0.2, 0.6, 20, 0.1, 0.03, 0.3, 40, 30),
        ("audit", "", None, 0.9, 0.7, 0.97, 20, 0.0, 0.0, 0.1, 40, 30),
    ]
    table = pd.DataFrame(rows, columns=list(stored.METHODS))
    write_table(copy / "panel" / "methods.csv", table)
    app = alone("devices", section="How good is this test")
    assert len(app.get("plotly_chart")) == 2
    assert "Of 20 readings LIME alone finds 8" in words(app)
    assert "made by an earlier rule" in words(app), "the audit's row is of an earlier rule"
    write_table(copy / "panel" / "methods.csv", table.assign(bounds=findings.BOUNDS))
    assert "earlier rule" not in words(alone("devices", section="How good is this test"))
