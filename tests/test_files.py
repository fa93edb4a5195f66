"""Files that several write at once, and paths that somebody else put there."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from xray.errors import ArtifactError
from xray.files import read_json, write_json, write_text


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
