"""Weights of superpixels as pictures: a weight map, and the film with it laid over."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from xray.explanations.result import Explanation, at_film_size
from xray.figures import palette
from xray.films.pixels import Pixels

Picture = NDArray[np.uint8]


def weight_map(
    explanation: Explanation, shape: tuple[int, int] | None = None, leading: int | None = None
) -> NDArray[np.float64]:
    """Weight of the superpixel under each pixel.

    Parameters
    ----------
    shape : (H, W) of the film; the model's input size when None.
    leading : keep only so many superpixels of the largest absolute weight; all when None.

    Returns
    -------
    (H, W) float64, in units of the explanation's target; 0 where left out
    """
    weights = np.zeros_like(explanation.weights)
    shown = explanation.ranking[:leading]
    weights[shown] = explanation.weights[shown]
    image = weights[explanation.segments]
    if shape is None:
        return image
    return at_film_size(image, shape, explanation.params.get("fit", "squash")).astype(np.float64)


def overlay(
    explanation: Explanation,
    film: Pixels,
    *,
    opacity: float = 0.6,
    leading: int | None = None,
    scale: float | None = None,
    outlines: bool = True,
    numbers: bool = False,
) -> Picture:
    """The film with its weights laid over: orange toward the positive class, blue away from it.

    Parameters
    ----------
    film : (H, W) float32 in [0, 1], at any size.
    opacity : in [0, 1], of the superpixel with the largest absolute weight; the others are
        fainter in proportion.
    leading : show only so many superpixels; all when None.
    scale : weight that gets the full opacity; the largest of this explanation when None. Give
        the same one to compare models.
    outlines : draw the boundaries of the superpixels that are shown.
    numbers : number the regions that are shown by weight, the largest 1.

    Returns
    -------
    (H, W, 3) uint8, RGB
    """
    shape = (int(film.shape[0]), int(film.shape[1]))
    weights = weight_map(explanation, shape, leading)
    full = scale if scale else float(np.abs(explanation.weights).max())
    picture, colour = _laid(weights / (full or 1.0), film, opacity)
    if outlines:
        labels = at_film_size(
            explanation.segments, shape, explanation.params.get("fit", "squash")
        ).astype(np.uint16)
        edge = cv2.morphologyEx(labels, cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)) > 0
        edge &= weights != 0
        picture[edge] = 0.5 * picture[edge] + 0.5 * colour[edge]
    made = np.asarray(np.round(picture * 255), np.uint8)
    return _numbered(made, explanation, leading) if numbers else made


def heat(
    values: NDArray[np.generic], film: Pixels, fit: str = "squash", opacity: float = 0.6
) -> Picture:
    """The film with a map of any method laid over, in the colours of ``overlay``.

    Parameters
    ----------
    values : in [-1, 1]: (H, W) as the film, or at the model's input size
    film : (H, W) float32 in [0, 1]
    fit : how the film was brought to the model's size
    opacity : in [0, 1], where the magnitude is 1

    Returns
    -------
    (H, W, 3) uint8, RGB
    """
    shape = (int(film.shape[0]), int(film.shape[1]))
    shown = values if values.shape == shape else at_film_size(values, shape, fit)
    picture, _ = _laid(shown.astype(np.float64), film, opacity)
    return np.asarray(np.round(picture * 255), np.uint8)


def _laid(
    values: NDArray[np.float64], film: Pixels, opacity: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A film with values (H, W) in [-1, 1] laid over, and the colour of each pixel."""
    strength = np.clip(np.abs(values), 0, 1)[..., None] * opacity
    colour = np.where(values[..., None] > 0, _colour(palette.TOWARD), _colour(palette.AWAY))
    grey = np.repeat(np.clip(film, 0, 1)[..., None], 3, axis=2)
    return grey * (1 - strength) + colour * strength, colour


def _numbered(picture: Picture, explanation: Explanation, leading: int | None) -> Picture:
    """Write each region's number where it is deepest, white on a dark rim."""
    shape = (picture.shape[0], picture.shape[1])
    fit = explanation.params.get("fit", "squash")
    labels = at_film_size(explanation.segments, shape, fit)
    size = max(0.4, min(shape) / 900)
    made = np.ascontiguousarray(picture)
    for number, region in enumerate(explanation.ranking[:leading], start=1):
        inside = np.pad((labels == region).astype(np.uint8), 1)
        if not inside.any():
            continue
        depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)[1:-1, 1:-1]
        y, x = np.unravel_index(int(depth.argmax()), shape)
        words = str(number)
        (wide, high), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
        at = (int(np.clip(x - wide // 2, 0, max(0, shape[1] - wide))), int(y + high // 2))
        for colour, thick in (((0, 0, 0), 4), ((255, 255, 255), 1)):
            cv2.putText(made, words, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, thick, cv2.LINE_AA)
    return made


def _colour(code: str) -> NDArray[np.float64]:
    """#RRGGBB as three floats in [0, 1]."""
    return np.array([int(code[start : start + 2], 16) for start in (1, 3, 5)]) / 255
