"""Occlusion: how the log-odds fall when a window of the film is hidden.

Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks". It asks nothing of a
model but its answers.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from xray.errors import FilmError
from xray.explanations import perturbation
from xray.explanations.perturbation import BATCH, Fill
from xray.films.pixels import Pixels
from xray.jobs.progress import Progress
from xray.models.model import Predictor

#: Windows along each side of a film, and how far they are moved, as shares of their side.
ACROSS, MOVE = 8, 0.5
#: What may hide a window.
FILLS = ("mean", "blur", "black")


def occlusion(
    model: Predictor,
    grey: Pixels,
    window: int = 0,
    stride: int = 0,
    fill: Fill = "mean",
    seed: int = 0,
    precision: str = "float32",
    progress: Progress | None = None,
) -> tuple[NDArray[np.float64], int]:
    """Hide one window after another, and give each pixel the mean fall of those that cover it.

    Parameters
    ----------
    model : anything that predicts
    grey : (h, w) float32 in [0, 1], at the model's size
    window, stride : in pixels; an ``ACROSS``-th of the film's shorter side and ``MOVE`` of the
        window when 0
    fill : of ``FILLS``: the window's mean grey, the film strongly blurred, or black
    seed : moves the grid of windows by less than a stride; 0 begins at the film's corner
    progress : called with windows done and to do

    Returns
    -------
    (h, w) float64
        In log-odds: positive where hiding lowers them, so that the pixels speak for the positive
        class; 0 where no window comes.
    int
        Films that were evaluated.

    Raises
    ------
    FilmError
        A window or a stride that does not fit, or another fill.
    """
    height, width = grey.shape
    window = window or max(2, round(min(height, width) / ACROSS))
    stride = stride or max(1, round(MOVE * window))
    if not (0 < window <= min(height, width) and 0 < stride <= window) or fill not in FILLS:
        raise FilmError(
            f"A window of {window} pixels, moved by {stride} and filled with {fill}, does not suit "
            f"a film of {height} x {width}; take a smaller window, a stride of at most the "
            f"window, and a fill of {', '.join(FILLS)}."
        )
    hidden = None if fill == "mean" else perturbation.filled(grey, np.zeros(grey.shape, int), fill)
    windows = _windows(grey.shape, window, stride, seed)
    fall, covered = np.zeros(grey.shape), np.zeros(grey.shape)
    whole = float(model.log_odds_prepared(grey[None])[0])
    for start in range(0, len(windows), BATCH):
        some = windows[start : start + BATCH]
        films = np.repeat(grey[None], len(some), axis=0)
        for film, place in zip(films, some, strict=True):
            film[place] = grey[place].mean() if hidden is None else hidden[place]
        for place, said in zip(some, model.log_odds_prepared(films, precision), strict=True):
            fall[place] += whole - said
            covered[place] += 1
        if progress is not None:
            progress(start + len(some), len(windows))
    return fall / np.maximum(covered, 1), len(windows) + 1


def _windows(
    shape: tuple[int, ...], window: int, stride: int, seed: int
) -> list[tuple[slice, slice]]:
    """Places of the windows; the last of a row or column ends with the film."""
    shift = np.random.default_rng(seed).integers(0, stride, 2) if seed else np.zeros(2, int)
    sides = []
    for length, by in zip(shape, shift, strict=True):
        starts = np.arange(-int(by), length - window + stride, stride)
        sides.append([slice(max(0, at), min(length, at + window)) for at in starts.tolist()])
    return list(product(*sides))
