"""Style "test": devices the audit puts into films, made to look like those of real films.

Everything is measured in units of 1/224 of the film's side. Cords wander by heading, with
slack and loops, the way real leads lie; discs have rims, rings and snaps; clips are jaws,
hairpins and connectors. Nothing here is used to plant devices into training films.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from xray.drawing.canvas import Canvas, Frame, Points, ellipse
from xray.drawing.probe_cords import beside, cord, course, lead, profile_of, wire
from xray.drawing.probe_solids import clip, pad, support

Generator = np.random.Generator


def electrode(canvas: Canvas, frame: Frame, rng: Generator) -> None:
    """One to three electrodes at shoulders, flanks and chest, most with a lead."""
    size = 5.5 * float(np.exp(rng.normal(0, 0.28)))
    body = rng.uniform(0.3, 1.2)
    kind = str(rng.choice(["paper", "rim", "snap"], p=[0.45, 0.33, 0.22]))
    wired = rng.random() < 0.75
    for place in _places(frame, rng, int(rng.choice([1, 2, 3], p=[0.45, 0.37, 0.18]))):
        radius = float(np.clip(size * np.exp(rng.normal(0, 0.08)), 2.6, 10.0))
        _disc(canvas, frame, place, rng, radius=radius, body=body, kind=kind)
        if wired and rng.random() < 0.85:
            lead(canvas, frame, place, rng)


def _places(frame: Frame, rng: Generator, n: int) -> list[Points]:
    """Where electrodes go: shoulders, flanks, belly, chest; no two on the same spot."""
    spots = []
    for side in rng.permutation([-1.0, 1.0]):
        spots += [
            frame.at(side * rng.normal(0.95, 0.16), rng.normal(-0.02, 0.13)),
            frame.at(side * rng.normal(1.05, 0.12), rng.normal(0.85, 0.16)),
            frame.at(side * rng.normal(0.6, 0.25), rng.normal(0.5, 0.35)),
        ]
    weights = np.array([0.2, 0.15, 0.15] * 2)
    chosen = rng.choice(6, size=n, replace=False, p=weights / weights.sum())
    inner = frame.on(0.01, 0.02), frame.on(0.99, 0.98)
    return [np.clip(spots[k], *inner) for k in chosen]


def _disc(
    canvas: Canvas,
    frame: Frame,
    place: Points,
    rng: Generator,
    *,
    radius: float,
    body: float,
    kind: str,
) -> None:
    """One electrode of ``radius`` units: disc with rings and snap, seen flat or tilted."""
    tilt = rng.uniform(0.3, 0.65) if rng.random() < 0.15 else rng.uniform(0.85, 1.0)
    angle = rng.normal(0, 0.4)
    u = frame.unit

    def ring(share: float, centre: Points = place) -> Points:
        return frame.shape(ellipse(radius * share * tilt, radius * share), centre, angle)

    if kind == "paper":
        canvas.fill(ring(1.0), body)
        canvas.stroke(ring(0.75), 0.16 * radius * u, 0.5 * body, closed=True)
        canvas.fill(ring(rng.uniform(0.25, 0.45)), 0.7 * body)
        if rng.random() < 0.6:
            canvas.fill(ring(0.14), -0.7 * body)
    elif kind == "rim":
        canvas.fill(ring(1.0), 0.5 * body)
        canvas.stroke(ring(0.93), 0.17 * radius * u, 0.9 * body, closed=True)
        snap = place + rng.normal(0, 0.12, 2) * radius * u
        canvas.fill(ring(rng.uniform(0.22, 0.42), snap), 1.5 * body)
    else:
        canvas.fill(ring(rng.uniform(1.2, 1.6)), rng.uniform(0.06, 0.18))
        canvas.fill(ring(0.6), 0.9 * body)
        canvas.fill(ring(0.28), body)


def tube(canvas: Canvas, frame: Frame, rng: Generator) -> None:
    """Endotracheal tube, nasogastric tube, both, or a chest drain."""
    what = rng.choice(4, p=[0.45, 0.25, 0.2, 0.1])
    if what in (0, 2):
        tip = frame.at(rng.normal(-0.02, 0.06), rng.uniform(0.05, 0.42))
        top = np.array([tip[0] + rng.normal(0, 0.04) * frame.width, -0.05 * frame.height])
        bend = (tip + top) / 2 + rng.normal(0, 0.012, 2) * frame.width
        _walled(canvas, frame, course([top, bend, tip]), rng.uniform(3.0, 4.8), rng)
    if what in (1, 2):
        _gastric(canvas, frame, rng)
    if what == 3:
        side = rng.choice([-1.0, 1.0])
        ends = [
            frame.at(side * 1.25, rng.uniform(0.5, 1.05)),
            frame.at(side * 0.85, rng.uniform(0.45, 0.8)),
            frame.at(side * rng.uniform(0.3, 0.6), rng.uniform(0.05, 0.35)),
        ]
        ends[0] = np.array([frame.width * (0.5 + side * 0.55), ends[0][1]])
        _walled(canvas, frame, course(ends), rng.uniform(2.8, 4.5), rng)


def _walled(canvas: Canvas, frame: Frame, points: Points, width: float, rng: Generator) -> None:
    """Plastic tube: two faint walls and a radio-opaque stripe."""
    u = frame.unit
    wall = rng.uniform(0.05, 0.22)
    canvas.stroke(points, width * u, 0.3 * wall)
    for side in (-0.5, 0.5):
        canvas.stroke(beside(points, side * width * u), rng.uniform(0.7, 1.2) * u, wall)
    stripe = beside(points, rng.uniform(-0.45, 0.45) * width * u)
    canvas.stroke(stripe, rng.uniform(0.8, 1.5) * u, rng.uniform(0.15, 0.6))


def _gastric(canvas: Canvas, frame: Frame, rng: Generator) -> None:
    """Nasogastric tube: down the midline, through the diaphragm, into the stomach."""
    drift = rng.normal(0, 0.05)
    points = [
        np.array([frame.midline + drift * frame.width, -0.05 * frame.height]),
        frame.at(0.05 + drift + rng.normal(0, 0.04), rng.uniform(0.2, 0.4)),
        frame.at(0.04 + rng.normal(0, 0.05), rng.uniform(0.7, 0.85)),
        frame.at(rng.uniform(0.05, 0.3), rng.uniform(1.0, 1.1)),
        frame.at(rng.uniform(0.25, 0.75), rng.uniform(1.05, 1.3)),
    ]
    line = course(points)
    u = frame.unit
    width = rng.uniform(1.6, 2.8) * u
    wire(canvas, line, width, rng.uniform(0.1, 0.45), str(rng.choice(["tube", "cored", "round"])))
    for hole in rng.choice(np.arange(46, 58), 3, replace=False):
        canvas.stroke(line[hole : hole + 2], 0.6 * width, -rng.uniform(0.05, 0.3))


def central_line(canvas: Canvas, frame: Frame, rng: Generator) -> None:
    """Central venous catheter: from the neck, the arm, the groin, or a port, to the heart."""
    tip = frame.at(rng.normal(-0.14, 0.06), rng.uniform(0.3, 0.62))
    u = frame.unit
    side = rng.choice([-1.0, 1.0], p=[0.6, 0.4])
    route = rng.choice(4, p=[0.3, 0.38, 0.2, 0.12])
    if route == 0:
        start = np.array([frame.midline + rng.normal(-0.06, 0.07) * frame.width, -0.05])
        start[1] *= frame.height
        line = course([start, frame.at(rng.normal(-0.16, 0.06), 0.1), tip])
    elif route == 1:
        start = frame.on(0.5 + side * 0.56, rng.uniform(0.02, 0.45))
        via = frame.at(side * rng.uniform(0.55, 0.9), rng.uniform(-0.12, 0.08))
        near = frame.at(side * rng.uniform(0.15, 0.3) - 0.05, rng.uniform(0.02, 0.14))
        line = course([start, via, near, tip])
    elif route == 2:
        start = np.array([frame.midline + rng.normal(-0.05, 0.05) * frame.width, 1.05])
        start[1] *= frame.height
        tip = frame.at(rng.normal(-0.1, 0.06), rng.uniform(0.55, 0.95))
        line = course([start, (start + tip) / 2 + rng.normal(0, 2.5 * u, 2), tip])
    else:
        port = frame.at(side * rng.uniform(0.55, 0.8), rng.uniform(0.12, 0.3))
        _port(canvas, frame, port, rng)
        over = frame.at(side * rng.uniform(0.3, 0.5), rng.uniform(-0.12, 0.0))
        line = course([port, over, frame.at(side * 0.12 - 0.06, 0.12), tip])
    wire(
        canvas,
        line,
        rng.uniform(1.0, 1.9) * u,
        rng.uniform(0.18, 0.65),
        str(rng.choice(["round", "cored"])),
    )
    if route == 1 and rng.random() < 0.4:
        hub = int(rng.integers(3, 14))
        canvas.stroke(line[hub : hub + 5], rng.uniform(2.5, 4) * u, rng.uniform(0.2, 0.6))


def _port(canvas: Canvas, frame: Frame, place: Points, rng: Generator) -> None:
    radius = rng.uniform(4.0, 6.5)
    canvas.fill(frame.shape(ellipse(radius, radius), place), rng.uniform(0.3, 0.9))
    inner = frame.shape(ellipse(0.5 * radius, 0.5 * radius), place)
    canvas.stroke(inner, 0.9 * frame.unit, rng.uniform(0.4, 1.0), closed=True)


def cable(canvas: Canvas, frame: Frame, rng: Generator) -> None:
    """External cables and IV lines: along a flank, across, or round a corner."""
    u = frame.unit
    what = rng.choice(3, p=[0.5, 0.3, 0.2])
    side = rng.choice([0.0, 1.0])
    if what == 0:
        ends = [rng.normal(0.06, 0.07), rng.normal(0.06, 0.07)]
        xs = np.abs(side - np.abs(ends))
        start, end = frame.on(xs[0], -0.05), frame.on(xs[1], 1.05)
        if rng.random() < 0.5:
            start = frame.on(side * 1.1 - 0.05, rng.uniform(0.1, 0.6))
    elif what == 1:
        start = frame.on(rng.uniform(0.05, 0.95), -0.05)
        end = frame.on(rng.choice([-0.05, 1.05]), rng.uniform(0.2, 1.0))
        if rng.random() < 0.3:
            start = frame.on(-0.05, rng.uniform(0.1, 0.95))
            end = frame.on(1.05, rng.uniform(0.1, 0.95))
    else:
        low = rng.choice([-0.05, 1.05])
        start = frame.on(abs(side - rng.uniform(0.08, 0.4)), low)
        end = frame.on(side * 1.1 - 0.05, abs(np.clip(low, 0, 1) - rng.uniform(0.08, 0.4)))
    line = cord(start, end, rng, rng.uniform(0.25, 1.0), 0.15)
    width, depth, profile = rng.uniform(1.5, 4.2), rng.uniform(0.2, 1.0), profile_of(rng)
    wire(canvas, line, width * u, depth, profile)
    if rng.random() < 0.2:
        wire(canvas, beside(line, (width + rng.uniform(0.5, 4)) * u), width * u, depth, profile)


def finish(canvas: Canvas, frame: Frame, rng: Generator) -> float:
    """Blur as the focal spot does and choose the white the film saturates to."""
    canvas.soften(float(rng.uniform(0.3, 0.75)) * frame.unit)
    if rng.random() < 0.4:
        # The beam falls off toward the film's border (heel effect), and so does a device.
        ramp = np.linspace(rng.uniform(0.75, 1.0), 1.0, 16, dtype=np.float32)[:, None]
        canvas.shade(np.asarray(cv2.resize(ramp, canvas.depth.shape[::-1]), np.float32))
    return float(rng.uniform(0.9, 1.0))


DRAWERS: dict[str, Callable[[Canvas, Frame, Generator], None]] = {
    "electrode": electrode,
    "tube": tube,
    "central_line": central_line,
    "cable": cable,
    "pad": pad,
    "clip": clip,
    "support": support,
}
