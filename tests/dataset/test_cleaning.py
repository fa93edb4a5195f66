"""Cleaning lists: who goes and why, what is left, and lists that people bring."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from xray.dataset import cleaning, leakage, outliers, public_set
from xray.dataset.cleaning import Criteria
from xray.errors import DatasetError
from xray.labels import devices


@pytest.fixture(scope="module")
def films() -> pd.DataFrame:
    return public_set.read()


def test_no_criterion_no_list(films: pd.DataFrame) -> None:
    assert cleaning.exclusions(films, Criteria()).empty


def test_doubles_go_but_for_one_of_each_group(films: pd.DataFrame) -> None:
    groups = leakage.identical(films)
    listed = cleaning.exclusions(films, Criteria(same=groups))
    assert len(listed) == 62 - 30
    left = ~films["file"].isin(listed["file"])
    assert sorted(groups[left & (groups >= 0)]) == list(range(30))


def test_the_test_film_of_a_group_stays() -> None:
    table = pd.DataFrame(
        {
            "file": ["train/a", "val/b", "test/c", "train/d", "train/e"],
            "split": ["train", "val", "test", "train", "train"],
            "label": "NORMAL",
            "subtype": "",
            "error": "",
            "person": "",
        },
        index=[9, 4, 7, 1, 0],
    )
    listed = cleaning.exclusions(table, Criteria(same=pd.array([0, 0, 0, 1, 1]).to_numpy()))
    assert listed["file"].tolist() == ["train/a", "train/e", "val/b"]


def test_several_reasons_and_counts(films: pd.DataFrame) -> None:
    shown = films["file"].map(devices.load()["has_device"].to_dict())
    criteria = Criteria(odd=("odd_mode", "text"), persons=True, devices=shown)
    listed = cleaning.exclusions(films, criteria)
    odd = listed["reason"].str.contains("stored unlike the others")
    assert odd.sum() == 283
    both = listed[listed["reason"] == "stored unlike the others; shows a device"]
    assert len(both) > 10
    kept = films[~films["file"].isin(listed["file"])]
    tested = set(films.loc[films["split"] == "test", "person"])
    assert not set(kept.loc[kept["split"] == "train", "person"]) & tested
    counted = cleaning.counts(films, listed["file"])
    assert counted["gone"].sum() == len(listed) and counted["films"].sum() == 5856
    row = counted.set_index(["split", "label"]).loc[("train", "NORMAL")]
    assert row["left"] == row["films"] - row["gone"] and 0 < row["share"] < 0.2


def test_thresholds_decide(films: pd.DataFrame) -> None:
    strict = cleaning.exclusions(films, Criteria(odd=("blurred",), thresholds={"blurred": 0.8}))
    loose = cleaning.exclusions(films, Criteria(odd=("blurred",)))
    assert 0 < len(strict) < len(loose)
    limit = outliers.BY_NAME["blurred"].threshold
    assert len(loose) == films["blurred_score"].ge(limit).sum()
    with pytest.raises(DatasetError, match="no oddity"):
        cleaning.exclusions(films, Criteria(odd=("ugly",)))


def test_lists_come_back_as_they_were_written(films: pd.DataFrame, tmp_path: Path) -> None:
    listed = cleaning.exclusions(films, Criteria(odd=("aspect",)))
    path = tmp_path / "list.csv"
    listed.to_csv(path, index=False, encoding="utf-8-sig")
    files = cleaning.read_exclusions(path)
    assert files == set(listed["file"]) and cleaning.unknown_films(files, films) == ""


def test_unknown_films_are_one_sentence(films: pd.DataFrame) -> None:
    files = {"a.jpeg", "b.jpeg", "c.jpeg", "d.jpeg", films["file"].iloc[0]}
    sentence = cleaning.unknown_films(files, films)
    assert sentence.startswith("4 of 5 films on the list are not in this dataset")
    assert "a.jpeg, b.jpeg, c.jpeg, ..." in sentence


def test_lists_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    with pytest.raises(DatasetError, match="no list"):
        cleaning.read_exclusions(path)
    path.write_text("name\na.jpeg\n")
    with pytest.raises(DatasetError, match="no column named file"):
        cleaning.read_exclusions(path)
    for content in (b"", b"\xff\xfe\x00\x01\x02", b'file\n"a\n'):
        path.write_bytes(content)
        with pytest.raises(DatasetError, match="export it again"):
            cleaning.read_exclusions(path)
