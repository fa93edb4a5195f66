"""Fetching the dataset, from a server that the test starts on this machine and nowhere else."""

from __future__ import annotations

import hashlib
import io
import stat
import sys
import threading
import types
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xray.commands import main
from xray.dataset import download, fetch, index
from xray.errors import DatasetError, Stopped
from xray.files import read_json


@dataclass
class Server:
    """What the test server sends, and what it was asked for."""

    body: bytes = b""
    etag: str = '"one"'
    status: list[int] = field(default_factory=list)
    break_after: list[int] = field(default_factory=list)
    ranges: bool = True
    asked: list[str] = field(default_factory=list)
    url: str = ""
    redirect: str = ""


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            state.asked.append(asked)
            if state.redirect and self.path == "/file":
                self.send_response(302)
                self.send_header("Location", state.redirect)
                self.end_headers()
                return
            if state.status:
                self.send_error(state.status.pop(0))
                return
            start = 0
            fresh = self.headers.get("If-Range", state.etag) == state.etag
            if asked and state.ranges and fresh:
                start = int(asked.removeprefix("bytes=").rstrip("-"))
                self.send_response(206)
                total = len(state.body)
                self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            else:
                self.send_response(200)
            self.send_header("ETag", state.etag)
            self.send_header("Content-Length", str(len(state.body) - start))
            self.end_headers()
            rest = state.body[start:]
            self.wfile.write(rest[: state.break_after.pop(0)] if state.break_after else rest)

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{http.server_port}/file"
    yield state
    http.shutdown()
    http.server_close()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "WAIT", 0.0)
    monkeypatch.setattr(download, "TIMEOUT", 5.0)


BODY = np.random.default_rng(0).bytes(3_000_000)
HASH = hashlib.sha256(BODY).hexdigest()


def test_a_broken_connection_is_gone_on_from(server: Server, tmp_path: Path) -> None:
    server.body, server.break_after = BODY, [1_200_000, 500_000]
    seen: list[tuple[int, int]] = []
    path = download.download(server.url, tmp_path / "a.zip", HASH, lambda *step: seen.append(step))
    assert path.read_bytes() == BODY
    assert server.asked == ["", "bytes=1200000-", "bytes=1700000-"]
    assert seen[-1] == (len(BODY), len(BODY))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip"]
    download.download(server.url, tmp_path / "a.zip", HASH)
    assert len(server.asked) == 3, "what is there and right is not asked for again"


def test_a_stopped_download_goes_on_the_next_time(server: Server, tmp_path: Path) -> None:
    server.body = BODY

    def stop(done: int, _: int) -> None:
        if done > 1_000_000:
            raise Stopped("enough")

    with pytest.raises(Stopped):
        download.download(server.url, tmp_path / "a.zip", HASH, stop)
    have = (tmp_path / "a.zip.part").stat().st_size
    assert 0 < have < len(BODY)
    download.download(server.url, tmp_path / "a.zip", HASH)
    assert server.asked[-1] == f"bytes={have}-"


def test_a_server_without_ranges_is_asked_for_all(server: Server, tmp_path: Path) -> None:
    server.body, server.break_after, server.ranges = BODY, [1_000_000], False
    assert download.download(server.url, tmp_path / "a", HASH).read_bytes() == BODY


def test_two_versions_are_never_joined(server: Server, tmp_path: Path) -> None:
    server.body, server.break_after = bytes(2_000_000), [300_000] * download.ATTEMPTS
    with pytest.raises(DatasetError, match="kept and gone on from next time"):
        download.download(server.url, tmp_path / "a")
    server.body, server.etag = BODY, '"two"'
    assert download.download(server.url, tmp_path / "a", HASH).read_bytes() == BODY


def test_a_whole_part_is_not_asked_for_again(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.body = BODY
    replace = Path.replace

    def die(path: Path, target: Path) -> Path:
        if Path(target).name == "a":
            raise KeyboardInterrupt
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            download.download(server.url, tmp_path / "a")
    assert not (tmp_path / "a").exists()
    assert download.download(server.url, tmp_path / "a").read_bytes() == BODY
    assert len(server.asked) == 1


def test_passing_trouble_is_waited_out_and_refusals_are_not(server: Server, tmp_path: Path) -> None:
    server.body, server.status = BODY, [503, 429]
    assert download.download(server.url, tmp_path / "a", HASH).read_bytes() == BODY
    for code, words in ((403, "refuses this download"), (404, "no longer"), (401, "login")):
        server.status, server.asked = [code], []
        with pytest.raises(DatasetError, match=words):
            download.download(server.url, tmp_path / "b")
        assert len(server.asked) == 1
    server.status = [500] * download.ATTEMPTS
    with pytest.raises(DatasetError, match="HTTP 500"):
        download.download(server.url, tmp_path / "b")


def test_the_wrong_file_is_thrown_away(server: Server, tmp_path: Path) -> None:
    server.body = b"<html>Please log in</html>"
    with pytest.raises(DatasetError, match="not the expected file"):
        download.download(server.url, tmp_path / "a", HASH)
    assert not list(tmp_path.iterdir())


def test_too_large_and_out_of_reach(server: Server, tmp_path: Path) -> None:
    server.body = BODY
    with pytest.raises(DatasetError, match="more than the dataset"):
        download.download(server.url, tmp_path / "a", most_bytes=1000)
    with pytest.raises(DatasetError, match="cannot be reached"):
        download.download("http://127.0.0.1:9/none", tmp_path / "a")
    for url in ("file:///etc/passwd", "ftp://host/a", "a.zip", "http:///a"):
        with pytest.raises(DatasetError, match="web address"):
            download.download(url, tmp_path / "a")


def test_redirects_lead_to_web_addresses_only(server: Server, tmp_path: Path) -> None:
    server.body, server.redirect = BODY, "/elsewhere"
    assert download.download(server.url, tmp_path / "a", HASH).read_bytes() == BODY
    server.redirect = "file:///etc/passwd"
    with pytest.raises(DatasetError):
        download.download(server.url, tmp_path / "b")
    assert not (tmp_path / "b").exists()


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


def test_fetch_places_kaggles_split(server: Server, tmp_path: Path) -> None:
    server.body = zipped()
    to = tmp_path / "data" / "chest_xray"
    done = fetch.fetch(to, server.url, "", known=KNOWN)
    assert done.warnings == () and done.films == 5
    placed = {path.relative_to(to).as_posix(): path for path in to.rglob("*") if path.is_file()}
    moved = {path.replace("train", "val") if "person2" in path else path for path in FILMS}
    assert set(placed) == moved
    assert placed["val/PNEUMONIA/person2_bacteria_1.jpeg"].read_bytes() == film(3)
    assert [path.name for path in to.parent.iterdir()] == ["chest_xray"]
    assert index.index(to)["error"].eq("").all()
    with pytest.raises(DatasetError, match="is in use"):
        fetch.fetch(to, server.url, "", known=KNOWN)


def test_other_names_and_sizes_are_warned_of(server: Server, tmp_path: Path) -> None:
    films = dict(FILMS)
    films["test/NORMAL/other.jpeg"] = films.pop("test/NORMAL/IM-0003-0001.jpeg")
    server.body = zipped(films)
    (warning,) = fetch.fetch(tmp_path / "a", server.url, "", known=KNOWN).warnings
    assert "1 films have other names" in warning
    films = dict(FILMS) | {"test/NORMAL/IM-0003-0001.jpeg": film(4) + b"\0"}
    server.body = zipped(films)
    (warning,) = fetch.fetch(tmp_path / "b", server.url, "", known=KNOWN).warnings
    assert "compressed again" in warning


@pytest.mark.parametrize("missing", list(FILMS)[:2])
def test_nothing_is_placed_when_counts_are_wrong(
    server: Server, tmp_path: Path, missing: str
) -> None:
    server.body = zipped({path: data for path, data in FILMS.items() if path != missing})
    with pytest.raises(DatasetError, match="0 instead of 1"):
        fetch.fetch(tmp_path / "a", server.url, "", known=KNOWN)
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


def test_kaggle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(DatasetError, match="pip install kagglehub"):
        fetch.fetch_kaggle(tmp_path / "a", KNOWN)
    source = tmp_path / "kaggle" / "chest_xray"
    for path, data in FILMS.items():
        place = source / (path.replace("train", "val") if "person2" in path else path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    hub = types.ModuleType("kagglehub")
    hub.dataset_download = lambda handle: str(source.parent)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "kagglehub", hub)
    assert fetch.fetch_kaggle(tmp_path / "a", KNOWN).films == 5

    def refuse(handle: str) -> str:
        raise PermissionError("403 Client Error")

    hub.dataset_download = refuse  # type: ignore[attr-defined]
    with pytest.raises(DatasetError, match=r"403 Client Error.*--archive FILE\.zip"):
        fetch.fetch_kaggle(tmp_path / "b", KNOWN)


def test_command(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.body = zipped()
    to, out = tmp_path / "films", tmp_path / "done.json"
    arguments = ["fetch", "--to", str(to), "--url", server.url]
    assert main.main(arguments) == 2, "five films are not the public set"
    assert "not the public dataset" in capsys.readouterr().err
    monkeypatch.setattr(fetch, "expected", lambda: KNOWN)
    server.status = [403]
    assert main.main(arguments) == 2
    assert "in a browser from https://data.mendeley.com" in capsys.readouterr().err
    assert main.main([*arguments, "--sha256", "0" * 64]) == 2
    capsys.readouterr()
    assert main.main([*arguments, "--json", str(out)]) == 0
    assert f"export XRAY_DATA={to}" in capsys.readouterr().out
    assert read_json(out) == {"folder": str(to), "films": 5, "warnings": []}


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
