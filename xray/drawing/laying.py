"""Lay devices over films: at the same place relative to the lungs, with a null beside each.

The null has everything but the device: what the same mask cuts out of a device-free film at the
same place relative to the lungs (the same cut edges, the same grain), and a smooth cloud that
brings it to the device's brightness.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from xray.drawing.layers import CLOUD_STEP, Layer, developed, exposure
from xray.drawing.removal import inpaint
from xray.films.lungs import Box
from xray.films.pixels import Pixels

#: Largest shift of a laid layer, as a share of the lungs' box.
SHIFT = 0.02
#: Lungs are found with an error; layers are not stretched further than this.
STRETCH = 1.5
#: Share of a piece's height and width that must stay on the film, at least.
VISIBLE = 0.6
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """How a layer is laid: mirrored or not, and shifted by shares of the lungs' box."""

    mirrored: bool = False
    across: float = 0.0
    down: float = 0.0

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Place:
        """Choose at random."""
        across, down = rng.uniform(-SHIFT, SHIFT, 2)
        return cls(bool(rng.random() < 0.5), float(across), float(down))


def onto(donor: Box, recipient: Box, place: Place) -> Matrix:
    """Affine map (2, 3) that takes a donor's lungs to the recipient's, in pixels."""
    x0, y0, x1, y1 = donor
    a0, b0, a1, b1 = recipient
    sx = float(np.clip((a1 - a0) / (x1 - x0), 1 / STRETCH, STRETCH))
    sy = float(np.clip((b1 - b0) / (y1 - y0), 1 / STRETCH, STRETCH))
    fx = -sx if place.mirrored else sx
    middle = (a0 + a1) / 2 + place.across * (a1 - a0), (b0 + b1) / 2 + place.down * (b1 - b0)
    return np.array(
        [
            [fx, 0.0, middle[0] - fx * (x0 + x1) / 2],
            [0.0, sy, middle[1] - sy * (y0 + y1) / 2],
        ]
    )


def settled(
    matrix: Matrix,
    box: tuple[int, int, int, int],
    touches: tuple[bool, bool, bool, bool],
    size: tuple[int, int],
) -> Matrix:
    """Move a piece along an axis so that no cut edge shows and enough of it stays on the film.

    What runs over the donor's border runs over the recipient's too; what would fall off the
    film is taken back until ``VISIBLE`` of it is seen.

    Parameters
    ----------
    matrix : (2, 3), from ``onto``
    box, touches : of the piece
    size : (height, width) of the recipient
    """
    out = matrix.copy()
    for axis, length in ((0, size[1]), (1, size[0])):
        scale, offset = out[axis, axis], out[axis, 2]
        low, high = sorted((scale * box[axis] + offset, scale * box[axis + 2] + offset))
        first, last = touches[axis], touches[axis + 2]
        if scale < 0:
            first, last = last, first
        extent = high - low
        if first and last:
            stretch = max(1.0, length / extent)
            middle = (box[axis] + box[axis + 2]) / 2
            out[axis, axis] = scale * stretch
            out[axis, 2] = length / 2 - scale * stretch * middle
            continue
        move = 0.0
        if first and low > 0:
            move = -low
        if last and high < length:
            move = length - high
        low, high = low + move, high + move
        seen = VISIBLE * min(extent, length)
        move += max(0.0, seen - high) - max(0.0, low - (length - seen))
        out[axis, 2] = offset + move
    return out


@dataclass(frozen=True, eq=False)
class Null:
    """What a layer's mask cuts from a device-free film, on the donor's canvas.

    ``pieces`` follow the layer's: (h, w) float32 in the same boxes.
    """

    file: str
    pieces: tuple[NDArray[np.float32], ...]


def null(layer: Layer, film: Pixels, lungs: Box, file: str) -> Null:
    """Cut a null for a layer from a device-free film.

    Parameters
    ----------
    film : (H, W) float32 in [0, 1]
    lungs : box of that film's lungs
    file : its name
    """
    height, width = layer.mask.shape
    there = cv2.warpAffine(
        film,
        onto(lungs, layer.lungs, Place()),
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    ).astype(np.float32)
    lifted = exposure(there) - exposure(inpaint(there, layer.mask))
    own = [
        np.where(piece.delta != 0, lifted[y0:y1, x0:x1], 0).astype(np.float32)
        for piece in layer.pieces
        for x0, y0, x1, y1 in [piece.box]
    ]
    return Null(file, tuple(own))


@dataclass(frozen=True, eq=False)
class Laid:
    """A film with a device, with its null, and with the cloud alone; each (H, W) float32."""

    device: Pixels
    null: Pixels
    cloud: Pixels


def lay(film: Pixels, lungs: Box, layer: Layer, cut: Null, place: Place) -> Laid:
    """Lay a layer over a film, and beside it a null and a cloud of the same brightness.

    Parameters
    ----------
    film : (H, W) float32 in [0, 1], without devices
    lungs : box of its lungs
    layer, cut : the device, and what the same mask cut from a device-free film
    place : how to lay both
    """
    base = onto(layer.lungs, lungs, place)
    exposed = exposure(film)
    added, plain = exposed.copy(), exposed.copy()
    coarse = (-(-film.shape[0] // CLOUD_STEP), -(-film.shape[1] // CLOUD_STEP))
    haze = np.zeros(coarse, np.float32)
    for piece, grain in zip(layer.pieces, cut.pieces, strict=True):
        matrix = settled(base, piece.box, piece.touches, film.shape)
        _add((added, plain), (piece.delta, grain), piece.box, matrix)
        haze += _coarse(piece.cloud, matrix, coarse)
    haze = np.asarray(
        cv2.resize(haze, film.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32
    )
    # Away from what is laid on, the film stays as it is, bit for bit.
    device = np.where(added != exposed, developed(added), film)
    total = float(device.sum())
    return Laid(
        device,
        _lifted(np.where(plain != exposed, developed(plain), film), haze, total),
        _lifted(film, haze, total),
    )


def put(film: Pixels, lungs: Box, layer: Layer, place: Place) -> Pixels:
    """Lay a layer over a film, as ``lay`` does, without a null: for films that are learnt from."""
    base = onto(layer.lungs, lungs, place)
    exposed = exposure(film)
    added, spare = exposed.copy(), exposed.copy()
    for piece in layer.pieces:
        matrix = settled(base, piece.box, piece.touches, film.shape)
        _add((added, spare), (piece.delta, piece.delta), piece.box, matrix)
    return np.where(added != exposed, developed(added), film)


def _add(
    canvases: tuple[Pixels, Pixels],
    deltas: tuple[NDArray[np.float32], NDArray[np.float32]],
    box: tuple[int, int, int, int],
    matrix: Matrix,
) -> None:
    """Add a piece to one canvas of exposures, and its null to another."""
    corner = matrix.copy()
    corner[:, 2] = matrix @ [box[0], box[1], 1]
    height, width = deltas[0].shape
    corners = corner @ np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]])
    size = canvases[0].shape
    x0, y0 = np.maximum(np.floor(corners.min(axis=1)).astype(int) - 1, 0)
    x1, y1 = np.minimum(np.ceil(corners.max(axis=1)).astype(int) + 1, size[::-1])
    if x1 <= x0 or y1 <= y0:
        return
    corner[:, 2] -= [x0, y0]
    there = cv2.warpAffine(cv2.merge(deltas), corner, (int(x1 - x0), int(y1 - y0)))
    for number, canvas in enumerate(canvases):
        canvas[y0:y1, x0:x1] += there[..., number]


def _coarse(cloud: Pixels, matrix: Matrix, size: tuple[int, int]) -> Pixels:
    """Warp a coarse cloud by a map of whole pixels."""
    # Centres of coarse pixels lie between whole ones.
    half = (CLOUD_STEP - 1) / 2
    coarse = matrix.copy()
    coarse[:, 2] = (matrix @ [half, half, 1] - half) / CLOUD_STEP
    return np.asarray(
        cv2.warpAffine(cloud, coarse, size[::-1], borderMode=cv2.BORDER_REPLICATE), np.float32
    )


def _lifted(film: Pixels, haze: Pixels, total: float) -> Pixels:
    """Add a cloud until the sum of a film's greys is ``total``."""
    out = film
    for attempt in range(3):
        gap = total - float(out.sum())
        if attempt and abs(gap) < 0.02 * abs(total - float(film.sum())):
            break
        room = haze if not attempt else haze * ((out < 1) if gap > 0 else (out > 0))
        held = float(room.sum())
        if abs(held) < 1e-6:
            break
        out = np.clip(out + room * np.float32(gap / held), 0, 1)
    return np.asarray(out, np.float32)
