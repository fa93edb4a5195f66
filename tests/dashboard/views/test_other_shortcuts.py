"""What else than the lungs models read: what is stored, and what is not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.helpers.visits import alone, words


def test_hidden_lungs_are_told_of_every_audited_model(on_shelf: Path) -> None:
    app = alone("other_shortcuts")
    assert app.title[0].value.replace("\\", "") == (
        "With the lungs hidden Model basic still tells sick from healthy: AUROC 0.88 (0.80 to 0.95)"
    )
    said = words(app)
    assert "Not stored for Model basic and Model transfer" in said
    assert len(app.get("plotly_chart")) == 2
    assert any("python -m xray audit basic augmented transfer" in code.value for code in app.code)


def test_suspects_are_shown_where_they_are_stored(
    shelf_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(shelf_folder, tmp_path / "shelf"))
    monkeypatch.setenv("XRAY_ARTIFACTS", str(copy))
    path = copy / "audits" / "basic.json"
    value = json.loads(path.read_text())
    value["effects"] += [
        {
            "test": test,
            "kind": "",
            "label": label,
            "calls": calls,
            "calls_low": calls - 1,
            "calls_high": calls + 1,
        }
        for test, label, calls in (
            ("marker", "NORMAL", 1.0),
            ("text", "NORMAL", -4.0),
            ("jpeg", "NORMAL", 2.0),
            ("jpeg", "PNEUMONIA", 3.5),
        )
    ]
    path.write_text(json.dumps(value))
    app = alone("other_shortcuts")
    said = words(app)
    assert "Of all else the burned-in text changes most. Model basic: -4.0 of 100 healthy" in said
    assert "Not stored for Model transfer" in said
