"""Is a model with wrong options ever called calm? Strangers' models, audited as people err.

``python -m benchmarks.wrong_options TABLE [--most N] [--json FILE]`` reads a CSV table with a row
a model: ``file`` (beside the table), and its author's ``scale``, ``positive_index``, ``fit``,
``size`` and ``colour`` where the file does not say them (see ``python -m xray add --help``). Each
other scale, order of channels, resize, meaning of the units and size is a wrong option, where it
changes more than 3 of 100 calls of films of ``XRAY_DATA``. The check before an audit refuses some;
of those that pass it ``--most`` a model, chosen by a seed, are audited whole, beside the author's.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._common import parser, report
from xray.audits import audit, doubts, inputs
from xray.environment import films_dir
from xray.errors import XrayError
from xray.films.pixels import Pixels
from xray.models import at_hand, plausibility, registry
from xray.models.model import Model

#: Columns of the table that are options.
OPTIONS = ("scale", "colour", "positive_index", "fit", "size", "threshold")


def options_of(row: pd.Series) -> dict[str, Any]:
    """Options as ``registry.load`` takes them, of a row of the table."""
    given = {name: row[name] for name in OPTIONS if name in row and pd.notna(row[name])}
    if "positive_index" in given:
        given["positive_index"] = tuple(map(int, str(given["positive_index"]).split(",")))
    if "size" in given:
        given["size"] = (int(given["size"]),) * 2
    if "threshold" in given:
        given["threshold"] = float(given["threshold"])
    return given


def wrong(model: Model, own: dict[str, Any], film: Pixels) -> Iterator[dict[str, Any]]:
    """Options that somebody may give by mistake in place of the author's; of a film (1, H, W)."""
    for way in doubts.ways(model, film):
        changed = {name: getattr(way.card, name) for name in ("scale", "colour", "fit", "size")}
        changed = {name: v for name, v in changed.items() if v != getattr(model.card, name)}
        if changed:  # what the units mean follows
            yield own | changed
    for index in list(plausibility.readings(model.card, doubts.units_of(model, film)))[1:]:
        yield own | {"positive_index": index}


def tried(file: Path, own: dict[str, Any], folder: Path) -> tuple[Model, list[dict[str, Any]]]:
    """The author's model, and a row of every wrong way that changes calls.

    Returns
    -------
    model
    rows : of ``option``, ``changed`` (share of calls), ``auroc``, ``model``, and ``check``:
        "refused", "at chance" (an audit says that it cannot be judged), or "passes"
    """
    model = registry.load(str(file), **own)
    films = at_hand.sample(folder, at_hand.how_many(model))
    rows, given = [], model.log_odds_prepared(films.at(model.card.size, model.card.fit))
    for options in wrong(model, own, films.films[0].pixels[None]):
        said = {name: value for name, value in options.items() if value not in (None, "")}
        try:
            other = registry.load(str(file), **said)
            odds = other.log_odds_prepared(films.at(other.card.size, other.card.fit))
        except XrayError:  # it cannot be read so
            continue
        cut = model.card.threshold_log_odds
        changed = float(np.mean((odds >= cut) != (given >= cut)))
        if changed <= doubts.CHANGED:
            continue
        found = at_hand.checked(other, films)
        better = bool(found.option) and found.given.high > plausibility.LEAST_AUROC
        met = "refused" if better else "passes" if found.plausible else "at chance"
        word = ", ".join(
            f"{name} {value}" for name, value in said.items() if own.get(name) != value
        )
        rows.append(
            {
                **{"option": word, "changed": round(changed, 3), "model": other},
                **{"auroc": round(found.given.auroc, 3), "check": met},
            }
        )
    return model, rows


def main() -> None:
    """Try, audit, and count calm verdicts of wrong options."""
    options = parser(__doc__)
    options.add_argument("table", type=Path)
    options.add_argument("--most", type=int, default=3, help="wrong options of a model to audit")
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    folder, rows = films_dir(None), []
    rng = np.random.default_rng(given.seed)
    for _, line in pd.read_csv(given.table, dtype=str).iterrows():
        name = Path(line["file"]).stem
        try:
            model, found = tried(given.table.parent / line["file"], options_of(line), folder)
        except XrayError as error:
            print(f"{name} is left out: {error}", flush=True)
            continue
        own = {"option": "the author's", "model": model, "changed": 0.0, "check": "passes"}
        passed = [row for row in found if row["check"] == "passes"]
        chosen = {int(i) for i in rng.permutation(len(passed))[: given.most]}
        for row in [own, *found]:
            at = next((i for i, each in enumerate(passed) if each is row), None)
            rows.append({"name": name, **row, "asked": row is own or at in chosen})
        print(f"{name}: {len(found)} wrong options, {len(passed)} pass the check", flush=True)
    asked = [row for row in rows if row["asked"]]
    materials = inputs.prepare(folder, given.seed, "test")
    audits = audit.audit([row["model"] for row in asked], materials)
    for row, made in zip(asked, audits, strict=True):
        row |= {"verdict": made.verdict.verdict, "why": made.verdict.reasons[0]}
    table = [
        {"verdict": "not audited" if row["check"] == "passes" else row["check"], "why": ""}
        | {name: value for name, value in row.items() if name not in ("model", "asked", "check")}
        for row in rows
    ]
    mistaken = [row for row in table if row["option"] != "the author's"]
    counts = {word: sum(row["verdict"] == word for row in mistaken) for word in CALLED}
    report("wrong options", table, {f"wrong: {word}": n for word, n in counts.items()}, given.json)


#: What may come of a wrong option.
CALLED = (
    *("refused", "at chance", "not audited"),
    *("cannot_be_judged", "reads_devices", "inconclusive", "no_reliance"),
)

if __name__ == "__main__":
    main()
