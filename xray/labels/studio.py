"""Device labels as Label Studio JSON (labelstud.io, "Label Studio JSON format"), both ways.

A task is a film, an annotation of it a look, a result a mark: an open polygon for lines and tubes,
an ellipse for electrodes, a rectangle for supports and others, all in per cent of width and height.
Quality, burned-in text and kinds that were only seen are choices. Confidence is a result's score;
our own geometry to the last digit lies in its ``meta``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xray.errors import LabelError
from xray.labels import format, shapes
from xray.labels.format import Row
from xray.labels.shapes import Entered

_NEAR = 1e-7
#: What values of another kind than expected lead to.
_ODD = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError)
_TEXT = ("burned-in text", "no burned-in text")


def dump(rows: Sequence[Row], sizes: Mapping[str, tuple[int, int]]) -> list[dict[str, Any]]:
    """Labels as tasks with annotations.

    Parameters
    ----------
    sizes : film -> (width, height) in pixels, where known; all else is in per cent
    """
    tasks = []
    for number, row in enumerate(sorted(rows, key=lambda row: row.file), start=1):
        split, label, name = format.split_key(row.file)
        annotations = [
            {
                "id": 1000 * number + place,
                "ground_truth": row.adjudicated,
                "was_cancelled": False,
                "result": _results(look, f"{number}-{place}", sizes.get(row.file)),
            }
            for place, look in enumerate(row.passes)
        ]
        data = {"image": name, "file": row.file, "label": label, "split": split}
        tasks.append({"id": number, "data": data, "annotations": annotations, "predictions": []})
    return tasks


def _results(
    look: Mapping[str, Any], start: str, size: tuple[int, int] | None
) -> list[dict[str, Any]]:
    found = []
    about: dict[str, Any] = {"to_name": "image"}
    if size is not None:
        about |= {"original_width": size[0], "original_height": size[1], "image_rotation": 0}
    for place, device in enumerate(look["devices"]):
        kind, value = _drawn(str(device["kind"]), device["geometry"])
        found.append(
            about
            | {
                "id": f"{start}-{place}",
                "from_name": "device",
                "type": kind,
                "value": value,
                "score": device["confidence"],
                "meta": {"geometry": device["geometry"]},
            }
        )
    for seen in look.get("present", ()):
        found.append(_choice("present", seen["kind"], seen["confidence"]))
    found.append(_choice("quality", look["quality"]))
    found.append(_choice("text", _TEXT[0 if look["tech_text"] else 1]))
    return found


def _choice(name: str, value: Any, score: Any = None) -> dict[str, Any]:
    made = {"from_name": name, "to_name": "image", "type": "choices", "value": {"choices": [value]}}
    return made if score is None else made | {"score": score}


def _drawn(kind: str, shape: Sequence[Any]) -> tuple[str, dict[str, Any]]:
    """Type and value of a result; tenths are tens of per cent."""
    if kind in ("line", "tube"):
        points = [[10 * x, 10 * y] for x, y in shape]
        return "polygonlabels", {"points": points, "closed": False, "polygonlabels": [kind]}
    if kind == "electrode":
        x, y, r = (10 * number for number in shape)
        value = {"x": x, "y": y, "radiusX": r, "radiusY": r, "rotation": 0}
        return "ellipselabels", value | {"ellipselabels": [kind]}
    x0, y0, x1, y1 = (10 * number for number in shape)
    value = {"x": x0, "y": y0, "width": x1 - x0, "height": y1 - y0, "rotation": 0}
    return "rectanglelabels", value | {"rectanglelabels": [kind]}


def parse(value: Any, find: Callable[[str], str]) -> Entered:
    """Read tasks with annotations; what was cancelled or only predicted is left out.

    Parameters
    ----------
    value : the JSON
    find : gives a film's key by its name (``shapes.keys_by_name``)

    Raises
    ------
    LabelError
        It is no such JSON.
    """
    made = Entered()
    seen: set[str] = set()
    try:
        for task in value:
            data = task["data"]
            names = [data.get("file"), *(text for text in data.values() if isinstance(text, str))]
            file = next((key for name in names if name and (key := find(str(name)))), "")
            if not file or file in seen:
                made.left_out[
                    "tasks of a film that came before"
                    if file
                    else "tasks whose image is no film of this dataset"
                ] += 1
                continue
            annotations = [each for each in task["annotations"] if not each.get("was_cancelled")]
            made.left_out["annotations that were cancelled"] += len(task["annotations"]) - len(
                annotations
            )
            if not annotations:
                made.left_out["tasks without an annotation"] += 1
                continue
            final = [each for each in annotations if each.get("ground_truth")]
            passes = [_look(each["result"], made) for each in final[:1] or annotations]
            made.rows.append(Row(file, tuple(passes), bool(final)))
            seen.add(file)
    except _ODD as error:
        raise LabelError(
            f"This is no JSON of Label Studio ({error!r}); export the labels as JSON again."
        ) from error
    made.left_out = +made.left_out
    return made


def _look(results: Sequence[Mapping[str, Any]], made: Entered) -> dict[str, Any]:
    devices, present, about = [], [], dict[str, Any]()
    for result in results:
        value, score = result["value"], result.get("score", 1.0)
        score = 1.0 if score is None else score
        if result["type"] == "choices":
            choice = value["choices"][0]
            if result["from_name"] == "quality":
                about["quality"] = choice
            elif result["from_name"] == "text":
                about["tech_text"] = choice == _TEXT[0]
            elif kind := shapes.kind_of(choice):
                present.append({"kind": kind, "confidence": score})
            else:
                made.left_out[f"choices of {result['from_name']!r}"] += 1
            continue
        names = value.get(result["type"]) or [""]
        kind = shapes.kind_of(names[0])
        if not kind:
            made.left_out[f"marks of {names[0]!r}, which is no kind of device"] += 1
            continue
        shape = _shape(kind, str(result["type"]), value, result.get("meta"))
        if shape is None:
            present.append({"kind": kind, "confidence": score})
            note = f"What another tool than ours drew as {kind} counts as seen, not as drawn."
            made.notes += [note] if note not in made.notes else []
        else:
            devices.append({"kind": kind, "geometry": shape, "confidence": score})
    return format.look(shapes.look(devices, present, about))


def _shape(kind: str, how: str, value: Mapping[str, Any], meta: Any) -> list[Any] | None:
    """Geometry of a mark; None where it is drawn in a way that does not give it."""
    kept = meta.get("geometry") if isinstance(meta, Mapping) else None
    if (
        how
        != _drawn(
            kind,
            [[0, 0], [1, 1]]
            if kind in ("line", "tube")
            else [1, 1, 1]
            if kind == "electrode"
            else [0, 0, 1, 1],
        )[0]
    ):
        around = _around(how, value)
        return None if around is None or kind in ("line", "tube") else shapes.from_box(kind, around)
    if float(value.get("rotation") or 0):
        # What is turned is no box of ours; where it turns about depends on the film's shape.
        return None
    same = shapes.exact(kept, kind, _numbers(value), lambda g: _numbers(_drawn(kind, g)[1]), _NEAR)
    if same is not None:
        return same
    numbers = [number / 10 for number in _numbers(value)]
    if kind in ("line", "tube"):
        return [[numbers[k], numbers[k + 1]] for k in range(0, len(numbers), 2)]
    if kind == "electrode":
        x, y, across, down = numbers
        return [x, y, (across + down) / 2]
    x, y, width, height = numbers
    return shapes.from_box(kind, (x, y, x + width, y + height))


def _around(how: str, value: Mapping[str, Any]) -> shapes.Box | None:
    """Box around a drawing, in tenths; None of one that has none."""
    if how == "rectanglelabels":
        x, y, width, height = (float(value[key]) / 10 for key in ("x", "y", "width", "height"))
        return x, y, x + width, y + height
    if how == "ellipselabels":
        x, y, across, down = (float(value[key]) / 10 for key in ("x", "y", "radiusX", "radiusY"))
        return x - across, y - down, x + across, y + down
    if how == "polygonlabels":
        xs, ys = zip(*((float(x) / 10, float(y) / 10) for x, y in value["points"]), strict=True)
        return min(xs), min(ys), max(xs), max(ys)
    return None


def _numbers(value: Mapping[str, Any]) -> list[float]:
    """Numbers of a drawing, in one order."""
    if "points" in value:
        return [float(number) for point in value["points"] for number in point]
    last = ("radiusX", "radiusY") if "radiusX" in value else ("width", "height")
    return [float(value[key]) for key in ("x", "y", *last)]
