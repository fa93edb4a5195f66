"""Device labels as files: a line a film, its looks, and what they say is there.

The format of ``artifacts/devices/devices_test.jsonl``, which the workbench reads and writes:

    {"file": "IM-0001-0001.jpeg", "label": "NORMAL", "passes": [look, ...]}

A look is ``{"devices": [{"kind", "geometry", "confidence"}, ...], "tech_text", "quality"}``.
Three keys may be added, each only where it says something: ``split`` of a film that is not of
the test split; ``adjudicated`` (true) where the only look is the agreed one; and ``present`` of a
look, kinds that were seen but not drawn, ``[{"kind", "confidence"}, ...]``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xray.errors import LabelError
from xray.files import write_text

#: Kinds of devices, in the order of the keys that mark them.
KINDS = ("line", "tube", "electrode", "support", "other")
QUALITIES = ("ok", "rotated", "offcentre", "poor")

#: One marked device: kind, geometry in tenths of width and height, confidence 0..1.
Device = Mapping[str, Any]
#: One look at one film: devices, tech_text, quality; perhaps present.
Look = Mapping[str, Any]

#: More than this many marks on one film, or points in one, are no labels of a film.
MOST_MARKS, MOST_POINTS = 200, 400


@dataclass(frozen=True)
class Row:
    """A film and its looks.

    Attributes
    ----------
    file : "split/label/name"
    passes : its looks, or the agreed one alone
    adjudicated : whether the only look is the agreed one
    """

    file: str
    passes: tuple[Look, ...]
    adjudicated: bool = False


def geometry(kind: str, value: Any) -> list[Any]:
    """Check the geometry of one device and give it back as lists of numbers.

    Parameters
    ----------
    kind : one of ``KINDS``
    value : in tenths of width and height, 0..10: a polyline of at least two points for line and
        tube, [x, y, r] for electrode, a box [x0, y0, x1, y1] for support and other

    Raises
    ------
    LabelError
        It is none of these.
    """
    course = kind in ("line", "tube")
    try:
        points = [[_number(n) for n in point] for point in (value if course else [value])]
    except TypeError:
        points = []
    numbers = [n for point in points for n in point]
    if course:
        right = 2 <= len(points) <= MOST_POINTS and all(len(p) == 2 for p in points)
    else:
        right = len(numbers) == (3 if kind == "electrode" else 4)
    if not right or not all(0 <= n <= 10 for n in numbers):
        raise LabelError(
            f"The geometry of the kind {kind} must be in tenths of width and height, 0 to 10; see "
            "the README of artifacts/devices."
        )
    return points if course else numbers


def _number(value: Any) -> Any:
    """Give a number back as it is; whatever is none raises ``TypeError``."""
    # Whole numbers are finite, and some are too large to be asked.
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole and not (isinstance(value, float) and math.isfinite(value)):
        raise TypeError(f"{value!r:.60} is no number")
    return value


def look(value: Mapping[str, Any]) -> dict[str, Any]:
    """Check one look and give it with known keys only.

    Raises
    ------
    LabelError
        Something is missing or out of range.
    """
    try:
        devices = [
            {
                "kind": _kind(each["kind"]),
                "geometry": geometry(each["kind"], each["geometry"]),
                "confidence": _confidence(each["confidence"]),
            }
            for each in value["devices"]
        ]
        present = [
            {"kind": _kind(each["kind"]), "confidence": _confidence(each["confidence"])}
            for each in value.get("present", ())
        ]
        if len(devices) + len(present) > MOST_MARKS:
            raise ValueError(f"more than {MOST_MARKS} marks on one film")
        if value["quality"] not in QUALITIES:
            raise ValueError(f"quality {value['quality']!r:.60}")
        made = {
            "devices": devices,
            "tech_text": bool(value["tech_text"]),
            "quality": value["quality"],
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LabelError(
            f"A look is not in the format of devices_test.jsonl ({error}); export it again."
        ) from error
    return made | ({"present": present} if present else {})


def _kind(value: Any) -> str:
    if value not in KINDS:
        raise ValueError(f"kind {value!r:.60}")
    return str(value)


def _confidence(value: Any) -> Any:
    if not 0 <= _number(value) <= 1:
        raise ValueError(f"confidence {value!r:.60}")
    return value


def parse(lines: Iterable[str], source: str = "The file") -> list[Row]:
    """Read exported labels.

    Parameters
    ----------
    lines : one film each
    source : what they come from, for errors

    Raises
    ------
    LabelError
        A line is not in the format, or a film is there twice.
    """
    found: dict[str, Row] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            parts = (value.get("split", "test"), value["label"], value["file"])
            if not all(isinstance(part, str) for part in parts) or not parts[2]:
                raise TypeError("file, label and split are no texts")
            if not isinstance(agreed := value.get("adjudicated", False), bool):
                raise TypeError("adjudicated is neither true nor false")
            row = Row(
                "/".join(part for part in parts if part),
                tuple(look(each) for each in value["passes"]),
                agreed,
            )
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            LabelError,
            ArithmeticError,
            RecursionError,
        ) as error:
            raise LabelError(
                f"{source}, line {number}, is no exported label ({error}); export it again."
            ) from error
        if row.file in found:
            raise LabelError(
                f"{source}, line {number}, names {row.file} a second time; leave one of them out."
            )
        found[row.file] = row
    return list(found.values())


def read(path: Path) -> list[Row]:
    """Read a file of exported labels; see ``parse``.

    Raises
    ------
    LabelError
        It cannot be read, or is not in the format.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LabelError(f"{path} cannot be read ({error}); export the labels again.") from error
    return parse(text.splitlines(), Path(path).name)


def dump(rows: Sequence[Row]) -> str:
    """Write rows as lines, sorted by split, label and name."""
    return "".join(_line(row) for row in sorted(rows, key=lambda row: row.file))


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write rows to a file, whole or not at all."""
    write_text(path, dump(rows))


def _line(row: Row) -> str:
    split, label, name = split_key(row.file)
    value: dict[str, Any] = {"file": name, "label": label}
    if split != "test":
        value["split"] = split
    if row.adjudicated:
        value["adjudicated"] = True
    return json.dumps(value | {"passes": list(row.passes)}) + "\n"


def split_key(file: str) -> tuple[str, str, str]:
    """Split a film's key, "split/label/name"; parts that are not there are empty."""
    rest, _, name = file.rpartition("/")
    split, _, label = rest.rpartition("/")
    return split, label, name


def presence(looks: Sequence[Look]) -> dict[str, float]:
    """How surely each kind is there: the largest confidence of each look, averaged over looks.

    Returns
    -------
    kind -> 0..1 for each of ``KINDS``; "confidence" for any kind; "tech_text"
    """
    made = dict.fromkeys((*KINDS, "confidence", "tech_text"), 0.0)
    for each in looks:
        marks = [*each["devices"], *each.get("present", ())]
        for kind in KINDS:
            made[kind] += max((m["confidence"] for m in marks if m["kind"] == kind), default=0.0)
        made["confidence"] += max((m["confidence"] for m in marks), default=0.0)
        made["tech_text"] += float(bool(each["tech_text"]))
    return {name: value / max(len(looks), 1) for name, value in made.items()}
