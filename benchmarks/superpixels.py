"""Which superpixels, how many, and what hides them? A small study behind the defaults.

One choice at a time is varied around the default. Deletion score: hiding superpixels by weight
against random order (``xray.explanations.sanity.deletion``), the mean over all fills as judges,
so that no fill is judged by itself alone; higher is better. Agreement: overlap of the five leading
superpixels between repeats of one block each. Fills are also judged by rendered devices: the weight
of a device should be what laying it on did to the log-odds.
``python -m benchmarks.superpixels [--json FILE]``; real films where ``XRAY_DATA`` is set,
synthetic ones otherwise.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
from tqdm import tqdm

from benchmarks.lime import pick_films
from xray.audits import one_film
from xray.audits.findings import KINDS
from xray.explanations import sanity, superpixels, surrogate
from xray.explanations.lime import Settings, explain
from xray.explanations.perturbation import Fill
from xray.explanations.superpixels import COMPACTNESS, Labels
from xray.files import write_json
from xray.films import lungs
from xray.films.pixels import Pixels
from xray.films.resize import resize
from xray.models import precision, registry
from xray.models.model import Model

DEFAULT = Settings()
NUMBERS = (20, 28, 44, 60, 76)
VARIED = ("fill", "number", "method")

#: (prepared film, film) -> superpixels
Cut = Callable[[Pixels, Pixels], Labels]


def slic(grey: Pixels, film: Pixels, n: int, compactness: float = COMPACTNESS) -> Labels:
    """This library's superpixels."""
    return superpixels.segment(grey, n, compactness=compactness)


def along_lungs(grey: Pixels, film: Pixels, n: int) -> Labels:
    """The same, not crossing the borders of the lungs."""
    shape = (int(grey.shape[0]), int(grey.shape[1]))
    field = resize(lungs.estimate(film).field.astype(np.float32), shape)
    return superpixels.segment(grey, n, lungs=field > 0.5)


def grid(grey: Pixels, film: Pixels, n: int) -> Labels:
    """About ``n`` rectangles."""
    side = max(1, round(n**0.5))
    rows, columns = (np.arange(length) * side // length for length in grey.shape)
    return np.asarray(rows[:, None] * side + columns[None, :], np.int32)


def quickshift(grey: Pixels, film: Pixels) -> Labels:
    """What the lime package cuts by default, numbered without gaps."""
    from lime.wrappers.scikit_image import SegmentationAlgorithm

    cut = SegmentationAlgorithm("quickshift", kernel_size=4, max_dist=200, ratio=0.2, random_seed=0)
    labels = cut(np.repeat(grey[..., None], 3, axis=2).astype(np.float64))
    return np.unique(labels, return_inverse=True)[1].reshape(grey.shape).astype(np.int32)


def variants() -> list[tuple[str, str, Settings, Cut]]:
    """What is varied, the choice, its settings and its superpixels."""
    n = DEFAULT.n_superpixels
    fills: tuple[Fill, ...] = get_args(Fill)
    found: list[tuple[str, str, Settings, Cut]] = [
        ("fill", fill, Settings(fill=fill), partial(slic, n=n)) for fill in fills
    ]
    found += [
        ("number", str(each), Settings(n_superpixels=each), partial(slic, n=each))
        for each in NUMBERS
    ]
    found += [
        ("method", f"SLIC, compactness {c}", DEFAULT, partial(slic, n=n, compactness=c))
        for c in (0.05, 0.1, 0.2, 0.4)
    ]
    return [
        *found,
        ("method", "SLIC along the lungs", DEFAULT, partial(along_lungs, n=n)),
        ("method", "rectangles", DEFAULT, partial(grid, n=n)),
        ("method", "quickshift (lime)", DEFAULT, quickshift),
    ]


def study(model: Model, films: list[Pixels], repeats: int, wanted: list[str]) -> pd.DataFrame:
    """Measure the variants of what is ``wanted`` on every film; one row a variant.

    Columns: model, varied, choice, superpixels, deletion_score, score_low, score_high (95 %
    bootstrap over films), agreement, r2, evaluations.
    """
    arithmetic = precision.probe(model).choice
    rows: list[dict[str, Any]] = []
    for varied, choice, settings, cut in variants():
        if varied not in wanted:
            continue
        scores, overlaps, r2, counts, evaluations = [], [], [], [], []
        for index, film in enumerate(tqdm(films, desc=f"{varied}: {choice}", file=sys.stderr)):
            labels = cut(model.prepare(film[None])[0], film)
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
        summary = sanity.summarise(pd.DataFrame({"score": scores})).iloc[0]
        rows.append(
            {
                "model": model.card.name,
                "varied": varied,
                "choice": choice,
                "superpixels": float(np.mean(counts)),
                "deletion_score": float(summary["mean"]),
                "score_low": float(summary["low"]),
                "score_high": float(summary["high"]),
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
    """Run the study, print its table, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the table here")
    parser.add_argument("--films", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--models", nargs="+", default=["basic", "augmented"])
    parser.add_argument("--vary", nargs="+", choices=VARIED, default=VARIED)
    options = parser.parse_args()
    films, source = pick_films(options.films)
    models = [registry.load(name) for name in options.models]
    table = pd.concat(
        [study(each, films, options.repeats, options.vary) for each in models], ignore_index=True
    )
    worn_by, _ = pick_films(2 * options.films)
    hidden = pd.concat([devices(each, worn_by) for each in models], ignore_index=True)
    print(f"{len(films)} {source} films, {options.repeats} repeats each\n")
    print(table.to_string(index=False, float_format=lambda x: f"{x:.3f}"))
    print(f"\nWeight of a device against what laying it on did, {len(worn_by)} films\n")
    print(hidden.to_string(index=False, float_format=lambda x: f"{x:.3f}"))
    if options.json:
        rows = table.to_dict("records") + hidden.assign(varied="device").to_dict("records")
        write_json(
            options.json, {"name": "superpixels", "films": source, "rows": rows, "ratios": {}}
        )


if __name__ == "__main__":
    main()
