"""Tables too large to be held: what a server has of them, and the page that leafs through one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from tests.helpers.visits import through_app
from tests.test_parquet import ROWS, films
from xray import parquet
from xray.dataset import large_tables, parts, sources
from xray.figures import base, curation


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A server with one table in the folder that it is told of."""
    with parquet.Writer(tmp_path / "films.parquet", counted=("split", "label")) as table:
        table.add(films())
    monkeypatch.setenv(large_tables.VARIABLE, str(tmp_path))
    return tmp_path


def page(query: dict[str, str] | None = None) -> AppTest:
    app = through_app("dataset", "Large tables", **(query or {}))
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
        assert table.matching(where) == len(expected) == parquet.count(table.folder, where)
    # Of a column that is not counted, the rows tell.
    assert table.matching({"note": ["<b>&"]}) == 1


def test_counts_are_drawn(folder: Path) -> None:
    (table,), _ = large_tables.configured()
    figure = curation.counts(table)
    assert base.title(figure) == "train holds 90 % of the rows"
    assert {bar.name: sum(bar.x) for bar in figure.data} == {"PNEUMONIA": 172, "NORMAL": 58}


def test_names_and_problems(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = folder / "empty"
    empty.mkdir()
    with parquet.Writer(folder / "more" / "films.parquet", by="model", counted=("model",)) as other:
        other.add(pd.DataFrame({"model": ["basic", ""], "net": [0.5, 1.0]}))
    places = [folder, folder / "more" / "films.parquet", empty]
    monkeypatch.setenv(large_tables.VARIABLE, ":".join(map(str, places)))
    tables, problems = large_tables.configured()
    assert [table.key for table in tables] == ["films", "films 2"]
    assert large_tables.says(tables[1]) == "films 2: 2 rows"
    assert "none given" in curation.counts(tables[1]).data[0].y
    assert len(problems) == 1
    assert "empty" in problems[0]
    assert str(folder) not in problems[0]


@pytest.mark.parametrize("damage", ["{", "{}", '{"rows": "many", "by": "split", "counts": []}'])
def test_a_damaged_summary_is_one_sentence(folder: Path, damage: str) -> None:
    (folder / "films.parquet" / parquet.SUMMARY).write_text(damage)
    tables, problems = large_tables.configured()
    assert not tables
    assert len(problems) == 1
    assert page().title[0].value == "No large table is here yet"


def test_page_shows_rows_and_filters(folder: Path) -> None:
    app = page()
    assert app.title[0].value == "films\\: 230 rows, 75 % of them PNEUMONIA"
    assert list(app.dataframe[0].value["split"]) == ["test"] * 23 + ["train"] * 27
    app = page({"label": "NORMAL", "split": "train", "page": "1"})
    shown = app.dataframe[0].value
    expected = films().query("label == 'NORMAL' and split == 'train'")
    assert list(shown["file"]) == list(expected["file"].head(large_tables.EACH))


def test_page_reads_what_it_shows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "read", lambda *_, **__: pytest.fail("the whole table was read"))
    monkeypatch.setattr(parquet, "count", lambda *_, **__: pytest.fail("rows were counted"))
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


@pytest.fixture
def indexed(synthetic_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of real rows, as ``index --out`` writes it, of which few films were drawn."""
    monkeypatch.setattr(parts, "SAMPLED", 12)
    place = tmp_path / "many.parquet"
    assert parts.build(synthetic_folder, place)["rows"] > 12
    monkeypatch.setenv(large_tables.VARIABLE, str(place))
    monkeypatch.setenv("XRAY_DATA", "")
    return place


def test_a_table_of_films_is_a_dataset(
    indexed: Path, synthetic_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered, problems = sources.configured()
    assert not problems
    assert [(each.key, each.folder, each.table) for each in offered[1:]] == [
        ("many", None, indexed)
    ]
    # A table of a folder that is named too is the same dataset.
    monkeypatch.setenv("XRAY_DATA", str(synthetic_folder))
    offered, _ = sources.configured()
    assert [(each.folder, each.table) for each in offered[1:]] == [(synthetic_folder, indexed)]
    # A damaged sample is no sample of that folder.
    (indexed / parquet.SAMPLE).write_bytes(b"PAR1 no")
    assert len(sources.configured()[0]) == 3


def test_what_was_left_out_is_kept_with_the_table_and_shown(
    synthetic_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(synthetic_folder, tmp_path / "films"))
    (folder / "train" / "NORMAL" / "notes.odd").write_text("no film")
    place = tmp_path / "many.parquet"
    found = parts.build(folder, place)
    kept = parquet.summary(place)
    assert kept == found
    left = sum(each["count"] for each in kept["left_out"])
    assert left >= 1 and kept["seen"] == kept["rows"] + left
    monkeypatch.setenv(large_tables.VARIABLE, str(place))
    monkeypatch.setenv("XRAY_DATA", "")
    (table,), _ = large_tables.configured()
    assert any("notes.odd" in sentence for sentence in table.warnings)
    app = dataset_page("dataset", data="many")
    assert not app.exception
    assert any("notes" in each.value for each in app.info)


#: What was a page -> page and section.
SECTIONS = {
    "dataset": ("dataset", "Classes and sizes"),
    "shortcuts": ("dataset", "Shortcuts in the data"),
    "oddballs": ("dataset", "Outliers"),
    "film_browser": ("browse", "Films"),
    "leakage": ("dataset", "Duplicates and leakage"),
    "splits": ("dataset", "Splits and cleaning"),
}


def dataset_page(name: str, **query: str) -> AppTest:
    app = through_app(*SECTIONS[name], **query)
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    return "\n".join(
        str(element.value)
        for kind in ("info", "warning", "error", "html", "title", "markdown")
        for element in app.get(kind)
        if hasattr(element, "value")
    ) + "\n".join(str(element.proto.body) for element in app.get("html"))


@pytest.mark.parametrize("name", ["dataset", "shortcuts", "oddballs", "film_browser"])
def test_pages_show_the_films_that_were_drawn(indexed: Path, name: str) -> None:
    rows = parquet.summary(indexed)["rows"]
    app = dataset_page(name, data="many")
    assert f"12 of {rows:,} films, drawn at random" in said(app)
    assert "cannot be shown" not in said(app)


@pytest.mark.parametrize("name", ["leakage", "splits"])
def test_what_needs_all_films_says_so(indexed: Path, name: str) -> None:
    assert "needs every film" in said(dataset_page(name, data="many"))
    # Where all films were drawn, it is shown.
    assert "needs every film" not in said(dataset_page(name, data="public"))


def test_a_damaged_sample_is_one_sentence(indexed: Path) -> None:
    (indexed / parquet.SAMPLE).write_bytes(b"PAR1 no")
    words = said(dataset_page("dataset", data="many"))
    assert "is damaged" in words
    assert "cannot be shown" in words
