"""The index command: what it says of a folder, what it writes, and what it refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from xray import classes, parquet
from xray.commands import index as command
from xray.commands import main
from xray.dataset import index
from xray.files import read_json


@pytest.fixture
def folder(synthetic_folder: Path, tmp_path: Path) -> Path:
    """A copy of the synthetic dataset that a test may spoil."""
    return Path(shutil.copytree(synthetic_folder, tmp_path / "films"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XRAY_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("content", ["nothing", "hidden", "texts"])
def test_a_folder_without_films_is_one_sentence(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "empty"
    place.mkdir()
    if content == "hidden":
        (place / ".NORMAL.png").write_bytes(b"x")
    elif content == "texts":
        (place / "NORMAL").mkdir()
        (place / "NORMAL" / "read me.txt").write_text("no film")
    assert main.main(["index", str(place)]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "error:" in line]
    assert "holds no images" in line and "NORMAL" in line


def test_a_folder_is_told_and_written(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    min(folder.rglob("*.*g")).write_bytes(b"")
    out, summary = tmp_path / "table.csv", tmp_path / "summary.json"
    code = main.main(["index", str(folder), "--out", str(out), "--json", str(summary)])
    assert code == 0
    assert "48 films: 48 read" in capsys.readouterr().out
    found = read_json(summary)
    assert found["films"] == 48 and len(found["damaged"]) == 1 and found["read"] == 48
    assert sum(row["films"] for row in found["counts"]) == 48
    assert pd.read_csv(out)["file"].tolist() == index.index(folder)["file"].tolist()
    assert main.main(["index", str(folder), "--store"]) == 2
    assert "public set" in capsys.readouterr().err
    assert main.main(["index", str(tmp_path / "nowhere")]) == 2


FOUND = {
    "films": 1234,
    "read": 1000,
    "reused": 234,
    "seconds": 1.25,
    "classes": {"negative": "clear", "positive": "TB"},
    "unit": "row",
    "seen": 1240,
    "left_out": [{"count": 4}, {"count": 2}],
    "counts": [
        {"split": "", "label": "TB", "films": 1000},
        {"split": "test", "label": "clear", "films": 234},
    ],
    "identical": {"groups": 2, "films": 5, "across_splits": 1},
    "odd": {"border": 3, "dark": 0},
    "damaged": [{"file": f"film{i}", "error": "is empty"} for i in range(command.SHOWN + 2)],
    "warnings": ["It is warm."],
}


def test_a_summary_is_told_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    command.show(FOUND)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "1,234 films: 1,000 read, 234 unchanged since the last run; 1.2 s.",
        "Positive class: TB; negative class: clear.",
        "Left out: 6 of 1,240 rows; see the warnings.",
    ]
    assert [line.split() for line in lines[3:5]] == [
        ["no", "split", "TB", "1,000"],
        ["test", "clear", "234"],
    ]
    assert lines[5] == "5 films in 2 groups are byte-identical; across splits: 1."
    assert lines[6].startswith("Odd films: 3 ") and "," not in lines[6]
    assert lines[7] == "  damaged: film0: is empty"
    assert lines[-2:] == ["  and 2 more; --json FILE names all.", "warning: It is warm."]


def test_of_a_plain_folder_little_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    nothing = {"groups": 0, "films": 0, "across_splits": 0}
    plain = {"left_out": [], "odd": {"dark": 0}, "damaged": [], "warnings": [], "counts": []}
    command.show(FOUND | plain | {"identical": nothing})
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_table_is_written_in_parts_where_its_name_is_that_of_a_folder(
    synthetic_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, told = tmp_path / "films.parquet", tmp_path / "told.json"
    line = ["index", str(synthetic_folder), "--out", str(out), "--json", str(told)]
    for _ in ("new", "over the one before"):
        assert main.main(line) == 0
        assert out.is_file(), "few films are one file"
    out.unlink()
    out.mkdir()
    assert main.main(line) == 0
    assert parquet.is_table(out) and parquet.count(out) == 48
    assert read_json(told)["rows"] == 48
    assert f"48 films in {out}" in capsys.readouterr().out


def test_classes_that_are_said_once_are_remembered(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ["index", str(folder), "--classes", "normal=clear,pneumonia=TB"]
    assert main.main(said) == 0
    assert "How the folder is read is remembered in" in capsys.readouterr().out
    told = tmp_path / "told.json"
    assert main.main(["index", str(folder), "--json", str(told)]) == 0
    assert read_json(told)["classes"] == {"negative": "clear", "positive": "TB"}
    # What leads to no film is not worth remembering.
    assert main.main(["index", str(folder), "--classes", "cats=clear,dogs=TB"]) == 2
    assert classes.stored(folder) == classes.parse("normal=clear,pneumonia=TB")


@pytest.mark.parametrize("verb", [["index"], ["audit", "basic", "--data"]])
def test_classes_by_which_no_film_is_left_are_forgotten(
    verb: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("A", "B"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(b"the same bytes")
    assert main.main([*verb, str(tmp_path), "--classes", "A=clear,B=TB"]) == 2
    said = capsys.readouterr()
    assert "in both classes" in said.err and "remembered" not in said.out
    assert classes.remembered(tmp_path) is None


def test_a_condition_needs_a_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for table in folder.glob("*.csv"):
        table.unlink()
    assert main.main(["index", str(folder), "--positive", "finding=TB"]) == 2
    assert "has no table that lists its films" in capsys.readouterr().err
    assert main.main(["index", str(folder / "gone"), "--positive", "finding=TB"]) == 2
    assert "is not a folder" in capsys.readouterr().err
