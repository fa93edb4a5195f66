"""Which datasets a server has: folders by their names, copies of the public set, class names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xray.dataset import public_set, sources
from xray.environment import data_dir, data_dirs
from xray.errors import DatasetError


def places(*names: str, below: Path) -> list[Path]:
    found = [below / name for name in names]
    for path in found:
        path.mkdir(parents=True)
    return found


def tell(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    monkeypatch.setenv("XRAY_DATA", os.pathsep.join(map(str, folders)))


def test_nothing_configured_leaves_the_public_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("", "  ", os.pathsep):
        monkeypatch.setenv("XRAY_DATA", value)
        assert data_dirs() == [] and data_dir() is None
        offered, problems = sources.configured()
        assert [source.key for source in offered] == ["public"] and not problems
        assert offered[0].folder is None


def test_several_folders_are_named_and_their_places_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = places("a/films", "b/films", "клиника", "public", below=tmp_path)
    tell(monkeypatch, *folders, folders[0])
    offered, problems = sources.configured()
    assert [source.key for source in offered] == [
        "public",
        "films",
        "films 2",
        "клиника",
        "public 2",
    ]
    assert [source.folder for source in offered[1:]] == folders, "each folder once, in order"
    assert not problems
    assert not any(str(tmp_path) in source.key + source.title for source in offered)
    assert data_dir() == folders[0], "commands take the first"


def test_a_folder_that_went_away_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here,) = places("here", below=tmp_path)
    tell(monkeypatch, tmp_path / "gone", here)
    offered, problems = sources.configured()
    assert [source.key for source in offered] == ["public", "here"]
    assert len(problems) == 1 and "gone, which is not a folder" in problems[0]
    assert str(tmp_path) not in problems[0]
    with pytest.raises(DatasetError, match="gone, which is not a folder"):
        data_dir()


def test_a_folder_whose_name_holds_the_separator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (odd,) = places(f"films{os.pathsep}2020", below=tmp_path)
    tell(monkeypatch, odd)
    assert data_dirs() == [odd]
    assert sources.configured()[0][1].folder == odd


def test_names_that_are_long_or_no_text_still_make_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (long,) = places("x" * 200, below=tmp_path)
    odd = tmp_path / os.fsdecode(b"\xff\xfe")
    try:
        odd.mkdir()
    except (OSError, UnicodeError):
        pytest.skip("this file system takes no such names")
    tell(monkeypatch, long, odd)
    keys = [source.key for source in sources.configured()[0]]
    assert keys == ["public", "x" * sources.LONGEST_NAME, "\\xff\\xfe"]
    "".join(keys).encode()


def test_a_copy_of_the_public_set_is_told_by_its_films() -> None:
    public = public_set.read()
    files = public["file"].tolist()
    copy = {file: f"somewhere/{file}" for file in files[:300]}
    assert sources.is_copy(copy, public)
    strangers = {f"train/NORMAL/{i}.png": f"{i}.png" for i in range(400)}
    assert not sources.is_copy(copy | strangers, public) and not sources.is_copy({}, public)
    joined = sources.with_paths(public, copy).set_index("file")["path"]
    assert joined[files[0]] == f"somewhere/{files[0]}" and joined[files[300]] == ""


def test_other_class_names_by_a_mapping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("train/Healthy/a.jpeg", "train/covid/b.jpeg", "test/COVID/c.jpeg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    monkeypatch.delenv("XRAY_CLASSES", raising=False)
    with pytest.raises(DatasetError, match="name your class folders"):
        sources.paths(tmp_path)
    monkeypatch.setenv("XRAY_CLASSES", "healthy=NORMAL,covid=PNEUMONIA")
    assert sources.paths(tmp_path) == {
        "test/PNEUMONIA/c.jpeg": "test/COVID/c.jpeg",
        "train/NORMAL/a.jpeg": "train/Healthy/a.jpeg",
        "train/PNEUMONIA/b.jpeg": "train/covid/b.jpeg",
    }
    monkeypatch.setenv("XRAY_CLASSES", "healthy")
    with pytest.raises(DatasetError, match="folder=LABEL"):
        sources.paths(tmp_path)
