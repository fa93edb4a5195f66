"""The film that a table names is found by its path, its last parts, its name or its study."""

from __future__ import annotations

import time
import unicodedata
from pathlib import Path

import pytest

from xray.dataset.tables.places import ABSENT, ADDRESS, EMPTY, OUTSIDE, SEVERAL, Places


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    films = tmp_path / "films"
    for name in (
        "a.png",
        "site1/x.png",
        "site2/x.png",
        "site1/deep/y.JPG",
        "site1/z.png",
        "p10/s501/one.jpg",
        "p10/s501/two.jpg",
        "p11/s502/three.jpg",
    ):
        (films / name).parent.mkdir(parents=True, exist_ok=True)
        (films / name).write_bytes(b"x")
    (tmp_path / "outside.png").write_bytes(b"x")
    return films


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.png", ("a.png", "")),
        ("./site1/../a.png", ("a.png", "")),
        ("site1\\x.png", ("site1/x.png", "")),
        ("", ("", EMPTY)),
        ("https://example.org/a.png", ("https://example.org/a.png", ADDRESS)),
        ("a\0.png", ("a_.png", ABSENT)),
        ("../outside.png", ("../outside.png", OUTSIDE)),
        ("..", ("..", OUTSIDE)),
        ("/", ("/", OUTSIDE)),
        ("/etc/passwd", ("/etc/passwd", OUTSIDE)),
        ("site1", ("site1", ABSENT)),
        ("lost.png", ("lost.png", ABSENT)),
        ("x.png", ("x.png", SEVERAL)),
    ],
)
def test_names_and_what_becomes_of_them(folder: Path, name: str, found: tuple[str, str]) -> None:
    places = Places(folder)
    assert places.find(name) == found
    assert (places.moved, places.respelt) == (0, 0)


def test_absolute_paths_into_the_folder_are_its_own(folder: Path) -> None:
    assert Places(folder).find(str(folder / "site1" / "x.png")) == ("site1/x.png", "")


def test_paths_may_be_meant_from_the_table(folder: Path) -> None:
    assert Places(folder, "site1").find("deep/y.JPG") == ("site1/deep/y.JPG", "")
    assert Places(folder, "site1").find("../a.png") == ("a.png", "")
    # From the folder goes first.
    assert Places(folder, "site1").find("site2/x.png") == ("site2/x.png", "")


def test_films_that_were_moved_are_found_by_the_end_of_their_paths(folder: Path) -> None:
    places = Places(folder)
    assert places.find("/home/somebody/data/site1/x.png") == ("site1/x.png", "")
    # And the next one as the one before.
    assert places.find("/home/somebody/data/site2/x.png") == ("site2/x.png", "")
    assert places.find("C:\\data\\site1\\deep\\y.JPG") == ("site1/deep/y.JPG", "")
    assert (places.moved, places.respelt) == (3, 0)
    # A path must agree with more than its last part, a bare name may lie anywhere.
    assert places.find("other/z.png") == ("other/z.png", ABSENT)
    assert places.find("z.png") == ("site1/z.png", "")


def test_other_endings_and_spellings_are_counted(folder: Path) -> None:
    places = Places(folder)
    assert places.find("z") == ("site1/z.png", "")
    assert places.respelt == 0, "an id has no ending"
    assert places.find("z.dcm") == ("site1/z.png", "")
    assert places.find("site1/deep/Y.jpg") == ("site1/deep/y.JPG", "")
    assert (places.moved, places.respelt) == (3, 1)


def test_letters_are_the_same_however_they_are_composed(folder: Path) -> None:
    (folder / unicodedata.normalize("NFD", "é.png")).write_bytes(b"x")
    path, reason = Places(folder).find(unicodedata.normalize("NFC", "é.png"))
    assert not reason and unicodedata.normalize("NFC", path) == "é.png"


def test_films_of_a_study(folder: Path) -> None:
    places = Places(folder)
    assert places.of_study("501") == ["p10/s501/one.jpg", "p10/s501/two.jpg"]
    assert places.of_study("503") == []


@pytest.mark.parametrize("top", ["", "train/", "set/train/"])
def test_a_film_of_another_person_is_not_taken_for_one_that_is_missing(
    tmp_path: Path, top: str
) -> None:
    for name in ("patient1/study1/view1.jpg", "patient2/study2/view1.jpg"):
        (tmp_path / top / name).parent.mkdir(parents=True)
        (tmp_path / top / name).write_bytes(b"x")
    places = Places(tmp_path)
    at = "set/train/patient{}/study{}/view1.jpg"
    assert places.find(at.format(3, 1)) == (at.format(3, 1), ABSENT)
    assert places.find(at.format(1, 1)) == (f"{top}patient1/study1/view1.jpg", "")
    assert places.find(at.format(3, 2)) == (at.format(3, 2), ABSENT)
    assert places.find(at.format(2, 2)) == (f"{top}patient2/study2/view1.jpg", "")
    assert places.find(at.format(2, 1)) == (at.format(2, 1), ABSENT)
    assert places.find("E:/old/patient2/study2/view1.jpg")[1] == ""


def test_many_films_of_one_name_cost_no_more_than_others(tmp_path: Path) -> None:
    places = Places(tmp_path)
    (tmp_path / "p1").mkdir()
    for number in range(300):
        (tmp_path / f"p1/s{number}").mkdir()
        (tmp_path / f"p1/s{number}/view.png").write_bytes(b"x")
    assert places.find("p2/s1/view.png")[1] == ABSENT
    begun = time.perf_counter()
    assert all(places.find(f"set/p2/s{n % 300}/view.png")[1] == ABSENT for n in range(3_000))
    assert time.perf_counter() - begun < 2
