"""Device labels of the public films: who wears what, and where on the test films.

The labels come from a general-purpose vision-language model that looked at every film;
they were never checked by a radiologist (``artifacts/devices/README.md``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray.errors import ArtifactError
from xray.files import artifacts_dir, read_table

Mask = NDArray[np.bool_]
#: One marked device: kind, geometry in tenths of width and height, confidence 0..1.
Device = Mapping[str, Any]
#: One look of the labelling model at one film: devices, tech_text, quality.
Look = Mapping[str, Any]

KINDS = ("line", "tube", "electrode", "support", "other")

#: What to say wherever labels are shown.
PROVENANCE = (
    "Device labels were made by a general-purpose vision-language model that viewed every film "
    "without its diagnosis; they were never checked by a radiologist."
)

#: Width of a stroked line or tube as a fraction of the film's height and width. Real ones are
#: 0.6 to 1.5 % wide; the rest covers the placing error between the two looks (90 % of marked
#: pixels lie within 1.8 % of the other look's).
STROKE = 0.026
#: Electrodes are marked by circle; the ring of the real one often lies just outside.
MARGIN = 0.006

GEOMETRY_SIZES = {"electrode": 3, "support": 4, "other": 4}


def folder() -> Path:
    """Folder of the stored labels."""
    return artifacts_dir() / "devices"


@cache
def _load(path: Path) -> pd.DataFrame:
    table = read_table(path)
    missing = {"file", "split", "label", "has_device", "confidence", *KINDS} - set(table.columns)
    if missing:
        raise ArtifactError(
            f"{path} lacks the columns {', '.join(sorted(missing))}; restore it from git."
        )
    table["file"] = table["split"] + "/" + table["label"] + "/" + table["file"]
    return table.set_index("file")


def load() -> pd.DataFrame:
    """Read the labels of all 5,856 films of the public set.

    Returns
    -------
    DataFrame indexed by ``file`` ("test/PNEUMONIA/person1_virus_6.jpeg") with columns
    split, label; has_device (bool: largest confidence >= 0.5); confidence, line, tube,
    electrode, support, other, tech_text (0..1: that one is visible); passes (looks averaged).

    Raises
    ------
    ArtifactError
        The table is missing or lacks columns.
    """
    return _load(folder() / "devices.csv").copy()


@cache
def _load_geometry(path: Path) -> dict[str, tuple[Look, ...]]:
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return {f"test/{row['label']}/{row['file']}": tuple(row["passes"]) for row in rows}
    except FileNotFoundError as error:
        raise ArtifactError(f"{path} is missing; restore it from git.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} is damaged ({error}); restore it from git.") from error


def load_geometry() -> dict[str, tuple[Look, ...]]:
    """Read where devices are on the 624 test films.

    Returns
    -------
    dict from ``file`` ("test/PNEUMONIA/person1_virus_6.jpeg") to its two independent looks,
    each a mapping with ``devices`` (kind, geometry, confidence), ``tech_text`` and
    ``quality``. Geometry is in tenths of width and height, 0..10: a polyline for line and
    tube, [x, y, r] for electrode, a box [x0, y0, x1, y1] for support and other.

    Raises
    ------
    ArtifactError
        The file is missing or damaged.
    """
    return dict(_load_geometry(folder() / "devices_test.jsonl"))


def mask(
    passes: Sequence[Look],
    size: tuple[int, int],
    kinds: Sequence[str] | None = None,
    min_confidence: float = 0.5,
    agreed: bool = False,
) -> Mask:
    """Mark the labelled devices of a film.

    The default is the union of the looks: a device that the mask misses stays in the film
    and hides an effect of taking devices out, while a spare mark costs only area, which the
    sham of the same shape pays too. ``agreed`` keeps what both looks marked.

    Parameters
    ----------
    passes : looks at the film, from :func:`load_geometry`
    size : (height, width) of the mask in pixels
    kinds : kinds to mark, all by default
    min_confidence : leave out devices marked with less, 0..1
    agreed : intersect the looks instead of joining them

    Returns
    -------
    (height, width) bool
    """
    chosen = KINDS if kinds is None else tuple(kinds)
    looks = [
        _look_mask(
            [
                d
                for d in look["devices"]
                if d["kind"] in chosen and d["confidence"] >= min_confidence
            ],
            size,
        )
        for look in passes
    ]
    if not looks:
        return np.zeros(size, bool)
    joined: Mask = np.logical_and.reduce(looks) if agreed else np.logical_or.reduce(looks)
    return joined


def _look_mask(devices: Sequence[Device], size: tuple[int, int]) -> Mask:
    """Draw one look's devices; geometry is scaled apart in x and y, as squashed films are."""
    canvas = np.zeros(size, np.uint8)
    scale = np.array([size[1] / 10, size[0] / 10])
    side = float(np.sqrt(size[0] * size[1]))
    margin = MARGIN * side
    for device in devices:
        geometry = np.asarray(device["geometry"], float)
        if device["kind"] in ("line", "tube"):
            points = np.rint(geometry * scale).astype(np.int32)
            cv2.polylines(canvas, [points], False, 1, max(1, round(STROKE * side)))
        elif device["kind"] == "electrode":
            centre = np.rint(geometry[:2] * scale).astype(int)
            axes = np.maximum(1, np.rint(geometry[2] * scale + margin)).astype(int)
            cv2.ellipse(
                canvas,
                (int(centre[0]), int(centre[1])),
                (int(axes[0]), int(axes[1])),
                0,
                0,
                360,
                1,
                -1,
            )
        else:
            first = np.rint(geometry[:2] * scale).astype(int)
            last = np.maximum(first, np.rint(geometry[2:] * scale).astype(int) - 1)
            cv2.rectangle(
                canvas, (int(first[0]), int(first[1])), (int(last[0]), int(last[1])), 1, -1
            )
    return canvas.astype(bool)


def kappa(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Cohen's kappa of two raters' yes/no (Cohen 1960); NaN when both say one thing always."""
    observed = float(np.mean(first == second))
    p, q = float(np.mean(first)), float(np.mean(second))
    chance = p * q + (1 - p) * (1 - q)
    return (observed - chance) / (1 - chance) if chance < 1 else float("nan")


#: Groups in which the agreement of the looks is counted.
AGREEMENT_GROUPS: Mapping[str, tuple[str, ...]] = {
    "any device": KINDS,
    "line or tube": ("line", "tube"),
    "electrode or other": ("electrode", "other"),
    "support": ("support",),
}


def agreement(min_confidence: float = 0.5) -> pd.DataFrame:
    """Measure how well the two looks at the 624 test films agree.

    Returns
    -------
    DataFrame with columns what, films, agreement (share of films), kappa (Cohen's), iou
    (mean over the films that both looks mark, of the masks at 224 x 224; NaN for text).
    """
    looks = list(load_geometry().values())
    rows: list[dict[str, Any]] = []
    for what, kinds in AGREEMENT_GROUPS.items():
        pairs = [
            [mask([look], (224, 224), kinds, min_confidence) for look in both] for both in looks
        ]
        says = np.array([[m.any() for m in pair] for pair in pairs])
        overlap = [(a & b).sum() / (a | b).sum() for a, b in pairs if a.any() and b.any()]
        rows.append(_agreement_row(what, says, float(np.mean(overlap))))
    text = np.array([[bool(look["tech_text"]) for look in both] for both in looks])
    rows.append(_agreement_row("burned-in text", text, float("nan")))
    return pd.DataFrame(rows)


def _agreement_row(what: str, says: NDArray[np.bool_], iou: float) -> dict[str, Any]:
    return {
        "what": what,
        "films": len(says),
        "agreement": float(np.mean(says[:, 0] == says[:, 1])),
        "kappa": kappa(says[:, 0], says[:, 1]),
        "iou": iou,
    }
