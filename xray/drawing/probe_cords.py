"""Cords of the "test" style: how they lie, what they are made of, and leads that leave the film."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import make_interp_spline

from xray.drawing.canvas import Canvas, Frame, Points

Generator = np.random.Generator


def cord(
    start: Points, end: Points, rng: Generator, sway: float = 0.5, loop: float = 0.0
) -> Points:
    """Lay a cord from start to end whose heading wanders, with a slack loop now and then.

    Returns
    -------
    (90, 2) points
    """
    t = np.linspace(0, 1, 90)
    waves = np.arange(1, 5)
    heading = (
        rng.normal(0, sway, 4)[:, None]
        * np.sin(np.pi * waves[:, None] * t + rng.uniform(0, 2 * np.pi, (4, 1)))
        / waves[:, None]
    ).sum(0)
    turn = np.zeros_like(t)
    if rng.random() < loop:
        centre, width = rng.uniform(0.3, 0.7), rng.uniform(0.15, 0.35)
        rise = np.clip((t - centre) / width + 0.5, 0, 1)
        turn = rng.choice([-1.0, 1.0]) * 2 * np.pi * rise * rise * (3 - 2 * rise)
    steps = np.cumsum(np.exp(1j * (heading + turn)))
    steps -= steps[0]
    if abs(steps[-1]) < 0.35 * len(t):
        # It came back on itself: end to end it would be blown up. Lay it straighter.
        steps = np.cumsum(np.exp(0.4j * heading))
        steps -= steps[0]
    reach = complex(*(end - start)) / steps[-1]
    laid = steps * reach + complex(*start)
    return np.stack([laid.real, laid.imag], 1)


def course(points: list[Points]) -> Points:
    """Smooth curve through a few points of the anatomy, (60, 2)."""
    through = np.asarray(points)
    spline = make_interp_spline(np.arange(len(through)), through, k=min(3, len(through) - 1))
    smooth: Points = spline(np.linspace(0, len(through) - 1, 60))
    return smooth


def beside(points: Points, offset: float) -> Points:
    """The line at ``offset`` pixels to one side of another."""
    along = np.gradient(points, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], 1)
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    moved: Points = points + offset * normal / np.maximum(length, 1e-6)
    return moved


def wire(canvas: Canvas, points: Points, width: float, depth: float, profile: str) -> None:
    """Draw a cord ``width`` pixels wide with the cross-section of what it is made of."""
    if profile == "round":
        canvas.stroke(points, width, 0.45 * depth)
        canvas.stroke(points, 0.72 * width, 0.35 * depth)
        canvas.stroke(points, 0.4 * width, 0.2 * depth)
    elif profile == "tube":
        canvas.stroke(points, width, depth)
        canvas.stroke(points, 0.55 * width, -0.6 * depth)
    elif profile == "cored":
        canvas.stroke(points, width, 0.35 * depth)
        canvas.stroke(points, 0.35 * width, 0.75 * depth)
    else:
        canvas.stroke(points, width, 0.5 * depth)
        for k in range(0, len(points) - 2, 2):
            canvas.stroke(points[k : k + 2], width, 0.6 * depth)


def profile_of(rng: Generator) -> str:
    """Choose what a cord is made of."""
    return str(rng.choice(["round", "tube", "cored", "braid"], p=[0.45, 0.3, 0.2, 0.05]))


def lead(canvas: Canvas, frame: Frame, start: Points, rng: Generator) -> None:
    """Draw the wire of an electrode or clip, with its plug, out of the film."""
    u = frame.unit
    points = cord(start, frame.exit(start, rng), rng, rng.uniform(0.2, 0.7), 0.15)
    wire(canvas, points, rng.uniform(1.1, 2.6) * u, rng.uniform(0.2, 0.75), profile_of(rng))
    if rng.random() < 0.5:
        reach = np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))
        stop = max(2, int(np.searchsorted(reach, rng.uniform(5, 10) * u)))
        canvas.stroke(points[:stop], rng.uniform(2.2, 3.6) * u, rng.uniform(0.4, 1.1))
