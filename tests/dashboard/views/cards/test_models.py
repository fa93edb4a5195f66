"""The card of a model, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tests.dashboard.views.conftest import add
from tests.helpers.visits import alone, words


def test_a_model_that_gives_one_call_is_named(artifacts: Path, facts: pd.DataFrame) -> None:
    add(artifacts, "collapsed", np.full(len(facts), 4.0), facts, role="user")
    app = alone("cards", card="collapsed")
    assert app.segmented_control(key="card").value == "Collapsed"
    assert "Degenerate" in words(app)
    assert f"{len(facts)} of {len(facts)} films PNEUMONIA" in words(app)


def test_a_broken_card_is_named(artifacts: Path) -> None:
    home = artifacts / "models" / "broken"
    home.mkdir()
    (home / "card.json").write_text("no JSON")
    app = alone("cards")
    app.segmented_control(key="card").set_value("broken").run()
    assert not app.exception
    assert "broken" in words(app)
