"""The same film twice and the same possible patient twice, with known answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageEnhance

from xray.dataset import index, leakage, public_set, splits


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


def test_pairs_of_hashes_are_all_found() -> None:
    rng = np.random.default_rng(0)
    base = rng.integers(0, 2**63, 150, dtype=np.uint64)
    noise = [
        sum(1 << int(bit) for bit in rng.choice(64, flips, replace=False))
        for flips in rng.integers(0, 14, 150)
    ]
    hashes = np.concatenate([base, base ^ np.array(noise, dtype=np.uint64)])
    table = table_of(file=[str(i) for i in range(300)], phash=[f"{h:016x}" for h in hashes])
    table.loc[7, "phash"] = ""
    for distance in (0, 3, 6, 10):
        expected = {
            (i, j)
            for i in range(300)
            for j in range(i + 1, 300)
            if 7 not in (i, j) and (int(hashes[i]) ^ int(hashes[j])).bit_count() <= distance
        }
        assert {tuple(pair) for pair in leakage.alike(table, distance).tolist()} == expected


def test_films_saved_again_are_found_and_others_are_not(tmp_path: Path) -> None:
    from xray.drawing.phantoms import phantom

    folder = tmp_path / "train" / "NORMAL"
    folder.mkdir(parents=True)
    for seed in range(8):
        pixels = phantom(seed, (256, 256), "NORMAL").pixels
        Image.fromarray((pixels * 255).astype(np.uint8)).save(folder / f"{seed}.png")
    film = Image.open(folder / "3.png")
    film.save(folder / "3-jpeg.jpeg", quality=40)
    film.resize((180, 200)).save(folder / "3-small.png")
    ImageEnhance.Brightness(film).enhance(0.8).save(folder / "3-dark.png")
    (folder / "5-copy.png").write_bytes((folder / "5.png").read_bytes())
    table = index.index(tmp_path)
    groups = leakage.near_identical(tmp_path, table)
    listed = leakage.members(table, groups)
    names = listed["file"].str.rpartition("/")[2]
    assert names[listed["group"] == 0].tolist() == [
        "3-dark.png",
        "3-jpeg.jpeg",
        "3-small.png",
        "3.png",
    ]
    assert names[listed["group"] == 1].tolist() == ["5-copy.png", "5.png"]
    assert listed["group"].max() == 1
    # The hash alone takes other films for the same; pixels tell them apart.
    assert leakage.near_identical(tmp_path, table, distance=16).max() <= 1
    assert leakage.near_identical(tmp_path, table.head(1)).tolist() == [-1]


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


@pytest.mark.films
def test_real_films_hold_no_near_identical_pair_beyond_the_identical(real_films: Path) -> None:
    table = index.index(real_films)
    near = leakage.near_identical(real_films, table)
    assert np.array_equal(near, leakage.identical(table))
