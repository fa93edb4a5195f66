"""The card of a model, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.dashboard.conftest import add
from tests.helpers.visits import alone, words
from xray.models.card import read_cards, read_predictions
from xray.reports import model_card


def test_a_model_that_gives_one_call_is_named(artifacts: Path, facts: pd.DataFrame) -> None:
    add(artifacts, "collapsed", np.full(len(facts), 4.0), facts, role="user")
    app = alone("cards", card="collapsed")
    assert app.segmented_control(key="card").value == "Collapsed"
    assert "Degenerate" in words(app)
    assert f"{len(facts)} of {len(facts)} films PNEUMONIA" in words(app)


def test_the_title_counts_right_calls_and_audits(artifacts: Path, facts: pd.DataFrame) -> None:
    add(artifacts, "collapsed", np.full(len(facts), 4.0), facts, role="user")
    cards = [card for card in read_cards(artifacts / "models") if not card.problem]
    tables = [read_predictions(card.name, artifacts / "models") for card in cards]
    shares = [
        model_card.right(table, card.threshold_log_odds)
        for card, table in zip(cards, tables, strict=True)
    ]
    test = tables[[card.name for card in cards].index("collapsed")].query("split == 'test'")
    sick = 100 * (test["label"] == "PNEUMONIA").mean()
    assert any(share == pytest.approx(sick) for share in shares)
    known = [share for share in shares if share is not None]
    title = alone("cards").title[0].value.replace("\\", "")
    assert f"Right on {min(known):.0f} to {max(known):.0f} of 100 test films" in title
    assert f"of {len(cards)} models" in title


def test_a_broken_card_is_named(artifacts: Path) -> None:
    home = artifacts / "models" / "broken"
    home.mkdir()
    (home / "card.json").write_text("no JSON")
    app = alone("cards")
    app.segmented_control(key="card").set_value("broken").run()
    assert not app.exception
    assert "broken" in words(app)
