"""Which files of a folder may be films, and why the others are none."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from xray.classes import FILE
from xray.dataset import left_out, walk
from xray.dataset.left_out import Tally

PNG = b"\x89PNG\r\n\x1a\n"


def place(folder: Path, *names: str, data: bytes = b"?") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def walked(folder: Path) -> tuple[list[str], Tally]:
    """Paths of the films, after the sum was checked."""
    tally = Tally()
    films = [path for path, _ in walk.walk(folder, tally)]
    assert tally.seen == len(films) + tally.total
    return sorted(films), tally


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (".hidden.png", left_out.HIDDEN),
        (".git/a.png", left_out.HIDDEN),
        ("._a.png", left_out.ARCHIVER),
        ("__MACOSX/a.png", left_out.ARCHIVER),
        ("Thumbs.db", left_out.ARCHIVER),
        ("NORMAL/Masks/a.png", walk.MASK),
        ("lung_masks/a.png", walk.MASK),
        ("dicomdir", left_out.DIRECTORY),
        ("films.CSV", left_out.PAPERS),
        ("a.bin", walk.NO_FILM),
        ("no ending", walk.NO_FILM),
    ],
)
def test_what_is_no_film_has_a_reason(tmp_path: Path, name: str, reason: str) -> None:
    place(tmp_path, name)
    films, tally = walked(tmp_path)
    assert not films
    assert [(each.reason, each.examples) for each in tally.reasons] == [(reason, (name,))]


def test_films_are_told_by_ending_or_content(tmp_path: Path) -> None:
    place(tmp_path, "a.JPEG", "b/c.dcm", "d.webp", "masks.png")
    place(tmp_path, "IM0001", "e.img", data=PNG)
    place(tmp_path, "f.txt", data=PNG)
    films, tally = walked(tmp_path)
    assert films == ["IM0001", "a.JPEG", "b/c.dcm", "d.webp", "e.img", "masks.png"]
    # The ending of a text goes before what it holds.
    assert [each.examples for each in tally.reasons] == [("f.txt",)]


def test_what_the_library_wrote_is_not_counted(tmp_path: Path) -> None:
    place(tmp_path, FILE, "a.png")
    place(tmp_path, f"below/{FILE}")
    films, tally = walked(tmp_path)
    assert films == ["a.png"] and tally.seen == 2
    assert [each.reason for each in tally.reasons] == [left_out.PAPERS]


def test_every_folder_once_by_its_real_path(tmp_path: Path) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    place(data, "z/a.png")
    place(other, "b.png")
    (data / "a link").symlink_to(data / "z")
    (data / "loop").symlink_to(data)
    (data / "more").symlink_to(other)
    (data / "film.png").symlink_to(other / "b.png")
    films, tally = walked(data)
    assert films == ["film.png", "more/b.png", "z/a.png"]
    assert sorted(tally.notes) == [
        "The link a link leads to a folder already listed.",
        "The link loop leads to a folder already listed.",
    ]


def test_two_links_to_one_folder_outside_list_it_once(tmp_path: Path) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    data.mkdir()
    place(other, "b.png")
    for name in ("one", "two"):
        (data / name).symlink_to(other)
    films, tally = walked(data)
    assert len(films) == 1 and len(tally.notes) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "waits")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    films, tally = walked(tmp_path)
    assert not films
    assert [(each.reason, each.count) for each in tally.reasons] == [(walk.UNREADABLE, 2)]


def test_a_folder_that_may_not_be_listed_is_told(
    tmp_path: Path, forbid: Callable[[str], None]
) -> None:
    place(tmp_path, "a.png", "below/b.png")
    forbid("below")
    films, tally = walked(tmp_path)
    assert films == ["a.png"]
    assert tally.sentences() == (
        "The folder below cannot be listed (Permission denied) and was left out; check its "
        "permissions.",
    )
