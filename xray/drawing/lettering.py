"""Side markers and burned-in text on films: where they are, by their pixels.

Nobody has marked them. A side marker is one bright letter beside the chest; text is a row of small
letters in a corner. Both stand out from what lies around them, and neither lies on the lungs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from xray.drawing.marks import Mask, dilated
from xray.films.lungs import Box
from xray.films.pixels import Pixels

#: Letters rise above what lies around them by this much of the grey range, markers and text.
RISE = {"marker": 0.2, "text": 0.12}
#: A marker's brightest pixel rises by this much at least: lead is near white.
WHITE = 0.3
#: Side of the surroundings that letters are held against, as a share of the film's side.
AROUND = 0.07
#: Height of letters, as a share of the film's.
MARKER_HEIGHT, TEXT_HEIGHT = (0.018, 0.13), 0.036
#: Fewer pixels of text than this, of 224 x 224, are a speck.
LEAST_TEXT = 12


@dataclass(frozen=True, eq=False)
class _Part:
    """A bright spot beside the lungs: its mask, box in shares of the film, fill and contrast."""

    mask: Mask
    left: float
    top: float
    wide: float
    high: float
    full: float
    risen: float


def _parts(film: Pixels, lungs: Box, rise: float) -> Iterator[_Part]:
    """All that rises above its surroundings, but for what begins within the lungs' box."""
    height, width = film.shape
    side = round(AROUND * float(np.sqrt(film.size))) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (side, side))
    risen = cv2.morphologyEx(film, cv2.MORPH_TOPHAT, kernel)
    bright = risen > rise
    x0, y0, x1, y1 = (max(0, round(edge)) for edge in lungs)
    bright[y0:y1, x0:x1] = False
    count, labels, stats, _ = cv2.connectedComponentsWithStats(bright.astype(np.uint8))
    for i in range(1, count):
        x, y, w, h, area = (int(value) for value in stats[i])
        mask = labels == i
        yield _Part(
            mask,
            x / width,
            y / height,
            w / width,
            h / height,
            area / (w * h),
            float(risen[mask].max()),
        )


def marker(film: Pixels, lungs: Box) -> Mask:
    """The side marker of a film (H, W) in [0, 1], as (H, W) bool; empty where none is found."""
    least, most = MARKER_HEIGHT
    found = [
        part
        for part in _parts(film, lungs, RISE["marker"])
        if least <= part.high <= most
        and 0.3 * part.high <= part.wide <= 1.3 * part.high
        and 0.25 < part.full < 0.8
        and part.risen > WHITE
        and (part.left + part.wide < 0.22 or part.left > 0.78)
    ]
    best = max(found, key=lambda part: part.risen, default=None)
    return np.zeros(film.shape, bool) if best is None else dilated(best.mask, 1)


def text(film: Pixels, lungs: Box) -> Mask:
    """Burned-in text of a film that is known to have some; empty where none is found."""
    mask = np.zeros(film.shape, bool)
    for part in _parts(film, lungs, RISE["text"]):
        low = part.top + part.high > 0.86
        if (
            part.high <= TEXT_HEIGHT
            and part.wide < 0.2
            and part.full > 0.2
            and (low or part.top < 0.16)
            and (part.left + part.wide > 0.75 or (low and part.left < 0.2))
        ):
            mask |= part.mask
    enough = mask.sum() >= LEAST_TEXT * film.size / 224**2
    return dilated(mask, 1) if enough else np.zeros(film.shape, bool)
