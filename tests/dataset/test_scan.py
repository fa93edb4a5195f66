"""Folders to films: layouts, names in any script, links that loop, what is left out."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from xray.classes import parse
from xray.dataset.scan import IN_BOTH, scan
from xray.dataset.tables import asking
from xray.errors import DatasetError
from xray.metrics.patients import person, subtype


def place(folder: Path, *names: str, data: bytes = b"x") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


@pytest.mark.parametrize(
    ("path", "file", "split", "label"),
    [
        ("train/NORMAL/a.jpeg", "train/NORMAL/a.jpeg", "train", "NORMAL"),
        ("x/chest_xray/test/PNEUMONIA/a.PNG", "test/PNEUMONIA/a.PNG", "test", "PNEUMONIA"),
        ("NORMAL/a.dcm", "NORMAL/a.dcm", "", "NORMAL"),
        ("pneumonia/Validation/a.tif", "val/PNEUMONIA/a.tif", "val", "PNEUMONIA"),
        ("Train/normal/site1/a.jpg", "train/NORMAL/site1/a.jpg", "train", "NORMAL"),
        ("train/NORMAL/胸部 рентген é.jpeg", "train/NORMAL/胸部 рентген é.jpeg", "train", "NORMAL"),
    ],
)
def test_split_and_label_come_from_the_folders(
    tmp_path: Path, path: str, file: str, split: str, label: str
) -> None:
    place(tmp_path, path)
    (film,) = scan(tmp_path).films
    assert (film.file, film.path, film.split, film.label) == (file, path, split, label)
    assert film.bytes == 1 and film.modified > 0 and not film.problem


def test_other_class_names_by_a_mapping(tmp_path: Path) -> None:
    place(tmp_path, "train/Healthy/a.jpeg", "train/NORMAL/c.jpeg")
    place(tmp_path, "train/covid/b.jpeg", data=b"y")
    found = scan(tmp_path, parse("healthy=NORMAL, COVID=PNEUMONIA"))
    assert [film.file for film in found.films] == ["train/NORMAL/a.jpeg", "train/PNEUMONIA/b.jpeg"]
    assert found.warnings == (
        "1 file left out: in folders that name no class (name them with --classes) "
        "(train/NORMAL: 1).",
    )


@pytest.mark.parametrize("text", ["", "healthy", "=NORMAL", "a=,b=c"])
def test_a_mapping_that_is_none(text: str) -> None:
    with pytest.raises(DatasetError, match="folder=LABEL"):
        parse(text)


def test_a_second_copy_of_the_dataset_counts_once(tmp_path: Path) -> None:
    place(tmp_path, "train/NORMAL/a.jpeg", "chest_xray/train/NORMAL/a.jpeg")
    place(tmp_path, "__MACOSX/train/NORMAL/a.jpeg", "train/NORMAL/._a.jpeg", "train/NORMAL/b.txt")
    place(tmp_path, "other/train/NORMAL/a.jpeg", data=b"another film")
    found = scan(tmp_path)
    assert [film.path for film in found.films] == [
        "other/train/NORMAL/a.jpeg",
        "train/NORMAL/a.jpeg",
    ]
    assert len({film.file for film in found.films}) == 2
    assert any("second copy" in warning for warning in found.warnings)
    assert found.seen == 6 == len(found.films) + sum(each.count for each in found.left_out)


def test_the_same_bytes_in_both_classes_are_in_neither(tmp_path: Path) -> None:
    """Also where names and splits differ; twice in one class, and of one size, are films."""
    place(tmp_path, "train/NORMAL/a.png", "test/PNEUMONIA/b.png", "test/NORMAL/c.png", data=b"same")
    place(tmp_path, "train/NORMAL/d.png", "test/NORMAL/e.png", data=b"good")
    place(tmp_path, "train/PNEUMONIA/f.png", data=b"sick" + b"x" * 600)
    place(tmp_path, "train/NORMAL/g.png", data=b"fine" + b"x" * 600)
    place(tmp_path, "train/NORMAL/empty.png", "train/PNEUMONIA/empty.png", data=b"")
    found = scan(tmp_path)
    assert [film.path[-5] for film in found.films] == ["e", "d", "y", "g", "y", "f"]
    (left,) = found.left_out
    assert (left.reason, left.count) == (IN_BOTH, 3)
    assert left.examples == ("test/NORMAL/c.png", "test/PNEUMONIA/b.png", "train/NORMAL/a.png")
    assert found.seen == len(found.films) + left.count == 9
    twice = tmp_path / "twice"
    place(twice, "NORMAL/a.png", "PNEUMONIA/a.png")
    with pytest.raises(DatasetError, match=r"Every film of .* in both classes"):
        scan(twice)


def test_a_table_that_lists_the_same_bytes_in_both_classes(tmp_path: Path) -> None:
    place(tmp_path, "a.png", "b.png", data=b"same")
    place(tmp_path, "c.png", data=b"healthy")
    place(tmp_path, "d.png", data=b"sick")
    lines = ["path,label", "a.png,NORMAL", "b.png,PNEUMONIA", "c.png,NORMAL", "d.png,PNEUMONIA"]
    (tmp_path / "films.csv").write_text("\n".join(lines), encoding="utf-8")
    found = scan(tmp_path, listing=asking.listing(tmp_path, "films.csv", asking.Question()))
    assert [film.path for film in found.films] == ["c.png", "d.png"]
    assert [(each.reason, each.count) for each in found.left_out] == [(IN_BOTH, 2)]
    assert (found.unit, found.seen) == ("row", 4)


def test_links_that_loop_or_lead_nowhere(tmp_path: Path) -> None:
    place(tmp_path / "data", "train/NORMAL/a.jpeg")
    place(tmp_path / "elsewhere", "PNEUMONIA/b.jpeg", data=b"y")
    data = tmp_path / "data"
    (data / "train" / "again").symlink_to(data)
    (data / "train" / "NORMAL" / "self").symlink_to(data / "train" / "NORMAL" / "self")
    (data / "train" / "more").symlink_to(tmp_path / "elsewhere")
    (data / "train" / "NORMAL" / "gone.jpeg").symlink_to(tmp_path / "gone.jpeg")
    found = scan(data)
    assert [film.path for film in found.films] == [
        "train/NORMAL/a.jpeg",
        "train/NORMAL/gone.jpeg",
        "train/more/PNEUMONIA/b.jpeg",
    ]
    assert "check the link" in found.films[1].problem
    assert any("already listed" in warning for warning in found.warnings)


def test_a_folder_that_may_not_be_listed(tmp_path: Path, forbid: Callable[[str], None]) -> None:
    place(tmp_path, "train/NORMAL/a.jpeg", "train/PNEUMONIA/b.jpeg")
    forbid("PNEUMONIA")
    found = scan(tmp_path)
    assert [film.file for film in found.films] == ["train/NORMAL/a.jpeg"]
    assert "train/PNEUMONIA cannot be listed (Permission denied)" in found.warnings[0]


def test_a_name_that_is_no_text_is_listed_not_fatal(tmp_path: Path) -> None:
    place(tmp_path, "NORMAL/a.jpeg")
    try:
        (tmp_path / "NORMAL" / os.fsdecode(b"\xff\xfe.jpeg")).write_bytes(b"x")
    except (OSError, UnicodeError):
        pytest.skip("this file system takes no such names")
    names = {film.file: film.problem for film in scan(tmp_path).films}
    assert names["NORMAL/a.jpeg"] == "" and "UTF-8" in names["NORMAL/\\xff\\xfe.jpeg"]
    "".join(names).encode()


def test_nothing_found_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="not a folder"):
        scan(tmp_path / "missing")
    with pytest.raises(DatasetError, match="holds no images"):
        scan(tmp_path)
    place(tmp_path, "cats/a.jpeg", "dogs/b.jpeg")
    with pytest.raises(DatasetError, match="the positive class last, such as --classes"):
        scan(tmp_path)


def test_a_folder_that_the_classes_name_and_is_not_there_is_told(tmp_path: Path) -> None:
    place(tmp_path, "cats/a.jpeg")
    place(tmp_path, "pets/dogs/b.jpeg", data=b"y")
    known = parse("Cats=well,pets=ill,dogs=ill,birds=ill,mice=ill")
    (told,) = [each for each in scan(tmp_path, known).warnings if "No film is in" in each]
    assert "named birds or mice;" in told


def test_names_tell_subtype_and_possible_patient() -> None:
    assert subtype("person1_virus_6.jpeg") == "virus" and subtype("IM-0001-0001.jpeg") == ""
    names = [
        "person115_bacteria_1.jpeg",
        "person447_virus_921_1.jpeg",
        "IM-0115-0001.jpeg",
        "IM-0115-0001-0002.jpeg",
        "NORMAL2-IM-0115-0001.jpeg",
        "film.jpeg",
    ]
    expected = ["person-115", "person-447", "normal-0115", "normal-0115", "normal2-0115", ""]
    assert [person(name) for name in names] == expected


def test_a_table_in_a_folder_below_is_named(tmp_path: Path) -> None:
    place(tmp_path, "images/a.png", "csv/metadata.csv")
    with pytest.raises(DatasetError, match=r"--table csv/metadata\.csv"):
        scan(tmp_path)
