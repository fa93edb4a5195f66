"""The same film twice and the same possible patient twice, with known answers."""

from __future__ import annotations

import pandas as pd
import pytest

from xray.dataset import leakage, public_set, splits


def table_of(**columns: list[str]) -> pd.DataFrame:
    table = pd.DataFrame(columns)
    for name in ("sha256", "phash", "person", "subtype", "label", "split"):
        if name not in table:
            table[name] = ""
    return table


@pytest.fixture(scope="module")
def public() -> pd.DataFrame:
    return public_set.read()


def test_identical_by_hash_and_by_what_is_known() -> None:
    table = table_of(
        file=["d", "a", "b", "c", "e"],
        sha256=["1", "2", "1", "", ""],
        identical_to=["", "c", "", "a;zz", ""],
    )
    assert leakage.identical(table).tolist() == [1, 0, 1, 0, -1]


def test_known_truth_of_the_public_set(public: pd.DataFrame) -> None:
    groups = leakage.identical(public)
    assert leakage.summary(public, groups) == {
        "groups": 30,
        "films": 62,
        "across_splits": 0,
        "across_labels": 0,
    }
    in_test = public["split"].eq("test").to_numpy()
    assert len(set(groups[in_test]) - {-1}) == 6
    test_pneumonia = public[in_test & public["label"].eq("PNEUMONIA")]
    shared = leakage.shared_persons(public)
    assert len(shared) == 170 and test_pneumonia["person"].nunique() == 202
    assert shared["person"].str.startswith("person-").all()
    assert shared["train"].min() > 0 and shared["test"].min() > 0
    assert leakage.shared_persons(public, by_subtype=True).empty


def test_persons_across_a_split(public: pd.DataFrame) -> None:
    groups = leakage.persons(public)
    assert leakage.summary(public, groups)["across_splits"] == groups.max() + 1 == 170
    leaked = leakage.leaked(groups, public["split"])
    assert leaked.sum() == leakage.shared_persons(public)["test"].sum()
    assert public.loc[leaked, "split"].eq("test").all()
    kept = splits.make(public, "stratified_70_15_15", keep_persons=True)
    assert leakage.shared_persons(public, kept).empty
    assert leakage.persons(public, kept).max() == -1


def test_identical_films_leak_through_a_random_split(public: pd.DataFrame) -> None:
    split = splits.make(public, "stratified_70_15_15")
    groups = leakage.identical(public)
    leaked = leakage.leaked(groups, split, "test", ("train", "val"))
    assert 0 < leaked.sum() < 30
    twin = public.loc[leaked, "identical_to"].str.split(";").explode()
    assert set(split[public["file"].isin(twin)]) & {"train", "val"}
    assert leakage.summary(public, groups, split)["across_splits"] > 0
