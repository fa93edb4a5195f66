"""How far each method of explanation may be trusted, over many films; and where answers are known.

``python -m benchmarks.which_to_trust [--models NAME ...] [--films N] [--known FOLDER] [--busy]``
explains test films of ``XRAY_DATA`` by every method, and writes means with 95 % intervals
(bootstrap of children) to ``artifacts/explanations.csv``, which "Which to trust" shows. Rows of
networks that are not asked stay as they are, and each network is written when it is done. Of
each model films with labelled devices and films without any are taken. ``FOLDER`` holds networks
that were taught to call films with one kind of device and nothing else (``NAME-KIND-all-film-*``):
of them only films that wear the kind are asked, and whether the device outweighs a region of its
shape elsewhere.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks._common import parser, report
from xray.dataset import index
from xray.drawing import shams
from xray.environment import artifacts_dir, films_dir
from xray.explanations import comparison, methods
from xray.files import read_table, write_table
from xray.films import lungs
from xray.films.pixels import Pixels
from xray.labels import devices
from xray.models import registry
from xray.models.model import Model

#: Side of the films that are explained; no model here sees more.
SIDE = 224
#: A device that fills more of a film than this leaves no room for its sham.
LARGEST = 0.25
#: The default cast, and the one that is shown whole films; in the order of the table.
CAST = ["basic", "augmented", "transfer", "whole_film"]


def films_of(table: pd.DataFrame, count: int, kind: str, seed: int) -> pd.DataFrame:
    """Test films to explain: those that wear a kind; with and without devices where it is ""."""
    known = devices.load_geometry()
    wears = table["file"].map(
        lambda file: devices.mask(known.get(file, ()), (64, 64), [kind] if kind else None).mean()
    )
    worn, bare = table[(wears > 0) & (wears < LARGEST)], table[wears == 0]
    if kind:
        return worn.sample(min(count, len(worn)), random_state=seed)
    half = count // 2
    return pd.concat(
        [
            worn.sample(min(half, len(worn)), random_state=seed),
            bare.sample(min(count - half, len(bare)), random_state=seed),
        ]
    )


def measured(
    model: Model, folder: Path, rows: pd.DataFrame, kind: str, names: list[str]
) -> Iterator[pd.DataFrame]:
    """A table of ``comparison.compare`` a film."""
    known = devices.load_geometry()
    films: Pixels = index.load_pixels(folder, rows, (SIDE, SIDE))
    for place, (film, field) in enumerate(
        zip(films, lungs.estimate_many(list(films)), strict=True)
    ):
        row = rows.iloc[place]
        worn = devices.mask(known.get(row["file"], ()), (SIDE, SIDE), [kind] if kind else None)
        every = devices.mask(known.get(row["file"], ()), (SIDE, SIDE))
        rng = np.random.default_rng([5, place])
        sham = shams.moved(worn, rng, every, film) & ~every if worn.any() else None
        _, table = comparison.compare(
            model, film, names, lungs=field.field, devices=worn if worn.any() else None, shams=sham
        )
        yield table.assign(
            model=model.card.name, answer=kind, file=row["file"], child=row["person"] or row["file"]
        )


def merged(kept: pd.DataFrame, found: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """Rows of before, those of the networks in ``found`` replaced; registered models stand first.

    Parameters
    ----------
    order : names of models, in the order in which they are shown; all others follow
    """
    rows = pd.concat([kept[~kept["model"].isin(found["model"])], found], ignore_index=True)
    places = {name: place for place, name in enumerate(order)}
    at = rows["model"].map(lambda name: places.get(name, len(order)))
    return rows.iloc[np.argsort(at, kind="stable")].reset_index(drop=True)


def main() -> int:
    """Explain, measure, and write the table."""
    options = parser(__doc__)
    options.add_argument("--models", nargs="*", default=CAST)
    options.add_argument("--methods", nargs="+", default=list(methods.METHODS))
    options.add_argument("--films", type=int, default=24)
    options.add_argument("--known", type=Path, help="folder of networks of known answers")
    options.add_argument(
        "--networks", nargs="*", default=[], help="of them; all when none is named"
    )
    options.add_argument("--busy", action="store_true", help="leave out seconds: others compute")
    options.add_argument("--out", type=Path, default=artifacts_dir() / "explanations.csv")
    chosen = options.parse_args()
    folder = films_dir()
    table = index.index(folder)
    table = table[(table["split"] == "test") & (table["error"] == "")]
    asked = [(name, None, "") for name in chosen.models]
    if chosen.known:
        asked += [
            (path.parent.name, chosen.known, path.parent.name.split("-")[1])
            for path in sorted(chosen.known.glob("*-all-film-*/card.json"))
            if not chosen.networks or path.parent.name in chosen.networks
        ]
    for name, home, kind in asked:
        model = registry.load(name, home)
        rows = films_of(table, chosen.films, kind, seed=1)
        made = pd.concat(measured(model, folder, rows, kind, chosen.methods), ignore_index=True)
        print(f"{name}: {len(rows)} films", flush=True)
        found = comparison.summarise(made).round({"mean": 4, "low": 4, "high": 4})
        if chosen.busy:
            found = found[found["measure"] != "seconds"]
        if chosen.out.is_file():
            found = merged(read_table(chosen.out).fillna({"answer": ""}), found, CAST)
        write_table(chosen.out, found)
    told = read_table(chosen.out).fillna({"answer": ""})
    report("which_to_trust", told.to_dict("records"), {}, chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
