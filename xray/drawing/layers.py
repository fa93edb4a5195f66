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

import cv2
import numpy as np
from numpy.typing import NDArray

from xray.drawing.blur import wide_blur
from xray.drawing.marks import PARTNERS, Mark, Mask, agreed, any_of, dilated, outline, stroke
from xray.drawing.removal import inpaint
from xray.films.lungs import Box, Lungs
from xray.films.pixels import Pixels
from xray.labels import devices

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
    count, parts, stats, _ = cv2.connectedComponentsWithStats(dilated(letters, 1).astype(np.uint8))
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
        own = dilated(mask, 3) & ~taken
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

    5 % of the film's side wide, wider than any lead or tube, and more for large things.
    """
    total = float(delta.sum(dtype=np.float64))
    energy = float((delta.astype(np.float64) ** 2).sum())
    extent = abs(total) / np.sqrt(energy) if energy else 0.0
    soft = wide_blur(delta, 0.05 * float(np.sqrt(delta.size)) + 0.25 * extent)
    size = (-(-delta.shape[1] // CLOUD_STEP), -(-delta.shape[0] // CLOUD_STEP))
    return np.asarray(cv2.resize(soft, size, interpolation=cv2.INTER_AREA), np.float32)


def _refused(film: Pixels, mask: Mask, mark: Mark, lungs: Lungs) -> str:
    """Why a device gives no layer; "" when it does. Looks at pixels and marks only."""
    area = float(mask.mean())
    if not mask.any():
        return "nothing stands out"
    if area > LARGEST[mark.kind]:
        return "too large"
    gap = max(1, round(0.009 * np.sqrt(film.size)))
    ring = dilated(mask, 2 * gap) & ~dilated(mask, gap)
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
    outside = ~dilated(stroke(mark, film.shape), round(0.03 * side))
    soft = cv2.GaussianBlur(film, (0, 0), 0.006 * side)
    dark = float(soft[dilated(mask, round(0.03 * side)) & ~dilated(mask, 2)].mean())
    bright = soft > (dark + float(soft[mask].mean())) / 2
    _, parts = cv2.connectedComponents((bright | mask).astype(np.uint8))
    own = np.unique(parts[mask])
    return bool((np.isin(parts, own[own > 0]) & outside).sum() > BEYOND * mask.sum())
