"""Training runs: the largest changes first, and no longer than a few screens."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.helpers.visits import alone, words
from xray.dashboard.views.cards import runs


def test_the_largest_changes_are_drawn_and_all_are_saved(
    monkeypatch: pytest.MonkeyPatch, exports: dict[str, pd.DataFrame]
) -> None:
    monkeypatch.delenv("XRAY_ARTIFACTS", raising=False)
    app = alone("cards", "Runs")
    (table,) = exports.values()
    assert len(table) > runs.MOST
    spec = json.loads(app.get("plotly_chart")[0].proto.spec)
    drawn = [trace["x"][0] for trace in spec["data"]]
    largest = table["difference"].abs().nlargest(runs.MOST)
    assert sorted(map(abs, drawn)) == pytest.approx(sorted(largest))
    assert f"Of {len(table)} changes" in words(app)


def test_without_runs_it_says_how_to_start(artifacts: Path) -> None:
    app = alone("cards", "Runs")
    assert app.title[0].value == "No training run is in the ledger yet"
    assert "python -m xray train basic" in app.code[0].value
