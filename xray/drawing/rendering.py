"""Devices drawn from facts, where no labelled films are at hand: rendered layers.

What is stored of a real layer are facts: the outline of what is bright, in shares of the film;
how bright it is at each depth beneath that outline; how coarse and how strong its grain is. From
these a layer is drawn that lies where the real one lay, without a pixel of it. What lies beyond the
outline is lost, and a mean over a depth smooths differences out: so brightness and grain are scaled
until what is drawn has, but for chance, the energy (the sum of squares) of what was there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xray.drawing.layers import Layer, Piece, as_piece
from xray.environment import artifacts_dir
from xray.errors import ArtifactError
from xray.files import read_json, write_json
from xray.films.pixels import Pixels

#: What counts as bright within a layer, as a share of its brightest tenth.
BRIGHT = 0.35
#: Depths beneath the outline at which brightness is told, as shares of the film's side; beyond
#: the last it stays.
DEPTHS = np.array([-3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 12]) / 224
#: Outlines smaller than this share of the film are grain.
LEAST = 5 / 224**2
#: Outlines are told to this share of the film.
DIGITS = 4
FILE = "shapes.json"


def facts(layer: Layer) -> dict[str, Any]:
    """What is told of a real layer; see the module.

    Returns
    -------
    dict of plain numbers and texts: kind, child, label, subtype, lungs (box in shares of the
    film) and pieces, each with outline (closed polygons), profile (added exposure at ``DEPTHS``),
    grain (its standard deviation), both scaled to the energy of the piece, and coarse (the grain's
    scale in shares of the film)
    """
    height, width = layer.mask.shape
    pieces = [_piece_facts(piece, (height, width)) for piece in layer.pieces]
    x0, y0, x1, y1 = layer.lungs
    box = (x0 / width, y0 / height, x1 / width, y1 / height)
    return {
        "kind": layer.kind,
        "child": layer.child,
        "label": layer.label,
        "subtype": layer.subtype,
        "lungs": [round(float(value), DIGITS) for value in box],
        "pieces": [piece for piece in pieces if piece["outline"]],
    }


def _piece_facts(piece: Piece, size: tuple[int, int]) -> dict[str, Any]:
    side = float(np.sqrt(size[0] * size[1]))
    delta = np.zeros(size, np.float32)
    x0, y0, x1, y1 = piece.box
    delta[y0:y1, x0:x1] = piece.delta
    there = delta != 0
    soft = cv2.GaussianBlur(delta, (0, 0), 0.003 * side)
    bright = (soft > BRIGHT * np.quantile(delta[there], 0.9)) & there
    contours, _ = cv2.findContours(
        bright.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_TC89_L1
    )
    kept = [c[:, 0] for c in contours if cv2.contourArea(c) >= LEAST * delta.size and len(c) > 2]
    depth = _depth(kept, size)
    near = there | (depth > -3)
    places = DEPTHS * side
    profile = [
        float(delta[near & (np.abs(depth - place) <= 0.75)].mean())
        if (near & (np.abs(depth - place) <= 0.75)).any()
        else float("nan")
        for place in places
    ]
    known = np.isfinite(profile)
    filled = np.interp(places, places[known], np.array(profile)[known]) if known.any() else places
    rest = np.where(depth > 0, delta - np.interp(depth, places, filled), 0)
    grain = float(rest[depth > 0].std()) if (depth > 0).any() else 0.0
    drawn = _shape(depth, list(filled), side)
    energy = float((drawn.astype(np.float64) ** 2).sum()) + grain**2 * int((depth > 0).sum())
    scale = np.sqrt(float((delta.astype(np.float64) ** 2).sum()) / energy) if energy else 1.0
    return {
        "outline": [
            [[round(x / size[1], DIGITS), round(y / size[0], DIGITS)] for x, y in c + 0.5]
            for c in kept
        ],
        "profile": [round(float(value * scale), DIGITS) for value in filled],
        "grain": round(float(grain * scale), DIGITS),
        "coarse": round(_scale(rest, depth > 0) / side, DIGITS),
    }


def _shape(depth: NDArray[np.float32], profile: Sequence[float], side: float) -> Pixels:
    """Exposure that a profile adds at each depth in pixels; it fades out beyond the outline."""
    fade = np.clip((depth - DEPTHS[0] * side) / 1.5, 0, 1)
    return np.asarray(np.interp(depth, DEPTHS * side, profile) * fade, np.float32)


def _depth(contours: Sequence[NDArray[Any]], size: tuple[int, int]) -> NDArray[np.float32]:
    """Signed distance to outlines in pixels, positive within; holes are outlines in outlines."""
    inside = np.zeros(size, np.uint8)
    cv2.drawContours(
        inside, [np.rint(c).astype(np.int32)[:, None] for c in contours], -1, 1, cv2.FILLED
    )
    within = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    beyond = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    return np.where(inside > 0, within - 0.5, 0.5 - beyond).astype(np.float32)


def _scale(rest: NDArray[Any], where: NDArray[np.bool_]) -> float:
    """Standard deviation of a Gaussian that white noise is blurred by to be as coarse, pixels."""
    pairs = where[:, 1:] & where[:, :-1]
    energy = float((rest[where] ** 2).mean()) if where.any() else 0.0
    if not pairs.any() or energy <= 0:
        return 1.0
    alike = float((rest[:, 1:] * rest[:, :-1])[pairs].mean()) / energy
    # Blurred white noise is alike by exp(-1 / (4 sigma^2)) a pixel on.
    return float(np.clip(np.sqrt(-0.25 / np.log(np.clip(alike, 0.1, 0.98))), 0.3, 4))


def render(told: Mapping[str, Any], size: tuple[int, int], seed: int = 0) -> Layer:
    """Draw a layer from its facts.

    Parameters
    ----------
    told : from ``facts``
    size : (height, width) of the donor's canvas in pixels
    seed : of its grain
    """
    rng = np.random.default_rng(seed)
    height, width = size
    side = float(np.sqrt(height * width))
    pieces: list[Piece] = []
    mask = np.zeros(size, bool)
    for piece in told["pieces"]:
        outline = [np.array(c) * [width, height] - 0.5 for c in piece["outline"]]
        depth = _depth(outline, size)
        shape = _shape(depth, piece["profile"], side)
        noise: Pixels = rng.standard_normal(size).astype(np.float32)
        sigma = max(0.3, piece["coarse"] * side)
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), sigma), np.float32)
        noise *= np.float32(piece["grain"] / (noise.std() + 1e-9))
        delta = (shape + np.where(depth > 0, noise, 0)).astype(np.float32)
        delta[depth <= DEPTHS[0] * side] = 0
        mask |= delta != 0
        made = as_piece(delta)
        if made is not None:
            pieces.append(made)
    x0, y0, x1, y1 = told["lungs"]
    return Layer(
        str(told["kind"]),
        "",
        str(told["child"]),
        str(told["label"]),
        str(told["subtype"]),
        mask,
        tuple(pieces),
        (x0 * width, y0 * height, x1 * width, y1 * height),
    )


def write(layers: Sequence[Layer], path: Path | None = None) -> None:
    """Store the facts of layers, one a child and kind; children are numbered anew.

    So no name of a film is kept.
    """
    names = {name: f"shape {i}" for i, name in enumerate(sorted({x.child for x in layers}))}
    first = {(layer.kind, layer.child): layer for layer in reversed(layers)}
    rows = [
        facts(layer) | {"child": names[layer.child]}
        for layer in layers
        if first[layer.kind, layer.child] is layer
    ]
    write_json(path or artifacts_dir() / "devices" / FILE, rows)


def read(
    size: tuple[int, int], path: Path | None = None, seed: int = 0, kind: str = ""
) -> list[Layer]:
    """Draw all layers of which facts are stored; those of one kind where it is named.

    Raises
    ------
    ArtifactError
        The file is missing or damaged.
    """
    path = path or artifacts_dir() / "devices" / FILE
    try:
        return [
            render(row, size, seed + i)
            for i, row in enumerate(read_json(path))
            # Of one too faint to have an outline nothing can be drawn.
            if row["pieces"] and kind in ("", row["kind"])
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"{path} is damaged ({error}); restore it from git.") from error
