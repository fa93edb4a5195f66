"""Tables too large to be held: what a server has of them, and the page that leafs through one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from xray import figures, figures_tables, large_tables, parts
from xray.files import ROOT

ROWS = 230


def films(rows: int = ROWS) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "file": [f"film{i:04d}" for i in range(rows)],
            "split": ["test" if i % 10 == 0 else "train" for i in range(rows)],
            "label": ["NORMAL" if i % 4 == 0 else "PNEUMONIA" for i in range(rows)],
            "note": ["<b>&" if i == 0 else "" for i in range(rows)],
        }
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A server with one table in the folder that it is told of."""
    with parts.Writer(tmp_path / "films.parquet", counted=("split", "label")) as table:
        table.add(films())
    monkeypatch.setenv(large_tables.VARIABLE, str(tmp_path))
    return tmp_path


def page(query: dict[str, str] | None = None) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    for name, value in (query or {}).items():
        app.query_params[name] = value
    app.run().switch_page("pages/large_tables.py").run()
    assert not app.exception
    return app


def test_a_table_is_known_by_its_counts(folder: Path) -> None:
    (table,), problems = large_tables.configured()
    assert not problems
    assert (table.key, table.rows, table.by) == ("films", ROWS, "split")
    assert table.values("label") == ["NORMAL", "PNEUMONIA"]
    assert large_tables.says(table) == "films: 230 rows, 75 % of them PNEUMONIA"
    for where in ({}, {"label": ["NORMAL"]}, {"split": ["test"], "label": ["PNEUMONIA"]}):
        expected = films()
        for column, values in where.items():
            expected = expected[expected[column].isin(values)]
        assert table.matching(where) == len(expected) == parts.count(table.folder, where)
    # Of a column that is not counted, the rows tell.
    assert table.matching({"note": ["<b>&"]}) == 1


def test_counts_are_drawn(folder: Path) -> None:
    (table,), _ = large_tables.configured()
    figure = figures_tables.counts(table)
    assert figures.title(figure) == "train holds 90 % of the rows"
    assert {bar.name: sum(bar.x) for bar in figure.data} == {"PNEUMONIA": 172, "NORMAL": 58}


def test_names_and_problems(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = folder / "empty"
    empty.mkdir()
    with parts.Writer(folder / "more" / "films.parquet", by="model", counted=("model",)) as other:
        other.add(pd.DataFrame({"model": ["basic", ""], "net": [0.5, 1.0]}))
    places = [folder, folder / "more" / "films.parquet", empty]
    monkeypatch.setenv(large_tables.VARIABLE, ":".join(map(str, places)))
    tables, problems = large_tables.configured()
    assert [table.key for table in tables] == ["films", "films 2"]
    assert large_tables.says(tables[1]) == "films 2: 2 rows"
    assert "none given" in figures_tables.counts(tables[1]).data[0].y
    assert len(problems) == 1
    assert "empty" in problems[0]
    assert str(folder) not in problems[0]


@pytest.mark.parametrize("damage", ["{", "{}", '{"rows": "many", "by": "split", "counts": []}'])
def test_a_damaged_summary_is_one_sentence(folder: Path, damage: str) -> None:
    (folder / "films.parquet" / parts.SUMMARY).write_text(damage)
    tables, problems = large_tables.configured()
    assert not tables
    assert len(problems) == 1
    app = page()
    assert app.title[0].value == "No large table is here yet"


def test_page_shows_rows_and_filters(folder: Path) -> None:
    app = page()
    assert app.title[0].value == "films: 230 rows, 75 % of them PNEUMONIA"
    assert list(app.dataframe[0].value["split"]) == ["test"] * 23 + ["train"] * 27
    app = page({"label": "NORMAL", "split": "train", "page": "1"})
    shown = app.dataframe[0].value
    expected = films().query("label == 'NORMAL' and split == 'train'")
    assert list(shown["file"]) == list(expected["file"].head(large_tables.EACH))


def test_page_reads_what_it_shows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "read", lambda *_, **__: pytest.fail("the whole table was read"))
    monkeypatch.setattr(parts, "count", lambda *_, **__: pytest.fail("rows were counted"))
    app = page({"page": "5"})
    assert len(app.dataframe[0].value) == ROWS - 4 * large_tables.EACH


def test_page_survives_parts_that_are_gone(folder: Path) -> None:
    for part in folder.glob("films.parquet/split=*/*.parquet"):
        part.write_bytes(b"PAR1 nothing of the kind")
    app = page()
    assert not app.dataframe
    said = " ".join(
        str(each.value) for kind in ("warning", "error", "info") for each in app.get(kind)
    )
    assert "A part of the table films.parquet is damaged or gone" in said.replace("\\", "")
