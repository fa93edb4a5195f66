"""Labels as JSON of Label Studio: numbers by hand, and as others write it by its specification."""

from __future__ import annotations

from typing import Any

import pytest

from tests.labels.looks import FILE, FILES, SIZES, device, look
from xray.errors import LabelError
from xray.labels import shapes, studio
from xray.labels.format import Row

FIND = shapes.keys_by_name(FILES)


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


def test_per_cent_of_width_and_height() -> None:
    marks = [
        device("tube", [[1, 1], [2, 5]], 0.5),
        device("electrode", [5, 5, 1]),
        device("other", [1, 2, 4, 8]),
    ]
    row = Row(FILE, (look() | {"devices": marks, "tech_text": True},))
    [task] = studio.dump([row], SIZES)
    assert task["data"] == {"image": "a.png", "file": FILE, "label": "NORMAL", "split": "test"}
    [annotation] = task["annotations"]
    assert not annotation["ground_truth"] and not annotation["was_cancelled"]
    tube, electrode, other, quality, text = annotation["result"]
    assert (tube["type"], tube["score"]) == ("polygonlabels", 0.5)
    assert tube["value"]["points"] == [[10, 10], [20, 50]] and not tube["value"]["closed"]
    assert (tube["original_width"], tube["original_height"]) == (1000, 800)
    assert (
        electrode["value"] | {"x": 50, "y": 50, "radiusX": 10, "radiusY": 10}
        == (electrode["value"])
    )
    assert other["value"] | {"x": 10, "y": 20, "width": 30, "height": 60} == other["value"]
    assert quality["value"] == {"choices": ["ok"]}
    assert text["value"] == {"choices": ["burned-in text"]}
    ids = [result.get("id") for result in (tube, electrode, other)]
    assert len(set(ids)) == 3


def test_sizes_are_given_where_they_are_known() -> None:
    [task] = studio.dump([Row(FILE, (look("other", [1, 2, 4, 8]),))], {})
    assert "original_width" not in task["annotations"][0]["result"][0]


def test_an_agreed_annotation_stands_for_the_film() -> None:
    tasks = studio.dump([Row(FILE, (look(), look("other", [1, 2, 4, 8])))], SIZES)
    tasks[0]["annotations"][1]["ground_truth"] = True
    [row] = studio.parse(tasks, FIND).rows
    assert row == Row(FILE, (look("other", [1, 2, 4, 8]),), adjudicated=True)


def test_what_is_left_out_is_counted() -> None:
    [task] = studio.dump([Row(FILE, (look(),))], SIZES)
    cancelled = {"result": [], "was_cancelled": True}
    only = task | {"data": {"image": "b.png"}, "annotations": [cancelled]}
    found = studio.parse([task, task, only, task | {"data": {"image": "z.png"}}], FIND)
    assert [row.file for row in found.rows] == [FILE]
    assert dict(found.left_out) == {
        "tasks of a film that came before": 1,
        "annotations that were cancelled": 1,
        "tasks without an annotation": 1,
        "tasks whose image is no film of this dataset": 1,
    }


def drawn_as(how: str, value: dict[str, Any], kind: str) -> dict[str, Any]:
    result = {"from_name": "x", "type": how, "value": value | {how: [kind]}}
    task = {"data": {"image": "a.png"}, "annotations": [{"result": [result]}]}
    [row] = studio.parse([task], FIND).rows
    return dict(row.passes[0])


def test_other_tools_give_a_box_around_their_drawing() -> None:
    ellipse = {"x": 50, "y": 50, "radiusX": 10, "radiusY": 20}
    assert drawn_as("ellipselabels", ellipse, "other")["devices"] == [device("other", [4, 3, 6, 7])]
    polygon = {"points": [[10, 20], [30, 20], [20, 60]]}
    assert drawn_as("polygonlabels", polygon, "support")["devices"] == [
        device("support", [1, 2, 3, 6])
    ]
    box = {"x": 40, "y": 40, "width": 20, "height": 20}
    assert drawn_as("rectanglelabels", box, "electrode")["devices"] == [
        device("electrode", [5, 5, 1])
    ]
    seen = drawn_as("rectanglelabels", box, "tube")
    assert seen["devices"] == [] and seen["present"] == [{"kind": "tube", "confidence": 1.0}]


@pytest.mark.parametrize(
    ("value", "more"),
    [
        ({"x": 10**400}, {}),
        ({"x": float("nan")}, {}),
        ({"rotation": 10**400}, {}),
        ({"width": "wide"}, {}),
        ({}, {"score": 10**400}),
        ({}, {"score": "much"}),
        ({"rectanglelabels": 3}, {}),
    ],
    ids=str,
)
def test_odd_numbers_end_in_one_sentence(value: dict[str, Any], more: dict[str, Any]) -> None:
    box = {"x": 10, "y": 10, "width": 5, "height": 5, "rectanglelabels": ["other"]}
    result = {"from_name": "d", "type": "rectanglelabels", "value": box | value} | more
    tasks = [{"data": {"image": "a.png"}, "annotations": [{"result": [result]}]}]
    with pytest.raises(LabelError) as error:
        studio.parse(tasks, FIND)
    assert len(str(error.value)) < 300
