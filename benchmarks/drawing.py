"""Do drawn devices look like real ones, and how long does drawing take?

Contrast and width of the labelled devices of the real test films against those drawn into
test films without devices, measured the same way, and milliseconds a drawing.
``XRAY_DATA=... python -m benchmarks.drawing --json FILE``
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from skimage import morphology

from xray.drawing import devices as draw
from xray.environment import data_dir
from xray.errors import DatasetError
from xray.files import write_json
from xray.films.decode import read
from xray.films.pixels import Pixels
from xray.labels import devices

#: Real kind of label -> drawn kinds that it covers.
SAME = {
    "line": ("cable", "central_line"),
    "tube": ("tube",),
    "electrode": ("electrode",),
    "other": ("clip",),
    "support": ("support",),
}
THIN = ("line", "tube", "cable", "central_line")
SIZE = (224, 224)


def skeletonize(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Centre lines of a mask, one pixel wide."""
    skeleton: Any = morphology.skeletonize  # not typed
    return np.asarray(skeleton(mask), bool)


def contrast(film: Pixels, mask: NDArray[np.bool_], thin: bool) -> float:
    """How far a device stands out, in grey of 0..1.

    A thin device by its top-hat (11 pixels of 224), a wide one by its bright tenth against
    the median of a ring around it.
    """
    if thin:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (11, 11))
        return float(np.percentile(cv2.morphologyEx(film, cv2.MORPH_TOPHAT, kernel)[mask], 90))
    grown = [cv2.dilate(mask.astype(np.uint8), np.ones((k, k))) > 0 for k in (3, 9)]
    ring = grown[1] & ~grown[0]
    if not ring.any():
        return float("nan")
    return float(np.percentile(film[mask], 90) - np.median(film[ring]))


def width(film: Pixels, mask: NDArray[np.bool_]) -> float:
    """Width of a thin device in pixels of 224: bright area over length."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (11, 11))
    hat = cv2.morphologyEx(film, cv2.MORPH_TOPHAT, kernel)[mask]
    bright = (hat > 0.6 * np.percentile(hat, 90)).sum()
    return float(bright / max(1, int(skeletonize(mask).sum())))


def real(folder: Path) -> pd.DataFrame:
    """Measure every surely labelled device of the test films: columns kind, contrast, width."""
    rows = []
    for file, looks in devices.load_geometry().items():
        sure = [d for d in looks[0]["devices"] if d["confidence"] >= 0.7]
        if not sure or not (folder / file).is_file():
            continue
        film = read(folder / file).pixels
        for device in sure:
            mask = devices.mask([{"devices": [device]}], SIZE)
            if mask.sum() >= 8:
                rows.append(_measured(film, mask, device["kind"]))
    return pd.DataFrame(rows)


def drawn(folder: Path, style: draw.Style, films: int, seed: int) -> pd.DataFrame:
    """Measure drawings the same way: columns kind, contrast, width, milliseconds."""
    table = devices.load().query("split == 'test' and confidence <= 0.1")
    rng = np.random.default_rng(seed)
    files = rng.choice(table.index, films, replace=False)
    rows = []
    for film in (read(folder / file).pixels for file in files):
        for kind in draw.KINDS:
            began = time.perf_counter()
            shown = draw.draw(film, kind, rng, style)
            spent = 1000 * (time.perf_counter() - began)
            _, labels, stats, _ = cv2.connectedComponentsWithStats(
                (shown.mask > 0.3).astype(np.uint8)
            )
            if len(stats) < 2:
                continue
            mask = labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
            if kind in THIN:
                # As wide as a labelled line is stroked.
                stroke = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
                mask = cv2.dilate(skeletonize(mask).astype(np.uint8), stroke) > 0
            if mask.sum() >= 8:
                rows.append(_measured(shown.film, mask, kind) | {"milliseconds": spent})
    return pd.DataFrame(rows)


def _measured(film: Pixels, mask: NDArray[np.bool_], kind: str) -> dict[str, Any]:
    thin = kind in THIN
    return {
        "kind": kind,
        "contrast": contrast(film, mask, thin),
        "width": width(film, mask) if thin else float("nan"),
    }


def compare(folder: Path, films: int, seed: int) -> pd.DataFrame:
    """One row a real kind and style: quartiles of contrast and width, ratios of medians."""
    truth = real(folder)
    rows = []
    for style in draw.STYLES:
        made = drawn(folder, style, films, seed)  # type: ignore[arg-type]
        for kind, kinds in SAME.items():
            row: dict[str, Any] = {"style": style, "kind": kind}
            ours, theirs = made[made["kind"].isin(kinds)], truth[truth["kind"] == kind]
            for what in ("contrast", "width"):
                for name, table in (("real", theirs), ("drawn", ours)):
                    quartiles = table[what].quantile([0.25, 0.5, 0.75]).round(3)
                    row[f"{what}_{name}"] = [None if np.isnan(q) else q for q in quartiles]
                middle = ours[what].median() / theirs[what].median()
                row[f"{what}_ratio"] = None if np.isnan(middle) else round(float(middle), 3)
            row["n_real"], row["n_drawn"] = len(theirs), len(ours)
            row["milliseconds"] = round(float(ours["milliseconds"].median()), 2)
            rows.append(row)
    return pd.DataFrame(rows)


def main() -> None:
    """Run and print; ``--json`` writes name, rows and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=100, help="films to draw into")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folder = data_dir()
    if folder is None:
        raise DatasetError("Set XRAY_DATA to the folder of the real films.")
    table = compare(folder, options.films, options.seed)
    print(table.to_string(index=False))
    if options.json:
        ratios = {
            f"{row.style} {row.kind} contrast drawn/real": row.contrast_ratio
            for row in table.itertuples()
        }
        rows = table.astype(object).where(table.notna(), None).to_dict("records")
        write_json(options.json, {"name": "drawing", "rows": rows, "ratios": ratios})


if __name__ == "__main__":
    main()
