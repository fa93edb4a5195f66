"""What a model does with devices, on a scale that models share.

Log-odds of two networks are not comparable: one spreads films over +-2, another over +-20.
Effects are therefore divided by the spread of the model's own log-odds over films of one class
without devices: an effect of 0.5 moves a film half as far as films of one class differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray import classes
from xray.audits import effects as effect_tables
from xray.models.registry import LogOdds

#: Below this spread of log-odds a model says the same of every film.
CONSTANT = 1e-3
RESAMPLES = 500
#: Prefixes of the features; the kind of device follows.
INSERTION, LIME = "insertion:", "lime:"
#: What burned-in lettering does when it is drawn in: thin and bright as a device, but none.
LETTERING = "lettering"


@dataclass(frozen=True, eq=False)
class Features:
    """Effects of devices on one model, in spreads of its log-odds.

    Attributes
    ----------
    values : Series
        "insertion:<kind>", the mean net effect of drawing that kind in; "lettering", that of
        drawing burned-in text in; and "lime:<kind>", the mean weight of drawn devices of that
        kind beyond their shams. Empty for a model that is constant.
    draws : (RESAMPLES, F) float64
        The same for bootstrap resamples of the films.
    spread : float
        Standard deviation of log-odds within a class, over films without devices.
    """

    values: pd.Series
    draws: NDArray[np.float64]
    spread: float


def spread(originals: LogOdds, films: pd.DataFrame) -> float:
    """Standard deviation of log-odds within a class, over films without devices.

    Robust (1.349 interquartile ranges), because a few films far out would shrink every effect.
    """
    free = films["free"].to_numpy()
    parts = []
    for label in classes.fitting(films["label"].unique()).labels:
        values = originals[free & (films["label"] == label).to_numpy()]
        if len(values) >= 5:
            parts.append(float(np.subtract(*np.quantile(values, [0.75, 0.25])) / 1.349))
    return float(np.sqrt(np.mean(np.square(parts)))) if parts else 0.0


def features(
    originals: LogOdds,
    films: pd.DataFrame,
    effects: pd.DataFrame,
    lime: pd.DataFrame,
    seed: int = 0,
) -> Features:
    """Sum up a battery and explanations as features.

    Parameters
    ----------
    originals : (N,) log-odds of the films as they are
    films : the battery's table of films
    effects : as ``interventions.measure`` gives it
    lime : as ``lime_weights.measure`` gives it
    """
    scale = spread(originals, films)
    if scale < CONSTANT:
        return Features(pd.Series(dtype=float), np.empty((RESAMPLES, 0)), scale)
    rng = np.random.default_rng(seed)
    per_film = effect_tables.kind_means(effects).add_prefix(INSERTION)
    text = effects[(effects["test"] == "insertion") & (effects["kind"] == "text")]
    per_film[LETTERING] = text.groupby("file")["net"].mean()
    weighed = lime[lime["source"] == "drawn"].groupby("kind")["net"]
    # Each film was explained with one kind of device: kinds are resampled apart.
    weights = {f"{LIME}{kind}": nets.to_numpy()[:, None] for kind, nets in weighed}
    columns = [per_film.to_numpy(), *weights.values()]
    names = [*per_film.columns, *weights]
    once = np.concatenate([_means(part, np.ones((1, len(part)))) for part in columns], axis=1)
    many = np.concatenate([_means(part, _draws(rng, len(part))) for part in columns], axis=1)
    return Features(pd.Series(once[0] / scale, index=names), many / scale, scale)


def _draws(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    """How often each of ``n`` films is drawn, (RESAMPLES, n)."""
    return rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(np.float64)


def _means(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Column means over the films that have a value, for each weighting of films."""
    known = np.isfinite(values)
    sums = weights @ np.where(known, values, 0.0)
    return np.asarray(sums / np.maximum(weights @ known.astype(np.float64), 1e-9))
