"""Marks of devices: what looks at a film agree on, and where each device is by its pixels.

Marks are coarse (a tenth of a film is 22 pixels), so a course is first moved onto the bright ridge
beside it, and a box is narrowed to the bright thing in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xray.films.pixels import Pixels
from xray.labels import devices

Mask = NDArray[np.bool_]
Points = NDArray[np.float64]

#: A mark counts from this confidence on.
SURE = 0.5
#: Two looks agree on a device when this share of one's mark lies within the other's.
AGREED = 0.3
#: Kinds that looks take for each other: a thin tube for a line, a clip for an electrode.
PARTNERS = {"line": "tube", "tube": "line", "electrode": "other", "other": "electrode"}
#: Width of what is cut along a course, as a share of the film's side.
WIDTHS = {"line": 0.020, "tube": 0.026}
#: How far a course may be moved onto the ridge beside it, as a share of the film's side.
REACH = 0.022
#: Scale of the ridge filter that courses are moved onto, as a share of the film's side.
RIDGE = 0.007


@dataclass(frozen=True, eq=False)
class Mark:
    """One marked device: kind, geometry in tenths of width and height, confidence 0..1."""

    kind: str
    geometry: Any
    confidence: float = 1.0


def agreed(looks: Sequence[devices.Look], size: tuple[int, int]) -> tuple[list[Mark], list[Mark]]:
    """Devices that looks at one film agree on, and those that only one look is sure of.

    Two looks agree on a device when at least ``AGREED`` of its mark lies within what the other
    look marks as the same kind, or as the kind it is taken for easily (``PARTNERS``): then the
    surer look names the kind. A single look stands for itself.
    """
    sure = [
        [
            Mark(d["kind"], d["geometry"], d["confidence"])
            for d in look["devices"]
            if d["confidence"] >= SURE
        ]
        for look in looks
    ]
    if len(sure) == 1:
        return sure[0], []
    found: list[Mark] = []
    alone: list[Mark] = []
    for place, marks in enumerate(sure):
        others = [look for number, look in enumerate(sure) if number != place]
        for mark in marks:
            wins = [_agrees(mark, other, size) for other in others]
            if None in wins:
                alone.append(mark)
            elif all(wins) and not _same(mark, found, size):
                found.append(mark)
    return found, alone


def _agrees(mark: Mark, others: Sequence[Mark], size: tuple[int, int]) -> bool | None:
    """Whether another look names the device so too; False when it is surer of a partner kind."""
    own = stroke(mark, size)
    if not own.any():
        return None
    partner = PARTNERS.get(mark.kind, "")
    meets = {
        other: float((own & stroke(other, size)).sum() / own.sum())
        for other in others
        if other.kind in (mark.kind, partner)
    }
    same = sum(share for other, share in meets.items() if other.kind == mark.kind)
    rival = sum(share for other, share in meets.items() if other.kind == partner)
    if max(same, rival) < AGREED:
        return None
    surest = max(
        (o.confidence for o, share in meets.items() if o.kind == partner and share), default=0.0
    )
    return same >= rival or mark.confidence > surest


def _same(mark: Mark, found: Sequence[Mark], size: tuple[int, int]) -> bool:
    """Whether a device was found by another look already, under any name."""
    own = stroke(mark, size)
    alike = (mark.kind, PARTNERS.get(mark.kind, ""))
    before = any_of([other for other in found if other.kind in alike], size)
    return bool((own & before).sum() >= AGREED * own.sum())


def stroke(mark: Mark, size: tuple[int, int]) -> Mask:
    """Where a mark says that a device is, (H, W) bool."""
    device = {"kind": mark.kind, "geometry": mark.geometry, "confidence": 1.0}
    return devices.mask([{"devices": [device]}], size)


def any_of(marks: Sequence[Mark], size: tuple[int, int]) -> Mask:
    """The union of marks, (H, W) bool."""
    joined = np.zeros(size, bool)
    for mark in marks:
        joined |= stroke(mark, size)
    return joined


def outline(film: Pixels, mark: Mark) -> Mask:
    """Where a marked device is on the film by its pixels, (H, W) bool; empty where not found."""
    side = float(np.sqrt(film.size))
    if mark.kind in WIDTHS:
        course = snapped(film, np.asarray(mark.geometry, float) * _scale(film))
        canvas = np.zeros(film.shape, np.uint8)
        points = np.rint(course * 16).astype(np.int32)
        cv2.polylines(canvas, [points], False, 1, max(1, round(WIDTHS[mark.kind] * side)), shift=4)
        return canvas.astype(bool)
    if mark.kind == "electrode":
        return stroke(mark, film.shape)
    return bright_thing(film, mark)


def _scale(film: Pixels) -> NDArray[np.float64]:
    return np.array([film.shape[1] / 10, film.shape[0] / 10])


def snapped(film: Pixels, course: Points) -> Points:
    """Move a course onto the bright ridge beside it.

    The best course is the one of the largest sum of ridge response (difference of Gaussians)
    less bends, among all that stay within ``REACH``: dynamic programming over offsets.

    Parameters
    ----------
    film : (H, W) float32
    course : (n, 2) x and y in pixels

    Returns
    -------
    (m, 2) x and y in pixels, about a pixel apart
    """
    side = float(np.sqrt(film.size))
    points, normals = _resampled(course)
    sigma = RIDGE * side
    ridge = cv2.GaussianBlur(film, (0, 0), sigma) - cv2.GaussianBlur(film, (0, 0), 2.5 * sigma)
    reach = max(1, round(REACH * side))
    offsets = np.arange(-reach, reach + 1)
    xs = points[:, None, 0] + offsets * normals[:, None, 0]
    ys = points[:, None, 1] + offsets * normals[:, None, 1]
    response = cv2.remap(
        ridge,
        xs.astype(np.float32),
        ys.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float64)
    response /= ridge.std() + 1e-6
    # A course keeps to its mark unless pixels say otherwise.
    score = response - 0.5 * (offsets / reach) ** 2
    bend = 6.0 * np.abs(offsets[:, None] - offsets[None, :]).clip(0, 3)
    best = np.zeros(score.shape, int)
    total = score[0]
    for i in range(1, len(score)):
        step = total[None, :] - bend
        best[i] = step.argmax(axis=1)
        total = score[i] + step.max(axis=1)
    path = [int(total.argmax())]
    for i in range(len(score) - 1, 0, -1):
        path.append(int(best[i, path[-1]]))
    shift = cv2.GaussianBlur(offsets[path[::-1]].astype(np.float64)[:, None], (1, 0), 0, sigmaY=4.0)
    return np.asarray(points + shift * normals)


def _resampled(course: Points) -> tuple[Points, Points]:
    """Points a pixel apart along a polyline, and the normal at each."""
    steps = np.hypot(*np.diff(course, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    at = np.linspace(0, along[-1], max(3, round(along[-1])))
    points = np.column_stack([np.interp(at, along, course[:, k]) for k in (0, 1)])
    tangent = np.gradient(cv2.GaussianBlur(points, (1, 0), 0, sigmaY=3.0), axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9
    return points, np.column_stack([-tangent[:, 1], tangent[:, 0]])


def bright_thing(film: Pixels, mark: Mark) -> Mask:
    """The bright thing in a box, (H, W) bool; empty where nothing in it stands out.

    Otsu's threshold of the box and its surroundings parts bright from dark; what is bright and
    connected to the box's bright part counts, a little beyond the box too.
    """
    box = stroke(mark, film.shape)
    side = float(np.sqrt(film.size))
    grown = dilated(box, round(0.03 * side))
    soft = cv2.GaussianBlur(film, (0, 0), 0.006 * side)
    levels = np.rint(255 * soft).astype(np.uint8)
    limit, _ = cv2.threshold(levels[grown][None], 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    bright = levels > limit
    inside = bright & grown
    if not (bright & box).any() or not (grown & ~bright).any():
        return np.zeros_like(box)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8))
    least = max(6, 0.06 * box.sum())
    kept = [
        k
        for k in range(1, count)
        if stats[k, cv2.CC_STAT_AREA] >= least and (box & (parts == k)).any()
    ]
    return np.asarray(_closed(np.isin(parts, kept), max(1, round(0.006 * side))) & grown)


def dilated(mask: Mask, by: int) -> Mask:
    """A mask grown by some pixels."""
    if by < 1:
        return mask
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel).astype(bool))


def _closed(mask: Mask, by: int) -> Mask:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel).astype(bool))
