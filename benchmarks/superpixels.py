"""How many superpixels, and what hides them? A small study behind the defaults.

One choice at a time is varied around the default. Deletion score: hiding superpixels by weight
against random order (``xray.explanations.sanity.deletion``), the mean over all fills as judges,
so that no fill is judged by itself alone; higher is better. Agreement: overlap of the five leading
superpixels between repeats of one block each. Fills are also judged by rendered devices: the weight
of a device should be what laying it on did to the log-odds.
``python -m benchmarks.superpixels [--json FILE]``; real films where ``XRAY_DATA`` is set,
synthetic ones otherwise.
"""

from __future__ import annotations

import sys
from itertools import combinations
from typing import Any, get_args

import numpy as np
import pandas as pd
from tqdm import tqdm

from benchmarks import _common
from benchmarks.agreement import interval
from xray.audits import one_film
from xray.audits.findings import KINDS
from xray.explanations import sanity, superpixels, surrogate
from xray.explanations.lime import Settings, explain
from xray.explanations.perturbation import Fill
from xray.films.pixels import Pixels
from xray.films.resize import resize
from xray.models import precision, registry
from xray.models.model import Model

NUMBERS = (20, 28, 44, 60, 76)
VARIED = ("fill", "number")


def variants() -> list[tuple[str, str, Settings]]:
    """What is varied, the choice, and its settings."""
    fills: tuple[Fill, ...] = get_args(Fill)
    return [
        *(("fill", fill, Settings(fill=fill)) for fill in fills),
        *(("number", str(each), Settings(n_superpixels=each)) for each in NUMBERS),
    ]


def study(model: Model, films: list[Pixels], repeats: int, wanted: list[str]) -> pd.DataFrame:
    """Measure the variants of what is ``wanted`` on every film; one row a variant.

    Columns: model, varied, choice, superpixels, deletion_score (with its 95 %
    bootstrap interval over films), agreement, r2, evaluations.
    """
    arithmetic = precision.probe(model).choice
    rows: list[dict[str, Any]] = []
    for varied, choice, settings in variants():
        if varied not in wanted:
            continue
        scores, overlaps, r2, counts, evaluations = [], [], [], [], []
        for index, film in enumerate(tqdm(films, desc=f"{varied}: {choice}", file=sys.stderr)):
            grey = model.prepare(film[None])[0]
            labels = superpixels.segment(grey, settings.n_superpixels)
            found = [
                explain(
                    model,
                    film,
                    settings,
                    segments=labels,
                    seed=seed,
                    ceiling=2,
                    precision=arithmetic,
                )
                for seed in range(repeats)
            ]
            curves = [
                sanity.deletion(model, film, found[0], seed=index, fill=judge)
                for judge in get_args(Fill)
            ]
            scores.append(np.mean([curve.score for curve in curves]))
            overlaps += [
                surrogate.overlap(one.weights, two.weights) for one, two in combinations(found, 2)
            ]
            r2 += [each.r2 for each in found]
            counts.append(labels.max() + 1)
            evaluations.append(found[0].n_evaluations)
        rows.append(
            {
                "model": model.card.name,
                "varied": varied,
                "choice": choice,
                "superpixels": float(np.mean(counts)),
                "deletion_score": interval(np.array(scores)),
                "agreement": float(np.mean(overlaps)),
                "r2": float(np.mean(r2)),
                "evaluations": float(np.mean(evaluations)),
            }
        )
    return pd.DataFrame(rows)


def devices(model: Model, films: list[Pixels]) -> pd.DataFrame:
    """Weight of a device laid on under each fill, against what laying it on really did.

    Columns: model, choice (fill), correlation and rmse (log-odds) over films, n.
    """
    arithmetic = precision.probe(model).choice
    effects: list[float] = []
    weights: dict[Fill, list[float]] = {fill: [] for fill in get_args(Fill)}
    for index, film in enumerate(tqdm(films, desc="devices", file=sys.stderr)):
        stock = one_film.stock(KINDS[index % len(KINDS)], None)
        worn = next(one_film.wear(film, stock, index)).device
        with_device, without = model.prepare(np.stack([worn, film]))
        mask = resize((np.abs(worn - film) > 0.02).astype(np.float32), model.card.size) > 0.2
        if not mask.any():
            continue
        labels = superpixels.segment(with_device, masks=[mask])
        log_odds = model.log_odds_prepared(np.stack([with_device, without]))
        effects.append(float(log_odds[0] - log_odds[1]))
        for fill, found in weights.items():
            settings = Settings(fill=fill, ceiling=2, precision=arithmetic)
            found.append(explain(model, worn, settings, segments=labels).weights[-1])
    truth = np.array(effects)
    rows = [
        {
            "model": model.card.name,
            "choice": fill,
            "correlation": float(np.corrcoef(found, truth)[0, 1]),
            "rmse": float(np.sqrt(np.mean((np.array(found) - truth) ** 2))),
            "n": len(truth),
        }
        for fill, found in weights.items()
    ]
    return pd.DataFrame(rows)


def main() -> None:
    """Run the study, print its tables, and write them where asked."""
    parser = _common.parser(__doc__)
    parser.add_argument("--films", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--models", nargs="+", default=["basic", "augmented"])
    parser.add_argument("--vary", nargs="+", choices=VARIED, default=VARIED)
    options = parser.parse_args()
    films, source = _common.pick_films(options.films)
    worn_by, _ = _common.pick_films(2 * options.films)
    models = [registry.load(name) for name in options.models]
    tables = [study(each, films, options.repeats, options.vary) for each in models]
    hidden = [devices(each, worn_by).assign(varied="device") for each in models]
    rows = pd.concat([*tables, *hidden], ignore_index=True).round(3).to_dict("records")
    print(f"{len(films)} {source} films, {options.repeats} repeats each; devices: {len(worn_by)}")
    _common.report("superpixels", rows, {}, options.json)


if __name__ == "__main__":
    main()
