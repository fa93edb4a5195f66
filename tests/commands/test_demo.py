"""End to end without any data: synthetic films, a clean and a reading model, both audited."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.audits.test_audit import few_layers
from xray.audits import demo, inputs
from xray.commands.main import main
from xray.models.card import read_card, read_cards, read_predictions


@pytest.mark.slow
def test_the_demonstration_tells_the_two_models_apart(
    tmp_path: Path,
) -> None:
    out = tmp_path / "artifacts"
    assert main(["demo", "--out", str(out), "--json", str(tmp_path / "found.json")]) == 0
    clean, reader = json.loads((tmp_path / "found.json").read_text())
    assert clean["synthetic"] and reader["synthetic"]
    assert (reader["verdict"], reader["kind"]) == ("reads_devices", demo.PLANTED)
    assert reader["lime"]["difference_low"] > 0
    assert clean["verdict"] != "reads_devices"
    cards = read_cards(out / "models")
    assert {card.role for card in cards} == {"demo"} and all("synthetic" in c.notes for c in cards)
    table = read_predictions("demo-reads-devices", out / "models")
    assert set(table["split"]) == {"val", "test"}


def test_it_runs_from_films_to_stored_audits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Films of another demonstration may lie in the cache that tests share.
    monkeypatch.setenv("XRAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(inputs.rendering, "read", few_layers)
    monkeypatch.setattr(demo, "COUNTS", {"train": 24, "val": 12, "test": 24})
    monkeypatch.setattr(demo, "SIDE", 64)
    monkeypatch.setattr(demo, "WEIGHED", 2)
    out = tmp_path / "artifacts"
    assert main(["demo", "--out", str(out), "--strength", "80/10"]) == 0
    for name, planted in (("demo-clean", "none"), ("demo-reads-devices", "80/10")):
        value = json.loads((out / "audits" / f"{name}.json").read_text())
        assert (value["planted"], value["labels"]["rendered"]) == (planted, True)
        assert value["films"]["n"] == 24
        assert value["lime"]["films"] == 2 and 0 <= value["lime"]["device"] <= 1
        card = read_card(out / "models" / name)
        assert value["model_hash"] == card.sha256
