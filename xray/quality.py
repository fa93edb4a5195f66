"""Oddballs: films that are not like the others, by scores that cost next to nothing.

A score is measured on the film's copy (``film_facts.COPY`` pixels a side, squashed) or read off
the table; higher is odder, always. A film *is* odd in a way when its score reaches a threshold,
which anybody may move: flags are drawn from stored scores, no film is read again. The tables
follow cleanvision's: a column ``<x>_score`` and a column ``is_<x>`` for every way x.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import fft

Copies = NDArray[np.uint8]
Scores = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Oddity:
    """One way of being odd.

    Attributes
    ----------
    name : x of ``<x>_score`` and ``is_<x>``
    title : for people
    meaning : what the score is, with its unit
    threshold : films are flagged from here on; what the most extreme of the public set share
    low, high : range in which moving the threshold makes sense
    pixels : True where the score is measured on pixels, False where the table tells
    """

    name: str
    title: str
    meaning: str
    threshold: float
    low: float
    high: float
    pixels: bool = True


ODDITIES: tuple[Oddity, ...] = (
    Oddity(
        "coloured", "Coloured", "mean difference of red and blue from green, 0 to 1", 0.02, 0, 0.5
    ),
    Oddity(
        "odd_mode",
        "Stored unlike the others",
        "share of the other films that are stored in another colour mode, 0 to 1",
        0.5,
        0,
        1,
        pixels=False,
    ),
    Oddity(
        "off_centre",
        "Off-centre",
        "distance of the axis of symmetry from the middle, in film widths",
        0.07,
        0,
        0.25,
    ),
    Oddity("rotated", "Rotated", "tilt of the thorax in degrees", 9, 0, 45),
    Oddity("border", "Black border", "share of the film that dark margins take, 0 to 1", 0.2, 0, 1),
    Oddity(
        "overexposed",
        "Overexposed",
        "grey value that three quarters of the pixels exceed, 0 black to 1 white",
        0.6,
        0,
        1,
    ),
    Oddity(
        "underexposed",
        "Underexposed",
        "how far the brightest twentieth of the pixels stays below white, 0 to 1",
        0.45,
        0,
        1,
    ),
    Oddity(
        "blurred",
        "Blurred",
        "1 less four times the mean edge strength over the contrast, 0 sharp to 1",
        0.76,
        0,
        1,
    ),
    Oddity(
        "text",
        "Burned-in text",
        "share of thin bright strokes in the busiest patch of the corners, 0 to 1",
        0.25,
        0,
        1,
    ),
    Oddity(
        "aspect",
        "Extreme aspect",
        "longer side over shorter side; 1 is square",
        2.0,
        1,
        4,
        pixels=False,
    ),
    Oddity(
        "near_constant", "Nearly constant", "1 less twice the contrast, 1 is one grey", 0.95, 0.5, 1
    ),
)

#: Oddity by name.
BY_NAME: Mapping[str, Oddity] = {oddity.name: oddity for oddity in ODDITIES}

#: Columns that indexing stores: the scores of pixels, and the outer frame's grey values.
STORED = (
    *(f"{oddity.name}_score" for oddity in ODDITIES if oddity.pixels),
    "frame_mean",
    "frame_contrast",
)

#: Grey value (of 255) under which a margin counts as dark.
DARK = 14

#: Width of the frame, as a share of the film's side: little of the lungs lies in it.
FRAME = 0.08


@dataclass(frozen=True, eq=False)
class Sketch:
    """What is kept of a film's copy to be measured together with others.

    Attributes
    ----------
    half : (S/2, S/2) uint8, the copy at half its size
    mean, contrast : mean and standard deviation of the copy's grey values, 0 to 1
    edges : mean absolute Laplacian away from the film's edges, in grey values of 0 to 1
    strokes : thin bright strokes in the corners, see ``_strokes``
    """

    half: NDArray[np.uint8]
    mean: float
    contrast: float
    edges: float
    strokes: float


def sketch(copy: NDArray[np.uint8]) -> Sketch:
    """Look at one film while it is at hand.

    Parameters
    ----------
    copy : (S, S) uint8, grey, S a multiple of 4
    """
    mean, deviation = cv2.meanStdDev(copy)
    # Away from the edges, where markers and text are sharp in any film.
    margin = round(0.09 * len(copy))
    inner = copy[margin:-margin, margin:-margin]
    edges = cv2.norm(cv2.Laplacian(inner, cv2.CV_16S, ksize=1), cv2.NORM_L1) / inner.size
    return Sketch(
        _shrunk(copy, len(copy) // 2),
        float(np.ravel(mean)[0]) / 255,
        float(np.ravel(deviation)[0]) / 255,
        edges / 255,
        _strokes(copy),
    )


def measure(sketches: Sequence[Sketch], chroma: NDArray[np.float64]) -> Scores:
    """Measure the pixel scores of a batch of films, and their grey values.

    Parameters
    ----------
    sketches : N films
    chroma : (N,) mean distance of the pixels from grey, in [0, 1]

    Returns
    -------
    dict of (N,) float64: ``STORED``, and ``mean`` and ``contrast`` (in [0, 1])
    """
    half = np.stack([film.half for film in sketches])
    counts = [cv2.calcHist([film], [0], None, [256], [0, 256]).ravel() for film in half]
    below = np.stack(counts).cumsum(1) / half[0].size
    mean = np.array([film.mean for film in sketches])
    contrast = np.array([film.contrast for film in sketches])
    shift, tilt = _posture(half)
    frame_mean, frame_contrast = _frame(half)
    detail = np.array([film.edges for film in sketches]) / np.maximum(contrast, 1e-6)
    return {
        "mean": mean,
        "contrast": contrast,
        "coloured_score": chroma,
        "off_centre_score": np.abs(shift),
        "rotated_score": np.abs(tilt),
        "border_score": _border(half),
        "overexposed_score": (below < 0.25).sum(1) / 255,
        "underexposed_score": 1 - (below < 0.95).sum(1) / 255,
        "blurred_score": 1 - np.minimum(4 * detail, 1),
        "text_score": np.array([film.strokes for film in sketches]),
        "near_constant_score": 1 - 2 * contrast,
        "frame_mean": frame_mean,
        "frame_contrast": frame_contrast,
    }


def score(table: pd.DataFrame) -> pd.DataFrame:
    """Add the scores that the table tells (``aspect_score``, ``odd_mode_score``).

    A score is NaN where a fact is unknown or the film cannot be read.
    """
    out = table.copy()
    longer, shorter = (np.fmax, np.fmin)
    sides = table["width"].astype(float), table["height"].astype(float)
    out["aspect_score"] = longer(*sides) / shorter(*sides)
    known = table["mode"] != ""
    shares = table.loc[known, "mode"].value_counts(normalize=True)
    out["odd_mode_score"] = 1 - table["mode"].map(shares).astype(float)
    for oddity in ODDITIES:
        if f"{oddity.name}_score" not in out:
            out[f"{oddity.name}_score"] = np.nan
    return out


def flag(table: pd.DataFrame, thresholds: Mapping[str, float] | None = None) -> pd.DataFrame:
    """Add ``is_<x>`` for every oddity: its score reaches the threshold.

    Parameters
    ----------
    table : with the columns ``<x>_score`` (see ``score``)
    thresholds : name -> threshold, in place of the defaults; a missing score is never odd
    """
    wanted = {oddity.name: oddity.threshold for oddity in ODDITIES} | dict(thresholds or {})
    flags = {f"is_{name}": table[f"{name}_score"].ge(limit) for name, limit in wanted.items()}
    return table.assign(**flags)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Count flagged films: a row an oddity, with name, title, one column a label, and total.

    ``known`` counts the films whose score is known; where it is 0 nothing can be said.
    """
    labels = sorted(set(table["label"]))
    rows = [
        {
            "name": oddity.name,
            "title": oddity.title,
            **{
                label: int(table.loc[table["label"] == label, f"is_{oddity.name}"].sum())
                for label in labels
            },
            "total": int(table[f"is_{oddity.name}"].sum()),
            "known": int(table[f"{oddity.name}_score"].notna().sum()),
        }
        for oddity in ODDITIES
    ]
    return pd.DataFrame(rows)


_THIN = np.array([[-1, 2, -1]], np.float32)


def _border(half: Copies) -> NDArray[np.float64]:
    """Share of each film in the dark rows and columns that run in from its edges."""
    size = half.shape[1]
    kept = np.ones(len(half))
    for axis in (1, 2):
        lines = [cv2.reduce(film, 2 - axis, cv2.REDUCE_AVG).ravel() for film in half]
        dark = np.stack(lines) < DARK
        first = np.where(dark.all(1), size, np.argmin(dark, axis=1))
        last = np.argmin(dark[:, ::-1], axis=1)
        kept *= np.maximum(size - first - last, 0) / size
    return 1 - kept


def _frame(half: Copies) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of the grey values in the outer frame, in [0, 1]."""
    size = half.shape[1]
    width = round(FRAME * size)
    inside = np.zeros((size, size), bool)
    inside[width:-width, width:-width] = True
    frame = half[:, ~inside].astype(np.float32) / 255
    return frame.mean(1).astype(float), frame.std(1).astype(float)


def _strokes(copy: NDArray[np.uint8]) -> float:
    """Share of thin bright vertical strokes in the busiest letter-high patch of the corners.

    A stroke is a pixel brighter than its left and right neighbours by 65 of 255 together.
    Against the labels of burned-in technical text of the 5,856 public films this ranks with
    AUROC 0.92; the large side markers have few strokes.
    """
    size = len(copy)
    high, wide = round(0.18 * size), round(0.3 * size)
    patch = (round(0.08 * size), round(0.022 * size))  # width, height
    # Top and bottom with room between them, so that no patch spans both.
    strokes = np.zeros((2 * high + patch[1], size), np.uint8)
    for rows, place in ((slice(high), slice(high)), (slice(-high, None), slice(-high, None))):
        thin = cv2.filter2D(copy[rows], cv2.CV_16S, _THIN)
        strokes[place] = thin > 65
    strokes[:, wide - 1 : 1 - wide] = strokes[:, [0, -1]] = 0
    sums = cv2.boxFilter(strokes, cv2.CV_32F, patch, normalize=True, borderType=cv2.BORDER_CONSTANT)
    return cv2.minMaxLoc(sums)[1]


def _shrunk(film: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    small: Any = cv2.resize(film, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _posture(half: Copies) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shift of the axis of symmetry (film widths, right positive) and tilt (degrees).

    The horizontal gradient of a row, correlated with its own mirror image, peaks at twice the
    place of the row's axis; the sum over rows gives the axis of the thorax. Roots of the
    gradients count, so that a few bright edges do not outvote the ribs. The tilt is the mean
    of two estimates that err in different ways: the slope of the axes of the rows, and the
    orientation of the structure tensor (a symmetric thorax has as many edges leaning left as
    right). What this is worth on the public films is measured by ``tests/test_quality.py``.
    """
    side = half.shape[1] // 2
    small = np.stack([_shrunk(film, side) for film in half]).astype(np.float32)
    # Pairs of rows, without the eighth at top and bottom: half the work, less noise.
    rows = small[:, side // 8 : -side // 8]
    edges = np.diff(rows[:, 0::2] + rows[:, 1::2], axis=2)
    edges = np.copysign(np.sqrt(np.abs(edges)), edges)
    width = edges.shape[2]
    spectrum = fft.rfft(edges, 2 * side, axis=2)
    lags = np.arange(2 * width - 1)
    # Mirrored, a gradient changes its sign; far from the middle few columns overlap.
    overlap = np.sqrt(np.minimum(lags + 1, 2 * width - 1 - lags)).astype(np.float32)
    mirror = fft.irfft(-spectrum * spectrum, 2 * side, axis=2)[:, :, : 2 * width - 1] / overlap
    low, high = side // 2, 2 * width - 1 - side // 2
    # The axis by the rows of the lungs; the shoulders are rarely even.
    middle = low + mirror[:, side // 16 : -side // 32].sum(1)[:, low:high].argmax(1)
    near = np.clip(middle[:, None] + np.arange(-10, 11), 0, 2 * width - 2)
    local = np.take_along_axis(mirror, near[:, None, :], axis=2)
    local = np.stack([cv2.blur(film, (1, 7)) for film in local])
    place, weight = local.argmax(2) - 10.0, np.maximum(local.max(2), 0) + 1e-9
    height = np.broadcast_to(2.0 * np.arange(place.shape[1]), place.shape)
    slope = _slope(height, place / 2, weight)
    shift = middle / (2 * width - 2) - 0.5
    return shift, (np.degrees(np.arctan(slope)) - _lean(small)) / 2


def _slope(
    x: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Slope of the weighted least-squares line, a row each."""
    total = weight.sum(1, keepdims=True)
    dx = x - (weight * x).sum(1, keepdims=True) / total
    dy = y - (weight * y).sum(1, keepdims=True) / total
    slope: NDArray[np.float64] = (weight * dx * dy).sum(1) / (weight * dx * dx).sum(1)
    return slope


def _lean(small: NDArray[np.float32]) -> NDArray[np.float64]:
    """Orientation of the structure tensor in degrees, summed over each film; 0 is upright."""
    dx = small[:, 1:-1, 2:] - small[:, 1:-1, :-2]
    dy = small[:, 2:, 1:-1] - small[:, :-2, 1:-1]
    cross, along = (dx * dy).sum((1, 2)), (dx * dx - dy * dy).sum((1, 2))
    lean = np.degrees(0.5 * np.arctan2(2 * cross, along)).astype(float)
    # The frame of a photographed film may draw more lines across than the thorax does along.
    upright: NDArray[np.float64] = (lean + 45) % 90 - 45
    return upright
