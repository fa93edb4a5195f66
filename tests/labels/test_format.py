"""Labels as lines of a file: out and in without a loss, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.labels.looks import look
from xray.errors import LabelError
from xray.labels import format
from xray.labels.format import KINDS, Row


def test_splits_presence_and_agreed_looks_survive_the_round_trip(tmp_path: Path) -> None:
    rows = [
        Row("train/PNEUMONIA/a.jpeg", (look(present=[{"kind": "line", "confidence": 0.4}]),)),
        Row("test/NORMAL/b.jpeg", (look("electrode", [1, 2, 0.5]),), adjudicated=True),
    ]
    format.write(tmp_path / "x.jsonl", rows)
    assert format.read(tmp_path / "x.jsonl") == sorted(rows, key=lambda row: row.file)


@pytest.mark.parametrize(
    "line",
    [
        "{oops",
        '{"file": "a", "label": "NORMAL"}',
        '{"file": 1, "label": "NORMAL", "passes": []}',
        json.dumps({"file": "a", "label": "N", "passes": [look("spoon", [1, 2])]}),
        json.dumps({"file": "a", "label": "N", "passes": [look("tube", [[1, 2], [3, 40]])]}),
        json.dumps({"file": "a", "label": "N", "passes": [look("other", [1, 2, 3, "4"])]}),
        json.dumps({"file": "a", "label": "N", "passes": [look("other", [1, 2, 3, float("nan")])]}),
        json.dumps({"file": "a", "label": "N", "passes": [look(quality="good")]}),
    ],
)
def test_a_damaged_file_is_refused_with_its_line(line: str) -> None:
    good = json.dumps({"file": "g", "label": "N", "passes": []})
    with pytest.raises(LabelError, match="line 2"):
        format.parse([good, line])
    with pytest.raises(LabelError, match="second time"):
        format.parse([good, good])


def test_presence_is_averaged_over_looks() -> None:
    sure = format.presence([look("tube", [[1, 1], [2, 2]]), look(tech_text=True)])
    assert sure["tube"] == sure["confidence"] == sure["tech_text"] == 0.5
    assert format.presence([])["confidence"] == 0
    seen = look(present=[{"kind": "line", "confidence": 0.4}])
    assert format.presence([seen]) == dict.fromkeys((*KINDS, "tech_text"), 0.0) | {
        "line": 0.4,
        "confidence": 0.4,
    }


@pytest.mark.parametrize(
    "line",
    [
        "[" * 100_000,
        '{"file": "a", "label": "N", "passes": [{"devices": [{"kind": "electrode", "geometry": '
        f'[{"9" * 400}, 1, 1], "confidence": 1}}], "tech_text": false, "quality": "ok"}}]}}',
        json.dumps({"file": "a", "label": "N", "passes": [look(quality="x" * 100_000)]}),
        json.dumps({"file": "a", "label": "N", "passes": [], "adjudicated": "false"}),
    ],
)
def test_bombs_of_json_end_in_one_sentence(line: str) -> None:
    with pytest.raises(LabelError, match="line 1, is no exported label") as error:
        format.parse([line])
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("line", [[0, 10], [3.5, 4]]),
        ("tube", [[1, 1]] * format.MOST_POINTS),
        ("electrode", [5, 5, 0.5]),
        ("support", [0, 0, 10, 10]),
    ],
)
def test_geometries_come_back_as_lists_of_the_same_numbers(kind: str, value: Any) -> None:
    found = format.geometry(kind, tuple(map(tuple, value)) if kind in ("line", "tube") else value)
    assert found == value
    assert json.dumps(found) == json.dumps(value), "whole numbers stay whole"


@pytest.mark.parametrize("kind", ["line", "electrode", "other"])
@pytest.mark.parametrize(
    "value",
    [
        *(None, 3, "abc", [], [1, 2], [[1, 2]], [[1, 2], [3]], [1, 2, "3"], [1, 2, 3, None]),
        *([[1, 2], [3, 10.1]], [1, 2, -0.1], [1, 2, 3, 11], [1, 2, True], [1, 2, float("nan")]),
        *([1, 2, 10**400], [1, 2, 3, -(10**400)], [[1, 2]] * (format.MOST_POINTS + 1)),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_geometries_that_are_none(kind: str, value: Any) -> None:
    with pytest.raises(LabelError, match=f"kind {kind} must be in tenths"):
        format.geometry(kind, value)


def test_a_look_keeps_what_is_known_and_nothing_else() -> None:
    given = look("electrode", [5, 5, 0.5], remark="blurred", present=[])
    assert format.look(given) == look("electrode", [5, 5, 0.5])
    seen = [{"kind": "line", "confidence": 0.4, "who": "me"}]
    assert format.look(look(present=seen))["present"] == [{"kind": "line", "confidence": 0.4}]


@pytest.mark.parametrize(
    "wrong",
    [
        {"quality": "good"},
        {"devices": None},
        {"devices": [{"kind": "line", "confidence": 1}]},
        {"devices": [{"kind": "spoon", "geometry": [1, 1, 1], "confidence": 1}]},
        {"devices": [{"kind": "electrode", "geometry": [1, 1, 1], "confidence": 1.1}]},
        {"devices": [{"kind": "electrode", "geometry": [1, 1, 1], "confidence": 10**400}]},
        {"devices": [{"kind": ["line"], "geometry": [1, 1, 1], "confidence": 1}]},
        {"present": [{"kind": "line", "confidence": True}]},
        {"present": [{"kind": "line", "confidence": 1}] * (format.MOST_MARKS + 1)},
    ],
    ids=lambda wrong: repr(wrong)[:40],
)
def test_a_look_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(LabelError):
        format.look(look() | wrong)


def test_lines_are_sorted_and_say_only_what_is_needed() -> None:
    rows = [Row("train/N/b.png", (look(),)), Row("test/N/a.png", (), adjudicated=True)]
    assert format.dump(rows).splitlines() == [
        '{"file": "a.png", "label": "N", "adjudicated": true, "passes": []}',
        '{"file": "b.png", "label": "N", "split": "train", "passes": '
        '[{"devices": [], "tech_text": false, "quality": "ok"}]}',
    ]
    assert format.parse(["", "  ", *format.dump(rows).splitlines()]) == rows[::-1]


@pytest.mark.parametrize("file", ["test/N/a.png", "train/N/a.png", "N/a.png", "a.png", "/N/a.png"])
def test_a_key_is_split_and_put_together(file: str) -> None:
    parts = format.split_key(file)
    assert "/".join(part for part in parts if part) == file.lstrip("/")
    assert parts[2] == "a.png"


def test_a_file_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(LabelError, match=r"x\.jsonl cannot be read"):
        format.read(tmp_path / "x.jsonl")
    (tmp_path / "x.jsonl").write_text("{}\n")
    with pytest.raises(LabelError, match=r"x\.jsonl, line 1, is no exported label"):
        format.read(tmp_path / "x.jsonl")
