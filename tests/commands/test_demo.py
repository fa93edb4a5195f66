"""End to end without any data: synthetic films, a clean and a reading model, both audited."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xray.audits import demo
from xray.commands.main import main
from xray.models.card import read_card, read_cards, read_predictions


@pytest.mark.slow
def test_the_demonstration_tells_the_two_models_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The films of half as many children are enough for a reader as plain as this one.
    monkeypatch.setattr(demo, "COUNTS", {"train": 480, "val": 80, "test": 80})
    monkeypatch.setattr(demo, "WEIGHED", 8)
    out = tmp_path / "artifacts"
    assert main(["demo", "--out", str(out), "--json", str(tmp_path / "found.json")]) == 0
    clean, reader = json.loads((tmp_path / "found.json").read_text())
    assert (reader["verdict"], reader["kind"]) == ("reads_devices", demo.PLANTED)
    assert reader["lime"]["difference_low"] > 0
    assert clean["verdict"] != "reads_devices"
    cards = read_cards(out / "models")
    assert {card.role for card in cards} == {"demo"} and all("synthetic" in c.notes for c in cards)
    table = read_predictions("demo-reads-devices", out / "models")
    assert set(table["split"]) == {"val", "test"}
    for name, planted in (("demo-clean", "none"), ("demo-reads-devices", "95/5")):
        value = json.loads((out / "audits" / f"{name}.json").read_text())
        assert value["synthetic"]
        assert (value["planted"], value["labels"]["rendered"]) == (planted, True)
        assert value["films"]["n"] == 80
        assert value["lime"]["films"] <= 8 and 0 <= value["lime"]["device"] <= 1
        assert value["model_hash"] == read_card(out / "models" / name).sha256


def test_seed_and_strength_are_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(demo, "run", lambda *given: asked.extend(given) or {})
    assert main(["demo", "--seed", "3", "--strength", "80/10"]) == 0
    assert asked[-2:] == [3, "80/10"]
