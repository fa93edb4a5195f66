"""Stored audits: which may be believed, and what is said of the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.helpers import shelf
from xray.audits import stored
from xray.environment import ROOT
from xray.errors import ArtifactError
from xray.files import read_json, write_json, write_table, write_text
from xray.models.card import WEIGHTS, Card, read_card

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
        (good() | {"model_as_read": CARD.as_read}, ""),
        (good() | {"model_as_read": replace(CARD, scale="byte").as_read}, "by other options"),
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
    assert len(stored.quality()) == len(shelf.quality()) > 0


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


def test_audits_of_two_sets_of_films_stand_side_by_side(artifacts: Path) -> None:
    def of(films: str, **more: Any) -> dict[str, Any]:
        content = {"source": films, "sha256": films * 64, "n": 90}
        return good() | {"model_hash": "a" * 64, "films": content} | more

    home = artifacts / "audits"
    first, other = of("1"), of("2")
    assert stored.store(CARD, first) == home / "basic.json"
    assert stored.store(CARD, other) == home / "basic@22222222.json"
    assert stored.stored_audits([CARD]) == {"basic": first}
    assert stored.beside(CARD) == [other]
    # The same films again stand where they stood.
    for again in (of("2", seed=1), of("1", seed=1)):
        stored.store(CARD, again)
    assert len(list(home.iterdir())) == 2
    assert stored.stored_audits([CARD]) == {"basic": of("1", seed=1)}
    assert stored.beside(CARD) == [of("2", seed=1)]
    # Where the model was trained anew, what was said of the old one is not kept for its films.
    trained = Card("basic", files={WEIGHTS: "b" * 64})
    stored.store(trained, now := of("2", model_hash="b" * 64))
    assert stored.stored_audits([trained]) == {"basic": now}
    assert stored.beside(trained) == []
    assert [path.name for path in home.iterdir()] == ["basic.json"]
    write_text(home / "basic@33333333.json", "{")
    assert stored.beside(trained) == []


def test_thresholds_of_explanations_are_those_of_their_record(artifacts: Path) -> None:
    assert stored.limits() == {}
    table = pd.DataFrame(
        {
            "method": ["lime", "lime", "occlusion"],
            "kind": ["line", "tube", "line"],
            "threshold": [0.2, None, 0.4],
        }
    ).reindex(columns=list(stored.METHODS))
    write_table(artifacts / "panel" / "methods.csv", table)
    assert stored.limits() == {"line": 0.2}
    assert stored.limits("occlusion") == {"line": 0.4}


def test_an_audit_that_could_judge_takes_the_place_of_one_that_could_not(artifacts: Path) -> None:
    def of(films: str, **more: Any) -> dict[str, Any]:
        return good() | {"films": {"source": films, "sha256": films * 64, "n": 90}} | more

    useless, useful = of("1", verdict="cannot_be_judged", kinds=[]), of("2")
    assert stored.store(CARD, useless).name == stored.store(CARD, useful).name == "basic.json"
    assert stored.stored_audits([CARD]) == {"basic": useful}
    assert stored.beside(CARD) == [useless]
    stored.store(CARD, useless)
    assert stored.stored_audits([CARD]) == {"basic": useful}


def test_audits_of_further_seeds_are_of_the_weights_on_their_cards() -> None:
    paths = sorted((ROOT / "artifacts" / "sweeps").glob("*/audit.json"))
    assert paths
    for path in paths:
        assert stored.why_not(read_json(path), read_card(path.parent)) == "", path
