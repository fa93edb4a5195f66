"""Pads, clips and supports of the "test" style."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from xray.drawing.canvas import Canvas, Frame, Points, ellipse
from xray.drawing.probe_cords import lead

Generator = np.random.Generator


def pad(canvas: Canvas, frame: Frame, rng: Generator) -> None:
    """Large flat pad: defibrillator electrode, heating probe or sensor sheet, with a lead."""
    side = rng.choice([-1.0, 1.0])
    place = frame.at(side * rng.uniform(0.15, 0.95), rng.uniform(0.15, 1.05))
    wide, high = rng.uniform(10, 24), rng.uniform(11, 22)
    power, angle = rng.uniform(2.0, 6.0), rng.normal(0, 0.35)
    sheet, edge = rng.uniform(0.07, 0.3), rng.uniform(0.12, 0.6)

    def outline(share: float) -> Points:
        # A superellipse goes from an oval (2) to a rectangle with round corners (6).
        circle = ellipse(1, 1, 60)
        round_ = np.sign(circle) * np.abs(circle) ** (2 / power)
        return frame.shape(round_ * np.array([wide, high]) * share, place, angle)

    u = frame.unit
    canvas.fill(outline(1.0), sheet)
    canvas.stroke(outline(0.97), rng.uniform(0.9, 2.0) * u, edge, closed=True)
    what = rng.random()
    if what < 0.35:
        canvas.stroke(outline(rng.uniform(0.55, 0.8)), rng.uniform(0.8, 1.5) * u, edge, True)
    elif what < 0.6:
        rungs = np.linspace(-0.7, 0.7, int(rng.integers(5, 10)))
        zigzag = np.stack([np.where(np.arange(len(rungs)) % 2, 0.7, -0.7), rungs], 1)
        points = frame.shape(zigzag * np.array([wide, high]), place, angle)
        canvas.stroke(points, rng.uniform(0.8, 1.4) * u, edge)
    for _ in range(int(rng.integers(0, 4))):
        dot = place + rng.uniform(-0.4, 0.4, 2) * np.array([wide, high]) * u
        canvas.fill(frame.shape(ellipse(1.6, 1.6, 16), dot), rng.uniform(0.5, 1.5))
    if rng.random() < 0.7:
        lead(canvas, frame, place + np.array([0, -0.9 * high * u]), rng)


def clip(canvas: Canvas, frame: Frame, rng: Generator) -> None:
    """One or two clips, snaps or connectors of metal and hard plastic, some with a cord."""
    kinds: list[Callable[[Canvas, Frame, Points, Generator], None]] = [
        _jaw,
        _hairpin,
        _tee,
        _plug,
        _comb,
    ]
    make = kinds[int(rng.choice(5, p=[0.44, 0.2, 0.12, 0.14, 0.1]))]
    side = rng.choice([-1.0, 1.0])
    for _ in range(1 + (rng.random() < 0.35)):
        edge = abs(rng.normal(0.07, 0.06))
        x = edge if side < 0 else 1 - edge
        y = rng.uniform(0.0, 0.3) if rng.random() < 0.65 else rng.uniform(0.3, 0.95)
        if rng.random() < 0.2:
            x, y = rng.uniform(0.15, 0.85), rng.uniform(0.03, 0.9)
        place = frame.on(x, y)
        make(canvas, frame, place, rng)
        if rng.random() < 0.5:
            lead(canvas, frame, place, rng)
        side = -side


def _jaw(canvas: Canvas, frame: Frame, place: Points, rng: Generator) -> None:
    """Crescent clamp: two thick lobes with holes, joined by a thin bow."""
    radius, angle = rng.uniform(8.5, 13.5), rng.uniform(0, 2 * np.pi)
    flat, depth = rng.uniform(0.75, 1.05), rng.uniform(0.7, 2.0)
    inner = rng.uniform(0.5, 0.66)

    def bent(r: float | NDArray[np.float64], theta: NDArray[np.float64]) -> Points:
        polar = np.stack([np.cos(theta) * r * flat, np.sin(theta) * r], 1) * radius
        return frame.shape(polar, place, angle)

    tip, gap = rng.uniform(1.1, 1.5), rng.uniform(0.08, 0.2)
    for side in (-1.0, 1.0):
        theta = side * np.linspace(gap, tip, 14)
        lobe = np.concatenate([bent(1.0, theta), bent(inner + 0.06, theta[::-1])])
        hole = bent(0.8, np.array([side * (gap + tip) / 2]))[0]
        canvas.fill(lobe, depth, [frame.shape(ellipse(0.9, 0.9, 14), hole)])
        if rng.random() < 0.3:
            canvas.stroke(lobe, 0.8 * frame.unit, 0.4 * depth, closed=True)
    theta = np.linspace(-tip, tip, 24)
    bow = 0.25 + (0.75 - rng.uniform(0, 0.2)) * (theta / tip) ** 2
    canvas.stroke(bent(bow, theta), rng.uniform(1.1, 1.9) * frame.unit, 0.85 * depth)
    if rng.random() < 0.5:
        _hairpin(canvas, frame, bent(0.2, np.array([0.0]))[0], rng)


def _hairpin(canvas: Canvas, frame: Frame, place: Points, rng: Generator) -> None:
    """Bent metal wire, open at one end."""
    length, width = rng.uniform(9, 20), rng.uniform(1.6, 3.6)
    t = np.linspace(0, np.pi, 12)
    head = np.stack([width / 2 * np.cos(t), -width / 2 * np.sin(t)], 1)
    flare = rng.uniform(-0.4, 2.5)
    left = np.array([[-width / 2 - flare, length], [-width / 2, length * 0.6]])
    right = np.array([[width / 2, length * rng.uniform(0.4, 0.9)], [width / 2 + flare, length]])
    shape = np.concatenate([right[::-1], head, left[::-1]])
    points = frame.shape(shape, place, rng.uniform(0, 2 * np.pi))
    canvas.stroke(points, rng.uniform(0.9, 1.5) * frame.unit, rng.uniform(0.5, 1.6))


def _tee(canvas: Canvas, frame: Frame, place: Points, rng: Generator) -> None:
    """Small snap seen from the side."""
    size, angle = rng.uniform(2.8, 5.0), rng.uniform(0, 2 * np.pi)
    depth, sag = rng.uniform(0.5, 1.4), rng.uniform(-0.5, 0.3)
    stem = frame.shape(np.array([[0.0, 0.0], [0.0, 1.5 * size]]), place, angle)
    cap = frame.shape(np.array([[-size, sag * size], [0.0, 0.0], [size, sag * size]]), place, angle)
    canvas.stroke(stem, rng.uniform(1.3, 2.2) * frame.unit, depth)
    canvas.stroke(cap, rng.uniform(1.3, 2.2) * frame.unit, depth)


def _plug(canvas: Canvas, frame: Frame, place: Points, rng: Generator) -> None:
    """Connector: blocks in a row, each of its own width, with a darker slot."""
    angle, at = rng.normal(0, 0.6), 0.0
    for _ in range(int(rng.integers(2, 5))):
        wide, high = rng.uniform(1.3, 3.6), rng.uniform(3, 9)
        corners = np.array([[-wide, at], [wide, at], [wide, at + high], [-wide, at + high]])
        depth = rng.uniform(0.5, 1.6)
        canvas.fill(frame.shape(corners, place, angle), depth)
        if wide > 2 and rng.random() < 0.6:
            slot = np.array([[0.2 * wide, at + 0.2 * high], [0.2 * wide, at + 0.8 * high]])
            canvas.stroke(frame.shape(slot, place, angle), 1.2 * frame.unit, -0.7 * depth)
        at += high


def _comb(canvas: Canvas, frame: Frame, place: Points, rng: Generator) -> None:
    """Spring clamp: a few bent prongs side by side."""
    angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.5)
    length = rng.uniform(6, 13)
    for k in range(int(rng.integers(2, 5))):
        x = k * rng.uniform(2.2, 3.8)
        prong = np.array([[x, 0.0], [x + rng.normal(0, 0.8), 0.5 * length], [x + 1.0, length]])
        points = frame.shape(prong, place, angle)
        canvas.stroke(points, rng.uniform(0.9, 1.8) * frame.unit, depth)


def support(canvas: Canvas, frame: Frame, rng: Generator) -> None:
    """Edge of a sandbag, cushion or holding hand that reaches in from the border."""
    side = int(rng.choice(3, p=[0.42, 0.42, 0.16]))
    reach = rng.uniform(0.05, 0.19)
    begin = -0.05 if rng.random() < 0.7 else rng.uniform(0.05, 0.5)
    end = 1.05 if rng.random() < 0.35 else min(1.05, begin + rng.uniform(0.3, 0.8))
    t = np.linspace(0, 1, 40)
    lean = rng.uniform(0.2, 1.4, 2)
    if rng.random() < 0.6:
        # Most taper downward, from the arm toward the hip.
        lean = np.sort(lean)[::-1]
    wobble = np.sin(2 * np.pi * (t[:, None] * [1, 2.3] + rng.random(2))) @ [0.1, 0.05]
    inward = reach * (lean[0] + (lean[1] - lean[0]) * t + wobble)
    # The ends of a bag are round.
    rounding = rng.uniform(0.05, 0.25)
    inward *= np.sqrt(np.clip(np.minimum(t / rounding, 1), 0, 1)) if begin > 0 else 1
    inward *= np.sqrt(np.clip(np.minimum((1 - t) / rounding, 1), 0, 1)) if end < 1 else 1
    along = begin + (end - begin) * t
    outer = np.full_like(t, -0.1)
    x = np.concatenate([inward, outer])
    y = np.concatenate([along, along[::-1]])
    if side == 1:
        x = 1 - x
    points = np.stack([x * frame.width, y * frame.height], 1)
    if side == 2:
        points = np.stack([y * frame.width, x * frame.height], 1)
    rough = rng.random() < 0.75
    depth = rng.uniform(0.5, 1.6) if rough else rng.uniform(0.2, 0.8)
    canvas.fill(points, depth, grain=rng.uniform(0.1, 0.4) if rough else 0.04, rng=rng)
    if rng.random() < 0.5:
        canvas.stroke(points[:40], rng.uniform(1.0, 2.2) * frame.unit, rng.uniform(0.1, 0.5))
