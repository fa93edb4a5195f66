"""What leaked films do to a model's metrics: with all films, and without those it may have seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from xray.metrics import bootstrap
from xray.metrics.bootstrap import Bools, Floats

#: Metrics that are compared, for people: those that do not move with the share of pneumonia,
#: which is another one without the leaked films.
METRICS = ("balanced accuracy", "sensitivity", "specificity", "AUROC")


def compare(
    y: Bools, log_odds: Floats, threshold: float, groups: object, leaked: Bools, seed: int = 0
) -> pd.DataFrame:
    """Compare metrics of all films with those of the films that did not leak.

    Both are computed on the same resamples of possible patients, so that the interval is that
    of their difference.

    Parameters
    ----------
    y : (N,) whether a film is of the positive class
    log_odds : (N,) of the positive class
    threshold : log-odds from which a film is called positive
    groups : (N,) possible patient of each film
    leaked : (N,) films to leave out
    seed : of the bootstrap

    Returns
    -------
    DataFrame with columns metric, with_all, without, difference (without - with_all), low, high
    (95 %; NaN where too few films are left), films, left
    """
    truth, score = bootstrap.checked(y, log_odds)
    once = bootstrap.single(len(truth))
    drawn = bootstrap.resamples(np.asarray(groups), seed=seed)
    rows = []
    for metric in METRICS:
        value = _metric(metric, truth, score, threshold)
        both = float(value(once)[0]), float(value(once * ~leaked)[0])
        low, high, _ = bootstrap.percentiles(value(drawn * ~leaked) - value(drawn))
        rows.append(
            {"metric": metric, "with_all": both[0], "without": both[1]}
            | {"difference": both[1] - both[0], "low": low, "high": high}
            | {"films": len(truth), "left": int((~leaked).sum())}
        )
    return pd.DataFrame(rows)


def _metric(name: str, y: Bools, score: Floats, threshold: float) -> Callable[[Floats], Floats]:
    """The metric as a function of weights (B, N), giving (B,)."""

    def value(weights: Floats) -> Floats:
        # Some weightings leave no film of a class; their value is undefined, not a warning.
        with np.errstate(invalid="ignore", divide="ignore"):
            if name == "AUROC":
                return bootstrap.auroc(y, score, weights)
            tp, fp, fn, tn = bootstrap.counts(y, score >= threshold, "", weights)
            if name == "balanced accuracy":
                return bootstrap.balanced_accuracy(tp, fp, fn, tn)
            sensitive = name == "sensitivity"
            return bootstrap.ratio(*((tp, tp + fn) if sensitive else (tn, tn + fp)))

    return value
