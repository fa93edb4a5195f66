"""Superpixels that suit films: SLIC on grey values, along the lungs and around devices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.ndimage
import scipy.spatial
from numpy.typing import NDArray
from skimage.measure import label
from skimage.segmentation import slic

from xray.films.pixels import Pixels

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

#: Superpixels of an explanation: the most that a folded Hadamard design of order 48 carries
#: with columns to spare for the errors, in 95 evaluations.
DEFAULT_COUNT = 44
#: SLIC's weight of distance against grey value. Films run from 0 to 1 with little contrast;
#: at 0.1 superpixels follow ribs and diaphragm and still are compact.
COMPACTNESS = 0.1
#: No superpixel is smaller than this share of an even one (cut-out masks aside).
SMALLEST_SHARE = 0.15


def split_lungs(lungs: Mask) -> NDArray[np.int32]:
    """Divide a film by its lung fields.

    Parameters
    ----------
    lungs : (H, W) bool
        True inside the lung fields, as one mask.

    Returns
    -------
    (H, W) int32
        0 outside, 1 the lung at the film's left edge (the patient's right), 2 the other one,
        3 what lies between them (mediastinum). With one lung or none visible only those
        regions are there that can be told.
    """
    regions = np.zeros(lungs.shape, np.int32)
    parts, count = scipy.ndimage.label(lungs)
    if count == 0:
        return regions
    areas = np.bincount(parts.ravel())[1:]
    large = [part + 1 for part in np.argsort(areas)[::-1][:2] if areas[part] >= 0.1 * areas.max()]
    if len(large) == 2:
        centres = scipy.ndimage.center_of_mass(lungs, parts, large)
        left, right = [part for _, part in sorted(zip((c[1] for c in centres), large, strict=True))]
        regions[parts == left], regions[parts == right] = 1, 2
    else:
        # Touching lungs are one part: its centre column stands for the midline.
        rows, columns = np.nonzero(parts == large[0])
        middle = (columns.min() + columns.max()) / 2
        regions[rows, columns] = np.where(columns <= middle, 1, 2)
    for row in range(lungs.shape[0]):
        first, second = np.flatnonzero(regions[row] == 1), np.flatnonzero(regions[row] == 2)
        if first.size and second.size:
            between = slice(first.max() + 1, second.min())
            regions[row, between][regions[row, between] == 0] = 3
    return regions


def segment(
    film: Pixels,
    n: int = DEFAULT_COUNT,
    *,
    lungs: Mask | None = None,
    masks: Sequence[Mask] = (),
    compactness: float = COMPACTNESS,
) -> Labels:
    """Cut a film into superpixels.

    Deterministic: the same film and masks give the same labels.

    Parameters
    ----------
    film : (h, w) float32 in [0, 1]
        At the model's input size, as the explainer perturbs it.
    n : int
        Superpixels wanted, masks included. Never more come back; fewer where the film is too
        small or flat, or where lungs cut it into more parts than SLIC can fill evenly.
    lungs : (h, w) bool or None
        Lung fields. No superpixel then crosses from one of left lung, right lung, mediastinum
        and outside into another.
    masks : sequence of (h, w) bool
        Devices and shams: each becomes one superpixel of its own, whatever its size; where
        two overlap the earlier one keeps the pixels. Empty masks are left out.
    compactness : float
        SLIC's compactness.

    Returns
    -------
    (h, w) int32
        Labels 0 .. K - 1 without gaps. Superpixels of masks come last, in the order given.
    """
    cut = np.full(film.shape, -1, np.int32)
    for index, mask in reversed(list(enumerate(masks))):
        cut[mask] = index
    free = cut < 0
    if not free.any():
        return np.unique(cut, return_inverse=True)[1].astype(np.int32)
    wanted = max(1, n - int(np.unique(cut[~free]).size))
    regions = np.zeros(film.shape, np.int32) if lungs is None else split_lungs(lungs)
    labels = np.full(film.shape, -1, np.int32)
    for region in np.unique(regions[free]):
        inside = free & (regions == region)
        share = max(1, round(wanted * inside.sum() / max(1, free.sum())))
        part = _slic(film, inside, share, compactness)
        labels[inside] = part[inside] + labels.max() + 1
    labels = _merge_down(film, labels, wanted, regions)
    for index in np.unique(cut[~free]):
        labels[cut == index] = labels.max() + 1
    return labels


def owners(labels: Labels, mask: Mask, share: float = 0.5) -> NDArray[np.int64]:
    """Superpixels of which at least ``share`` lies within a mask, as ascending labels."""
    inside = np.bincount(labels[mask], minlength=int(labels.max()) + 1)
    return np.flatnonzero(inside >= share * np.bincount(labels.ravel()))


def _slic(film: Pixels, inside: Mask, n: int, compactness: float) -> Labels:
    """SLIC labels from 0 within a region; anything outside it is arbitrary."""
    if n == 1:
        return np.zeros(film.shape, np.int32)
    # More than wanted, as SLIC often gives fewer: merging the smallest away comes after.
    labels = slic(
        film,
        n_segments=round(1.3 * n) + 1,
        compactness=compactness,
        channel_axis=None,
        start_label=0,
        mask=None if inside.all() else inside,
        sigma=0.5,
        enforce_connectivity=True,
    )
    return np.asarray(labels, np.int32)


def _merge_down(film: Pixels, labels: Labels, n: int, regions: NDArray[np.int32]) -> Labels:
    """Split what is not connected, then merge the smallest into the likest neighbour.

    Merging goes on until no more than ``n`` superpixels are left and none is tiny. A
    superpixel prefers a neighbour within its own anatomical region.
    """
    labels = _connected(labels)
    count = int(labels.max()) + 1
    areas = np.bincount(labels[labels >= 0], minlength=count).astype(float)
    tiny = SMALLEST_SHARE * areas.sum() / n
    sums = np.bincount(labels[labels >= 0], film[labels >= 0], count)
    home = np.zeros(count, np.int32)
    home[labels[labels >= 0]] = regions[labels >= 0]
    near = _neighbours(labels, count)
    target = np.arange(count)
    alive = set(range(count))
    while len(alive) > 1:
        smallest = min(alive, key=lambda label: (areas[label], label))
        if len(alive) <= n and areas[smallest] >= tiny:
            break
        others = near[smallest] or (alive - {smallest})
        grey = sums[smallest] / areas[smallest]
        into = min(
            others,
            key=lambda o: (home[o] != home[smallest], abs(sums[o] / areas[o] - grey), o),
        )
        areas[into] += areas[smallest]
        sums[into] += sums[smallest]
        target[target == smallest] = into
        for other in near[smallest]:
            near[other].discard(smallest)
            if other != into:
                near[other].add(into)
                near[into].add(other)
        alive.discard(smallest)
    _, compact = np.unique(target, return_inverse=True)
    return np.where(labels >= 0, compact[labels], -1).astype(np.int32)


def _connected(labels: Labels) -> Labels:
    """Number the connected parts of all labels from 0, label by label; -1 stays."""
    parts: Labels = label(labels, background=-1, connectivity=1)  # type: ignore[no-untyped-call]
    _, first = np.unique(parts, return_index=True)
    inside = labels.ravel()[first]
    # Parts come in the order of their first pixels; within a label that order is kept.
    places = np.argsort(np.argsort(inside, kind="stable"))
    numbers = (places - np.count_nonzero(inside < 0)).astype(np.int32)
    return np.asarray(numbers[parts - parts.min()], np.int32)


def _neighbours(labels: Labels, count: int) -> list[set[int]]:
    """For every label the labels that touch it along an edge."""
    near: list[set[int]] = [set() for _ in range(count)]
    for one, two in ((labels[:, :-1], labels[:, 1:]), (labels[:-1], labels[1:])):
        touching = (one != two) & (one >= 0) & (two >= 0)
        for a, b in np.unique(np.stack([one[touching], two[touching]], 1), axis=0):
            near[a].add(int(b))
            near[b].add(int(a))
    return near
