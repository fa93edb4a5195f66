"""Rows of a folder's tables to films: each film once, every row counted."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from xray import classes
from xray.dataset.left_out import Tally
from xray.dataset.listing import Listing
from xray.dataset.tables import places, presets, rows
from xray.dataset.tables.labelling import UNMAPPED, Rule
from xray.dataset.tables.presets import Columns


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def write(folder: Path, *lines: str, name: str = "list.csv") -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join(lines) + "\n")


def plain(columns: Columns, *tables: str, splits: tuple[str, ...] = ("",)) -> Listing:
    names = tables or ("list.csv",)
    made = dict(zip(names, splits * len(names), strict=False))
    return Listing("table", made, columns, Rule(columns.label), classes.DEFAULT)


def published(preset_of: str, **tables: str) -> Listing:
    preset = next(each for each in presets.PRESETS if each.kind == preset_of)
    named = {f"{name}.csv": split for name, split in tables.items()}
    return Listing(preset.kind, named, preset.columns, preset.rule, preset.classes, preset.study)


def read(folder: Path, listing: Listing) -> tuple[pd.DataFrame, Tally]:
    """Films of a listing, after the sum was checked."""
    tally = Tally("row")
    films = pd.concat(rows.read(folder, listing, tally), ignore_index=True)
    assert films["path"].is_unique
    assert tally.seen == len(films) + tally.total
    return films, tally


def reasons(tally: Tally) -> dict[str, tuple[int, tuple[str, ...]]]:
    return {each.reason: (each.count, each.examples) for each in tally.reasons}


def test_rows_become_films_with_all_that_is_known(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "b.png")
    write(
        tmp_path,
        "path,label,part,who,age",
        "a.png,normal,training,007,3",
        "b.png,Pneumonia,fold9,,4",
        "a.png,cough,train,,5",
        "lost.png,normal,train,,6",
    )
    columns = Columns("path", "label", "part", "who", ("age", "not there"))
    films, tally = read(tmp_path, plain(columns))
    assert films.to_dict("list") == {
        "path": ["a.png", "b.png"],
        "label": ["NORMAL", "PNEUMONIA"],
        "split": ["train", ""],
        "person": ["007", ""],
        "about_age": ["3", "4"],
    }
    assert reasons(tally) == {
        UNMAPPED: (1, ("cough: 1",)),
        places.ABSENT: (1, ("lost.png",)),
    }
    assert tally.notes == [
        "The split 'fold9' is none that is known (train, val, test); it counts as none."
    ]


def test_films_of_several_rows(tmp_path: Path) -> None:
    """What contradicts itself is in neither class or split; what is said twice counts once."""
    put(tmp_path, *(f"{name}.png" for name in "abcd"))
    write(
        tmp_path,
        "path,label,split",
        "a.png,NORMAL,train",
        "a.png,NORMAL,train",
        "./a.png,NORMAL,train",
        "b.png,NORMAL,train",
        "b.png,PNEUMONIA,test",
        "c.png,NORMAL,train",
        "c.png,NORMAL,test",
        "d.png,PNEUMONIA,test",
    )
    films, tally = read(tmp_path, plain(Columns("path", "label", "split")))
    assert films["path"].tolist() == ["a.png", "d.png"]
    assert reasons(tally) == {
        rows.REPEATED: (2, ("a.png", "a.png")),
        rows.TWO_LABELS: (2, ("b.png", "b.png")),
        rows.TWO_SPLITS: (2, ("c.png", "c.png")),
    }


def test_a_film_in_two_tables_is_in_two_splits(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "b.png")
    write(tmp_path, "path,label", "a.png,NORMAL", "b.png,NORMAL", name="one.csv")
    write(tmp_path, "path,label", "a.png,NORMAL", name="two.csv")
    listing = plain(Columns(), "one.csv", "two.csv", splits=("train", "test"))
    films, tally = read(tmp_path, listing)
    assert films[["path", "split"]].to_numpy().tolist() == [["b.png", "train"]]
    assert reasons(tally) == {rows.TWO_SPLITS: (2, ("a.png", "a.png"))}


def test_how_films_were_found_is_told(tmp_path: Path) -> None:
    put(tmp_path, "csv/near.png", "images/a.png", "images/b.png")
    lines = ["near.png,NORMAL", "/old/images/a.png,NORMAL", "/old/images/b.dcm,PNEUMONIA"]
    write(tmp_path, "path,label", *lines, ",NORMAL", name="csv/list.csv")
    films, tally = read(tmp_path, plain(Columns(), "csv/list.csv"))
    assert films["path"].tolist() == ["csv/near.png", "images/a.png", "images/b.png"]
    assert reasons(tally) == {places.EMPTY: (1, ("a row without a name",))}
    assert tally.notes == [
        "2 films found by name or by the last parts of a path, elsewhere in the folder "
        "than the table says.",
        "1 film with another ending than the table says.",
    ]


def test_a_study_is_as_many_rows_as_it_has_films(tmp_path: Path) -> None:
    put(tmp_path, "files/s50/a.jpg", "files/s50/b.jpg", "files/s51/c.jpg")
    write(
        tmp_path,
        "subject_id,study_id,No Finding,Pneumonia",
        "7,50,1.0,",
        "8,51,,1.0",
        "8,52,,1.0",
        name="labels.csv",
    )
    write(tmp_path, "study_id,split", "50,train", "51,validate", name="mimic-cxr-2.0.0-split.csv")
    films, tally = read(tmp_path, published("MIMIC-CXR", labels=""))
    assert films[["path", "label", "split", "person"]].to_numpy().tolist() == [
        ["files/s50/a.jpg", "NORMAL", "train", "patient-7"],
        ["files/s50/b.jpg", "NORMAL", "train", "patient-7"],
        ["files/s51/c.jpg", "PNEUMONIA", "val", "patient-8"],
    ]
    assert tally.seen == 4
    assert reasons(tally) == {"name a study that is not in the folder": (1, ("52",))}


def test_lists_beside_a_table_tell_the_splits(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "b.png")
    write(
        tmp_path,
        "Image Index,Finding Labels,Patient ID",
        "a.png,No Finding,1",
        "b.png,Pneumonia,2",
        name="any.csv",
    )
    listing = published("NIH ChestX-ray14", any="")
    assert read(tmp_path, listing)[0]["split"].tolist() == ["", ""]
    write(tmp_path, "b.png", name=rows.NIH_TEST)
    assert read(tmp_path, listing)[0]["split"].tolist() == ["train", "test"]


def test_patients_are_in_the_paths_of_chexpert(tmp_path: Path) -> None:
    put(tmp_path, "train/patient00012/study1/a.jpg", "train/b.jpg")
    write(
        tmp_path,
        "Path,No Finding,Pneumonia",
        "CheXpert/train/patient00012/study1/a.jpg,1,",
        "CheXpert/train/b.jpg,,1",
        name="train.csv",
    )
    films, _ = read(tmp_path, published("CheXpert", train="train"))
    assert films["person"].tolist() == ["patient00012", ""]
    assert films["split"].tolist() == ["train", "train"]
