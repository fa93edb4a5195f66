"""Labels as COCO and as Label Studio's JSON: out and in without a loss, and moved in between."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.labels.looks import FILES, ROWS, SIZES
from xray.commands.main import main
from xray.environment import ROOT
from xray.errors import LabelError
from xray.labels import coco, shapes, studio
from xray.labels.format import Row

COMMITTED = ROOT / "artifacts" / "devices" / "devices_test.jsonl"


def through(module: Any, rows: list[Row], sizes: Any, files: list[str]) -> list[Row]:
    """Out and in again, as text between."""
    found = module.parse(
        json.loads(json.dumps(module.dump(rows, sizes))), shapes.keys_by_name(files)
    )
    assert not found.left_out and not found.notes
    return list(found.rows)


@pytest.mark.parametrize("module", [coco, studio])
def test_nothing_is_lost_on_the_way(module: Any) -> None:
    assert through(module, ROWS, SIZES, FILES) == ROWS


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("/data/local-files/?d=ward/test/NORMAL/a%20b.png", "test/NORMAL/a b.png"),
        ("/data/local-files/?d=test%2FNORMAL%2Fa%20b.png", "test/NORMAL/a b.png"),
        ("http://host/data/local-files/?d=val/NORMAL/c.png", "val/NORMAL/c.png"),
        ("/data/upload/1/03f94aa4-d.png", "test/NORMAL/d.png"),
        ("/data/upload/1/0123abcd-e.png", "test/NORMAL/0123abcd-e.png"),
        # A name that begins so elsewhere is its own.
        ("elsewhere/03f94aa4-d.png", ""),
        ("/data/local-files/?d=c.png", ""),
        ("/data/local-files/?d=", ""),
    ],
)
def test_a_film_is_found_as_label_studio_names_it(name: str, key: str) -> None:
    files = [
        *("test/NORMAL/a b.png", "test/NORMAL/c.png", "val/NORMAL/c.png", "test/NORMAL/d.png"),
        *("test/NORMAL/0123abcd-e.png", "test/NORMAL/e.png"),
    ]
    assert shapes.keys_by_name(files)(name) == key


@pytest.mark.parametrize("how", ["coco", "label-studio"])
def test_by_the_command_byte_for_byte(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def label(*options: str) -> int:
        return main(["label", *options])

    monkeypatch.setenv("XRAY_LABELS", f"sqlite:///{tmp_path / 'one.sqlite'}")
    out, back = tmp_path / "labels.json", tmp_path / "back.jsonl"
    assert label("--import", str(COMMITTED), "--several") == 0
    assert label("--export", str(out)) == 2
    assert "--format coco" in capsys.readouterr().err
    assert label("--export", str(out), "--format", how) == 0
    monkeypatch.setenv("XRAY_LABELS", f"sqlite:///{tmp_path / 'two.sqlite'}")
    assert label("--import", str(out), "--several") == 0
    assert "1,248 of 1,248 looks at 624 films" in capsys.readouterr().out
    assert label("--export", str(back)) == 0
    assert back.read_bytes() == COMMITTED.read_bytes()


def test_what_was_moved_elsewhere_counts() -> None:
    value = coco.dump(ROWS, SIZES)
    moved = next(each for each in value["annotations"] if each["category_id"] == 5)
    moved["bbox"][0] += 100
    [first, _] = coco.parse(value, shapes.keys_by_name(FILES)).rows
    assert first.passes[0]["devices"][4]["geometry"] == pytest.approx([2.1, 2.2, 4.3, 4.4])
    tasks = studio.dump(ROWS, SIZES)
    tasks[0]["annotations"][0]["result"][4]["value"]["y"] += 10
    [first, _] = studio.parse(tasks, shapes.keys_by_name(FILES)).rows
    assert first.passes[0]["devices"][4]["geometry"] == pytest.approx([1.1, 3.2, 3.3, 5.4])


@pytest.mark.parametrize(
    "value",
    [
        *(None, 3, "x", {}, {"images": 3}, [1], [{}], [{"data": {}}]),
        {"images": [{}], "annotations": [], "categories": []},
    ],
)
def test_what_is_neither_is_refused(value: Any) -> None:
    for module in (coco, studio):
        try:
            found = module.parse(value, shapes.keys_by_name(FILES))
        except LabelError:
            continue
        assert not found.rows
    with pytest.raises(LabelError, match=r"size of test/NORMAL/a.png"):
        coco.dump(ROWS, {})
