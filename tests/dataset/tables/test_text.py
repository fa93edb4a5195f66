"""Damaged and odd tables and folders end in a sentence, and the sum always holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.dataset.tables import odd_tables
from tests.dataset.tables.odd_tables import FILMS, Odd
from xray.commands.main import main
from xray.dataset import scan
from xray.errors import XrayError
from xray.files import read_json

CASES = list(odd_tables.cases())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Eight files named as films; that they hold none is told only where they are opened."""
    for film in FILMS:
        (tmp_path / film).parent.mkdir(exist_ok=True)
        (tmp_path / film).write_bytes(b"\x89PNG\r\n\x1a\n" + film.encode())
    return tmp_path


def asked(folder: Path, odd: Odd) -> tuple[scan.Scan | None, str]:
    """What ``index`` makes of a table before any film is opened: the scan, or the error."""
    import argparse

    from xray.commands import index

    parser = argparse.ArgumentParser()
    index.add_arguments(parser)
    options = parser.parse_args([str(folder), "--table", odd.file, *odd.options])
    try:
        with index.remembered(folder, options):
            return scan.scan(folder), ""
    except XrayError as error:
        return None, str(error)


@pytest.mark.parametrize("odd", CASES, ids=[odd.name for odd in CASES])
def test_odd_tables(folder: Path, odd: Odd) -> None:
    (folder / odd.file).write_bytes(odd.data)
    found, error = asked(folder, odd)
    if odd.used is None:
        assert found is None and odd.says in error and error.count("\n") == 0
        assert not (folder / "collection.json").exists(), "what leads nowhere is not kept"
        return
    assert found is not None, error
    assert len(found.films) == odd.used and found.seen == odd.rows
    assert found.seen == len(found.films) + sum(each.count for each in found.left_out)
    assert odd.says in " ".join(found.warnings)
    again = scan.scan(folder)
    assert again == found, "the second run tells the same"
    streamed = {film.file for film in scan.stream(folder)}
    assert streamed == {film.file for film in found.films}


def test_there_are_two_hundred() -> None:
    assert len(CASES) + len(FOLDERS) + 4 >= 200
    assert len({odd.name for odd in CASES}) == len(CASES)


def test_tables_as_parquet(folder: Path) -> None:
    for name, path, rows, used in odd_tables.parquets(folder):
        options = (
            ()
            if name == "words"
            else ("--positive", "label=True" if name == "truth" else "label=1")
        )
        found, error = asked(folder, Odd(name, b"", rows, used, file=path.name, options=options))
        assert found is not None, (name, error)
        assert (found.seen, len(found.films)) == (rows, used), name
        assert found.seen == used + sum(each.count for each in found.left_out)
        assert {film.person for film in found.films} <= set("01234567"), name


def put(folder: Path, *names: str, data: bytes = b"\xff\xd8\xff film") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data + name.encode())


def _sites(folder: Path) -> None:
    put(folder, "a/train/NORMAL/1.png", "b/train/NORMAL/1.png", "c/train/NORMAL/1.png")


def _copies(folder: Path) -> None:
    for site in "abc":
        put(folder, f"{site}/train/NORMAL/1.png")
        (folder / f"{site}/train/NORMAL/1.png").write_bytes(b"one film")


def _pipe(folder: Path) -> None:
    import os

    put(folder, "NORMAL/1.png")
    os.mkfifo(folder / "NORMAL" / "waits")


#: name -> (what makes it, films, words of the sentences)
FOLDERS: dict[str, tuple[Callable[[Path], None], int, str]] = {
    "no ending": (lambda f: put(f, "NORMAL/IM0001", "PNEUMONIA/IM0002"), 2, ""),
    "jfif": (lambda f: put(f, "NORMAL/a.jfif", "NORMAL/b.JFIF", "NORMAL/c.jpe"), 3, ""),
    "wrong ending": (lambda f: put(f, "NORMAL/a.dat", "NORMAL/b.img"), 2, ""),
    "upper case": (lambda f: put(f, "normal/A.PNG", "Pneumonia/B.JPG"), 2, ""),
    "resource forks": (lambda f: put(f, "NORMAL/a.png", "NORMAL/._a.png"), 1, "archiver"),
    "litter": (
        lambda f: put(f, "NORMAL/a.png", "NORMAL/.DS_Store", "NORMAL/Thumbs.db", "__MACOSX/x.png"),
        1,
        "archiver",
    ),
    "hidden": (lambda f: put(f, "NORMAL/a.png", ".git/config", "NORMAL/.b.png"), 1, "hidden"),
    "texts": (lambda f: put(f, "NORMAL/a.png", "NORMAL/a.txt", "readme.md"), 1, "tables and texts"),
    "masks": (lambda f: put(f, "NORMAL/images/a.png", "NORMAL/masks/a.png"), 1, "masks"),
    "DICOMDIR": (lambda f: put(f, "NORMAL/a.png", "DICOMDIR"), 1, "DICOMDIR"),
    "other classes": (lambda f: put(f, "NORMAL/a.png", "COVID/b.png"), 1, "COVID: 1"),
    "spaces": (lambda f: put(f, "NORMAL /a.png", " pneumonia/b.png"), 2, "spaces around"),
    "two sites": (_sites, 3, ""),
    "three copies": (_copies, 1, "the same bytes"),
    "splits": (
        lambda f: put(f, "training_set/NORMAL/a.png", "Test-Set/NORMAL/a.png", "dev/NORMAL/a.png"),
        3,
        "",
    ),
    "no split known": (lambda f: put(f, "train/NORMAL/a.png", "fold9/NORMAL/b.png"), 2, "fold9"),
    "no film": (lambda f: put(f, "NORMAL/a.png", "NORMAL/b.bin", data=b"?"), 1, "no film by"),
    "a pipe": (_pipe, 1, "cannot be opened"),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_odd_folders(tmp_path: Path, name: str) -> None:
    make, films, says = FOLDERS[name]
    make(tmp_path)
    found = scan.scan(tmp_path)
    assert len(found.films) == films
    assert found.seen == films + sum(each.count for each in found.left_out)
    assert says in " ".join(found.warnings)
    assert len({film.file for film in found.films}) == films
    assert scan.scan(tmp_path) == found


def test_split_folders_are_understood() -> None:
    from xray.dataset.tables.split_names import split_of

    known = {
        "train": (
            "Train",
            "training",
            "training_set",
            "train-images",
            "TrainSet",
            "train1",
            "Train Data",
        ),
        "val": ("validation", "val", "valid", "dev", "Validation Set", "validate"),
        "test": ("test", "testing", "test_set", "Test images", "stage_2_test_images"),
        "": ("trained", "contest", "latest", "NORMAL", "fold1", "retest", "", "site 1"),
    }
    for split, words in known.items():
        assert {word: split_of(word) for word in words} == dict.fromkeys(words, split)


def test_two_labels_by_every_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = odd_tables.text([*odd_tables.lines(), "img/n0.png,PNEUMONIA"])
    (folder / "t.csv").write_text(rows)
    out = folder.parent / "found.json"
    for options in (["--table", "t.csv"], []):
        assert main(["index", str(folder), *options, "--json", str(out)]) == 0
        found = read_json(out)
        assert found["films"] == 7 and found["seen"] == 9
        assert sum(each["count"] for each in found["left_out"]) == 2
        assert "it is in neither" in capsys.readouterr().out
