"""Methods of explanation against each other, by what can be measured without knowing the truth.

Deletion and insertion (Petsiuk, Das and Saenko 2018, "RISE: Randomized Input Sampling for
Explanation of Black-box Models"), here on log-odds and against random orders; agreement between
seeds; the share of weight on lungs and on devices; and the cost. Where the answer is known, as of
networks that were taught to call devices alone, whether the device outweighs its sham.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray.errors import ArtifactError
from xray.explanations import methods, sanity
from xray.explanations.perturbation import Parts, filled
from xray.explanations.result import Heatmap
from xray.films.pixels import Pixels
from xray.jobs.progress import Progress
from xray.metrics import bootstrap
from xray.metrics.bootstrap import Bools
from xray.models.model import Predictor

#: Cells along each side of a film that are hidden as one, whatever a method's own resolution.
CELLS = 12
#: Measures of a map -> words for people.
MEASURES = {
    "deletion": "deletion",
    "insertion": "insertion",
    "agreement": "agreement between seeds",
    "lungs": "share on lungs",
    "lungs_excess": "share on lungs less their area",
    "devices": "share on devices",
    "devices_excess": "share on devices less their area",
    "net": "weight on devices less shams",
    "points": "devices outweigh their shams",
    "evaluations": "evaluations",
    "seconds": "seconds",
}

#: Measured of every film, whatever is known of it; the cost stands near the end.
ALWAYS = ("deletion", "insertion", "evaluations")
#: Columns of a stored table of ``summarise``.
NAMED = ["model", "answer", "method", "measure"]
NUMBERS = ["mean", "low", "high", "n"]


def compare(
    model: Predictor,
    film: Pixels,
    names: Sequence[str],
    *,
    lungs: Bools | None = None,
    devices: Bools | None = None,
    shams: Bools | None = None,
    seeds: tuple[int, int] = (0, 1),
    options: Mapping[str, Mapping[str, Any]] | None = None,
    progress: Progress | None = None,
) -> tuple[dict[str, Heatmap], pd.DataFrame]:
    """Explain a film by several methods and measure each.

    Parameters
    ----------
    model : a loaded model, or anything that predicts
    film : (H, W) float32 in [0, 1]
    names : of ``methods.METHODS``; those that cannot be had of this model are left out
    lungs, devices, shams : (H, W) bool, where they are known; shams are of the devices' shape
    seeds : of the map that is measured, and of the one it is held against
    options : name of a method -> its options
    progress : called with methods done and to do

    Returns
    -------
    dict of Heatmap, by method
    DataFrame
        One row a method: method and ``MEASURES``, NaN where one does not apply. ``deletion`` and
        ``insertion`` are areas between the curves by weight and by random order, as shares of the
        range of all curves: above 0 where the map finds what matters.
    """
    usable = [name for name in names if not methods.why_not(name, model)]
    given = options or {}
    maps: dict[str, Heatmap] = {}
    agreed: dict[str, float] = {}
    for done, name in enumerate(usable):
        chosen = given.get(name, {})
        maps[name] = methods.explain(name, model, film, seed=seeds[0], **chosen)
        if methods.METHODS[name].drawn:
            other = methods.explain(name, model, film, seed=seeds[1], **chosen)
            agreed[name] = _correlation(maps[name].values, other.values)
        if progress is not None:
            progress(done + 1, len(usable))
    curves = faithfulness(model, film, maps, seed=seeds[0])
    rows = [
        {
            "method": name,
            "deletion": curves[name][0],
            "insertion": curves[name][1],
            "agreement": agreed.get(name, np.nan),
            **_on_regions(found, lungs, devices, shams),
            "evaluations": found.n_evaluations,
            "seconds": found.seconds,
        }
        for name, found in maps.items()
    ]
    return maps, pd.DataFrame(rows, columns=["method", *MEASURES])


def faithfulness(
    model: Predictor, film: Pixels, maps: Mapping[str, Heatmap], seed: int = 0
) -> dict[str, tuple[float, float]]:
    """Deletion and insertion of maps of one film, each as in ``compare``.

    All maps are held against the same random orders of the same cells, hidden by the same blur.
    """
    grey = model.prepare(np.asarray(film, np.float32)[None])[0]
    height, width = grey.shape
    side = min(CELLS, height, width)
    rows, columns = (np.arange(length) * side // length for length in (height, width))
    labels = np.asarray(rows[:, None] * side + columns[None, :], np.int32)
    parts = Parts(grey, filled(grey, labels, "blur"), labels)
    said = float(model.log_odds_prepared(grey[None])[0])
    sign = 1.0 if said >= model.card.threshold_log_odds else -1.0
    removed = np.linspace(0.0, 1.0, sanity.STEPS)
    area = np.bincount(labels.ravel())
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(parts.count) for _ in range(sanity.RANDOM_ORDERS)]
    for found in maps.values():
        weights = np.bincount(labels.ravel(), found.at_model.ravel()) / area
        # Ties are broken by chance: the cells' own order begins at a corner of the film.
        chance = rng.random(parts.count)
        orders += [np.lexsort((chance, -sign * weights)), np.lexsort((chance, sign * weights))]
    masks = np.concatenate([sanity.shown_after(parts, order, removed) for order in orders])
    curves = sign * parts.log_odds(model, masks).reshape(-1, sanity.STEPS)
    random, own = curves[: sanity.RANDOM_ORDERS], curves[sanity.RANDOM_ORDERS :]
    span = max(float(np.ptp(curves)), 1e-12)
    # What is left last was hidden last: read backwards, a curve of deletion is one of insertion.
    gaps = np.trapezoid(random.mean(axis=0) - own, removed, axis=1) / span
    return {name: (float(gaps[2 * i]), float(-gaps[2 * i + 1])) for i, name in enumerate(maps)}


def summarise(table: pd.DataFrame, seed: int = 0, draws: int = 2000) -> pd.DataFrame:
    """Means over films with 95 % bootstrap intervals.

    Parameters
    ----------
    table : rows of ``compare`` of many films, with ``file`` and ``child``; further columns that
        tell models apart are kept apart

    Returns
    -------
    DataFrame: the further columns, method, measure, mean, low, high, n (films)
    """
    further = [name for name in table if name not in ("file", "child", "method", *MEASURES)]
    rows = []
    for key, part in table.groupby([*further, "method"], sort=False):
        for measure in MEASURES:
            known = part[part[measure].notna()]
            if known.empty:
                continue
            weights = bootstrap.resamples(known["child"].to_numpy(str), draws, seed)
            values = known[measure].to_numpy(float)
            means = (weights @ values) / np.maximum(weights.sum(axis=1), 1)
            low, high = np.quantile(means, [0.025, 0.975])
            rows.append((*key, measure, values.mean(), low, high, len(values)))
    return pd.DataFrame(rows, columns=[*further, "method", "measure", "mean", "low", "high", "n"])


def whole(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of a stored table of ``summarise`` that can be believed: none cut off or damaged.

    A method that lacks what is measured of any film goes whole: its file ended there.

    Raises
    ------
    ArtifactError
        A column is missing.
    """
    if missing := sorted({*NAMED, *NUMBERS} - set(table)):
        raise ArtifactError(f"The table lacks {', '.join(missing)}.")
    numbers = table[NUMBERS].apply(pd.to_numeric, errors="coerce")
    fine = table["method"].isin(methods.METHODS) & table["measure"].isin(MEASURES)
    fine &= table["model"].notna() & np.isfinite(numbers).all(axis=1) & (numbers["n"] >= 1)
    kept = table.assign(**numbers, answer=table["answer"].fillna(""))[fine]
    kept = kept.drop_duplicates(NAMED)
    each = [kept[name] for name in NAMED[:-1]]
    known = [kept["measure"].eq(name).groupby(each).transform("any") for name in ALWAYS]
    believed: pd.DataFrame = kept[np.logical_and.reduce(known)].reset_index(drop=True)
    return believed


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Pearson correlation of two maps; NaN where one says the same everywhere."""
    if not (np.ptp(one) and np.ptp(other)):
        return float("nan")
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def _on_regions(
    found: Heatmap, lungs: Bools | None, devices: Bools | None, shams: Bools | None
) -> dict[str, float]:
    """Shares of a map on lungs and devices, and devices against shams."""
    made: dict[str, float] = {}
    for name, mask in (("lungs", lungs), ("devices", devices)):
        if mask is not None and mask.any():
            made[name] = found.share(mask)
            made[f"{name}_excess"] = made[name] - float(mask.mean())
    if devices is not None and shams is not None and devices.any() and shams.any():
        made["net"] = found.against(devices, shams)
        made["points"] = float(made["net"] > 0)
    return made
