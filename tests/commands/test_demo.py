"""End to end without any data: synthetic films, a clean and a reading model, both audited."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xray.commands.main import main
from xray.models import registry


@pytest.mark.slow
def test_the_demonstration_tells_the_two_models_apart(
    tmp_path: Path,
) -> None:
    out = tmp_path / "artifacts"
    assert main(["demo", "--out", str(out), "--json", str(tmp_path / "found.json")]) == 0
    clean, reader = json.loads((tmp_path / "found.json").read_text())
    assert clean["synthetic"] and reader["synthetic"]
    assert reader["verdict"] == "reads_devices"
    assert clean["verdict"] != "reads_devices"
    assert reader["score"] > clean["score"] + 1
    cards = registry.cards(out / "models")
    assert {card.role for card in cards} == {"demo"} and all("synthetic" in c.notes for c in cards)
    table = registry.predictions("demo-reads-devices", out / "models")
    assert set(table["split"]) == {"val", "test"}
