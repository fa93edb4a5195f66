"""Shams: the shape of a device somewhere else on the same film."""

from __future__ import annotations

from functools import cache
from typing import TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from xray.films.pixels import Pixels

MaskLike = TypeVar("MaskLike", NDArray[np.bool_], NDArray[np.float32])

#: Side of the copy that places for a moved mask are tried on, in pixels.
SEARCH_SIDE = 112
#: Places tried for each piece of a moved mask.
CANDIDATES = 32
#: Pieces of a mask that are moved by themselves; the smallest of more go together.
PIECES = 6


def moved(
    mask: MaskLike,
    rng: np.random.Generator,
    avoid: NDArray[np.bool_] | None = None,
    film: Pixels | None = None,
) -> MaskLike:
    """Put a mask's shape somewhere else on the same film.

    Each separate piece is moved by itself: mirrored, shifted and slightly turned copies are
    tried, and the one is chosen that keeps its area, keeps off devices, off its own place
    and off the pieces already moved, lies on tissue as bright as the original's and as far
    from the border.

    Parameters
    ----------
    mask : (H, W) bool, or float32 in [0, 1]
    rng : chooses the copies to try
    avoid : (H, W) bool, where the copy should not lie (all devices of the film); the mask's
        own place is avoided anyway
    film : (H, W) float32 in [0, 1], to choose similar tissue; any tissue will do when None

    Returns
    -------
    (H, W) of the mask's type. Where there is no free room (a device that fills the film)
    the copy with the least overlap is returned; an empty mask stays empty.
    """
    height, width = mask.shape
    shrink = min(1.0, SEARCH_SIDE / max(height, width))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    whole = mask.astype(np.float32)
    small = _shrunk(whole, size)
    taken = small
    if avoid is not None:
        taken = np.maximum(taken, _shrunk(avoid.astype(np.float32), size))
    grey = None if film is None else _shrunk(film, size)
    result = np.zeros_like(whole)
    for piece in _pieces(small):
        moves = _moves(small * piece, rng)
        costs = [_cost(small * piece, _warp(small * piece, move), taken, grey) for move in moves]
        best = moves[int(np.argmin(costs))]
        taken = np.maximum(taken, _warp(small * piece, best))
        grown = cv2.resize(piece.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
        result = np.maximum(result, _warp(whole * grown, _enlarged(best, size, (width, height))))
    return cast(MaskLike, result > 0.5 if mask.dtype == np.bool_ else result)


def _pieces(small: NDArray[np.float32]) -> list[NDArray[np.bool_]]:
    """The separate parts of a mask, each with its surroundings; small ones go together."""
    near = cv2.dilate((small > 0).astype(np.uint8), np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(near)
    order = 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")
    own, rest = order[: PIECES - 1], order[PIECES - 1 :]
    pieces = [labels == k for k in own]
    return [*pieces, np.isin(labels, rest)] if len(rest) else pieces


def _enlarged(
    move: NDArray[np.float64], small: tuple[int, int], full: tuple[int, int]
) -> NDArray[np.float64]:
    """A move found on the small copy, for the film; sizes are (width, height)."""
    across, down = full[0] / small[0], full[1] / small[1]
    scaled = move.copy()
    scaled[0, 1] *= across / down
    scaled[1, 0] *= down / across
    scaled[:, 2] *= [across, down]
    return scaled


def _shrunk(image: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float32)


def _moves(small: NDArray[np.float32], rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """Affine moves (2, 3) to try: the plain mirror image, then random ones."""
    h, w = small.shape
    ys, xs = np.nonzero(small > 0.3 * small.max())
    centre = np.array([xs.mean(), ys.mean()])
    mirror = np.array([[-1.0, 0, w - 1], [0, 1, 0]])
    moves = [mirror]
    for k in range(CANDIDATES - 1):
        angle = rng.normal(0, 0.25)
        flip = -1.0 if k % 2 else 1.0
        turn = np.array(
            [[flip * np.cos(angle), -np.sin(angle)], [flip * np.sin(angle), np.cos(angle)]]
        )
        # Half stay at their height: tissue and border are most alike there.
        goal = np.array([rng.uniform(0, w), rng.uniform(0, h)])
        if k % 4 < 2:
            goal[1] = centre[1] + rng.normal(0, 0.06 * h)
        moves.append(np.column_stack([turn, goal - turn @ centre]))
    return moves


def _warp(mask: NDArray[np.float32], move: NDArray[np.float64]) -> NDArray[np.float32]:
    height, width = mask.shape
    return np.asarray(cv2.warpAffine(mask, move, (width, height)), np.float32)


@cache
def _rim(shape: tuple[int, int]) -> NDArray[np.float32]:
    """Distance to the film's border, as a share of its side; devices lie near borders."""
    y, x = (np.minimum(np.arange(n), np.arange(n)[::-1]) / n for n in shape)
    return np.minimum(y[:, None], x[None, :]).astype(np.float32)


def _cost(
    mask: NDArray[np.float32],
    copy: NDArray[np.float32],
    taken: NDArray[np.float32],
    grey: Pixels | None,
) -> float:
    """How bad a place is: lost area and overlap count most, unlike tissue least."""
    area, new = float(mask.sum()), float(copy.sum())
    if new == 0:
        return np.inf
    cost = 4 * abs(new - area) / area + 6 * float((copy * taken).sum()) / new
    rim = _rim(mask.shape)
    cost += 3 * abs(float((copy * rim).sum()) / new - float((mask * rim).sum()) / area)
    if grey is not None:
        unlike = float((copy * grey).sum()) / new - float((mask * grey).sum()) / area
        cost += abs(unlike) / (float(grey.std()) + 0.02)
    return cost
