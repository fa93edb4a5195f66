"""Labels as COCO and as Label Studio's JSON: out and in without a loss, and as others write them.

The strangers' files here are written from the formats' specifications.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xray.commands.main import main
from xray.environment import ROOT
from xray.errors import LabelError
from xray.labels import coco, shapes, studio
from xray.labels.format import Row

COMMITTED = ROOT / "artifacts" / "devices" / "devices_test.jsonl"
FILE, OTHER = "test/NORMAL/a.png", "train/PNEUMONIA/b.png"
FILES = [FILE, OTHER]
SIZES = {FILE: (1000, 800), OTHER: (700, 900)}


def device(kind: str, geometry: list[Any], confidence: float = 1.0) -> dict[str, Any]:
    return {"kind": kind, "geometry": geometry, "confidence": confidence}


ROWS = [
    Row(
        FILE,
        (
            {
                "devices": [
                    device("line", [[0.7, 0.1], [1 / 3, 2.5], [3, 4]], 0.15),
                    device("tube", [[5, 0], [5.01, 9.99]], 1),
                    device("electrode", [9.7, 0.3, 0.45], 0.5),
                    device("support", [0, 0, 10, 10]),
                    device("other", [1.1, 2.2, 3.3, 4.4], 0.9),
                ],
                "tech_text": True,
                "quality": "rotated",
                "present": [{"kind": "line", "confidence": 0.4}],
            },
            {"devices": [], "tech_text": False, "quality": "ok"},
        ),
    ),
    Row(OTHER, ({"devices": [], "tech_text": False, "quality": "poor"},), adjudicated=True),
]


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


def strangers_coco() -> dict[str, Any]:
    """As the specification has it, of another hand: no ``xray``, categories of other names."""
    box = {"iscrowd": 0, "area": 1.0}
    return {
        "images": [
            {"id": 7, "file_name": "images/test/NORMAL/a.png", "width": 1000, "height": 800},
            {"id": 8, "file_name": "elsewhere.png", "width": 10, "height": 10},
        ],
        "categories": [
            {"id": 3, "name": "ECG Electrode"},
            {"id": 4, "name": "Pacemaker"},
            {"id": 5, "name": "rib"},
            {"id": 6, "name": "central_line"},
        ],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 4, "bbox": [100, 80, 200, 160], **box},
            {"id": 2, "image_id": 7, "category_id": 3, "bbox": [500, 400, 100, 80], **box},
            {"id": 3, "image_id": 7, "category_id": 5, "bbox": [0, 0, 5, 5], **box},
            {"id": 4, "image_id": 7, "category_id": 6, "bbox": [0, 0, 50, 500], **box},
            {"id": 5, "image_id": 99, "category_id": 4, "bbox": [0, 0, 5, 5], **box},
        ],
    }


def test_coco_of_another_hand() -> None:
    found = coco.parse(strangers_coco(), shapes.keys_by_name(FILES))
    [row] = found.rows
    assert row.file == FILE and not row.adjudicated
    [look] = row.passes
    assert look["devices"] == [
        device("other", [1.0, 1.0, 3.0, 3.0]),
        device("electrode", [5.5, 5.5, 0.5]),
    ]
    assert look["present"] == [{"kind": "line", "confidence": 1.0}]
    assert sum(found.left_out.values()) == 3 and "'rib'" in " ".join(found.sentences())
    assert "count as seen" in found.notes[0]


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


def test_label_studio_of_another_hand() -> None:
    def result(kind: str, value: dict[str, Any]) -> dict[str, Any]:
        return {"id": "x", "from_name": "l", "to_name": "i", "type": kind, "value": value}

    shape = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0}
    results = [
        result("rectanglelabels", {**shape, "rectanglelabels": ["Sandbag"]}),
        result("rectanglelabels", {**shape, "rotation": 30, "rectanglelabels": ["device"]}),
        result("rectanglelabels", {**shape, "rectanglelabels": ["heart"]}),
        result("polygonlabels", {"points": [[10, 10], [20, 90]], "polygonlabels": ["ETT"]}),
        result("brushlabels", {"format": "rle", "rle": [1], "brushlabels": ["wire"]}),
    ]
    task = {
        "id": 5,
        "data": {"image": "/data/upload/1/a.png?d=1"},
        "annotations": [
            {"id": 1, "result": results},
            {"id": 2, "result": [], "was_cancelled": True},
        ],
    }
    empty = {"id": 6, "data": {"image": "b.png"}, "annotations": []}
    found = studio.parse(
        [task, empty, {**task, "data": {"image": "z.png"}}], shapes.keys_by_name(FILES)
    )
    [row] = found.rows
    assert row.file == FILE
    assert row.passes[0]["devices"] == [
        device("support", [1, 2, 4, 6]),
        device("tube", [[1, 1], [2, 9]]),
    ]
    assert [each["kind"] for each in row.passes[0]["present"]] == ["other", "line"]
    assert sum(found.left_out.values()) == 4 and found.notes


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
