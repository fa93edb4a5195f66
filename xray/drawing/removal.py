"""Take devices out of films: fill a mask from around it, with grain so that no trace is left."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from xray.drawing.blur import wide_blur
from xray.films.pixels import Pixels

#: The mask grows by this share of the film's side: device edges blur over its outline.
GROW = 0.007
#: The fill is smooth, so larger films are filled on a copy of this side, in pixels.
FILL_SIDE = 448
#: What counts as grain: detail finer than this share of the film's side.
GRAIN = 0.009


def inpaint(film: Pixels, mask: NDArray[np.bool_] | NDArray[np.float32]) -> Pixels:
    """Fill the masked part of a film from its surroundings.

    Fast marching (Telea 2004) carries the surrounding tissue inward; the grain of the
    mirrored place of the same film, at the strength found around the mask, is laid on top,
    because a patch without grain is itself a mark a network can read.

    Parameters
    ----------
    film : (H, W) float32 in [0, 1]
    mask : (H, W) bool, or float32 in [0, 1] of which more than 0.1 counts as device

    Returns
    -------
    (H, W) float32 in [0, 1]; equal to ``film`` away from the mask
    """
    inside: NDArray[np.bool_] = np.asarray(mask if mask.dtype == np.bool_ else mask > 0.1, bool)
    if not inside.any():
        return film.copy()
    side = float(np.sqrt(film.size))
    hole = _grown(inside, round(GROW * side) or 1)
    if hole.all():
        return np.full_like(film, film.mean())
    fill = _filled(film, hole) + _grain(film, hole, GRAIN * side)
    edge = cv2.GaussianBlur(hole.astype(np.float32), (0, 0), max(0.5, 0.002 * side))
    # Feathered inward only: outside the hole the film stays as it is, bit for bit.
    share = np.where(hole, np.clip(2 * edge - 0.4, 0, 1), 0).astype(np.float32)
    share[inside] = 1
    mixed: Pixels = np.clip(film + share * (fill - film), 0, 1).astype(np.float32)
    return mixed


def _grown(mask: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    grown: NDArray[np.bool_] = cv2.dilate(mask.astype(np.uint8), kernel).astype(bool)
    return grown


def _filled(film: Pixels, hole: NDArray[np.bool_]) -> Pixels:
    """The film with its hole filled smoothly, (H, W)."""
    height, width = film.shape
    shrink = min(1.0, FILL_SIDE / max(height, width))
    size = (max(8, round(width * shrink)), max(8, round(height * shrink)))
    known = (~hole).astype(np.float32)
    # The shrunken film must not mix in what is to be taken out.
    weight = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(film * known, size, interpolation=cv2.INTER_AREA)
    small = small / np.maximum(weight, 1e-6)
    empty = (weight < 0.35).astype(np.uint8)
    levels = np.rint(np.clip(small, 0, 1) * 65535).astype(np.uint16)
    radius = max(3, round(0.02 * max(size)))
    filled = cv2.inpaint(levels, empty, radius, cv2.INPAINT_TELEA).astype(np.float32) / 65535
    return np.asarray(cv2.resize(filled, (width, height), interpolation=cv2.INTER_LINEAR))


def _grain(film: Pixels, hole: NDArray[np.bool_], scale: float) -> NDArray[np.float32]:
    """Fine detail for the hole: the mirror image's, as strong as around the hole."""
    known = (~hole).astype(np.float32)
    weight = wide_blur(known, scale) + 1e-6
    fine = (film - wide_blur(film * known, scale) / weight) * known
    mirrored = fine[:, ::-1] * known[:, ::-1]
    if (hole & hole[:, ::-1]).any():
        # A hole on both sides: fall back on the film upside down where the mirror is empty.
        blank = ~known[:, ::-1].astype(bool)
        mirrored = np.where(blank, fine[::-1] * known[::-1], mirrored)
    wide = 6 * scale
    around = wide_blur(fine * fine, wide) / (wide_blur(known, wide) + 1e-3)
    there = wide_blur(mirrored * mirrored, wide)
    strength = np.sqrt(around / np.maximum(there, 1e-8))
    textured: NDArray[np.float32] = (mirrored * np.clip(strength, 0, 1.5)).astype(np.float32)
    return textured
