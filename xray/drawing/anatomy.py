"""Draw the parts of a made-up chest film, as attenuation, from a random generator.

Nothing here was measured on a person: the shapes are a draughtsman's, in a frame where x and y
run from -1 to 1 over the film, x to the viewer's right (the patient's left) and y downwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from math import comb
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Plane = NDArray[np.float32]

#: cv2 takes whole numbers; the last ``_SHIFT`` bits of them are a fraction of a pixel.
_SHIFT = 4


@dataclass(frozen=True, eq=False)
class Frame:
    """Where the anatomy lies on the film.

    Attributes
    ----------
    size : (height, width) in pixels
    matrix : (2, 3) float64
        Affine map from anatomy to film, both in [-1, 1]: rotation, scale and shift of the child.
    """

    size: tuple[int, int]
    matrix: Points

    @property
    def unit(self) -> float:
        """Pixels to one unit of the frame, the mean of both directions."""
        return (self.size[0] + self.size[1]) / 4

    def blank(self) -> Plane:
        """Film-sized zeros."""
        return np.zeros(self.size, np.float32)

    def pixels(self, points: Points) -> NDArray[np.int32]:
        """Turn (N, 2) anatomy points into cv2's shifted film pixels."""
        turn, shift = self._to_pixels
        return (points @ turn + shift).astype(np.int32)

    @cached_property
    def _to_pixels(self) -> tuple[Points, Points]:
        """Matrix (2, 2), to multiply from the right, and shift (2,) of ``pixels``."""
        scale = np.array([self.size[1], self.size[0]]) / 2 * (1 << _SHIFT)
        shift = (self.matrix[:, 2] + 1) * scale - (1 << _SHIFT) / 2 + 0.5
        return self.matrix[:, :2].T * scale, shift

    def width(self, units: float) -> int:
        """Thickness of a line in pixels, at least one."""
        return max(1, round(units * self.unit))

    def area(self, outline: Points, corners: int = 3) -> Plane:
        """Fill an outline, rounded ``corners`` times, with ones (H, W)."""
        canvas = np.zeros(self.size, np.uint8)
        cv2.fillPoly(canvas, [self.pixels(rounded(outline, corners))], 255, cv2.LINE_AA, _SHIFT)
        return canvas.astype(np.float32) * np.float32(1 / 255)

    def strokes(self, lines: list[Points], thickness: float, closed: bool = False) -> Plane:
        """Draw lines of the same thickness (in units) with ones (H, W)."""
        canvas = np.zeros(self.size, np.uint8)
        shapes = [self.pixels(line) for line in lines]
        cv2.polylines(canvas, shapes, closed, 255, self.width(thickness), cv2.LINE_AA, _SHIFT)
        return canvas.astype(np.float32) * np.float32(1 / 255)

    def soft(self, plane: Plane, units: float) -> Plane:
        """Blur with a Gaussian whose standard deviation is given in units."""
        sigma = max(units * self.unit, 0.3)
        shrink = int(sigma / 4)
        if shrink < 2:
            return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)
        # A wide blur leaves nothing that a smaller picture could not hold.
        size = (max(8, self.size[1] // shrink), max(8, self.size[0] // shrink))
        small = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), sigma / shrink)
        return np.asarray(
            cv2.resize(small, self.size[::-1], interpolation=cv2.INTER_LINEAR), np.float32
        )

    def cloud(self, rng: np.random.Generator, cells: int) -> Plane:
        """Smooth noise, standard normal at ``cells`` x ``cells`` nodes, between them cubic."""
        nodes = rng.standard_normal((cells, cells)).astype(np.float32)
        return np.asarray(
            cv2.resize(nodes, self.size[::-1], interpolation=cv2.INTER_CUBIC), np.float32
        )

    def grid(self) -> tuple[Plane, Plane]:
        """Anatomy coordinates x and y of every pixel, each (H, W)."""
        height, width = self.size
        inverse = np.linalg.inv(self.matrix[:, :2]).astype(np.float32)
        shift = self.matrix[:, 2].astype(np.float32)
        film_x = ((np.arange(width, dtype=np.float32) + 0.5) * 2 / width - 1 - shift[0])[None, :]
        film_y = ((np.arange(height, dtype=np.float32) + 0.5) * 2 / height - 1 - shift[1])[:, None]
        return (
            inverse[0, 0] * film_x + inverse[0, 1] * film_y,
            inverse[1, 0] * film_x + inverse[1, 1] * film_y,
        )


@dataclass(frozen=True, eq=False)
class Build:
    """What differs from child to child.

    Attributes
    ----------
    chest : widest half-width of the rib cage, in units
    top, bottom : y of the lung apex and of the right dome of the diaphragm
    heart : half-width of the heart, in units
    flesh : how far skin lies outside the ribs, in units
    arms_up : whether the arms are held up beside the head
    jitter : (64,) small standard normals that bend every outline a little
    """

    chest: float
    top: float
    bottom: float
    heart: float
    flesh: float
    arms_up: bool
    jitter: Points

    @staticmethod
    def draw(rng: np.random.Generator) -> Build:
        """Draw one child."""
        chest = rng.uniform(0.56, 0.68)
        return Build(
            chest=chest,
            top=rng.uniform(-0.74, -0.6),
            bottom=rng.uniform(0.3, 0.48),
            heart=chest * rng.uniform(0.44, 0.56),
            flesh=rng.uniform(0.05, 0.13),
            arms_up=bool(rng.random() < 0.45),
            jitter=rng.standard_normal(64),
        )

    def cage(self, y: Any) -> Any:
        """Half-width of the rib cage at height(s) ``y``: an egg, narrow at the apex."""
        t = (np.asarray(y) - self.top) / (self.bottom + 0.22 - self.top)
        return self.chest * np.interp(
            t, [-0.05, 0, 0.1, 0.3, 0.6, 1, 1.6], [0.15, 0.36, 0.62, 0.85, 0.97, 1, 0.97]
        )


def rounded(outline: Points, times: int = 3) -> Points:
    """Round the corners of a closed outline (N, 2) by Chaikin's corner cutting (1974)."""
    return _cutting(len(outline), times) @ outline


@cache
def _cutting(n: int, times: int) -> Points:
    """Matrix (n * 2**times, n) of Chaikin's corner cutting."""
    matrix = np.eye(n)
    for _ in range(times):
        following = np.roll(matrix, -1, axis=0)
        pair = [0.75 * matrix + 0.25 * following, 0.25 * matrix + 0.75 * following]
        matrix = np.stack(pair, 1).reshape(-1, n)
    return matrix


def curve(points: Points, n: int = 20) -> Points:
    """Bezier curve (n, 2) of a polygon of control points."""
    return _bernstein(len(points) - 1, n) @ points


@cache
def _bernstein(degree: int, n: int) -> Points:
    """Bernstein polynomials (n, degree + 1) at n even steps from 0 to 1."""
    t = np.linspace(0, 1, n)[:, None]
    powers = np.arange(degree + 1)
    counts = np.array([comb(degree, int(k)) for k in powers])
    return np.asarray(counts * t**powers * (1 - t) ** (degree - powers))


def lungs(frame: Frame, build: Build) -> tuple[Plane, Plane]:
    """Return the right (viewer's left) and the left lung field, ones inside, each (H, W)."""
    fields = []
    for side, dome in ((-1, build.bottom), (1, build.bottom + 0.05)):
        wave = build.jitter[:8] if side < 0 else build.jitter[8:16]
        heights = np.linspace(build.top, dome + 0.1, 7)
        lateral = np.array([[side * 0.93 * float(build.cage(y)), y] for y in heights[1:]])
        lateral[:, 0] += 0.008 * wave[:6]
        angle = [side * 0.95 * float(build.cage(dome + 0.2)), dome + 0.2 + 0.02 * wave[6]]
        floor = [
            [side * 0.8 * build.chest, dome + 0.06],
            [side * 0.55 * build.chest, dome - 0.02],
            [side * 0.3 * build.chest, dome],
            [side * 0.1, dome + 0.09],
        ]
        middle = [
            [side * 0.05, dome - 0.2],
            [side * 0.06, build.top + 0.4],
            [side * 0.09, build.top + 0.12],
        ]
        apex = [[side * 0.22 * build.chest / 0.6, build.top + 0.01 * wave[7]]]
        fields.append(frame.area(np.array([*apex, *lateral, angle, *floor, *middle])))
    return fields[0], fields[1]


def body(frame: Frame, build: Build) -> Plane:
    """Thickness of soft tissue (H, W): neck, shoulders, trunk and arms, one in the middle."""
    x, y = frame.grid()
    shoulder = build.top - 0.02
    rows = np.array([-1.6, shoulder - 0.2, shoulder - 0.08, shoulder + 0.12, 0.1, 0.6, 1.6])
    trunk = build.chest + build.flesh
    half = np.array([0.2, 0.22, 0.42, 0.98 * trunk, trunk, trunk, 0.98 * trunk])
    rim = np.interp(y, rows, half).astype(np.float32)
    thickness = np.sqrt(np.clip(1 - (x / rim) ** 2, 0, 1)).astype(np.float32)
    depth = np.interp(y, [-1, shoulder, 0, 0.7, 1.2], [0.75, 0.85, 0.95, 1.06, 1.1])
    arms = []
    for side in (-1, 1):
        joint = [side * (trunk + 0.02), shoulder + 0.16]
        far = [1.15, -1.15] if build.arms_up else [trunk + 0.3, 1.2]
        bow = [side * (trunk + 0.2), shoulder + (0.0 if build.arms_up else 0.4)]
        arms.append(
            curve(np.array([[side * 0.3, shoulder + 0.1], joint, bow, [side * far[0], far[1]]]))
        )
    limbs = frame.soft(frame.strokes(arms, 0.26), 0.035)
    return np.asarray(np.maximum(thickness * depth, 0.62 * limbs), np.float32)


def middle(frame: Frame, build: Build) -> Plane:
    """Mediastinum with thymus, heart and great vessels (H, W), one in the heart."""
    j, heart = build.jitter[16:32], build.heart
    floor = build.bottom + 0.1
    outline = np.array(
        [
            [-0.16, build.top - 0.1],
            [0.16, build.top - 0.1],
            [0.14 + 0.015 * j[0], build.top + 0.22],
            [0.2 + 0.02 * j[1], build.top + 0.36],
            [0.17 + 0.02 * j[2], build.top + 0.5],
            [0.7 * heart, floor - 0.4 + 0.02 * j[3]],
            [1.28 * heart, floor - 0.14 + 0.02 * j[4]],
            [1.1 * heart, floor + 0.03],
            [0.0, floor + 0.12],
            [-0.72 * heart, floor + 0.02],
            [-0.82 * heart, floor - 0.2 + 0.02 * j[5]],
            [-0.5 * heart, floor - 0.42 + 0.02 * j[6]],
            [-0.15 + 0.02 * j[7], build.top + 0.42],
            [-0.14 + 0.015 * j[8], build.top + 0.2],
        ]
    )
    return frame.soft(frame.area(outline), 0.018)


def airway(frame: Frame, build: Build) -> Plane:
    """Trachea and main bronchi (H, W), ones where the air is."""
    x, carina = 0.012 * build.jitter[40] - 0.01, build.top + 0.36
    trunk = np.array([[0, -1.3], [x, build.top], [x, carina]])
    right = curve(np.array([[x, carina - 0.02], [-0.07, carina + 0.07], [-0.15, carina + 0.16]]))
    left = curve(np.array([[x, carina - 0.02], [0.09, carina + 0.09], [0.2, carina + 0.15]]))
    air = frame.strokes([trunk], 0.075) + 0.6 * frame.strokes([right, left], 0.045)
    return frame.soft(np.minimum(air, 1), 0.016)


def spine(frame: Frame, build: Build) -> Plane:
    """Vertebral bodies with their discs and pedicles (H, W)."""
    pitch = 0.103 * (build.bottom - build.top) / 1.05
    bodies, pedicles = [], []
    for i, y in enumerate(np.arange(-1.15, 1.15, pitch)):
        half = 0.07 + 0.012 * (y + 1) + 0.001 * build.jitter[i % 64]
        x = 0.01 * np.sin(3 * y + build.jitter[33])
        high = 0.4 * pitch
        corners = [[x - half, y - high], [x + half, y - high], [x + half, y + high]]
        bodies.append(rounded(np.array([*corners, [x - half, y + high]]), 2))
        pedicles += [
            np.array([[x + s * 0.62 * half, y - 0.01], [x + s * 0.62 * half, y + 0.01]])
            for s in (-1, 1)
        ]
    canvas = np.zeros(frame.size, np.uint8)
    cv2.fillPoly(canvas, [frame.pixels(b) for b in bodies], 255, cv2.LINE_AA, _SHIFT)
    plates = canvas.astype(np.float32) * np.float32(0.8 / 255)
    return frame.soft(plates, 0.012) + 0.3 * frame.soft(frame.strokes(pedicles, 0.022), 0.006)


def _tube(frame: Frame, lines: list[Points], thickness: float, wall: float) -> Plane:
    """Shadow of hollow bones: edges denser than the marrow by ``wall``."""
    outer = frame.strokes(lines, thickness)
    inner = frame.strokes(lines, max(thickness - 0.022, 0.3 * thickness))
    return frame.soft(outer - wall * inner, 0.007)


def ribs(frame: Frame, build: Build) -> Plane:
    """Ribs (H, W): backs that arch outwards, fronts that fall towards the breastbone, fainter."""
    backs, fronts = [], []
    pitch = (build.bottom + 0.28 - build.top) / 9.2
    for side in (-1, 1):
        for i in range(11):
            y = build.top - 0.02 + pitch * i + 0.004 * build.jitter[(i + 11 * (side > 0)) % 64]
            drop = 0.05 + 0.024 * i
            edge = float(build.cage(y + drop)) * 1.01
            back = [[side * 0.07, y], [side * 0.5 * edge, y - 0.075 + 0.004 * i]]
            turn = [[side * 1.04 * edge, y - 0.02 + 0.006 * i], [side * edge, y + drop + 0.02]]
            backs.append(curve(np.array([*back, *turn])))
            if i < 8:
                low = y + drop + 0.02
                front = [[side * edge, low], [side * 0.99 * edge, low + 0.13]]
                end = [side * (0.5 * edge + 0.04), low + 0.16 + 0.01 * i]
                fronts.append(curve(np.array([*front, [side * 0.75 * edge, low + 0.17], end])))
    return _tube(frame, backs, 0.062, 0.42) + 0.5 * _tube(frame, fronts, 0.066, 0.4)


def girdle(frame: Frame, build: Build) -> Plane:
    """Clavicles, shoulder blades and upper arms (H, W)."""
    collar, blade, arm = [], [], []
    trunk = build.chest + build.flesh
    lift = -0.12 if build.arms_up else 0.0
    for side in (-1, 1):
        y = build.top + 0.12 + 0.02 * build.jitter[50 + (side > 0)]
        tip = [side * (trunk - 0.02), y - 0.1 + lift]
        collar.append(
            curve(
                np.array(
                    [
                        [side * 0.09, y],
                        [side * 0.3, y - 0.16],
                        [side * 0.42, y + 0.12 + lift / 2],
                        tip,
                    ]
                )
            )
        )
        low = [side * (0.78 * trunk), y + 0.48 + lift]
        blade.append(
            np.array(
                [[side * (trunk - 0.04), y + lift], low, [side * 0.62 * trunk, y + 0.04 + lift]]
            )
        )
        head = [side * (trunk + 0.06), y - 0.02 + lift]
        end = [side * (trunk + 0.45), -1.3] if build.arms_up else [side * (trunk + 0.16), 1.0]
        arm.append(np.array([head, end]))
    plates = sum((frame.area(b, 2) for b in blade), frame.blank())
    edges = frame.strokes([rounded(b, 2) for b in blade], 0.018, closed=True)
    bones = 1.15 * _tube(frame, collar, 0.062, 0.3) + 0.9 * _tube(frame, arm, 0.11, 0.35)
    return np.asarray(bones + frame.soft(0.22 * plates + 0.35 * edges, 0.01), np.float32)


def vessels(frame: Frame, build: Build, rng: np.random.Generator) -> Plane:
    """Lung vessels (H, W): branches that leave each hilum and thin out."""
    trunk, branch, twig = [], [], []
    for side in (-1, 1):
        hilum = np.array([side * 0.16, build.top + 0.5 + (0.04 if side < 0 else 0.0)])
        for angle in np.linspace(-1.25, 1.35, 9) + 0.08 * rng.standard_normal(9):
            reach = build.chest * rng.uniform(0.34, 0.6)
            way = np.array([side * np.cos(angle), 1.15 * np.sin(angle)])
            bend = 0.05 * rng.standard_normal(2)
            knee, end = hilum + 0.45 * reach * way + bend, hilum + reach * way
            trunk.append(curve(np.array([hilum, hilum + 0.2 * reach * way, knee]), 8))
            branch.append(curve(np.array([knee, knee + 0.5 * (end - knee) + bend / 2, end]), 8))
            for turn in (-0.5, 0.45):
                far = np.array([side * np.cos(angle + turn), 1.15 * np.sin(angle + turn)])
                twig.append(
                    curve(np.array([knee, knee + 0.3 * reach * far, knee + 0.6 * reach * far]), 8)
                )
    tree = frame.strokes(trunk, 0.026) + 0.6 * frame.strokes(branch, 0.016)
    return frame.soft(tree + 0.4 * frame.strokes(twig, 0.01), 0.008)
