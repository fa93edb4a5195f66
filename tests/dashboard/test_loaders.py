"""What pages read: once a content, anew where a file changed, and what is amiss in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from tests.helpers import shelf
from xray.audits import stored
from xray.dashboard import loaders
from xray.errors import ArtifactError
from xray.files import read_json, write_json, write_table
from xray.models.card import read_card
from xray.reports import overview


@pytest.fixture
def own_shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shelf that a test may spoil."""
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path / "artifacts"))
    return shelf.build(tmp_path / "artifacts")


def test_cards_are_read_again_where_one_changed(own_shelf: Path) -> None:
    first = loaders.cards()
    assert {card.name for card in first} == {*shelf.GOOD, shelf.BROKEN}
    assert [a is b for a, b in zip(first, loaders.cards(), strict=True)] == [True] * 4
    first.clear()
    assert len(loaders.cards()) == 4, "what a caller does to its list is its own affair"
    assert {card.name for card in loaders.cards(("user",))} == {shelf.BROKEN}
    path = own_shelf / "models" / "basic" / "card.json"
    write_json(path, read_json(path) | {"title": "Another"})
    assert {card.title for card in loaders.cards()} >= {"Another"}
    path.write_text("{")
    assert [card.name for card in loaders.cards() if card.problem] == ["basic"]
    (own_shelf / "models" / "transfer" / "model.keras").unlink()
    assert {card.name for card in loaders.cards() if card.problem} == {"basic", "transfer"}


def test_predictions_are_those_of_the_card_or_refused(own_shelf: Path) -> None:
    table = loaders.predictions("basic")
    assert loaders.predictions("basic") is table, "shared, not copied"
    path = own_shelf / "models" / "basic" / "predictions.csv"
    path.write_text(path.read_text().replace("NORMAL", "PNEUMONIA", 1))
    with pytest.raises(ArtifactError, match="were changed after they were made"):
        loaders.predictions("basic")


def test_metrics_are_of_one_split_at_the_card_s_threshold(own_shelf: Path) -> None:
    card = read_card(own_shelf / "models" / "basic")
    found = loaders.metrics(card)
    assert set(found["split"]) == {"test"} and loaders.metrics(card) is found
    assert found["threshold"].iloc[0] == pytest.approx(card.threshold)
    rows = loaders.predictions("basic").query("split == 'test'")
    right = ((rows["log_odds"] >= card.threshold_log_odds) == (rows["label"] == "PNEUMONIA")).mean()
    table = found[found["positive"] == "PNEUMONIA"].set_index("metric")
    assert table.loc["accuracy", "value"] == pytest.approx(right)
    assert set(loaders.metrics(card, "val")["split"]) == {"val"}


def test_audits_and_their_gaps(own_shelf: Path) -> None:
    cards = [card for card in loaders.cards() if card.name in shelf.GOOD]
    audits, gaps = loaders.audits(cards)
    assert set(audits) == {"basic", "transfer"} and set(gaps) == {"augmented"}
    path = own_shelf / "audits" / "basic.json"
    path.write_text("{")
    audits, gaps = loaders.audits(cards)
    assert set(audits) == {"transfer"} and "damaged" in gaps["basic"]
    assert loaders.audits_beside(cards[0]) == []


def test_the_panel_s_record_is_read_once_a_content(own_shelf: Path) -> None:
    write_table(own_shelf / "panel" / "quality.csv", shelf.quality())
    first = loaders.panel(stored.quality, "quality.csv")
    assert loaders.panel(stored.quality, "quality.csv") is first
    write_table(own_shelf / "panel" / "quality.csv", shelf.quality().assign(n=7))
    assert set(loaders.panel(stored.quality, "quality.csv")["n"]) == {7}
    (own_shelf / "panel" / "quality.csv").write_text("kind\n")
    with pytest.raises(ArtifactError, match="damaged"):
        loaders.panel(stored.quality, "quality.csv")


def test_facts_of_the_public_set_are_held_once(own_shelf: Path) -> None:
    table = loaders.stored_films()
    assert isinstance(table, pd.DataFrame) and len(table) == 5856
    assert loaders.stored_films() is table


def test_a_part_of_the_first_page_is_kept_or_made_of_what_is_there(
    own_shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    class Part:
        key = "title of a test"

        def make(self) -> str:
            made.append("now")
            return "made now"

    part: Any = Part()
    monkeypatch.setattr(overview, "kept", lambda part, kept: (False, None))
    assert [loaders.first_page(part) for _ in range(2)] == ["made now"] * 2
    assert made == ["now"], "once for all visitors"
    monkeypatch.setattr(overview, "kept", lambda part, kept: (True, "kept"))
    assert loaders.first_page(part) == "kept"


def _folder() -> None:
    import streamlit as st

    from xray.dashboard import loaders

    st.text(str(loaders.films_folder()))


def test_a_folder_of_films_that_is_not_there_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value, shown, problems in (
        ("", "None", 0),
        (str(tmp_path), str(tmp_path), 0),
        (str(tmp_path / "gone"), "None", 1),
    ):
        monkeypatch.setenv("XRAY_DATA", value)
        app = AppTest.from_function(_folder, default_timeout=60).run()
        assert not app.exception
        assert app.text[0].value == shown and len(app.warning) == problems
        assert not problems or str(tmp_path) not in app.warning[0].value
