"""Do the probabilities mean what they say: reliability, errors, and temperature scaling.

Conventions as in ``xray.metrics.scores``. A classifier can rank films well and still be wrong about
how sure it is; networks trained to the end usually are, and too sure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from xray import classes
from xray.errors import ArtifactError
from xray.metrics import bootstrap
from xray.metrics.bootstrap import Bools, Floats, wilson
from xray.metrics.odds import to_probability

BINS = 10
#: Temperatures beyond these mean that validation cannot set one (it is separated without error,
#: or the model ranks no better than chance).
COLDEST, HOTTEST = 0.02, 50.0


@dataclass(frozen=True)
class Temperature:
    """A temperature and how it was found: log-odds are divided by ``value``.

    ``problem`` says why it is at its bound; empty when it is not.
    """

    value: float
    n: int
    problem: str = ""


def reliability(
    y: ArrayLike, log_odds: ArrayLike, positive: str = "", bins: int = BINS
) -> pd.DataFrame:
    """Observed share of the positive class against the predicted probability, in equal bins.

    Parameters
    ----------
    y : (N,) bool
        True where the film is of the positive class.
    log_odds : (N,) float
        Log-odds of the positive class.
    positive : name of a class; the positive one when empty
    bins : int
        Bins of equal width on [0, 1]; empty ones are left out.

    Returns
    -------
    DataFrame
        start, end (of the bin), predicted (mean probability), observed (share of positives),
        low, high (Wilson, 95 %), n.
    """
    truth, score = bootstrap.checked(y, log_odds)
    found, probability = _side(truth, score, positive)
    place = _bins(probability, bins)
    rows = []
    for b in np.unique(place):
        inside = place == b
        hits, n = int(found[inside].sum()), int(inside.sum())
        rows.append(
            (b / bins, (b + 1) / bins, probability[inside].mean(), hits / n, *wilson(hits, n), n)
        )
    columns = ["start", "end", "predicted", "observed", "low", "high", "n"]
    return pd.DataFrame(rows, columns=columns)


def _side(y: Bools, log_odds: Floats, positive: str) -> tuple[Bools, Floats]:
    """Truth and probability from the side of the positive class."""
    if classes.side(positive):
        return y, to_probability(log_odds)
    return ~y, to_probability(-log_odds)


def _bins(probability: Floats, bins: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.minimum((probability * bins).astype(np.int64), bins - 1)


def expected_calibration_error(
    y: ArrayLike,
    log_odds: ArrayLike,
    weights: Floats | None = None,
    positive: str = "",
    bins: int = BINS,
) -> Floats:
    """Mean distance of predicted from observed over the bins, weighted by their films.

    Parameters
    ----------
    y, log_odds, positive, bins : as in :func:`reliability`
    weights : (B, N), optional
        B weightings of the films, as from ``bootstrap.resamples``.

    Returns
    -------
    (B,) float in [0, 1]; (1,) when ``weights`` is None.

    References
    ----------
    Guo C. et al. (2017). On calibration of modern neural networks. ICML, equation 3, for the
    probability of the positive class.
    """
    truth, score = bootstrap.checked(y, log_odds)
    found, probability = _side(truth, score, positive)
    member = np.eye(bins)[_bins(probability, bins)]
    drawn = bootstrap.single(len(truth)) if weights is None else weights
    gaps = drawn @ (member * (probability - found)[:, None])
    return np.asarray(np.abs(gaps).sum(axis=1) / drawn.sum(axis=1))


def error_by_chance(log_odds: ArrayLike, draws: int = 200, seed: int = 0) -> float:
    """Calibration error that a perfectly calibrated model would show on as many films.

    The expected calibration error is never negative, so chance alone makes it larger than 0;
    this is its mean when truth is drawn from the probabilities themselves.
    """
    score = np.asarray(log_odds, dtype=np.float64)
    probability = to_probability(score)
    rng = np.random.default_rng(seed)
    errors = [
        expected_calibration_error(rng.random(len(score)) < probability, score)[0]
        for _ in range(draws)
    ]
    return float(np.mean(errors))


def fit_temperature(y: ArrayLike, log_odds: ArrayLike) -> Temperature:
    """Fit a temperature on validation: the one of least log loss.

    One number cannot change the ranking of films, nor a call at a threshold scaled with it; it
    only says how sure to be. The log loss is convex in its inverse, so the minimum is the one.

    Parameters
    ----------
    y : (N,) bool
        True where the validation film is of the positive class.
    log_odds : (N,) float

    References
    ----------
    Guo C. et al. (2017). On calibration of modern neural networks. ICML, section 4.2.
    """
    truth, score = bootstrap.checked(y, log_odds)
    if truth.all() or not truth.any():
        raise ArtifactError(
            "A temperature needs validation films of both classes; evaluate the model on some."
        )
    sign = np.where(truth, -1.0, 1.0)

    def loss(log_temperature: float) -> float:
        return float(np.logaddexp(0.0, sign * score * np.exp(-log_temperature)).mean())

    found = minimize_scalar(
        loss, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded", options={"xatol": 1e-8}
    )
    value = float(np.exp(found.x))
    if value < COLDEST * 1.01:
        return Temperature(value, len(truth), "validation is separated without error")
    if value > HOTTEST * 0.99:
        return Temperature(value, len(truth), "the model ranks validation no better than chance")
    return Temperature(value, len(truth))


def summary(
    y: ArrayLike, log_odds: ArrayLike, temperature: float, groups: ArrayLike, seed: int = 0
) -> pd.DataFrame:
    """Brier score, log loss and calibration error, before and after temperature scaling.

    Parameters
    ----------
    y, log_odds : (N,)
        Films that the temperature was not fitted on.
    temperature : float
    groups : (N,)
        Possible patient of each film.
    seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        metric ("brier", "log_loss", "ece"), scaled (bool), value, low, high, method, chance (the
        calibration error of a perfectly calibrated model on these films; nan for the others).
    """
    truth, score = bootstrap.checked(y, log_odds)
    drawn = bootstrap.resamples(groups, seed=seed)
    rows = []
    for scaled in (False, True):
        used = score / temperature if scaled else score
        for metric, loss in zip(("brier", "log_loss"), bootstrap.losses(truth, used), strict=True):
            many = bootstrap.ratio(drawn @ loss, drawn.sum(axis=1))
            rows.append((metric, scaled, loss.mean(), *bootstrap.percentiles(many), np.nan))
        once, many = (expected_calibration_error(truth, used, w) for w in (None, drawn))
        chance = error_by_chance(used, seed=seed)
        rows.append(("ece", scaled, once[0], *bootstrap.percentiles(many), chance))
    columns = ["metric", "scaled", "value", "low", "high", "method", "chance"]
    return pd.DataFrame(rows, columns=columns)
