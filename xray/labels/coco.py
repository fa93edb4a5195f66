"""Device labels as COCO JSON (cocodataset.org, "Data format"), both ways.

An image is a film, an annotation a mark: its box, and for lines and tubes a polygon that runs along
them and back, as COCO knows no open lines. What COCO has no place for (looks, confidence, quality,
our own geometry to the last digit) lies in ``attributes`` and ``xray``, which other programs leave
alone; where a mark was moved elsewhere, the drawing counts and not what was kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xray.errors import LabelError
from xray.labels import format, shapes
from xray.labels.format import KINDS, Row
from xray.labels.shapes import Entered

_NEAR = 1e-6


def dump(rows: Sequence[Row], sizes: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    """Labels as COCO.

    Parameters
    ----------
    sizes : film -> (width, height) in pixels

    Raises
    ------
    LabelError
        The size of a film is not known.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, row in enumerate(sorted(rows, key=lambda row: row.file), start=1):
        if row.file not in sizes:
            raise LabelError(
                f"The size of {row.file} is not known, and COCO is in pixels; give --data the "
                "folder of the films."
            )
        size = sizes[row.file]
        looks = [{key: look[key] for key in look if key != "devices"} for look in row.passes]
        about = {"file": row.file, "adjudicated": row.adjudicated, "looks": looks}
        name = row.file.rpartition("/")[2]
        images.append(
            {"id": number, "file_name": name, "width": size[0], "height": size[1], "xray": about}
        )
        for place, look in enumerate(row.passes):
            for device in look["devices"]:
                annotations.append(_annotation(len(annotations) + 1, number, place, device, size))
    return {
        "info": {"description": "Devices in chest films", "version": "1.0"},
        "licenses": [],
        "images": images,
        "annotations": annotations,
        "categories": [
            {"id": place, "name": kind, "supercategory": "device"}
            for place, kind in enumerate(KINDS, start=1)
        ],
    }


def _annotation(
    number: int, image: int, look: int, device: Mapping[str, Any], size: tuple[int, int]
) -> dict[str, Any]:
    kind, shape = str(device["kind"]), device["geometry"]
    x0, y0, x1, y1 = _box(kind, shape, size)
    return {
        "id": number,
        "image_id": image,
        "category_id": KINDS.index(kind) + 1,
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "segmentation": [_polygon(kind, shape, size)],
        "area": (x1 - x0) * (y1 - y0),
        "iscrowd": 0,
        "score": device["confidence"],
        "attributes": {"look": look, "confidence": device["confidence"], "geometry": shape},
    }


def _box(kind: str, shape: Sequence[Any], size: tuple[int, int]) -> list[float]:
    x0, y0, x1, y1 = shapes.box(kind, shape)
    width, height = size
    return [x0 * width / 10, y0 * height / 10, x1 * width / 10, y1 * height / 10]


def _polygon(kind: str, shape: Sequence[Any], size: tuple[int, int]) -> list[float]:
    if kind in ("line", "tube"):
        points = [(x * size[0] / 10, y * size[1] / 10) for x, y in shape]
        return [number for point in (*points, *reversed(points)) for number in point]
    x0, y0, x1, y1 = _box(kind, shape, size)
    return [x0, y0, x1, y0, x1, y1, x0, y1]


def parse(value: Any, find: Callable[[str], str]) -> Entered:
    """Read COCO.

    Parameters
    ----------
    value : the JSON
    find : gives a film's key by the image's name (``shapes.keys_by_name``)

    Raises
    ------
    LabelError
        It is no COCO.
    """
    try:
        categories = {each["id"]: str(each["name"]) for each in value["categories"]}
        of_image: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
        for each in value["annotations"]:
            of_image[each["image_id"]].append(each)
        images = list(value["images"])
        ids = {image["id"] for image in images}
    except (KeyError, TypeError) as error:
        raise LabelError(f"This is no COCO file ({error}); export the labels again.") from error
    made = Entered()
    strays = sum(len(marks) for image, marks in of_image.items() if image not in ids)
    if strays:
        made.left_out["annotations of images that the file does not list"] += strays
    seen: set[str] = set()
    for image in images:
        try:
            row = _row(image, of_image.get(image["id"], ()), categories, find, made)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise LabelError(
                f"An image of the COCO file is not whole ({error}); export the labels again."
            ) from error
        if row is not None and row.file in seen:
            made.left_out["images of a film that came before"] += 1
        elif row is not None:
            seen.add(row.file)
            made.rows.append(row)
    return made


def _row(
    image: Mapping[str, Any],
    marks: Sequence[Mapping[str, Any]],
    categories: Mapping[Any, str],
    find: Callable[[str], str],
    made: Entered,
) -> Row | None:
    about = image.get("xray")
    about = about if isinstance(about, Mapping) else {}
    file = find(str(about.get("file", ""))) or find(str(image["file_name"]))
    if not file:
        made.left_out["images that are no film of this dataset"] += 1
        return None
    size = (float(image["width"]), float(image["height"]))
    if min(size) <= 0:
        raise ValueError("an image without a size")
    looks = about["looks"] if isinstance(about.get("looks"), list) else [{}]
    devices: list[list[dict[str, Any]]] = [[] for _ in looks]
    present = [list(look.get("present", ())) for look in looks]
    for mark in marks:
        extra = mark.get("attributes")
        extra = extra if isinstance(extra, Mapping) else {}
        if not looks:
            raise ValueError("annotations of a film that nobody looked at")
        at = min(max(int(extra.get("look", 0)), 0), len(looks) - 1)
        kind = shapes.kind_of(categories.get(mark["category_id"], ""))
        sure = extra.get("confidence", mark.get("score", 1.0))
        if not kind:
            name = categories.get(mark["category_id"], "a category that is not listed")
            made.left_out[f"annotations of the category {name!r}, which is no kind of device"] += 1
            continue
        shape = _shape(kind, mark, extra, size)
        if shape is None:
            present[at].append({"kind": kind, "confidence": sure})
            note = "Lines and tubes drawn as boxes or areas count as seen, not as drawn."
            made.notes += [note] if note not in made.notes else []
        else:
            devices[at].append({"kind": kind, "geometry": shape, "confidence": sure})
    passes = [
        format.look(shapes.look(devices[at], present[at], look)) for at, look in enumerate(looks)
    ]
    return Row(file, tuple(passes), bool(about.get("adjudicated", False)))


def _shape(
    kind: str, mark: Mapping[str, Any], extra: Mapping[str, Any], size: tuple[float, float]
) -> list[Any] | None:
    """Geometry of an annotation; None of a line that is drawn as something else."""
    whole = (int(size[0]), int(size[1]))
    x, y, width, height = (float(number) for number in mark["bbox"])
    drawn = [x, y, x + width, y + height]
    kept = shapes.exact(
        extra.get("geometry"), kind, drawn, lambda shape: _box(kind, shape, whole), _NEAR
    )
    parts = mark.get("segmentation")
    polygon = [float(n) for n in parts[0]] if isinstance(parts, list) and len(parts) == 1 else []
    if kind not in ("line", "tube"):
        return kept or shapes.from_box(
            kind,
            (
                10 * x / size[0],
                10 * y / size[1],
                10 * (x + width) / size[0],
                10 * (y + height) / size[1],
            ),
        )
    if kept is not None and (not polygon or _close(polygon, _polygon(kind, kept, whole))):
        return kept
    points = [(polygon[k], polygon[k + 1]) for k in range(0, len(polygon) - 1, 2)]
    half = len(points) // 2
    # There and back, as a line is written here.
    if len(points) >= 4 and points[:half] == points[: half - 1 : -1]:
        return [[10 * x / size[0], 10 * y / size[1]] for x, y in points[:half]]
    return None


def _close(one: Sequence[float], other: Sequence[float]) -> bool:
    return len(one) == len(other) and all(
        abs(a - b) <= _NEAR for a, b in zip(one, other, strict=True)
    )
