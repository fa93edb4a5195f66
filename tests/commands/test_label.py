"""The label command: queue, export, import and agreement, and what each of them needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd
import pytest

from xray.audits import inputs
from xray.commands.main import main
from xray.drawing import rendering
from xray.files import read_json
from xray.labels import format
from xray.labels.format import Row
from xray.labels.store import opened
from xray.reports import label_card

FILES = ["test/NORMAL/a.jpeg", "test/PNEUMONIA/b.jpeg"]
Label = Callable[..., int]


@pytest.fixture
def label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Label:
    """Runs the command on a database and a cache of its own."""
    monkeypatch.setenv("XRAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XRAY_LABELS", f"sqlite:///{tmp_path / 'labels.sqlite'}")
    monkeypatch.delenv("XRAY_DATA", raising=False)
    return lambda *words: main(["label", *map(str, words)])


def look(*kinds: str) -> dict[str, object]:
    """A look at a film that found a box of each kind."""
    devices = [{"kind": kind, "geometry": [1, 1, 3, 3], "confidence": 1.0} for kind in kinds]
    return {"devices": devices, "tech_text": False, "quality": "ok"}


@pytest.fixture
def entered(label: Label, tmp_path: Path) -> Path:
    """Two looks at each of two films are in a collection; they differ on one. The file of them."""
    path = tmp_path / "in.jsonl"
    format.write(path, [Row(FILES[0], (look(), look())), Row(FILES[1], (look("other"), look()))])
    with opened() as store:
        store.enqueue("ward", dict.fromkeys(FILES, 0.5))
    assert label("--import", path, "--several", "--name", "us", "--collection", "ward") == 0
    return path


def test_labels_go_out_as_they_came_in(
    label: Label, entered: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ("--import", entered, "--several", "--name", "us", "--collection", "ward")
    assert label(*line) == 0
    assert "0 of 4 looks at 2 films were new and are in ward." in capsys.readouterr().out
    out, told = tmp_path / "out.jsonl", tmp_path / "told.json"
    assert label("--export", out, "--json", told) == 0
    assert format.read(out) == format.read(entered)
    assert read_json(told) == {"films": 2, "agreed": 0, "file": str(out), "format": "jsonl"}
    said = capsys.readouterr().out
    assert "2 films, 0 of them agreed" in said and f"XRAY_DEVICE_LABELS={out}" in said


def test_films_on_which_two_looks_differ_are_counted(
    label: Label, entered: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = tmp_path / "told.json"
    assert label("--agreement", "--json", told) == 0
    assert "1 of 2 films need somebody to decide." in capsys.readouterr().out
    found = json.loads(told.read_text())
    assert list(found["to decide"]) == [FILES[1]]
    first = found["agreement"][0]
    assert (first["what"], first["films"], first["agreement"]) == ("any device", 2, 0.5)


def test_a_dataset_is_named_where_there_are_several(
    label: Label, entered: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened() as store:
        store.enqueue("clinic", {FILES[0]: 0.5})
    out = tmp_path / "out.jsonl"
    assert label("--export", out) == 2
    assert "--collection, one of: clinic, ward" in capsys.readouterr().err
    assert label("--export", out, "--collection", "elsewhere") == 2
    assert label("--export", out, "--collection", "ward") == 0
    assert label("--agreement", "--collection", "clinic") == 2
    assert "No film has two finished looks yet" in capsys.readouterr().err


def test_other_programs_formats_are_asked_for_by_name(
    label: Label,
    entered: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, rng = tmp_path / "out.json", np.random.default_rng(0)
    assert label("--export", out) == 2
    assert "--format coco or label-studio" in capsys.readouterr().err
    assert label("--export", out, "--format", "label-studio") == 0
    assert len(read_json(out)) == len(FILES)
    assert "XRAY_DEVICE_LABELS" not in capsys.readouterr().out, "the audit reads other lines"
    assert label("--export", out, "--format", "coco") == 2
    assert "COCO is in pixels; give --data the folder of the films" in capsys.readouterr().err
    for file in FILES:
        (tmp_path / "films" / file).parent.mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "films" / file), rng.integers(0, 255, (40, 50), np.uint8))
    assert label("--export", out, "--format", "coco", "--data", tmp_path / "films") == 0
    found = read_json(out)
    assert {(each["width"], each["height"]) for each in found["images"]} == {(50, 40)}
    # Read back, its format is known by its content.
    capsys.readouterr()
    assert label("--import", out, "--collection", "ward", "--name", "me") == 0
    assert "looks at 2 films" in capsys.readouterr().out


def test_the_queue_is_filled_once_and_shows_the_first(
    label: Label,
    synthetic_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = ("--queue", 3, "--data", synthetic_folder, "--json", tmp_path / "told.json")
    assert label(*line) == 0
    said = capsys.readouterr().out
    found = read_json(tmp_path / "told.json")
    assert f"48 films in the queue of {found['collection']}, 48 of them new." in said
    assert len(found["first"]) == 3
    shares = list(found["first"].values())
    assert shares == sorted(shares, reverse=True)
    assert all(f"{share:.3f}  {file}" in said for file, share in found["first"].items())
    assert label(*line, "--collection", found["collection"]) == 0
    assert "0 of them new." in capsys.readouterr().out


def test_what_each_needs_is_said(
    label: Label,
    synthetic_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for words in (("--export", tmp_path / "x.jsonl"), ("--agreement",)):
        assert label(*words) == 2
        assert "There are no labels yet" in capsys.readouterr().err
    assert not (tmp_path / "labels.sqlite").exists(), "asking makes no database"
    for words, told in (
        (("--queue",), "give --data FOLDER"),
        (("--sample", 4, "--data", synthetic_folder), "Give --out a new folder"),
        (("--checked", tmp_path / "sheet.csv"), "Give --key the file"),
    ):
        assert label(*words) == 2
        assert told in capsys.readouterr().err


def test_a_database_is_brought_up_to_date(
    label: Label, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert label("--upgrade") == 0
    assert capsys.readouterr().out == f"Up to date: sqlite:///{tmp_path / 'labels.sqlite'}\n"
    assert label("--agreement") == 2
    assert "label a film first" in capsys.readouterr().err, "a database without any label"


def test_the_card_is_written_where_it_was_asked_for(label: Label, tmp_path: Path) -> None:
    assert label("--card", tmp_path / "CARD.md") == 0
    assert (tmp_path / "CARD.md").read_text() == label_card.markdown()


def test_facts_of_devices_are_of_judged_films_only(
    label: Label,
    tmp_path: Path,
    synthetic_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cut = rendering.read((64, 64), kind="line")[:2]
    judged, other = (
        replace(layer, file=f"{split}/PNEUMONIA/a.png", child=split)
        for layer, split in zip(cut, ("test", "train"), strict=True)
    )
    donors = {"line": SimpleNamespace(layers=(judged, other))}
    made = SimpleNamespace(
        labels=SimpleNamespace(rendered=False),
        table=pd.DataFrame({"file": [judged.file]}),
        material=SimpleNamespace(donors=donors),
    )
    monkeypatch.setattr(inputs, "prepare", lambda folder: made)
    path = tmp_path / "shapes.json"
    assert label("--shapes", path, "--data", synthetic_folder) == 0
    (row,) = read_json(path)
    assert row["lungs"] == rendering.facts(judged)["lungs"] != rendering.facts(other)["lungs"]
    path.unlink()
    made.table = made.table[:0]
    assert label("--shapes", path, "--data", synthetic_folder) == 2
    assert "No device is drawn on the films that are judged" in capsys.readouterr().err
    assert not path.exists()
