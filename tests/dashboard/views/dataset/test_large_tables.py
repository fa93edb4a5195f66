"""Tables of any size: offered where there is one, filtered and leafed through."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.helpers.visits import alone, words
from xray import parquet
from xray.dataset import large_tables, public_set


def test_a_table_is_filtered_by_its_link(
    on_shelf: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    exports: dict[str, pd.DataFrame],
) -> None:
    films = public_set.read()
    with parquet.Writer(tmp_path / "films.parquet", counted=("split", "label")) as table:
        table.add(films)
    monkeypatch.setenv(large_tables.VARIABLE, str(tmp_path / "films.parquet"))
    app = alone("dataset", "Large tables", split="test", label="NORMAL", page="2")
    assert "**234 rows**" in words(app)
    rows = exports["rows-2.csv"]
    assert set(rows["split"]) == {"test"} and set(rows["label"]) == {"NORMAL"}


def test_without_a_table_the_section_is_not_offered(on_shelf: Path) -> None:
    app = alone("dataset", "Large tables")
    assert "Large tables" not in app.segmented_control(key="section").options
    assert "section “Large tables” is not offered here" in words(app)
