"""Are groups on which a model errs found where they are planted, and none where there are none?

``python -m benchmarks.planted_groups [--model NAME] [--trials N] [--films N] [--json FILE]``: takes
the facts and device labels of the public set and, with ``XRAY_DATA``, what a model makes of its
films (without it, noise). The calls are made up: every film errs with a chance of 4 %, those of a
planted group of 2 to 10 % of the films with one of 25 to 50 %. A half of the groups is cut along
one column, a quarter by two columns together, and a quarter is a neighbourhood in what the model
makes of the films. A group counts as found where one of the first three that are shown holds at
least half of its films, and at least half of what is shown is planted. Apart from these stand
neighbourhoods in what another model makes of the films, which the search is not shown.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks._common import parser, report
from xray import classes
from xray.dataset import public_set
from xray.environment import data_dir
from xray.labels import devices
from xray.metrics.bootstrap import wilson
from xray.models import embeddings, failing_groups, registry

BASE, FROM, TO = 0.04, 0.25, 0.5
SMALL, LARGE = 0.02, 0.10
#: What trials plant in turn: a half along one column.
KINDS = ("column", "two columns", "column", "neighbourhood")
#: Planted in a quarter as many trials again, in what is not searched; and nothing, in as many.
HIDDEN, NONE = "neighbourhood of another model", "nothing"


def planted(
    kind: str, facts: pd.DataFrame, vectors: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """A group of 2 to 10 % of the films."""
    n = len(facts)
    while True:
        share = float(rng.uniform(SMALL, LARGE))
        if kind in ("neighbourhood", HIDDEN):
            far = np.linalg.norm(vectors - vectors[rng.integers(n)], axis=1)
            return np.asarray(far <= np.quantile(far, share))
        columns = rng.choice(len(facts.columns), 1 if kind == "column" else 2, replace=False)
        inside = np.ones(n, bool)
        for column in columns:
            values = facts.iloc[:, int(column)].to_numpy(float)
            part = share if kind == "column" else share**0.5
            known = np.isfinite(values)
            low, high = np.quantile(values[known], [part, 1 - part])
            inside &= known & ((values > high) if rng.random() < 0.5 else (values < low))
        if kind == "two columns":
            # Neither column alone may describe it.
            alone = [(facts.iloc[:, int(c)].to_numpy(float)) for c in columns]
            if any(len(np.unique(each[inside])) < 2 for each in alone):
                continue
        if SMALL <= inside.mean() <= LARGE:
            return inside


def found(group: failing_groups.Group, truth: NDArray[np.bool_]) -> bool:
    """Whether a group that is shown is the planted one."""
    both = float((group.member & truth).sum())
    return both >= 0.5 * max(int(truth.sum()), int(group.member.sum()))


def material(
    model: str, other: str, films: int
) -> tuple[pd.DataFrame, pd.DataFrame, NDArray[np.float32], NDArray[np.float32]]:
    """Table, facts, looks of the films for the search, and those that groups are planted by."""
    table = public_set.read()
    folder = data_dir()
    rng = np.random.default_rng(0)
    if folder is not None:
        from xray.dataset import index

        rows = index.index(folder)
        table = table[table["file"].isin(rows["file"])].reset_index(drop=True)
        spaces = [embeddings.embed(folder, rows, registry.load(name)) for name in (model, other)]
        order = [pd.Index(space.files).get_indexer(pd.Index(table["file"])) for space in spaces]
        shown, hidden = (space.vectors[at] for space, at in zip(spaces, order, strict=True))
    else:
        shown, hidden = (rng.normal(size=(len(table), 16)).astype(np.float32) for _ in range(2))
    if films:
        kept = np.sort(rng.choice(len(table), min(films, len(table)), replace=False))
        table, shown, hidden = table.iloc[kept].reset_index(drop=True), shown[kept], hidden[kept]
    facts = failing_groups.describe(table["file"], table, devices.load())
    return table, facts, shown, hidden


def main() -> int:
    """Plant, search, and print how often the right thing is shown."""
    options = parser(__doc__)
    options.add_argument("--model", default="basic", help="what the search is shown")
    options.add_argument("--other", default="augmented", help="what neighbourhoods are planted by")
    options.add_argument("--trials", type=int, default=100)
    options.add_argument("--films", type=int, default=0, help="draw so many; 0 takes all")
    chosen = options.parse_args()
    table, facts, shown, hidden = material(chosen.model, chosen.other, chosen.films)
    sick = classes.is_positive(table["label"]).to_numpy()
    who = np.where(table["person"] == "", table["file"], table["person"]).astype(str)
    trial_kinds = [KINDS[i % len(KINDS)] for i in range(chosen.trials)]
    trial_kinds += [HIDDEN] * (chosen.trials // 4) + [NONE] * chosen.trials
    rows: list[dict[str, Any]] = []
    for trial, kind in enumerate(trial_kinds):
        rng = np.random.default_rng([17, trial])
        truth = np.zeros(len(table), bool)
        if kind != NONE:
            truth = planted(kind, facts, hidden if kind == HIDDEN else shown, rng)
        errors = rng.random(len(table)) < np.where(truth, rng.uniform(FROM, TO), BASE)
        what = failing_groups.find(errors, sick, who, facts, shown, seed=trial)
        first = any(found(each, truth) for each in what.groups[:3])
        rows.append(
            {
                "planted": kind,
                "share": float(truth.mean()),
                "shown": len(what.groups),
                "right": first if kind != NONE else not what.groups,
            }
        )
    trials = pd.DataFrame(rows)
    summary = []
    for of_kind, part in trials.groupby("planted", sort=False):
        right = part["right"]
        low, high = wilson(int(right.sum()), len(part))
        summary.append(
            {
                "planted": str(of_kind),
                "trials": len(part),
                "right": float(right.mean()),
                "low": low,
                "high": high,
                "shown": float(part["shown"].mean()),
            }
        )
    there, none = trials["planted"].isin(KINDS), trials["planted"] == NONE
    ratios = {
        "planted groups among the first three": float(trials.loc[there, "right"].mean()),
        "nothing shown where nothing is planted": float(trials.loc[none, "right"].mean()),
    }
    report("planted_groups", summary, ratios, chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
