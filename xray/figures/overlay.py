"""Weights of superpixels as pictures: a weight map, and the film with it laid over."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xray.explanations.result import Explanation, Heatmap, at_film_size
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
    signed = weights / full if full > 0 else 0 * weights
    picture = _laid_over(film, signed, opacity)
    if outlines:
        labels = at_film_size(
            explanation.segments, shape, explanation.params.get("fit", "squash")
        ).astype(np.uint16)
        edge = cv2.morphologyEx(labels, cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)) > 0
        edge &= weights != 0
        picture[edge] = 0.5 * picture[edge] + 0.5 * _hues(weights)[edge]
    made = np.asarray(np.round(picture * 255), np.uint8)
    return _numbered(made, explanation, leading) if numbers else made


def heat(found: Heatmap, film: Pixels, opacity: float = 0.6) -> Picture:
    """The film (H, W) with a map of its size laid over, in the colours of ``overlay``."""
    return np.asarray(np.round(_laid_over(film, found.values, opacity) * 255), np.uint8)


def _laid_over(film: Pixels, signed: NDArray[Any], opacity: float) -> NDArray[np.float64]:
    """The film in grey with a map (H, W) in [-1, 1] over it, (H, W, 3) in [0, 1]."""
    strength = np.clip(np.abs(signed), 0, 1)[..., None] * opacity
    grey = np.repeat(np.clip(film, 0, 1)[..., None], 3, axis=2)
    return np.asarray(grey * (1 - strength) + _hues(signed) * strength, np.float64)


def _hues(signed: NDArray[Any]) -> NDArray[np.float64]:
    """Colour of each sign, (H, W, 3)."""
    return np.where(signed[..., None] > 0, _colour(palette.TOWARD), _colour(palette.AWAY))


def _numbered(picture: Picture, explanation: Explanation, leading: int | None) -> Picture:
    """Write each region's number where it is deepest, white on a dark rim."""
    shape = (picture.shape[0], picture.shape[1])
    fit = explanation.params.get("fit", "squash")
    labels = at_film_size(explanation.segments, shape, fit)
    size = max(0.4, min(shape) / 560)
    made = np.ascontiguousarray(picture)
    for number, region in enumerate(explanation.ranking[:leading], start=1):
        inside = np.pad((labels == region).astype(np.uint8), 1)
        if not inside.any():
            continue
        depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)[1:-1, 1:-1]
        y, x = np.unravel_index(int(depth.argmax()), shape)
        words = str(number)
        (wide, high), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, size, 2)
        at = (int(np.clip(x - wide // 2, 0, max(0, shape[1] - wide))), int(y + high // 2))
        for colour, thick in (((0, 0, 0), 5), ((255, 255, 255), 2)):
            cv2.putText(made, words, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, thick, cv2.LINE_AA)
    return made


def _colour(code: str) -> NDArray[np.float64]:
    """#RRGGBB as three floats in [0, 1]."""
    return np.array([int(code[start : start + 2], 16) for start in (1, 3, 5)]) / 255


def outline(change: Pixels, least: float = 0.04) -> list[list[list[float]]]:
    """Outlines of where a film was changed.

    Parameters
    ----------
    change : (H, W), the changed film less the film as it was
    least : grey level from which a change is seen

    Returns
    -------
    list of closed polygons
        Points (x, y) in shares of width and height; specks are left out.
    """
    height, width = change.shape
    near = max(3, round(0.02 * width) | 1)
    soft = cv2.GaussianBlur(np.abs(change), (0, 0), near / 3)
    seen = cv2.morphologyEx(
        (soft > least).astype(np.uint8), cv2.MORPH_DILATE, np.ones((near, near), np.uint8)
    )
    found, _ = cv2.findContours(seen, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_TC89_L1)
    return [
        [[round(x / width, 3), round(y / height, 3)] for x, y in contour[:, 0].tolist()]
        for contour in found
        if cv2.contourArea(contour) > near * near * 4
    ]
