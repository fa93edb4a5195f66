"""Can an eye tell laid-in devices from real ones? Sheets to look at, and what came of it.

    python -m benchmarks.blind_look --data FILMS --out FOLDER --style laid [--by-share]
    python -m benchmarks.blind_look --score ANSWERS.csv --key FOLDER-key.csv

The sheets show sick children's test films in random order: some that really show devices, and as
many device-free ones that were given another child's (all that it wears, as the audit lays it),
or rendered ones; ``--by-share`` lays them on as ``benchmarks/by_share.py`` says. Films that wear
devices are of another sort than those that do not (bedside films of sicker children), which would
tell them apart by itself: so real ones and recipients are chosen as pairs that are alike in greys,
in what surrounds the child, and in framing. No film that is shown with its own devices gives any
to another. The viewer says of each number "real" or "laid" (columns film, answer).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from benchmarks import by_share
from xray.audits import insertion
from xray.dataset import index
from xray.drawing import laying, rendering
from xray.environment import artifact
from xray.files import write_table
from xray.films import lungs
from xray.films.pixels import Bytes, as_bytes, as_float
from xray.labels import devices
from xray.metrics import bootstrap
from xray.metrics.patients import patients

#: Side of the films, and of each on a sheet, in pixels; films along a sheet's edge.
SIDE, SHOWN, ALONG = 224, 440, 3
#: How far what surrounds the child reaches from the film's border, in pixels.
EDGE = 20


def pairs(table: pd.DataFrame, films: Bytes, count: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Places of sick films with devices and without, alike in greys and framing, (count,) each."""
    sick = (table["label"] == "PNEUMONIA").to_numpy()
    worn = np.flatnonzero(sick & (table["confidence"] >= 0.8).to_numpy())
    bare = np.flatnonzero(sick & (table["confidence"] < 0.1).to_numpy())
    boxes = np.array([each.box for each in lungs.estimate_many([as_float(f) for f in films])])
    greys = np.quantile(films.reshape(len(films), -1), np.linspace(0.05, 0.95, 10), axis=1).T
    edge = np.ones((SIDE, SIDE), bool)
    edge[EDGE:-EDGE, EDGE:-EDGE] = False
    around = np.quantile(films[:, edge], np.linspace(0.1, 0.9, 5), axis=1).T
    facts = np.hstack([greys / 255, around / 255, boxes / SIDE])
    apart = np.linalg.norm(facts[worn][:, None] - facts[bare][None], axis=2)
    one, two = linear_sum_assignment(apart)
    best = np.argsort(apart[one, two])[:count]
    return worn[one[best]], bare[two[best]]


def laid(
    table: pd.DataFrame,
    films: Bytes,
    recipients: NDArray[Any],
    seen: NDArray[Any],
    style: str,
    seed: int,
) -> Bytes:
    """Device-free sick films with devices laid on, one donor each; none that is ``seen`` itself."""
    geometry = devices.stored_geometry()
    for file in table["file"].iloc[seen]:
        geometry.pop(file, None)
    bare = (table["confidence"] < 0.1).to_numpy()
    given = np.isin(np.arange(len(table)), recipients)
    rendered = style == "rendered"
    material = insertion.prepare(
        table,
        films,
        geometry,
        given,
        bare,
        seed=seed,
        kinds=insertion.KINDS if rendered else (insertion.AS_WORN,),
        further=rendering.read((SIDE, SIDE), artifact("devices", rendering.FILE))
        if rendered
        else (),
    )
    rng = np.random.default_rng([seed, 7])
    made = []
    for place in recipients:
        film = as_float(films[place])
        # As many rendered kinds at once as a child wears on average; real ones come together.
        kinds = rng.permutation(list(material.plans))[: 2 if rendered else 1]
        for kind in kinds:
            plan, donors = material.plans[kind], material.donors[kind]
            row = int(rng.choice(np.flatnonzero(plan.film == place)))
            layer, cut = plan.layer[row], plan.null[row]
            film = laying.lay(
                film,
                material.boxes[place],
                donors.layers[layer],
                donors.nulls[layer][cut],
                plan.places[row],
            ).device
        made.append(as_bytes(film))
    return np.stack(made)


def sheet(films: Bytes, first: int) -> NDArray[np.uint8]:
    """Numbered films side by side, enlarged."""
    page = np.zeros((ALONG * SHOWN, ALONG * SHOWN), np.uint8)
    for place, film in enumerate(films):
        y, x = divmod(place, ALONG)
        big = np.array(cv2.resize(film, (SHOWN, SHOWN), interpolation=cv2.INTER_CUBIC))
        cv2.putText(big, str(first + place), (8, 34), cv2.FONT_HERSHEY_SIMPLEX, 1.1, 255, 3)
        page[y * SHOWN : (y + 1) * SHOWN, x * SHOWN : (x + 1) * SHOWN] = big
    return page


def main() -> None:
    """Write sheets and key, or score answers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--style", choices=("laid", "rendered"), default="laid")
    parser.add_argument("--by-share", action="store_true", help="lay on shares of the rays")
    parser.add_argument("--films", type=int, default=40, help="of each sort")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--score", type=Path)
    parser.add_argument("--key", type=Path)
    options = parser.parse_args()
    if options.score:
        told = pd.read_csv(options.score).merge(pd.read_csv(options.key), on="film")
        right = int((told["answer"] == told["truth"]).sum())
        low, high = bootstrap.wilson(right, len(told))
        print(f"{right} of {len(told)} right: {right / len(told):.0%} ({low:.0%} to {high:.0%})")
        return
    if options.by_share:
        by_share.use()
    table = index.usable(index.index(options.data))
    table = table[table["split"] == "test"].reset_index(drop=True)
    sure = devices.load()["confidence"].reindex(table["file"]).to_numpy()
    table = table.assign(confidence=sure, child=patients(table))
    films = as_bytes(index.load_pixels(options.data, table, (SIDE, SIDE)))
    worn, bare = pairs(table, films, options.films)
    rng = np.random.default_rng([options.seed, 11])
    real = films[worn]
    shown = np.concatenate([real, laid(table, films, bare, worn, options.style, options.seed)])
    truth = np.repeat(["real", "laid"], [len(real), len(shown) - len(real)])
    order = rng.permutation(len(shown))
    options.out.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(shown), ALONG**2):
        page = sheet(shown[order[start : start + ALONG**2]], start + 1)
        cv2.imwrite(str(options.out / f"{start + 1:03}.png"), page)
    key = pd.DataFrame({"film": np.arange(1, len(shown) + 1), "truth": truth[order]})
    write_table(options.out.with_name(f"{options.out.name}-key.csv"), key)


if __name__ == "__main__":
    main()
