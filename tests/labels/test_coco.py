"""Labels as COCO: numbers by hand, and as others write it by its specification."""

from __future__ import annotations

from typing import Any

import pytest

from tests.labels.looks import FILE, FILES, SIZES, device, look
from xray.errors import LabelError
from xray.labels import coco, shapes
from xray.labels.format import Row

FIND = shapes.keys_by_name(FILES)


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


def test_pixels_of_a_film_of_another_shape() -> None:
    """A tenth is 100 pixels of the width and 80 of the height."""
    marks = [device("tube", [[1, 1], [2, 5]], 0.5), device("electrode", [5, 5, 1])]
    row = Row(FILE, (look(), look() | {"devices": marks}))
    value = coco.dump([row], SIZES)
    [image] = value["images"]
    assert (image["id"], image["file_name"]) == (1, "a.png")
    assert (image["width"], image["height"]) == (1000, 800)
    tube, electrode = value["annotations"]
    assert (tube["image_id"], tube["attributes"]["look"]) == (1, 1)
    assert tube["bbox"] == [100, 80, 100, 320] and tube["area"] == 32_000
    assert tube["segmentation"] == [[100, 80, 200, 400, 200, 400, 100, 80]], "there and back"
    assert tube["score"] == tube["attributes"]["confidence"] == 0.5
    assert electrode["bbox"] == [400, 320, 200, 160]
    names = {each["id"]: each["name"] for each in value["categories"]}
    assert (names[tube["category_id"]], names[electrode["category_id"]]) == ("tube", "electrode")


def test_a_line_that_others_moved_or_drew_as_an_area() -> None:
    row = Row(FILE, (look("line", [[1, 1], [2, 5]]),))
    value = coco.dump([row], SIZES)
    mark = value["annotations"][0]
    moved = [100, 80, 300, 400, 300, 400, 100, 80]
    [found] = coco.parse(value | {"annotations": [mark | {"segmentation": [moved]}]}, FIND).rows
    assert found.passes[0]["devices"] == [device("line", [[1, 1], [3, 5]])]
    area = [100, 80, 300, 400, 310, 400, 110, 80]
    [found] = coco.parse(value | {"annotations": [mark | {"segmentation": [area]}]}, FIND).rows
    assert found.passes[0]["devices"] == []
    assert found.passes[0]["present"] == [{"kind": "line", "confidence": 1.0}]


def test_a_film_that_comes_twice_is_taken_once() -> None:
    value = coco.dump([Row(FILE, (look(),))], SIZES)
    twice = value | {"images": value["images"] * 2}
    found = coco.parse(twice, FIND)
    assert len(found.rows) == 1
    assert found.sentences() == ["1 left out: images of a film that came before."]


@pytest.mark.parametrize(
    ("image", "mark"),
    [
        ({"id": []}, {}),
        ({"width": 0}, {}),
        ({"width": float("nan")}, {}),
        ({"height": 10**400}, {}),
        ({"width": None}, {}),
        ({}, {"bbox": [1, 2, 3]}),
        ({}, {"bbox": [float("nan")] * 4}),
        ({}, {"bbox": [10**400, 1, 1, 1]}),
        ({}, {"attributes": {"look": float("inf")}}),
        ({}, {"score": 10**400}),
        ({}, {"category_id": {}}),
    ],
    ids=str,
)
def test_odd_numbers_end_in_one_sentence(image: dict[str, Any], mark: dict[str, Any]) -> None:
    value = {
        "images": [{"id": 1, "file_name": "a.png", "width": 1000, "height": 800} | image],
        "categories": [{"id": 1, "name": "other"}],
        "annotations": [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 9, 9]} | mark],
    }
    with pytest.raises(LabelError) as error:
        coco.parse(value, FIND)
    assert len(str(error.value)) < 300
