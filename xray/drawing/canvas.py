"""A sheet to draw devices on, in optical depth, and the landmarks that place them.

Both style families draw on this sheet and nothing else is common to them: their shapes,
courses, widths, depths and places are their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from xray.films.lungs import Lungs
from xray.films.pixels import Pixels

Points = NDArray[np.float64]

#: Supersampled side that small films are drawn at, in pixels: below it edges look ragged.
FINE_SIDE = 900
#: Binary digits of sub-pixel precision in OpenCV's drawing functions.
SHIFT = 4


@dataclass(frozen=True)
class Frame:
    """Landmarks of one film, in pixels.

    Attributes
    ----------
    height, width : size of the film
    unit : length of 1/224 of the film's side (geometric mean of height and width)
    stretch : (x, y) factors that turn a round device into the ellipse it is on a film that
        was squashed to a square
    box : thorax (x0, y0, x1, y1)
    midline : column between the lungs
    """

    height: int
    width: int
    unit: float
    stretch: tuple[float, float]
    box: tuple[float, float, float, float]
    midline: float

    def at(self, across: float, down: float) -> Points:
        """Turn thorax coordinates into pixels.

        Parameters
        ----------
        across : -1 the outer edge of the lung on the image's left, 0 midline, 1 the other
            outer edge
        down : 0 the apex of the lungs, 1 their base
        """
        x0, y0, x1, y1 = self.box
        half = self.midline - x0 if across < 0 else x1 - self.midline
        return np.array([self.midline + across * half, y0 + down * (y1 - y0)])

    def on(self, x: float, y: float) -> Points:
        """Turn fractions of width and height into pixels."""
        return np.array([x * self.width, y * self.height])

    def shape(self, points: NDArray[np.float64], centre: Points, angle: float = 0.0) -> Points:
        """Place a shape given in units: turn it, squash it as the film was, move it."""
        cos, sin = np.cos(angle), np.sin(angle)
        turned = points @ np.array([[cos, sin], [-sin, cos]])
        moved: Points = centre + turned * self.unit * np.asarray(self.stretch)
        return moved

    def exit(self, point: Points, rng: np.random.Generator, spread: float = 0.2) -> Points:
        """A point just outside the film at the border nearest to ``point``, give or take."""
        x, y = point[0] / self.width, point[1] / self.height
        # Leads rarely leave through the bottom unless they start there.
        costs = np.array([x, 1 - x, y, (1 - y) * 1.5]) + rng.normal(0, 0.12, 4)
        side = int(np.argmin(costs))
        slide = rng.normal(0, spread)
        if side == 0:
            return self.on(-0.06, y + slide)
        if side == 1:
            return self.on(1.06, y + slide)
        return self.on(x + slide, -0.06 if side == 2 else 1.06)


def frame(film: Pixels, lungs: Lungs, rng: np.random.Generator) -> Frame:
    """Find the landmarks that place a device on a film.

    A square film is taken for one squashed from the usual 1.15 to 1.6 times as wide as high;
    a film that has an aspect is taken as it is.
    """
    height, width = film.shape
    squashed = float(rng.uniform(1.15, 1.6))
    aspect = squashed if abs(width / height - 1) < 0.04 else 1.0
    stretch = (aspect**-0.5, aspect**0.5)
    unit = float(np.sqrt(height * width)) / 224
    return Frame(height, width, unit, stretch, lungs.box, lungs.midline)


class Canvas:
    """Optical depth and coverage of a device being drawn.

    ``depth`` (H, W) float32 adds up over layers, as attenuation does; ``cover`` (H, W)
    float32 in [0, 1] is what the device covers; ``fine`` is how many times finer than the
    film shapes are drawn before they are averaged.
    """

    def __init__(self, height: int, width: int) -> None:
        self.depth = np.zeros((height, width), np.float32)
        self.cover = np.zeros((height, width), np.float32)
        side = (height * width) ** 0.5
        self.fine = int(np.clip(round(FINE_SIDE / side), 1, 4))

    def stroke(self, points: Points, width: float, depth: float, closed: bool = False) -> None:
        """Draw a line ``width`` pixels wide; a negative depth hollows out what is there."""
        thick = max(1, round(width * self.fine))
        # Lines thinner than the finest one drawn keep their total attenuation.
        share = min(1.0, width * self.fine / thick)
        region = self._region(points, width)
        if region is None:
            return
        layer, fixed = self._layer(points, region)
        cv2.polylines(layer, [fixed], closed, 255, thick, cv2.LINE_AA, SHIFT)
        self._add(layer, region, depth * share, share)

    def fill(
        self,
        outline: Points,
        depth: float,
        holes: Sequence[Points] = (),
        grain: float = 0.0,
        rng: np.random.Generator | None = None,
    ) -> None:
        """Fill a shape, with holes left out; ``grain`` (0..1) roughens its depth."""
        region = self._region(outline, 1)
        if region is None:
            return
        layer, fixed = self._layer(outline, region)
        cv2.fillPoly(layer, [fixed], 255, cv2.LINE_AA, SHIFT)
        for hole in holes:
            cv2.fillPoly(layer, [self._fixed(hole, region)], 0, cv2.LINE_AA, SHIFT)
        texture = None if rng is None or grain == 0 else self._grain(region, grain, rng)
        self._add(layer, region, depth, 1.0, texture)

    def soften(self, sigma: float) -> None:
        """Blur everything drawn so far by ``sigma`` pixels."""
        box = cv2.boundingRect((self.cover > 0).astype(np.uint8))
        pad = int(np.ceil(4 * sigma)) + 1
        rows = slice(max(0, box[1] - pad), box[1] + box[3] + pad)
        columns = slice(max(0, box[0] - pad), box[0] + box[2] + pad)
        for sheet in (self.depth, self.cover):
            part = sheet[rows, columns]
            if part.size:
                sheet[rows, columns] = cv2.GaussianBlur(
                    part, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE
                )

    def shade(self, weights: NDArray[np.float32]) -> None:
        """Multiply the depth drawn so far, (H, W)."""
        self.depth *= weights

    def _region(self, points: Points, width: float) -> tuple[int, int, int, int] | None:
        """Film pixels (x0, y0, x1, y1) that a shape touches; None when it lies outside."""
        pad = width / 2 + 2
        height, wide = self.depth.shape
        low = np.floor(points.min(0) - pad)
        high = np.ceil(points.max(0) + pad)
        x0, y0 = max(0, int(low[0])), max(0, int(low[1]))
        x1, y1 = min(wide, int(high[0])), min(height, int(high[1]))
        return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None

    def _fixed(self, points: Points, region: tuple[int, int, int, int]) -> NDArray[np.int32]:
        local = (points - np.array(region[:2])) * self.fine
        # Far points would overflow OpenCV's fixed-point numbers.
        bounded = np.clip(local, -8000, 16000) * (1 << SHIFT)
        fixed: NDArray[np.int32] = np.rint(bounded).astype(np.int32)[:, None, :]
        return fixed

    def _layer(
        self, points: Points, region: tuple[int, int, int, int]
    ) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
        shape = ((region[3] - region[1]) * self.fine, (region[2] - region[0]) * self.fine)
        return np.zeros(shape, np.uint8), self._fixed(points, region)

    def _add(
        self,
        layer: NDArray[np.uint8],
        region: tuple[int, int, int, int],
        depth: float,
        share: float,
        texture: NDArray[np.float32] | None = None,
    ) -> None:
        x0, y0, x1, y1 = region
        size = (x1 - x0, y1 - y0)
        shrunk = layer if self.fine == 1 else cv2.resize(layer, size, interpolation=cv2.INTER_AREA)
        covered = shrunk.astype(np.float32) * np.float32(1 / 255)
        added = covered * np.float32(depth)
        if texture is not None:
            added *= texture
        part = self.depth[y0:y1, x0:x1]
        np.maximum(part + added, 0, out=part)
        if depth > 0:
            cover = self.cover[y0:y1, x0:x1]
            np.maximum(cover, covered * np.float32(share), out=cover)

    def _grain(
        self, region: tuple[int, int, int, int], grain: float, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Grainy texture of mean 1; its grains keep their size relative to the film."""
        noise = rng.normal(0, 1, (200, 200)).astype(np.float32)
        spread = cv2.resize(noise, self.depth.shape[::-1], interpolation=cv2.INTER_LINEAR)
        part = spread[region[1] : region[3], region[0] : region[2]]
        textured: NDArray[np.float32] = np.maximum(1 + np.float32(grain) * part, 0.0)
        return textured


def attenuate(film: Pixels, depth: NDArray[np.float32], white: float) -> Pixels:
    """Put an absorber in the beam.

    The distance of a pixel to ``white``, the value of a film that no ray reached, falls by
    exp(-depth) (Beer-Lambert), so devices saturate and the anatomy shows through thin ones.

    Parameters
    ----------
    film : (H, W) float32 in [0, 1]
    depth : (H, W) float32, optical depth, at least 0
    white : 0..1; pixels brighter than it stay as they are

    Returns
    -------
    (H, W) float32 in [0, 1], nowhere darker than ``film``
    """
    room = np.maximum(np.float32(white) - film, 0)
    lit: Pixels = np.clip(film + room * -np.expm1(-depth), 0, 1).astype(np.float32)
    return lit


def ellipse(radius_x: float, radius_y: float, n: int = 40) -> Points:
    """Outline of an ellipse around the origin."""
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return np.stack([radius_x * np.cos(angle), radius_y * np.sin(angle)], 1)
