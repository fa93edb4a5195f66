"""How much a device brightens a film, by how bright what lies behind it is: real and laid on.

    XRAY_DATA=FOLDER python -m benchmarks.tone_curve [--by-share] [--json FILE]

Real: labelled devices of the test films, less the ground that is painted where they lie. Painting
errs most where the ground is bright, so the same masks on films that show no device are taken off.
Laid on: layers of the same films over films that show none, where the ground is known; with
``--by-share`` as shares of the rays in place of greys (``benchmarks/by_share.py``).

A row is a kind of device and a range of ground; figures are means over films that wear the device,
with 95 % intervals, in grey from 0 to 1. Sick children's films only, on which most devices are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks import _common, by_share
from xray.audits import insertion
from xray.audits.known import specs
from xray.classes import SICK
from xray.drawing import layers, laying, marks
from xray.drawing.removal import inpaint
from xray.films.pixels import Bytes, as_float
from xray.labels import devices

KINDS = ("line", "tube", "electrode")
#: Ranges of ground, in grey; a device counts in those in which it has so many pixels.
GROUND = (0.0, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85)
LEAST_PIXELS, LEAST_FILMS = 5, 8
#: Films without devices that each mask is tried on; films that layers of a kind are laid over.
PLAIN, LAID = 3, 400

Grey = NDArray[np.float32]
#: Kind, film that wears it, what this is ("real", "plain" or "laid"), ground, and what is added.
Part = tuple[str, str, str, Grey, Grey]


def worn(table: pd.DataFrame, films: Bytes, plain: NDArray[Any], seed: int) -> Iterator[Part]:
    """Real devices, and the same masks on films that show none."""
    geometry, rng = devices.stored_geometry(), np.random.default_rng([seed, 1])
    for place, file in enumerate(table["file"]):
        if file not in geometry or table["label"][place] != SICK:
            continue
        film = as_float(films[place])
        agreed, _ = marks.agreed(geometry[file], film.shape)
        for mark in agreed:
            mask = marks.outline(film, mark)
            if mark.kind not in KINDS or not mask.any():
                continue
            others = [as_float(films[k]) for k in rng.choice(plain, PLAIN, replace=False)]
            for what, on in [("real", film), *(("plain", other) for other in others)]:
                behind = inpaint(on, mask)
                yield mark.kind, file, what, behind[mask], (on - behind)[mask]


def laid(table: pd.DataFrame, films: Bytes, plain: NDArray[Any], seed: int) -> Iterator[Part]:
    """Layers of the same films over films that show none."""
    bare = np.isin(np.arange(len(table)), plain)
    material = insertion.prepare(
        table, films, devices.stored_geometry(), bare, bare, seed=seed, kinds=KINDS
    )
    rng = np.random.default_rng([seed, 2])
    for kind, plan in material.plans.items():
        rows = rng.choice(len(plan.film), min(LAID, len(plan.film)), replace=False)
        for row in rows:
            film, box = as_float(films[plan.film[row]]), material.boxes[plan.film[row]]
            layer = material.donors[kind].layers[plan.layer[row]]
            added = laying.put(film, box, layer, plan.places[row]) - film
            mask = _moved(layer, box, plan.places[row])
            yield kind, layer.file, "laid", film[mask], added[mask]


def _moved(layer: layers.Layer, lungs: Any, place: laying.Place) -> NDArray[np.bool_]:
    """Where a layer's mask comes to lie."""
    height, width = layer.mask.shape
    mask, base = np.zeros((height, width), np.float32), laying.onto(layer.lungs, lungs, place)
    for piece in layer.pieces:
        x0, y0, x1, y1 = piece.box
        own = np.zeros((height, width), np.float32)
        own[y0:y1, x0:x1] = layer.mask[y0:y1, x0:x1]
        matrix = laying.settled(base, piece.box, piece.touches, (height, width))
        mask = np.maximum(mask, cv2.warpAffine(own, matrix, (width, height)))
    return mask > 0.5


def rows(parts: Iterator[Part]) -> pd.DataFrame:
    """Mean of what the devices of each film add in each range of ground."""
    made = []
    for kind, name, what, ground, added in parts:
        for number in range(len(GROUND) - 1):
            inside = (ground >= GROUND[number]) & (ground < GROUND[number + 1])
            if inside.sum() >= LEAST_PIXELS:
                made.append((kind, name, what, number, float(added[inside].mean())))
    columns = ["kind", "film", "what", "range", "added"]
    each = pd.DataFrame(made, columns=columns)
    return each.groupby(columns[:-1])["added"].mean().reset_index()


def compare(each: pd.DataFrame) -> list[dict[str, Any]]:
    """Real less plain, and laid on, by kind and ground."""
    real = each[each["what"] != "laid"].pivot_table(
        index=["kind", "film", "range"], columns="what", values="added"
    )
    both = {
        "real": (real["real"] - real["plain"]).dropna().rename("added").reset_index(),
        "laid": each[each["what"] == "laid"],
    }
    made = []
    for kind in KINDS:
        for number in range(len(GROUND) - 1):
            row: dict[str, Any] = {"kind": kind, "from": GROUND[number], "to": GROUND[number + 1]}
            for what, of in both.items():
                some = of.loc[(of["kind"] == kind) & (of["range"] == number), "added"]
                half = 1.96 * float(some.std()) / np.sqrt(len(some)) if len(some) > 1 else np.nan
                middle = float(some.mean())
                row |= {what: middle, f"{what}_low": middle - half, f"{what}_high": middle + half}
                row[f"{what}_films"] = len(some)
            if min(row["real_films"], row["laid_films"]) >= LEAST_FILMS:
                made.append(row)
    return made


def main() -> None:
    """Measure and print."""
    parser = _common.parser(__doc__)
    parser.add_argument("--by-share", action="store_true", help="lay on shares of the rays")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.by_share:
        by_share.use()
    table, films = _common.public_test_films()
    sick = (table["label"] == SICK).to_numpy()
    plain = np.flatnonzero(sick & (table["confidence"] < specs.BARE).to_numpy())
    parts = (part for source in (worn, laid) for part in source(table, films, plain, options.seed))
    made = compare(rows(parts))
    shown = pd.DataFrame(made)
    apart = ((shown["real"] - shown["laid"]) ** 2).groupby(shown["kind"]).mean() ** 0.5
    ratios = {f"{kind}, real less laid on": float(value) for kind, value in apart.items()}
    _common.report("tone_curve", made, ratios, options.json)


if __name__ == "__main__":
    main()
