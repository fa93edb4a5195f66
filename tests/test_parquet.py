"""Tables in parts: what is written is read again, page by page, and a sample is a fair one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from xray import parquet
from xray.errors import ArtifactError

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
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files and row groups of a few rows, so that a short table has several of each."""
    monkeypatch.setattr(parquet, "PART", 40)
    monkeypatch.setattr(parquet, "GROUP", 16)


@pytest.fixture
def table(tmp_path: Path, small: None) -> Path:
    """All films, in parts."""
    folder = tmp_path / "deep" / "films.parquet"
    with parquet.Writer(folder, counted=("split", "label")) as writer:
        for start in range(0, ROWS, 50):
            writer.add(films().iloc[start : start + 50])
    return folder


def in_parts() -> pd.DataFrame:
    """The films in the order in which their parts are read: by split, then as they came."""
    return films().sort_values("split", kind="stable", ignore_index=True)


def test_what_was_written_is_read_again(table: Path) -> None:
    assert parquet.is_table(table) and not parquet.is_table(table.parent)
    assert len(list(table.glob("split=train/part-*.parquet"))) > 1, "in several files"
    found = parquet.read(table).sort_values("file", ignore_index=True)
    pd.testing.assert_frame_equal(found[films().columns], films(), check_dtype=False)
    assert list(parquet.read(table, ["label"]).columns) == ["label"]
    assert not parquet.has_sample(table)


def test_a_summary_counts_what_it_was_asked_to(table: Path) -> None:
    told = parquet.summary(table)
    assert (told["rows"], told["by"]) == (ROWS, "split")
    counted = films().groupby(["split", "label"]).size()
    assert {(row["split"], row["label"]): row["rows"] for row in told["counts"]} == dict(counted)
    with pytest.raises(ArtifactError):
        parquet.summary(table.parent)


@pytest.mark.parametrize(
    "where",
    [{}, {"label": ["NORMAL"]}, {"split": ["test"]}, {"split": ["train"], "note": [""]}],
)
def test_pages_follow_one_another_and_leave_no_row_out(
    table: Path, where: dict[str, list[str]]
) -> None:
    wanted = in_parts()
    for column, values in where.items():
        wanted = wanted[wanted[column].isin(values)]
    assert parquet.count(table, where) == len(wanted)
    assert sorted(parquet.read(table, ["file"], where)["file"]) == sorted(wanted["file"])
    pages = [parquet.page(table, number, 17, ["file"], where) for number in range(1, 15)]
    assert list(pd.concat(pages)["file"]) == list(wanted["file"])
    assert all(len(each) in {0, 17, len(wanted) % 17} for each in pages)
    beyond = parquet.page(table, 99, 17, ["label", "file"], where)
    assert len(beyond) == 0 and list(beyond.columns) == ["label", "file"]
    assert list(parquet.page(table, 0, 5, ["file"], where)["file"]) == list(wanted["file"].head())


@pytest.mark.parametrize("by", ["split", "model"])
def test_values_of_any_kind_name_folders(tmp_path: Path, by: str) -> None:
    values = ["", "my%20net", "a/b", "two words", "x=y"]
    folder = tmp_path / "t.parquet"
    with parquet.Writer(folder, by=by, counted=(by,)) as writer:
        writer.add(pd.DataFrame({by: values, "n": range(5)}))
    found = parquet.read(folder).sort_values("n")
    assert list(found[by]) == values
    for n, value in enumerate(values):
        assert list(parquet.read(folder, ["n"], {by: [value]})["n"]) == [n]
        assert list(parquet.page(folder, 1, 9, where={by: [value]})[by]) == [value]
        assert parquet.count(folder, {by: [value]}) == 1
    assert set(parquet.page(folder, 1, 9)[by]) == set(values)


def test_rows_that_were_added_can_be_changed_and_left_out(tmp_path: Path, small: None) -> None:
    folder = tmp_path / "films.parquet"
    with parquet.Writer(folder, counted=("split", "label"), sample=ROWS) as writer:
        writer.add(films())
        assert writer.counts() == [
            ("test", "NORMAL"),
            ("test", "PNEUMONIA"),
            ("train", "NORMAL"),
            ("train", "PNEUMONIA"),
        ]
        read = pd.concat(writer.written(["file"]))
        assert list(read.columns) == ["file"] and set(read["file"]) == set(films()["file"])

        def change(rows: pd.DataFrame) -> pd.DataFrame:
            rows = rows[rows["file"] != "film0004"]
            return rows.assign(note=rows["note"].where(rows["file"] != "film0001", "odd"))

        writer.revise("file", {"film0001", "film0004"}, change)
        writer.about = {"seen": ROWS, "rows": "not what was counted"}
        assert writer.rows == ROWS - 1
    kept = parquet.read(folder).set_index("file")
    assert len(kept) == ROWS - 1 and "film0004" not in kept.index
    assert kept.loc["film0001", "note"] == "odd" and kept["note"].ne("").sum() == 2
    told = parquet.summary(folder)
    assert (told["rows"], told["seen"]) == (ROWS - 1, ROWS)
    normal = {row["split"]: row["rows"] for row in told["counts"] if row["label"] == "NORMAL"}
    # Every fourth film, of which every fifth is a test film; one is gone.
    assert normal == {"test": 12, "train": 58 - 12 - 1}
    assert set(parquet.sample(folder, ["file"])["file"]) == set(kept.index)


def test_a_table_takes_its_place_whole_or_not_at_all(table: Path) -> None:
    with pytest.raises(KeyError), parquet.Writer(table) as writer:
        writer.add(films(3))
        raise KeyError
    assert parquet.count(table) == ROWS, "the table before is still there"
    with parquet.Writer(table) as writer:
        writer.add(films(3))
    assert parquet.count(table) == 3, "and is replaced by what was finished"
    assert list(table.parent.iterdir()) == [table], "nothing is left beside it"


def test_damaged_parts_and_samples_are_named(table: Path) -> None:
    with pytest.raises(ArtifactError):
        parquet.sample(table)
    for part in table.glob("split=*/*.parquet"):
        part.write_bytes(b"PAR1 nothing of the kind")
    for read in (parquet.read, parquet.count, lambda folder: parquet.page(folder, 1, 5)):
        with pytest.raises(ArtifactError, match=r"part of the table films\.parquet is damaged"):
            read(table)


def drawn(folder: Path, rows: pd.DataFrame, most: int, each: int = 37) -> pd.DataFrame:
    with parquet.Writer(folder, counted=("split", "label"), sample=most) as table:
        for start in range(0, len(rows), each):
            table.add(rows.iloc[start : start + each])
    return parquet.sample(folder)


def test_a_sample_gives_every_row_the_same_chance(tmp_path: Path) -> None:
    rows = films(4_000)
    found = drawn(tmp_path / "films.parquet", rows, 500)
    assert len(found) == found["file"].nunique() == 500
    assert list(found["file"]) == sorted(found["file"]), "in the order of the table"
    quarters = found["file"].str[4:].astype(int) // 1_000
    # 125 of each expected; the chance of a quarter beyond 5 standard deviations is 1e-6.
    assert quarters.value_counts().between(125 - 49, 125 + 49).all()
    # The same rows give the same sample, however they come.
    again = drawn(tmp_path / "again.parquet", rows, 500, each=611)
    pd.testing.assert_frame_equal(found, again)
    # What is kept beside the parts is none of them.
    assert parquet.count(tmp_path / "films.parquet") == 4_000


def test_a_sample_of_few_rows_is_all_of_them(tmp_path: Path) -> None:
    rows = films(50)
    found = drawn(tmp_path / "films.parquet", rows, 500)
    pd.testing.assert_frame_equal(found[rows.columns], rows)
    assert not parquet.has_sample(tmp_path) and not (tmp_path / "none").exists()
