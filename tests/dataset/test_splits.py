"""Splits: exact counts, untouched test films, one side of the line for a possible patient."""

from __future__ import annotations

import pandas as pd
import pytest

from xray.dataset import public_set, splits
from xray.errors import DatasetError


@pytest.fixture(scope="module")
def films() -> pd.DataFrame:
    return public_set.read()


def test_original_is_the_folders(films: pd.DataFrame) -> None:
    split = splits.make(films, "original")
    assert splits.counts(split, films).to_numpy().tolist() == [[1341, 3875], [8, 8], [234, 390]]


@pytest.mark.parametrize("keep_persons", [False, True])
def test_enlarged_validation_leaves_test_alone(films: pd.DataFrame, keep_persons: bool) -> None:
    split = splits.make(films, "enlarged_validation", keep_persons=keep_persons)
    assert split.eq("test").equals(films["split"].eq("test"))
    assert split[films["split"] == "val"].eq("val").all()
    assert splits.counts(split, films).loc["val"].tolist() == [8 + 134, 8 + 388]
    drawn = split.eq("val") & films["split"].eq("train")
    bacteria = films["subtype"].eq("bacteria")
    train = films["split"].eq("train") & films["label"].eq("PNEUMONIA")
    assert abs(bacteria[drawn & train].mean() - bacteria[train].mean()) < 0.002


@pytest.mark.parametrize("keep_persons", [False, True])
def test_stratified_counts_are_those_of_the_write_up(
    films: pd.DataFrame, keep_persons: bool
) -> None:
    split = splits.make(films, "stratified_70_15_15", keep_persons=keep_persons)
    counts = splits.counts(split, films)
    assert counts.loc["train"].tolist() == [1107, 2991]
    assert counts.loc["val"].tolist() == counts.loc["test"].tolist() == [238, 641]


def test_device_free_takes_films_from_train_only(films: pd.DataFrame) -> None:
    from xray.labels import devices

    split = splits.make(films, "device_free")
    base = splits.make(films, "enlarged_validation")
    shown = films["file"].map(devices.load()["has_device"].to_dict())
    assert not shown[split == "train"].any()
    gone = split != base
    assert base[gone].eq("train").all() and shown[gone].all() and gone.sum() > 1500


@pytest.mark.parametrize("name", ["enlarged_validation", "stratified_70_15_15", "device_free"])
def test_possible_patients_stay_on_one_side_of_a_drawn_line(films: pd.DataFrame, name: str) -> None:
    split = splits.make(films, name, keep_persons=True)
    train, val = (set(films.loc[split == part, "person"]) for part in ("train", "val"))
    assert train and val and not train & val
    if name == "stratified_70_15_15":
        assert not set(films.loc[split == "test", "person"]) & (train | val)


@pytest.mark.parametrize("keep_persons", [False, True])
@pytest.mark.parametrize("name", splits.NAMES)
def test_same_seed_same_split_in_any_row_order(
    films: pd.DataFrame, name: str, keep_persons: bool
) -> None:
    split = splits.make(films, name, seed=3, keep_persons=keep_persons)
    shuffled = films.sample(frac=1, random_state=5)
    again = splits.make(shuffled, name, seed=3, keep_persons=keep_persons)
    assert again.index.equals(shuffled.index)
    assert again.sort_index().equals(split)
    other = splits.make(films, name, seed=4, keep_persons=keep_persons)
    assert other.equals(split) == (name == "original")


def test_damaged_films_are_in_no_split(films: pd.DataFrame) -> None:
    films = films.copy()
    films.loc[:9, "error"] = "damaged"
    for name in splits.NAMES:
        split = splits.make(films, name)
        assert split.loc[:9].eq("").all()


def test_thin_and_subset(films: pd.DataFrame) -> None:
    base = splits.make(films, "enlarged_validation")
    other = splits.make(films, "device_free")
    thinned = splits.thin(base, films, other, seed=1)
    assert (
        splits.counts(thinned, films).loc["train"].equals(splits.counts(other, films).loc["train"])
    )
    assert thinned[thinned != ""].equals(base[thinned != ""])
    quarter = splits.subset(base, films, 0.25, seed=1)
    assert splits.counts(quarter, films).loc["train"].tolist() == [302, 872]
    assert quarter[base != "train"].equals(base[base != "train"])
    with pytest.raises(DatasetError):
        splits.subset(base, films, 0.0, seed=1)


def test_export_names_every_film(films: pd.DataFrame) -> None:
    split = splits.make(films, "device_free")
    table = splits.export(split, films)
    assert list(table) == ["file", "label", "original_split", "split"]
    assert len(table) == 5856 and table["split"].eq("").sum() == split.eq("").sum()


def test_errors_say_what_to_do(films: pd.DataFrame) -> None:
    with pytest.raises(DatasetError, match="choose one of original"):
        splits.make(films, "random")
    with pytest.raises(DatasetError, match="stratified_70_15_15"):
        splits.make(films.assign(split=""), "enlarged_validation")
    strangers = films.assign(file="other/" + films["file"])
    with pytest.raises(DatasetError, match="device label"):
        splits.make(strangers, "device_free")
