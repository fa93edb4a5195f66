"""Style "plant": devices put into training films, to make models whose answer is known.

Drawn apart from the style the audit tests with: smooth Bezier cords of even density, rings
with a dark centre, flat shapes, softer edges, other places. Measured in units of 1/224 of
the film's side.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xray.drawing.canvas import Canvas, Frame, Points, ellipse

Generator = np.random.Generator


def bezier(start: Points, end: Points, rng: Generator, bow: float) -> Points:
    """Cubic Bezier curve whose two handles swing out by up to ``bow`` of its length, (48, 2)."""
    chord = end - start
    across = np.array([-chord[1], chord[0]])
    first = start + chord * rng.uniform(0.2, 0.4) + across * rng.normal(0, bow)
    second = start + chord * rng.uniform(0.6, 0.8) + across * rng.normal(0, bow)
    t = np.linspace(0, 1, 48)[:, None]
    line: Points = (
        (1 - t) ** 3 * start
        + 3 * (1 - t) ** 2 * t * first
        + 3 * (1 - t) * t**2 * second
        + t**3 * end
    )
    return line


def electrode(canvas: Canvas, frame: Frame, rng: Generator) -> None:
    """Two to four rings with a dark centre and a snap; their leads run together."""
    u = frame.unit
    radius, depth = rng.uniform(3.0, 6.5), rng.uniform(0.4, 1.3)
    square = rng.random() < 0.3
    meet = frame.on(rng.choice([-0.05, 0.3, 0.7, 1.05]), rng.choice([-0.06, 1.06]))
    wired = rng.random() < 0.75
    width = rng.uniform(1.3, 2.4) * u
    spots = [(-0.75, 0.08), (0.75, 0.08), (-0.85, 0.75), (0.85, 0.75), (0.3, 0.5)]
    for k in rng.permutation(5)[: int(rng.integers(2, 5))]:
        across, down = spots[k]
        place = frame.at(across + rng.normal(0, 0.13), down + rng.normal(0, 0.1))
        if square:
            tab = np.array([[-1.5, -1.5], [1.5, -1.5], [1.5, 1.5], [-1.5, 1.5]]) * radius
            canvas.fill(frame.shape(tab, place, rng.uniform(-0.5, 0.5)), 0.15)
        ring = frame.shape(ellipse(radius, radius), place)
        canvas.stroke(ring, rng.uniform(1.2, 2.2) * u, depth, closed=True)
        snap = frame.shape(ellipse(0.3 * radius, 0.3 * radius, 16), place)
        canvas.fill(snap, 1.4 * depth)
        if wired:
            canvas.stroke(bezier(place, meet, rng, 0.2), width, 0.45 * depth)


def tube(canvas: Canvas, frame: Frame, rng: Generator) -> None:
    """Tube of even density from the top, ending in the trachea or below the diaphragm."""
    u = frame.unit
    deep = rng.random() < 0.45
    start = np.array([frame.midline + rng.normal(0, 0.03) * frame.width, -0.04 * frame.height])
    end = frame.at(rng.normal(0, 0.08), rng.uniform(0.15, 0.5))
    if deep:
        end = frame.at(rng.uniform(0.1, 0.6), rng.uniform(0.95, 1.2))
    line = bezier(start, end, rng, 0.05)
    width = rng.uniform(1.8, 3.0) if deep else rng.uniform(2.6, 4.4)
    canvas.stroke(line, width * u, rng.uniform(0.15, 0.5))
    if rng.random() < 0.5:
        canvas.stroke(line, 0.35 * width * u, rng.uniform(0.1, 0.4))


def central_line(canvas: Canvas, frame: Frame, rng: Generator) -> None:
    """Thin even line from a shoulder or the neck to the heart."""
    side = rng.choice([-1.0, 1.0])
    start = frame.at(side * rng.uniform(0.0, 1.3), -0.4)
    if rng.random() < 0.5:
        start = frame.on(0.5 + side * 0.55, rng.uniform(0.05, 0.35))
    end = frame.at(rng.normal(-0.1, 0.1), rng.uniform(0.3, 0.7))
    line = bezier(start, end, rng, 0.22)
    canvas.stroke(line, rng.uniform(1.1, 2.0) * frame.unit, rng.uniform(0.25, 0.7))


def cable(canvas: Canvas, frame: Frame, rng: Generator) -> None:
    """One or two smooth cables right across the film."""
    for _ in range(int(rng.integers(1, 3))):
        start = frame.on(rng.uniform(-0.05, 1.05), rng.choice([-0.05, 1.05]))
        end = frame.on(rng.choice([-0.05, 1.05]), rng.uniform(-0.05, 1.05))
        width = rng.uniform(1.6, 3.6) * frame.unit
        canvas.stroke(bezier(start, end, rng, 0.25), width, rng.uniform(0.3, 0.9))


def pad(canvas: Canvas, frame: Frame, rng: Generator) -> None:
    """Flat rectangular pad with a darker window and a cable."""
    place = frame.at(rng.choice([-0.55, 0.55]) + rng.normal(0, 0.1), rng.uniform(0.3, 0.9))
    wide, high = rng.uniform(12, 22), rng.uniform(10, 18)
    corners = np.array([[-wide, -high], [wide, -high], [wide, high], [-wide, high]])
    angle = rng.uniform(-0.6, 0.6)
    outline = frame.shape(corners, place, angle)
    window = frame.shape(corners * rng.uniform(0.5, 0.8), place, angle)
    sheet = rng.uniform(0.15, 0.45)
    canvas.fill(outline, sheet)
    canvas.fill(window, -0.6 * sheet)
    line = bezier(place, frame.exit(place, rng), rng, 0.15)
    canvas.stroke(line, rng.uniform(1.5, 2.8) * frame.unit, rng.uniform(0.3, 0.8))


def clip(canvas: Canvas, frame: Frame, rng: Generator) -> None:
    """Buckle, round metal button, or alligator clip."""
    u = frame.unit
    kind = rng.integers(0, 3)
    for _ in range(int(rng.integers(1, 4))):
        place = frame.on(rng.uniform(0.04, 0.96), rng.uniform(0.04, 0.96))
        angle, depth = rng.uniform(0, np.pi), rng.uniform(0.8, 2.2)
        if kind == 0:
            wide, high = rng.uniform(3.5, 6), rng.uniform(4, 8)
            frame_ = np.array([[-wide, -high], [wide, -high], [wide, high], [-wide, high]])
            points = frame.shape(frame_, place, angle)
            canvas.stroke(points, rng.uniform(1.4, 2.4) * u, depth, closed=True)
            bar = frame.shape(np.array([[-wide, 0.0], [wide, 0.0]]), place, angle)
            canvas.stroke(bar, 1.5 * u, depth)
        elif kind == 1:
            radius = rng.uniform(1.8, 4.0)
            canvas.fill(frame.shape(ellipse(radius, radius), place), depth)
        else:
            long, wide = rng.uniform(8, 15), rng.uniform(2, 3.5)
            body = np.array([[-wide, 0.0], [wide, 0.0], [0.6, long], [-0.6, long]])
            canvas.fill(frame.shape(body, place, angle), depth)


def support(canvas: Canvas, frame: Frame, rng: Generator) -> None:
    """Straight-edged wedge of even density along one border."""
    side = rng.choice([0.0, 1.0])
    top, bottom = rng.uniform(0.04, 0.2, 2)
    begin = rng.choice([-0.05, rng.uniform(0.0, 0.4)])
    end = rng.choice([1.05, begin + rng.uniform(0.35, 0.7)])
    corners = [(-0.1, begin), (top, begin), (bottom, end), (-0.1, end)]
    points = np.array([frame.on(abs(side - x), y) for x, y in corners])
    canvas.fill(points, rng.uniform(0.3, 1.1))
    canvas.soften(rng.uniform(0.3, 2.0) * frame.unit)


def finish(canvas: Canvas, frame: Frame, rng: Generator) -> float:
    """Soften the edges and choose the white the film saturates to."""
    canvas.soften(float(rng.uniform(0.55, 1.1)) * frame.unit)
    return float(rng.uniform(0.82, 0.98))


DRAWERS: dict[str, Callable[[Canvas, Frame, Generator], None]] = {
    "electrode": electrode,
    "tube": tube,
    "central_line": central_line,
    "cable": cable,
    "pad": pad,
    "clip": clip,
    "support": support,
}
