"""Intervals by drawing possible patients again, and the metrics of a thousand draws at once.

scikit-learn scores one weighting a call, so a thousand resamples would take seconds. The metrics
here score all of them in milliseconds, and the point value too (as one resample of ones), so
that a value and its interval cannot disagree. Tests hold them to scikit-learn.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, ndtri

from xray import classes
from xray.errors import ArtifactError

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

LEVEL = 0.95
RESAMPLES = 1000


def checked(y: ArrayLike, log_odds: ArrayLike) -> tuple[Bools, Floats]:
    """Arrays of the right kind and equal length, or an error that says what is wrong."""
    truth = np.asarray(y, dtype=bool)
    score = np.asarray(log_odds, dtype=np.float64)
    if truth.ndim != 1 or truth.shape != score.shape:
        raise ValueError(f"y {truth.shape} and log_odds {score.shape} must be one row a film")
    if not len(truth):
        raise ArtifactError("There are no films to score; choose a split or stratum that has some.")
    if not np.isfinite(score).all():
        raise ArtifactError(
            f"{np.sum(~np.isfinite(score))} of {len(score)} log-odds are not finite numbers; "
            "the model or its predictions are damaged: evaluate the model again."
        )
    return truth, score


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a proportion; (nan, nan) where ``n`` is 0.

    Wilson E. B. (1927), J. Am. Stat. Assoc. 22, 209-212; step by step as ``scipy.stats`` computes
    it, which takes as long to import as pandas and more.
    """
    if n == 0:
        return (float("nan"), float("nan"))
    share, z = successes / n, float(ndtri(0.5 + 0.5 * LEVEL))
    whole = 2 * (n + z**2)
    centre = (2 * n * share + z**2) / whole
    half = z / whole * float(np.sqrt(4 * n * share * (1 - share) + z**2))
    return (
        0.0 if successes == 0 else float(centre - half),
        1.0 if successes == n else float(centre + half),
    )


def newcombe(area: float, positives: int, negatives: int) -> tuple[float, float]:
    """95 % interval of an AUROC of independent cases, also where it is 0 or 1.

    Method 5 of Newcombe R. G. (2006), Stat. Med. 25, 559-573: the areas whose own standard
    error, by Hanley and McNeil's formula with both sizes replaced by their mean, reaches as far
    as the one found. (nan, nan) where a class is empty. No resampling can show what a panel
    that happens to be told apart without error leaves open.
    """
    if not positives or not negatives:
        return (float("nan"), float("nan"))
    from scipy.optimize import brentq

    mean = (positives + negatives) / 2 - 1
    z = float(ndtri((1 + LEVEL) / 2))

    def beyond(theta: float) -> float:
        spread = theta * (1 - theta) / (positives * negatives)
        spread *= 1 + mean * (1 - theta) / (2 - theta) + mean * theta / (1 + theta)
        return (area - theta) ** 2 - z**2 * spread

    # At 0 and 1 the area itself solves the equation; the bound is the other solution.
    low = float(brentq(beyond, 0.0, min(area, 1 - 1e-9))) if area > 0 else 0.0
    high = float(brentq(beyond, max(area, 1e-9), 1.0)) if area < 1 else 1.0
    return (low, high)


def resamples(groups: ArrayLike, n: int = RESAMPLES, seed: int = 0) -> Floats:
    """How often each film is drawn in each bootstrap resample of possible patients.

    Parameters
    ----------
    groups : (N,) anything that can be told apart
        The possible patient of each film (see :func:`patients`).
    n : int
        Number of resamples.
    seed : int

    Returns
    -------
    (n, N) float64
        Row sums differ, because patients have different numbers of films. Shared and read-only.
    """
    _, codes = np.unique(np.asarray(groups), return_inverse=True)
    return _resamples(codes.astype(np.int64).tobytes(), n, seed)


@lru_cache(maxsize=8)
def _resamples(codes: bytes, n: int, seed: int) -> Floats:
    """The draws of :func:`resamples`, kept because every metric of a split uses the same."""
    group = np.frombuffer(codes, dtype=np.int64)
    total = int(group.max()) + 1
    drawn = np.random.default_rng(seed).integers(total, size=(n, total))
    offset = np.arange(n)[:, None] * total
    counts = np.bincount((drawn + offset).ravel(), minlength=n * total).reshape(n, total)
    weights = counts[:, group].astype(np.float64)
    weights.setflags(write=False)
    return weights


def single(n: int) -> Floats:
    """The one weighting that counts each of ``n`` films once, (1, n)."""
    return np.ones((1, n))


def percentiles(draws: Floats) -> tuple[float, float, str]:
    """The 95 % interval of bootstrap draws, and how it came about.

    Returns
    -------
    (low, high, method)
        (nan, nan, reason) where the draws cannot say: all alike (a value at its bound, such as
        an AUROC of 1, has no spread to show), or mostly undefined.
    """
    usable = draws[np.isfinite(draws)]
    if len(usable) < 0.9 * len(draws):
        return (float("nan"), float("nan"), "no interval: too few films of one class")
    low, high = np.quantile(usable, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    if high - low < 1e-12:
        return (float("nan"), float("nan"), "no interval: every resample gives the same value")
    return (float(low), float(high), "bootstrap by possible patient")


def _steps(y: Bools, score: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Weights of positives and of negatives at each distinct score, ascending, (B, U) each."""
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) > 0])
    drawn, truth = weights[:, order], y[order]
    if len(starts) == len(order):
        # No two scores are alike: there is nothing to add up.
        return drawn * truth, drawn * ~truth
    positive: Floats = np.add.reduceat(drawn * truth, starts, axis=1)
    negative: Floats = np.add.reduceat(drawn * ~truth, starts, axis=1)
    return positive, negative


def auroc(y: ArrayLike, score: ArrayLike, weights: Floats | None = None) -> Floats:
    """Area under the ROC curve; ties count one half (the Mann-Whitney statistic).

    Parameters
    ----------
    y : (N,) bool
        True where positive.
    score : (N,) float
        Higher for the positive class.
    weights : (B, N) float, optional
        B weightings, as from :func:`resamples`; all ones when None.

    Returns
    -------
    (B,) float in [0, 1]; nan where a class has no weight.
    """
    truth, value = checked(y, score)
    positive, negative = _steps(truth, value, single(len(truth)) if weights is None else weights)
    below = np.cumsum(negative, axis=1) - negative / 2
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    return ratio(np.sum(positive * below, axis=1), pairs)


def average_precision(y: ArrayLike, score: ArrayLike, weights: Floats | None = None) -> Floats:
    """Precision averaged over the recall steps, without interpolation.

    Parameters and result as :func:`auroc`; nan where no positive has weight.
    """
    truth, value = checked(y, score)
    positive, negative = _steps(truth, value, single(len(truth)) if weights is None else weights)
    found = np.cumsum(positive[:, ::-1], axis=1)
    called = found + np.cumsum(negative[:, ::-1], axis=1)
    precision = np.divide(found, called, out=np.zeros_like(found), where=called > 0)
    return ratio(np.sum(precision * positive[:, ::-1], axis=1), found[:, -1])


def ratio(top: Floats, bottom: Floats) -> Floats:
    """top / bottom, nan where bottom is 0."""
    out = np.full(np.shape(top), np.nan)
    np.divide(top, bottom, out=out, where=bottom > 0)
    return out


def losses(y: ArrayLike, log_odds: ArrayLike) -> tuple[Floats, Floats]:
    """Squared error of the probability (Brier) and log loss (nats), a value a film.

    The log loss is computed from log-odds, so a probability that rounds to 1 costs what it
    should, not infinity.
    """
    truth, score = checked(y, log_odds)
    brier = (expit(score) - truth) ** 2
    return brier, np.logaddexp(0.0, np.where(truth, -score, score))


def counts(y: Bools, called: Bools, positive: str, weights: Floats) -> tuple[Floats, ...]:
    """Weighted (tp, fp, fn, tn), (B,) each, named from the side of ``positive``."""
    cells = np.stack([called & y, called & ~y, ~called & y, ~called & ~y]).astype(np.float64)
    tp, fp, fn, tn = (weights @ cells.T).T
    return (tp, fp, fn, tn) if classes.side(positive) else (tn, fn, fp, tp)


def f1(tp: Floats, fp: Floats, fn: Floats, _tn: Floats) -> Floats:
    """Harmonic mean of precision and recall."""
    return ratio(2 * tp, 2 * tp + fp + fn)


def balanced_accuracy(tp: Floats, fp: Floats, fn: Floats, tn: Floats) -> Floats:
    """Mean of sensitivity and specificity."""
    return (ratio(tp, tp + fn) + ratio(tn, tn + fp)) / 2


def mcc(tp: Floats, fp: Floats, fn: Floats, tn: Floats) -> Floats:
    """Matthews correlation coefficient, in [-1, 1]; nan where a margin is empty."""
    margin = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return ratio(tp * tn - fp * fn, margin)
