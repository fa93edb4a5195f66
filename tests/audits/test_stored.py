"""Stored audits: which may be believed, and what is said of the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.helpers import shelf
from xray.audits import findings, stored
from xray.errors import ArtifactError
from xray.files import write_json, write_table, write_text
from xray.models.card import WEIGHTS, Card

CARD = Card("basic", title="Basic CNN", files={WEIGHTS: "a" * 64})


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path))
    return tmp_path


def good() -> dict[str, Any]:
    return shelf.world("one reader")["basic"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (good(), ""),
        (good() | {"model_hash": "a" * 64}, ""),
        (good() | {"model_hash": "b" * 64}, "of other weights than the model's"),
        (good() | {"verdict": "no_reliance_shown"}, "by an earlier version"),
        (good() | {"verdict": None}, "is damaged"),
        (shelf.earlier("basic"), "by an earlier version"),
        ([], "is damaged"),
        ({}, "is damaged"),
    ],
)
def test_what_may_be_believed(value: Any, said: str, artifacts: Path) -> None:
    write_json(artifacts / "audits" / "basic.json", value)
    audits, gaps = stored.read_audits([CARD])
    if not said:
        assert audits == {"basic": value} == stored.stored_audits([CARD])
        assert gaps == {}
        return
    assert audits == {} == stored.stored_audits([CARD])
    assert said in gaps["basic"] and "run 'python -m xray audit basic'" in gaps["basic"]


def test_no_file_and_an_unreadable_one(artifacts: Path) -> None:
    assert "No audit has been run" in stored.read_audits([CARD])[1]["basic"]
    write_text(artifacts / "audits" / "basic.json", '{"model":')
    assert "is damaged" in stored.read_audits([CARD])[1]["basic"]


def test_a_panel_that_is_missing_or_damaged_is_told(artifacts: Path) -> None:
    with pytest.raises(ArtifactError, match="sensitivity of this test is unknown"):
        stored.quality()
    write_table(artifacts / "panel" / "quality.csv", pd.DataFrame({"kind": ["tube"]}))
    with pytest.raises(ArtifactError, match="damaged; restore it"):
        stored.quality()
    write_table(artifacts / "panel" / "quality.csv", shelf.quality())
    assert len(stored.quality()) == 4 * len(findings.KINDS)


def test_cures_are_told_by_their_largest_change() -> None:
    cards = [Card(name, title=name.title()) for name in ("whole_film", "device_matched")]
    audits = {
        "whole_film": shelf.audit("whole_film", {"tube": (1.0, 1.0), "support": (9.1, 4.0)}),
        "device_matched": shelf.audit("device_matched", {"tube": (-2.0, 1.0)}),
    }
    accuracy = {card.name: pd.Series({"value": 0.9, "low": 0.85, "high": 0.95}) for card in cards}
    rows = stored.cures(cards, audits, accuracy)
    assert rows["kind"].tolist() == ["support", "tube"]
    assert rows["calls"].tolist() == [9.1, -2.0]
