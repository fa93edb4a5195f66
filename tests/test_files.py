"""Files that several write at once, and paths that somebody else put there."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

import pytest

from xray.errors import ArtifactError
from xray.files import check_output, read_json, write_json, write_text


def test_a_link_in_the_way_is_replaced_and_not_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "target.txt", tmp_path / "out.txt"
    target.write_text("theirs")
    link.symlink_to(target)
    write_text(link, "ours")
    assert target.read_text() == "theirs"
    assert link.read_text() == "ours" and not link.is_symlink()


def test_readers_see_one_writer_s_file_whole(tmp_path: Path) -> None:
    path, stop = tmp_path / "out.json", threading.Event()
    texts = [list(range(number, number + 5000)) for number in range(4)]
    write_json(path, texts[0])

    def write(value: list[int]) -> None:
        while not stop.is_set():
            write_json(path, value)

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    try:
        assert all(read_json(path) in texts for _ in range(50))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert [each.name for each in tmp_path.iterdir()] == ["out.json"], "nothing is left beside it"


def test_json_that_is_nested_without_end_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text("[" * 100_000)
    with pytest.raises(ArtifactError, match="cannot be read as JSON"):
        read_json(path)


def test_what_cannot_be_written_is_named_by_the_path_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ArtifactError, match=re.escape(f"{tmp_path} is a folder; give the name")):
        write_json(tmp_path, {})
    out = tmp_path / "out.txt"

    def refuse(name: Path, _: object) -> None:
        raise PermissionError(13, "Permission denied", str(name))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(PermissionError) as caught:
        write_text(out, "x")
    assert caught.value.filename == str(out)
    assert list(tmp_path.iterdir()) == [], "nothing is left beside it"


def test_where_results_can_be_written_is_told_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    for path in (file, tmp_path / "new" / "file"):
        check_output(path, file=True)
    check_output(tmp_path, file=False)
    check_output(tmp_path / "new" / "folder", file=False)
    with pytest.raises(ArtifactError, match="is a folder"):
        check_output(tmp_path, file=True)
    for path, only_file in ((file / "x", True), (file, False), (file / "x" / "y", False)):
        with pytest.raises(ArtifactError, match="file is no folder that may be written"):
            check_output(path, only_file)
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != tmp_path)
    with pytest.raises(ArtifactError, match="no folder that may be written"):
        check_output(tmp_path / "new" / "file", file=True)
