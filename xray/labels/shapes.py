"""Marks as other programs draw them: kinds by their names, geometries in pixels or per cent.

Our geometries are in tenths of width and height: a polyline for lines and tubes, a circle [x, y, r]
for electrodes, a box [x0, y0, x1, y1] for supports and others. The radius is a tenth of the width
in x and of the height in y: on a film that is no square the circle is an ellipse.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from xray.errors import LabelError
from xray.labels.format import KINDS, Row, geometry

#: What others call our kinds.
SYNONYMS = {
    **{kind: kind for kind in KINDS},
    **{kind + "s": kind for kind in KINDS},
    **{"catheter": "line", "cvc": "line", "wire": "line", "central line": "line"},
    **{"ett": "tube", "ngt": "tube", "endotracheal tube": "tube", "drain": "tube"},
    **{"ecg electrode": "electrode", "ekg electrode": "electrode", "sticker": "electrode"},
    **{"sandbag": "support", "hand": "support", "hands": "support"},
    **{"pacemaker": "other", "device": "other"},
}

Box = tuple[float, float, float, float]


@dataclass
class Entered:
    """Labels of a file, and what of it was left out.

    Attributes
    ----------
    rows : films with their looks
    left_out : reason -> how many
    notes : how the rest was read
    """

    rows: list[Row] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """Everything for people."""
        return [
            *(f"{count:,} left out: {reason}." for reason, count in self.left_out.items()),
            *self.notes,
        ]


def kind_of(name: str) -> str:
    """Our kind of a category's name; "" of none that is known."""
    return SYNONYMS.get(" ".join(str(name).replace("_", " ").split()).casefold(), "")


#: What Label Studio sets before the names of films that were uploaded.
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")


def keys_by_name(files: Iterable[str]) -> Callable[[str], str]:
    """Give what finds a film's key by its key, its path or its bare name; "" where none fits.

    Parameters
    ----------
    files : keys of the data set, "split/label/name"
    """
    whole = list(files)
    known = set(whole)
    bare: dict[str, list[str]] = {}
    for file in whole:
        bare.setdefault(file.rpartition("/")[2], []).append(file)

    def find(name: str) -> str:
        text = name.replace("\\", "/")
        # Label Studio gives paths of its storage as a query, and uploads a name of its own.
        text = unquote(text.partition("/local-files/?d=")[2]) or text.split("?")[0]
        if text in known:
            return text
        last = text.rpartition("/")[2]
        own = _UPLOADED.sub("", last) if "/upload/" in text else last
        found = bare.get(last) or bare.get(own, [])
        if len(found) > 1:
            parts = set(text.split("/"))
            found = [file for file in found if set(file.split("/")) <= parts]
        return found[0] if len(found) == 1 else ""

    return find


def box(kind: str, shape: Sequence[Any]) -> Box:
    """Box around a mark, in tenths: x0, y0, x1, y1."""
    if kind in ("line", "tube"):
        xs, ys = zip(*shape, strict=True)
        return min(xs), min(ys), max(xs), max(ys)
    if kind == "electrode":
        x, y, r = shape
        return x - r, y - r, x + r, y + r
    x0, y0, x1, y1 = shape
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def from_box(kind: str, around: Box) -> list[Any]:
    """Geometry of a mark that was drawn as a box; a line or tube is not to be had of one.

    Raises
    ------
    LabelError
        The kind is drawn as a polyline, or the box has no place.
    """
    if kind in ("line", "tube"):
        raise LabelError("A box does not say how a line or tube runs.")
    if not all(map(math.isfinite, around)):
        raise LabelError("A box lies at no place that is a number; export the labels again.")
    x0, y0, x1, y1 = (min(10.0, max(0.0, value)) for value in around)
    if kind == "electrode":
        return [(x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0 + y1 - y0) / 4]
    return [x0, y0, x1, y1]


def exact(
    kept: Any,
    kind: str,
    drawn: Sequence[float],
    say: Callable[[list[Any]], list[float]],
    near: float,
) -> list[Any] | None:
    """The geometry that was kept beside a drawing, where nobody has changed the drawing since.

    Parameters
    ----------
    kept : what was kept; may be anything
    drawn : numbers of the drawing
    say : makes the numbers of a drawing of a geometry
    near : difference that is none
    """
    if kept is None:
        return None
    try:
        shape = geometry(kind, kept)
        numbers = say(shape)
    except (LabelError, TypeError, ValueError):
        return None
    same = len(numbers) == len(drawn) and all(
        abs(one - other) <= near for one, other in zip(numbers, drawn, strict=True)
    )
    return shape if same else None


def look(
    devices: Sequence[Mapping[str, Any]], present: Sequence[Mapping[str, Any]], about: Any
) -> dict[str, Any]:
    """One look of its marks and of what is kept about the film."""
    about = about if isinstance(about, Mapping) else {}
    made: dict[str, Any] = {
        "devices": list(devices),
        "tech_text": bool(about.get("tech_text", False)),
        "quality": about.get("quality", "ok"),
    }
    return made | ({"present": list(present)} if present else {})
