"""Real devices as layers: cut out of labelled films, and laid over films without devices.

A layer is a labelled film minus the same film with the device painted over. Lines and tubes are
cut along their course, electrodes along their disc, supports and others along the bright thing
in their box. Marks are coarse (a tenth of a film is 22 pixels), so a course is first moved onto
the bright ridge beside it.

What is refused, and why, is decided by pixels and marks alone (``_refused``), before any network
is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xray.drawing.blur import wide_blur
from xray.drawing.removal import inpaint
from xray.films.decode import Pixels
from xray.films.lungs import Box, Lungs
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
#: Least mean brightness, of the grey range, that a device adds within its mask.
CONTRAST = {"line": 0.012, "tube": 0.012, "electrode": 0.03, "support": 0.12, "other": 0.05}
#: Largest share of the film that one device covers.
LARGEST = {"line": 0.06, "tube": 0.06, "electrode": 0.03, "support": 0.25, "other": 0.06}
#: A device that lies this much within marks of other kinds serves "as worn" only.
SHARED = 0.25
#: Most of a support that may lie on the lungs: what is bright there is anatomy.
ON_LUNGS = 0.15
#: Most of a bright thing that may run on beyond its box, as a share of what lies in it.
BEYOND = 0.5
#: Grey at which a film's shoulder begins, and the brightest that is told from white.
KNEE, WHITEST = 0.8, 0.995
#: Share of a film above which a thing is large enough to carry lettering.
LARGE = 0.01
#: How far lettering rises above what it lies on.
LETTERED = 0.22
#: Clouds are smooth, so they are kept at every fourth pixel.
CLOUD_STEP = 4
#: A piece that comes this near to the film's border is taken to run over it.
BORDER = 0.012


@dataclass(frozen=True, eq=False)
class Piece:
    """One device of a layer.

    Attributes
    ----------
    delta : (h, w) float32, what the device adds to the film's exposure
    box : (x0, y0, x1, y1) of these pixels on the donor film
    cloud : float32, ``delta`` spread over the film so that no edge is left, a value every
        ``CLOUD_STEP`` pixels
    touches : whether it runs over the film's left, top, right, bottom border
    """

    delta: NDArray[np.float32]
    box: tuple[int, int, int, int]
    cloud: NDArray[np.float32]
    touches: tuple[bool, bool, bool, bool]


@dataclass(frozen=True, eq=False)
class Layer:
    """All devices of one kind that one film gives.

    Attributes
    ----------
    kind : one of ``devices.KINDS``, or "as_worn" for all that is marked on the film
    file : donor film; ``child``, ``label``, ``subtype`` are the donor's
    mask : (H, W) bool, where the devices are
    lungs : box of the donor's lungs in pixels
    """

    kind: str
    file: str
    child: str
    label: str
    subtype: str
    mask: Mask
    pieces: tuple[Piece, ...]
    lungs: Box


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
        [Mark(d["kind"], d["geometry"], d["confidence"]) for d in look["devices"]
         if d["confidence"] >= SURE]
        for look in looks
    ]  # fmt: skip
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
    surest = max((o.confidence for o, share in meets.items() if o.kind == partner and share),
                 default=0.0)  # fmt: skip
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


def cut(
    film: Pixels,
    looks: Sequence[devices.Look],
    lungs: Lungs,
    told: Mapping[str, str],
    refused: Counter[tuple[str, str]] | None = None,
) -> list[Layer]:
    """Cut the layers of one labelled film: one a kind, and one of everything as it is worn.

    Parameters
    ----------
    film : (H, W) float32 in [0, 1]
    looks : looks at the film, with geometry
    lungs : of this film
    told : ``file``, ``child``, ``label``, ``subtype`` of the film
    refused : counts (kind, reason) of what is refused
    """
    marks, alone = agreed(looks, film.shape)
    pure: dict[str, list[Mask]] = {}
    worn: list[Mask] = []
    for mark in marks:
        mask = outline(film, mark)
        reason = _refused(film, mask, mark, lungs)
        if not reason:
            worn.append(mask)
            rivals = [m for m in marks if m.kind != mark.kind]
            rivals += [m for m in alone if m.kind not in (mark.kind, PARTNERS.get(mark.kind))]
            foreign = any_of(rivals, film.shape)
            if (mask & foreign).sum() > SHARED * mask.sum():
                reason = "meets another kind"
            else:
                pure.setdefault(mark.kind, []).append(mask & ~foreign)
        if reason and refused is not None:
            refused[mark.kind, reason] += 1
    kinds = [*pure.items(), *([("as_worn", worn)] if worn else [])]
    return [
        Layer(
            kind,
            told["file"],
            told["child"],
            told["label"],
            told["subtype"],
            np.logical_or.reduce(masks),
            tuple(pieces(film, masks, lettered=kind in ("support", "as_worn"))),
            lungs.box,
        )
        for kind, masks in kinds
    ]


def exposure(grey: Pixels) -> Pixels:
    """What films add up in: grey itself up to ``KNEE``, and beyond it what the shoulder pressed.

    Shadows of things that lie behind each other add up on a film until it nears white, where its
    characteristic curve flattens: an exponential shoulder from ``KNEE`` to 1.
    """
    left = (1 - np.minimum(grey, WHITEST)) / (1 - KNEE)
    return np.where(grey > KNEE, KNEE - (1 - KNEE) * np.log(left), grey).astype(np.float32)


def developed(exposed: Pixels) -> Pixels:
    """Grey in [0, 1] of exposures; undoes ``exposure``."""
    pressed = 1 - (1 - KNEE) * np.exp((KNEE - np.maximum(exposed, KNEE)) / (1 - KNEE))
    grey = np.where(exposed > KNEE, pressed, exposed)
    return np.clip(grey, 0, 1).astype(np.float32)


def unlettered(film: Pixels, mask: Mask) -> Pixels:
    """A film without the lettering that lies on a device: side markers are no devices.

    Letters are near white and thinner than a support's texture is coarse.
    """
    side = float(np.sqrt(film.size))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (round(0.05 * side) | 1,) * 2)
    risen = cv2.morphologyEx(film, cv2.MORPH_TOPHAT, kernel)
    letters = (risen > LETTERED) & (film > 0.8) & mask
    count, parts, stats, _ = cv2.connectedComponentsWithStats(_dilated(letters, 1).astype(np.uint8))
    tall = stats[:, cv2.CC_STAT_HEIGHT] >= 0.02 * side
    strokes = np.isin(parts, [k for k in range(1, count) if tall[k]]) & (risen > LETTERED / 2)
    return inpaint(film, strokes) if strokes.any() else film


def pieces(film: Pixels, masks: Sequence[Mask], lettered: bool = False) -> list[Piece]:
    """Lift what lies in masks off a film; all of them are painted over at once.

    ``lettered`` leaves behind lettering that lies on large things.
    """
    everything = np.logical_or.reduce(list(masks))
    behind = inpaint(film, everything)
    if lettered:
        large = [mask for mask in masks if mask.mean() > LARGE]
        film = unlettered(film, np.logical_or.reduce([np.zeros_like(everything), *large]))
    lifted = exposure(film) - exposure(behind)
    made: list[Piece] = []
    taken = np.zeros(film.shape, bool)
    for mask in masks:
        own = _dilated(mask, 3) & ~taken
        taken |= own
        piece = as_piece(np.where(own, lifted, 0).astype(np.float32))
        if piece is not None:
            made.append(piece)
    return made


def as_piece(delta: NDArray[np.float32]) -> Piece | None:
    """A piece of what a device adds to a whole film (H, W); None when that is nothing."""
    ys, xs = np.nonzero(delta)
    if not len(ys):
        return None
    height, width = delta.shape
    x0, y0, x1, y1 = int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1
    near = BORDER * float(np.sqrt(delta.size))
    return Piece(
        delta[y0:y1, x0:x1].copy(),
        (x0, y0, x1, y1),
        cloud(delta),
        (x0 <= near, y0 <= near, x1 >= width - near, y1 >= height - near),
    )


def cloud(delta: NDArray[np.float32]) -> NDArray[np.float32]:
    """Spread a device's brightness so that no edge of it is left, on a ``CLOUD_STEP`` grid.

    As wide as the cloud of ``shams.brightness``: 5 % of the film's side, more for large things.
    """
    total = float(delta.sum(dtype=np.float64))
    energy = float((delta.astype(np.float64) ** 2).sum())
    extent = abs(total) / np.sqrt(energy) if energy else 0.0
    soft = wide_blur(delta, 0.05 * float(np.sqrt(delta.size)) + 0.25 * extent)
    size = (-(-delta.shape[1] // CLOUD_STEP), -(-delta.shape[0] // CLOUD_STEP))
    return np.asarray(cv2.resize(soft, size, interpolation=cv2.INTER_AREA), np.float32)


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
        ridge, xs.astype(np.float32), ys.astype(np.float32), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float64)  # fmt: skip
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
    grown = _dilated(box, round(0.03 * side))
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
        k for k in range(1, count)
        if stats[k, cv2.CC_STAT_AREA] >= least and (box & (parts == k)).any()
    ]  # fmt: skip
    return np.asarray(_closed(np.isin(parts, kept), max(1, round(0.006 * side))) & grown)


def _refused(film: Pixels, mask: Mask, mark: Mark, lungs: Lungs) -> str:
    """Why a device gives no layer; "" when it does. Looks at pixels and marks only."""
    area = float(mask.mean())
    if not mask.any():
        return "nothing stands out"
    if area > LARGEST[mark.kind]:
        return "too large"
    gap = max(1, round(0.009 * np.sqrt(film.size)))
    ring = _dilated(mask, 2 * gap) & ~_dilated(mask, gap)
    if not ring.any():
        return "too large"
    if mark.kind in ("support", "other"):
        if mark.kind == "support" and (mask & lungs.field).sum() > ON_LUNGS * mask.sum():
            return "anatomy in it"
        if _runs_on(film, mask, mark):
            return "anatomy in it"
    gain = film[mask].mean() - film[ring].mean()
    return "no contrast" if gain < CONTRAST[mark.kind] else ""


def _runs_on(film: Pixels, mask: Mask, mark: Mark) -> bool:
    """Whether what is bright in a box is part of something bright beyond it, as bone is."""
    side = float(np.sqrt(film.size))
    outside = ~_dilated(stroke(mark, film.shape), round(0.03 * side))
    soft = cv2.GaussianBlur(film, (0, 0), 0.006 * side)
    dark = float(soft[_dilated(mask, round(0.03 * side)) & ~_dilated(mask, 2)].mean())
    bright = soft > (dark + float(soft[mask].mean())) / 2
    _, parts = cv2.connectedComponents((bright | mask).astype(np.uint8))
    own = np.unique(parts[mask])
    return bool((np.isin(parts, own[own > 0]) & outside).sum() > BEYOND * mask.sum())


def _dilated(mask: Mask, by: int) -> Mask:
    if by < 1:
        return mask
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel).astype(bool))


def _closed(mask: Mask, by: int) -> Mask:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel).astype(bool))
