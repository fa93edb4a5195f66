"""Outliers: films that are not like the others, by scores that cost next to nothing.

A score is measured on the film's copy (``facts.COPY`` pixels a side, squashed) or read off
the table; higher is odder, always. A film *is* odd in a way when its score reaches a threshold,
which anybody may move: flags are drawn from stored scores, no film is read again. The tables
follow cleanvision's: a column ``<x>_score`` and a column ``is_<x>`` for every way x.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import fft

#: One film (S, S), or several (N, S, S).
Copy = NDArray[np.uint8]
Copies = NDArray[np.uint8]


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
        "Bright corner strokes",
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


def measure(
    copies: Sequence[Copy], chroma: Sequence[float]
) -> tuple[dict[str, list[float]], Copies]:
    """Measure the pixel scores of films together, which is quicker than one by one.

    Parameters
    ----------
    copies : N of (S, S) uint8, grey, S a multiple of 4
    chroma : N mean distances of the pixels from grey, in [0, 1]

    Returns
    -------
    N values for each of ``STORED``, and for ``mean`` and ``contrast`` (in [0, 1]); and the films
    made half as large, (N, S/2, S/2)
    """
    half = np.stack([_shrunk(film) for film in copies])
    # One above the other they are one picture.
    quarter = _shrunk(half.reshape(-1, half.shape[2])).reshape(len(half), len(half[0]) // 2, -1)
    shift, tilt = _posture(quarter.astype(np.float32))
    moments = [_moments(film) for film in copies]
    dark, bright = _exposure(half)
    frames = [_frame(film) for film in half]
    edges = [
        1 - min(4 * _edges(film) / max(contrast, 1e-6), 1)
        for film, (_, contrast) in zip(copies, moments, strict=True)
    ]
    scores = {
        "mean": [mean for mean, _ in moments],
        "contrast": [contrast for _, contrast in moments],
        "coloured_score": list(chroma),
        "off_centre_score": np.abs(shift).tolist(),
        "rotated_score": np.abs(tilt).tolist(),
        "border_score": _border(half),
        "overexposed_score": dark,
        "underexposed_score": bright,
        "blurred_score": edges,
        "text_score": _strokes(copies),
        "near_constant_score": [1 - 2 * contrast for _, contrast in moments],
        "frame_mean": [mean for mean, _ in frames],
        "frame_contrast": [contrast for _, contrast in frames],
    }
    return scores, half


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


def _moments(film: Copy) -> tuple[float, float]:
    """Mean and standard deviation of a film's grey values, in [0, 1]."""
    mean, deviation = cv2.meanStdDev(film)
    return mean.item() / 255, deviation.item() / 255


def _edges(copy: Copy) -> float:
    """Mean absolute Laplacian away from the film's edges, in grey values of 0 to 1."""
    # At the edges markers and text are sharp in any film.
    margin = round(0.09 * len(copy))
    inner = copy[margin:-margin, margin:-margin]
    return cv2.norm(cv2.Laplacian(inner, cv2.CV_16S, ksize=1), cv2.NORM_L1) / inner.size / 255


def _exposure(half: Copies) -> tuple[list[float], list[float]]:
    """Scores of too much light and of too little, a film each."""
    counts = np.stack([cv2.calcHist([film], [0], None, [256], [0, 256]).ravel() for film in half])
    # The first grey value at or below which so many pixels lie.
    below = counts.cumsum(axis=1)
    over, under = ((below < share * half[0].size).sum(axis=1) / 255 for share in (0.25, 0.95))
    return over.tolist(), (1 - under).tolist()


def _border(half: Copies) -> list[float]:
    """Share of each film in the dark rows and columns that run in from its edges."""
    number, side, _ = half.shape
    rows = cv2.reduce(half.reshape(-1, side), 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    kept = np.ones(number)
    for lines in (rows.reshape(number, side), half.sum(axis=1, dtype=np.uint16)):
        bright = lines >= (DARK - 0.5) * side
        first, last = bright.argmax(axis=1), side - bright[:, ::-1].argmax(axis=1)
        kept *= np.where(bright.any(axis=1), last - first, 0) / side
    return [float(1 - share) for share in kept]


def _frame(half: Copy) -> tuple[float, float]:
    """Mean and standard deviation of the grey values in the outer frame, in [0, 1]."""
    width = round(FRAME * len(half))
    inner = half[width:-width, width:-width]
    n = half.size - inner.size
    # What is outside is all less what is inside.
    total, squares = (
        cv2.norm(half, norm) - cv2.norm(inner, norm) for norm in (cv2.NORM_L1, cv2.NORM_L2SQR)
    )
    mean = total / n
    return mean / 255, math.sqrt(max(squares / n - mean * mean, 0)) / 255


def _strokes(copies: Sequence[Copy]) -> list[float]:
    """Share of thin bright vertical strokes in each film's busiest letter-high patch of a corner.

    A stroke is a pixel brighter than its left and right neighbours by 65 of 255 together.
    Against the labels of burned-in technical text of the 5,856 public films this ranks with
    AUROC 0.92; the large side markers have few strokes.
    """
    number, side = len(copies), len(copies[0])
    high, wide = round(0.18 * side), round(0.3 * side)
    patch = (round(0.022 * side), round(0.08 * side))  # height, width
    shape = (number, 2, high, 2, wide)
    size = int(np.prod(shape))
    # One line of all corners, row by row: arithmetic on it has no rows to stop at. What is
    # counted beyond the end of a corner is left out below.
    packed = np.empty(shape, np.int16)
    for film, (top, bottom) in zip(copies, packed, strict=True):
        top[:, 0], top[:, 1] = film[:high, :wide], film[:high, -wide:]
        bottom[:, 0], bottom[:, 1] = film[-high:, :wide], film[-high:, -wide:]
    line = packed.ravel()
    thin = np.zeros(
        size + 2 * wide * (patch[0] - 1) + patch[1] - 1, np.min_scalar_type(patch[0] * patch[1])
    )
    np.greater(2 * line[1:-1] - line[:-2] - line[2:], 65, out=thin[1 : size - 1], casting="unsafe")
    corners = thin[:size].reshape(shape)
    corners[..., 0] = corners[..., -1] = 0
    counts = _sums(_sums(thin, patch[0], 2 * wide), patch[1]).reshape(shape)
    most = counts[:, :, : high - patch[0] + 1].max(axis=(1, 2))[..., : wide - patch[1] + 1]
    shares = most.max(axis=(1, 2)).astype(np.float32) / np.float32(patch[0] * patch[1])
    return [float(share) for share in shares]


def _sums(line: Copy, number: int, step: int = 1) -> Copy:
    """Sum of each value and those that follow at distances of ``step``, ``number`` in all."""
    if number == 1:
        return line
    half = _sums(line, number // 2, step)
    far = number // 2 * step
    both = half[:-far] + half[far:]
    return both[:-step] + line[(number - 1) * step :] if number % 2 else both


def _shrunk(film: Copy) -> Copy:
    """A film half as wide and half as high."""
    size = film.shape[1] // 2, film.shape[0] // 2
    return np.asarray(cv2.resize(film, size, interpolation=cv2.INTER_AREA), np.uint8)


def _posture(small: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shift of the axis of symmetry (film widths, right positive) and tilt (degrees).

    The horizontal gradient of a row, correlated with its own mirror image, peaks at twice the
    place of the row's axis; the sum over rows gives the axis of the thorax. Roots of the
    gradients count, so that a few bright edges do not outvote the ribs. The tilt is the mean
    of two estimates that err in different ways: the slope of the axes of the rows, and the
    orientation of the structure tensor (a symmetric thorax has as many edges leaning left as
    right). What this is worth on the public films is measured by
    ``tests/dataset/test_outliers.py``.

    Parameters
    ----------
    small : (N, S, S), grey, 0 to 255
    """
    side = small.shape[1]
    # Pairs of rows, without the eighth at top and bottom: half the work, less noise.
    rows = small[:, side // 8 : -side // 8]
    edges = np.diff(rows[:, 0::2] + rows[:, 1::2], axis=2)
    edges = np.copysign(np.sqrt(np.abs(edges)), edges)
    width = edges.shape[2]
    spectrum = fft.rfft(edges, 2 * side, axis=2)
    lags = np.arange(2 * width - 1)
    # Mirrored, a gradient changes its sign; far from the middle few columns overlap.
    overlap = np.sqrt(np.minimum(lags + 1, 2 * width - 1 - lags)).astype(np.float32)
    mirror = fft.irfft(spectrum * spectrum, 2 * side, axis=2)[:, :, : 2 * width - 1] / -overlap
    low, high = side // 2, 2 * width - 1 - side // 2
    # The axis by the rows of the lungs; the shoulders are rarely even.
    middle = low + mirror[:, side // 16 : -side // 32].sum(1)[:, low:high].argmax(1)
    near = np.clip(middle[:, None] + np.arange(-10, 11), 0, 2 * width - 2)
    local = np.take_along_axis(mirror, near[:, None, :], axis=2)
    # All films beside each other, so that one call serves.
    beside = np.ascontiguousarray(local.transpose(1, 0, 2)).reshape(local.shape[1], -1)
    blurred = cv2.blur(beside, (1, 7)).reshape(local.shape[1], *local.shape[::2])
    local = np.ascontiguousarray(blurred.transpose(1, 0, 2))
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
