"""Labels of one's own: a file, a database, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labels.looks import look
from xray.errors import LabelError
from xray.labels import devices as device_labels
from xray.labels import exchange, format, own
from xray.labels.format import Row
from xray.labels.store import Store, opened

FILE = "test/NORMAL/a.png"


@pytest.fixture
def store(labels_url: str) -> Iterator[Store]:
    with opened() as made:
        yield made


def test_the_database_itself_and_the_artifacts_folder_are_read_too(
    store: Store, labels_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = "test/PNEUMONIA/person1_virus_6.jpeg"
    monkeypatch.setenv("XRAY_DEVICE_LABELS", labels_url)
    stored = device_labels.content()
    assert device_labels.load().equals(device_labels.stored())
    row = Row(file, (look("tube", [[5, 0], [5, 6]]),))
    exchange.enter(store, "public", [row], store.labeller("me"), {file})
    assert device_labels.content() != stored, "pages that remember see the change"
    assert device_labels.load_geometry()[file][0]["devices"][0]["kind"] == "tube"
    assert len(device_labels.load()) == len(device_labels.stored()), "a person's word replaces"
    monkeypatch.delenv("XRAY_DEVICE_LABELS")
    assert device_labels.load().equals(device_labels.stored())
    monkeypatch.setenv("XRAY_DEVICE_LABELS", str(tmp_path / "none.jsonl"))
    with pytest.raises(LabelError, match="cannot be read"):
        device_labels.load()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Artifacts without labels of one's own."""
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path))
    (tmp_path / "devices").mkdir()
    return tmp_path


def test_without_a_name_the_file_among_the_artifacts_is_read(folder: Path) -> None:
    assert own.content() == "" and own.rows() == ()
    rows = [Row(FILE, (look("tube", [[5, 0], [5, 6]]),))]
    format.write(folder / "devices" / own.FILE, rows)
    first = own.content()
    assert first and own.content() == first
    assert own.rows() == tuple(rows)
    format.write(folder / "devices" / own.FILE, [])
    assert own.content() not in ("", first), "pages that remember see the change"
    assert own.rows() == ()


def test_a_named_file_goes_before_the_one_among_the_artifacts(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    format.write(folder / "devices" / own.FILE, [Row(FILE, (look(),))])
    named = folder / "named.jsonl"
    format.write(named, [Row(FILE, (look(), look()))])
    monkeypatch.setenv(own.VARIABLE, str(named))
    assert [len(row.passes) for row in own.rows()] == [2]
    named.unlink()
    assert own.content() == str(named)
    with pytest.raises(LabelError, match=r"named\.jsonl cannot be read"):
        own.rows()


def test_a_database_that_is_not_there_is_not_made(
    labels_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(own.VARIABLE, labels_url)
    for ask in (own.content, own.rows):
        with pytest.raises(LabelError, match="names a database that is not there"):
            ask()
    assert not list(tmp_path.glob("*.sqlite"))


def test_of_several_collections_every_film_is_read(
    store: Store, labels_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = store.labeller("me")
    for collection, file in (("one", FILE), ("two", "train/NORMAL/b.png")):
        exchange.enter(store, collection, [Row(file, (look(),))], who, {file})
    monkeypatch.setenv(own.VARIABLE, labels_url)
    assert {row.file for row in own.rows()} == {FILE, "train/NORMAL/b.png"}
