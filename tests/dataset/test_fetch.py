"""Fetching the dataset, from a server that the test starts on this machine and nowhere else."""

from __future__ import annotations

import io
import stat
import sys
import types
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xray.commands import main
from xray.dataset import fetch, index
from xray.errors import DatasetError
from xray.files import read_json


def film(value: int) -> bytes:
    data = io.BytesIO()
    Image.fromarray(
        np.arange(64 * 64, dtype=np.uint16).reshape(64, 64).astype(np.uint8) ^ value
    ).save(data, "JPEG")
    return data.getvalue()


#: Kaggle's split of a tiny dataset; as in Mendeley's archive, val lies inside train.
FILMS = {
    "train/NORMAL/IM-0001-0001.jpeg": film(1),
    "train/PNEUMONIA/person1_virus_1.jpeg": film(2),
    "train/PNEUMONIA/person2_bacteria_1.jpeg": film(3),
    "test/NORMAL/IM-0003-0001.jpeg": film(4),
    "test/PNEUMONIA/person4_virus_1.jpeg": film(5),
}
KNOWN = fetch.Expected(
    {
        (path.split("/")[1], path.split("/")[2]): "val" if "person2" in path else path.split("/")[0]
        for path in FILMS
    },
    {"test/NORMAL/IM-0003-0001.jpeg": len(film(4))},
)


def zipped(
    films: dict[str, bytes] | None = None,
    change: Callable[[zipfile.ZipFile], None] = lambda _: None,
) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path, content in (FILMS if films is None else films).items():
            archive.writestr(f"chest_xray/{path}", content)
            archive.writestr(f"__MACOSX/chest_xray/{path}", b"mac")
        archive.writestr("chest_xray/.DS_Store", b"mac")
        change(archive)
    return data.getvalue()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "downloads" / "a.zip"
    path.parent.mkdir()
    path.write_bytes(zipped())
    return path


def test_fetch_places_kaggles_split(archive: Path, tmp_path: Path) -> None:
    to = tmp_path / "data" / "chest_xray"
    done = fetch.fetch(to, archive, KNOWN)
    assert done.warnings == () and done.films == 5
    placed = {path.relative_to(to).as_posix(): path for path in to.rglob("*") if path.is_file()}
    moved = {path.replace("train", "val") if "person2" in path else path for path in FILMS}
    assert set(placed) == moved
    assert placed["val/PNEUMONIA/person2_bacteria_1.jpeg"].read_bytes() == film(3)
    assert [path.name for path in to.parent.iterdir()] == ["chest_xray"]
    assert index.index(to)["error"].eq("").all()
    with pytest.raises(DatasetError, match="is in use"):
        fetch.fetch(to, archive, KNOWN)


def test_other_names_and_sizes_are_warned_of(archive: Path, tmp_path: Path) -> None:
    films = dict(FILMS)
    films["test/NORMAL/other.jpeg"] = films.pop("test/NORMAL/IM-0003-0001.jpeg")
    archive.write_bytes(zipped(films))
    (warning,) = fetch.fetch(tmp_path / "a", archive, KNOWN).warnings
    assert "1 films have other names" in warning
    films = dict(FILMS) | {"test/NORMAL/IM-0003-0001.jpeg": film(4) + b"\0"}
    archive.write_bytes(zipped(films))
    (warning,) = fetch.fetch(tmp_path / "b", archive, KNOWN).warnings
    assert "compressed again" in warning


@pytest.mark.parametrize("missing", list(FILMS)[:2])
def test_nothing_is_placed_when_counts_are_wrong(
    archive: Path, tmp_path: Path, missing: str
) -> None:
    archive.write_bytes(zipped({path: data for path, data in FILMS.items() if path != missing}))
    with pytest.raises(DatasetError, match="0 instead of 1"):
        fetch.fetch(tmp_path / "a", archive, KNOWN)
    assert not (tmp_path / "a").exists() and not list(tmp_path.glob(".a*"))


def escape(archive: zipfile.ZipFile) -> None:
    archive.writestr("../../chest_xray/train/NORMAL/evil.jpeg", b"evil")


def absolute(archive: zipfile.ZipFile) -> None:
    archive.writestr("/tmp/train/NORMAL/evil.jpeg", b"evil")


def huge(archive: zipfile.ZipFile) -> None:
    with archive.open(zipfile.ZipInfo("chest_xray/train/NORMAL/big.jpeg"), "w") as stream:
        for _ in range(50):
            stream.write(bytes(1 << 20))


def many(archive: zipfile.ZipFile) -> None:
    for i in range(60):
        archive.writestr(f"{i}", b"")


@pytest.mark.parametrize(
    ("change", "words"),
    [(escape, "leads out"), (absolute, "leads out"), (huge, "50|52 MB"), (many, "far more")],
)
def test_archives_made_to_harm_are_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[zipfile.ZipFile], None],
    words: str,
) -> None:
    monkeypatch.setattr(fetch, "MOST_FILES", 50)
    archive = tmp_path / "a.zip"
    archive.write_bytes(zipped(change=change))
    with pytest.raises(DatasetError, match=words):
        fetch.fetch(tmp_path / "in" / "a", archive=archive, known=KNOWN)
    assert not (tmp_path / "in" / "a").exists()
    assert not list(tmp_path.rglob("evil*"))


def test_links_in_archives_are_left_out(tmp_path: Path) -> None:
    def link(archive: zipfile.ZipFile) -> None:
        entry = zipfile.ZipInfo("chest_xray/train/NORMAL/link.jpeg")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")

    archive = tmp_path / "a.zip"
    archive.write_bytes(zipped(change=link))
    fetch.fetch(tmp_path / "a", archive=archive, known=KNOWN)
    assert not any(path.is_symlink() or path.name == "link.jpeg" for path in tmp_path.rglob("*"))


def test_damaged_archives(tmp_path: Path) -> None:
    whole = zipped()
    archive = tmp_path / "a.zip"
    spoiled = bytearray(whole)
    at = whole.index(film(2)) + 400
    spoiled[at : at + 8] = b"spoiled!"
    for data in (b"", b"no zip", whole[: len(whole) // 2], bytes(spoiled)):
        archive.write_bytes(data)
        with pytest.raises(DatasetError, match="not a whole zip"):
            fetch.fetch(tmp_path / "a", archive=archive, known=KNOWN)
        assert not (tmp_path / "a").exists()
    assert archive.exists(), "what somebody downloaded is theirs"
    with pytest.raises(DatasetError, match="no archive"):
        fetch.fetch(tmp_path / "a", archive=tmp_path / "none.zip", known=KNOWN)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A kagglehub that has the films already."""
    source = tmp_path / "kaggle" / "chest_xray"
    for path, data in FILMS.items():
        place = source / (path.replace("train", "val") if "person2" in path else path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    made = types.ModuleType("kagglehub")
    made.dataset_download = lambda handle: str(source.parent)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "kagglehub", made)
    return made


def test_command(
    hub: types.ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    to, out = tmp_path / "films", tmp_path / "done.json"
    arguments = ["fetch", "--to", str(to)]
    assert main.main(arguments) == 2, "five films are not the public set"
    assert "not the public dataset" in capsys.readouterr().err
    monkeypatch.setattr(fetch, "expected", lambda: KNOWN)
    assert main.main([*arguments, "--json", str(out)]) == 0
    assert f"export XRAY_DATA={to}" in capsys.readouterr().out
    assert read_json(out) == {"folder": str(to), "films": 5, "warnings": []}
    assert (to / "val" / "PNEUMONIA" / "person2_bacteria_1.jpeg").read_bytes() == film(3)


def test_a_refusal_says_how_else_to_get_the_films(
    hub: types.ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(handle: str) -> str:
        raise PermissionError("403 Client Error")

    hub.dataset_download = refuse  # type: ignore[attr-defined]
    assert main.main(["fetch", "--to", str(tmp_path / "b")]) == 2
    said = capsys.readouterr().err
    assert "403 Client Error" in said and "in a browser from https://data.mendeley.com" in said
    assert "--archive FILE.zip" in said


def test_the_public_set_is_known() -> None:
    known = fetch.expected()
    assert known.counts == {
        ("train", "NORMAL"): 1341,
        ("train", "PNEUMONIA"): 3875,
        ("val", "NORMAL"): 8,
        ("val", "PNEUMONIA"): 8,
        ("test", "NORMAL"): 234,
        ("test", "PNEUMONIA"): 390,
    }
    assert len(known.sizes) == 1566
