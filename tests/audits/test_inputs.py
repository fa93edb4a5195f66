"""What an audit shows: which films of a folder, whose devices, and what labels say of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.helpers.worn import KINDS, SIZE, few_layers, materials
from xray.audits import inputs
from xray.audits.inputs import Materials
from xray.drawing.phantoms import write_dataset
from xray.errors import DatasetError
from xray.labels import format


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(inputs.rendering, "read", few_layers)
    monkeypatch.setattr(inputs, "SIDE", 96)
    write_dataset(tmp_path / "films", 0, 0, 24, seed=3, size=SIZE)
    return tmp_path / "films"


def test_a_folder_without_labels_gets_rendered_devices(folder: Path) -> None:
    made = inputs.prepare(folder)
    assert made.labels.rendered and made.labels.sha256
    assert set(made.material.donors) == set(KINDS)
    assert made.table["has_device"].isna().all()


def test_labels_of_ones_own_are_cut_out_of_the_folders_films(folder: Path, tmp_path: Path) -> None:
    files = sorted(path.relative_to(folder).as_posix() for path in folder.glob("test/*/*.jpeg"))
    nothing = {"devices": [], "tech_text": False, "quality": "ok"}
    wire = {"kind": "line", "geometry": [[1, 8], [9, 8]], "confidence": 0.9}
    rows = [
        format.Row(file, ({**nothing, "devices": [wire] if place % 3 == 0 else []},))
        for place, file in enumerate(files)
    ]
    format.write(tmp_path / "mine.jsonl", rows)
    looks, labels, sure = inputs.looks_of(pd.Series(files), tmp_path / "mine.jsonl")
    assert (labels.source, labels.rendered) == ("mine.jsonl", False)
    assert len(looks) == len(files)
    assert (sure["confidence"] >= 0.5).tolist() == [place % 3 == 0 for place in range(len(files))]
    made = inputs.prepare(folder, device_labels=tmp_path / "mine.jsonl")
    assert made.table["has_device"].sum() == len(files[::3])
    wearers = set(files[::3])
    assert not wearers & set(made.material.table["file"].iloc[made.material.recipients])


def test_films_of_other_splits_give_devices_and_are_not_judged(
    folder: Path, tmp_path: Path
) -> None:
    write_dataset(folder, 12, 0, 0, seed=4, size=SIZE)
    other = sorted(path.relative_to(folder).as_posix() for path in folder.glob("train/*/*.jpeg"))
    wire = {"kind": "line", "geometry": [[1, 8], [9, 8]], "confidence": 0.9}
    look = {"devices": [wire], "tech_text": False, "quality": "ok"}
    format.write(tmp_path / "mine.jsonl", [format.Row(file, (look,)) for file in other])
    made = inputs.prepare(folder, device_labels=tmp_path / "mine.jsonl")
    assert (made.labels.source, made.labels.rendered) == ("mine.jsonl", False)
    assert made.table["file"].str.startswith("test/").all()
    assert made.elsewhere() and made.elsewhere() <= set(other)
    lines = made.material.donors["line"].layers
    refused = sum(made.material.refused.values())
    assert len(lines) + refused == len(other), "each device is laid on or its refusal counted"


def test_labels_of_other_films_are_refused(folder: Path, tmp_path: Path) -> None:
    look = {"devices": [], "tech_text": False, "quality": "ok"}
    format.write(tmp_path / "other.jsonl", [format.Row("test/NORMAL/none.png", (look,))])
    with pytest.raises(DatasetError, match="names no film"):
        inputs.prepare(folder, device_labels=tmp_path / "other.jsonl")


def test_too_few_films_are_said(tmp_path: Path) -> None:
    write_dataset(tmp_path / "few", 0, 0, 6, seed=1, size=SIZE)
    with pytest.raises(DatasetError, match="too few"):
        inputs.prepare(tmp_path / "few")


def test_what_is_said_of_films_and_labels(shown: Materials) -> None:
    told = shown.about()
    assert told["labels"] == {"source": "facts", "sha256": "hash", "rendered": True}
    assert told["films"] == {"source": "synthetic films", "sha256": "hash", "n": 40}
    assert replace(shown, out_of=90).about()["films"]["out_of"] == 90
    assert shown.elsewhere() == set(), "rendered devices are of no film"
    assert shown.has_text.isna().all() and len(shown.has_text) == 40
    text = replace(shown, sure=pd.DataFrame({"tech_text": np.ones(40)}))
    assert text.has_text.eq(1).all()


def test_films_of_which_nothing_is_known_get_devices_and_keep_their_names(shown: Materials) -> None:
    assert list(shown.material.recipients) == list(range(40))
    assert set(shown.material.table["label"]) == {"NORMAL", "PNEUMONIA"}
    # Nobody says whose they are: each film is of a child of its own.
    assert shown.table["child"].tolist() == shown.table["file"].tolist()
    assert shown.lungs.shape == shown.films.shape and shown.lungs.dtype == bool


def test_of_many_films_a_part_gets_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs.rendering, "read", few_layers)
    monkeypatch.setattr(inputs, "MOST_RECIPIENTS", 3)
    made, again, other = (materials(["NORMAL"] * 5 + ["PNEUMONIA"] * 4, seed) for seed in (0, 0, 1))
    chosen = made.material.recipients.tolist()
    assert sum(place < 5 for place in chosen) == sum(place >= 5 for place in chosen) == 3
    assert again.material.recipients.tolist() == chosen != other.material.recipients.tolist()


def test_what_was_left_out_stands_beside_an_audit(folder: Path) -> None:
    whole = inputs.prepare(folder)
    assert whole.part == () and whole.about()["part"] == ""
    first, second = sorted(folder.glob("test/*/*.jpeg"))[:2]
    first.write_bytes(b"no film")
    (folder / "test" / "PNEUMONIA" / "also.jpeg").write_bytes(second.read_bytes())
    seen = sum(path.is_file() for path in folder.rglob("*"))
    made = inputs.prepare(folder)
    assert made.about()["part"] == (
        f"Of {seen} files of this data set 3 are left out. 2: the same bytes as a film of the "
        "other class; they are in neither; 1: films that cannot be read."
    )


def test_a_split_that_is_too_small_is_said(folder: Path) -> None:
    write_dataset(folder, 4, 0, 0, seed=4, size=SIZE)
    made = inputs.prepare(folder, split="train")
    assert made.part == ("The 4 train films are too few: films of all splits are judged.",)
    assert len(made.table) == 28


def test_a_split_that_there_is_not_is_refused(folder: Path) -> None:
    with pytest.raises(DatasetError, match="holds no foo films, but: "):
        inputs.prepare(folder, split="foo")
