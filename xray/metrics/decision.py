"""What a threshold costs, and which one to choose for what: operating points and net benefit.

Conventions as in ``xray.metrics.scores``. A threshold that is looked for on the films it is then
judged by flatters the model, so thresholds are set on validation and kept on the test films; what
the test films' own curve would allow stands beside it, and is named so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from xray import classes
from xray.errors import ArtifactError
from xray.metrics import bootstrap
from xray.metrics.bootstrap import Bools, Floats, wilson
from xray.metrics.odds import to_log_odds
from xray.metrics.scores import Confusion, confusion


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold set on validation to reach a target, and what it does on test.

    Attributes
    ----------
    held : str
        The metric with the target: "recall" or "specificity".
    target : float
    threshold : float
        Log-odds of the positive class; from validation.
    recall, recall_low, recall_high, specificity, specificity_low, specificity_high : float
        On test at that threshold, with Wilson's 95 % intervals.
    curve, curve_low, curve_high : float
        The other metric where the test films' own ROC curve first reaches the target, with the
        bootstrap's interval (nan where it has none).
    """

    held: str
    target: float
    threshold: float
    recall: float
    recall_low: float
    recall_high: float
    specificity: float
    specificity_low: float
    specificity_high: float
    curve: float
    curve_low: float
    curve_high: float


def sweep(y: ArrayLike, log_odds: ArrayLike, positive: str = "") -> pd.DataFrame:
    """Recall and specificity at every threshold that calls the films differently.

    Parameters
    ----------
    y : (N,) bool
        True where the film is of the positive class; both classes must occur.
    log_odds : (N,) float
        Log-odds of the positive class.
    positive : name of a class; the positive one when empty

    Returns
    -------
    DataFrame
        threshold (log-odds of the positive class, ascending, midway between neighbouring films;
        the ends lie one beyond the last film), recall, specificity. One row more than distinct
        log-odds.
    """
    truth, score = bootstrap.checked(y, log_odds)
    if truth.all() or not truth.any():
        raise ArtifactError(
            "An operating point needs films of both classes; choose a split or stratum with both."
        )
    values = np.unique(score)
    middles = (values[:-1] + values[1:]) / 2
    thresholds = np.concatenate([[values[0] - 1], middles, [values[-1] + 1]])
    sick, well = np.sort(score[truth]), np.sort(score[~truth])
    sensitivity = 1 - np.searchsorted(sick, thresholds) / len(sick)
    rest = np.searchsorted(well, thresholds) / len(well)
    if not classes.side(positive):
        sensitivity, rest = rest, sensitivity
    return pd.DataFrame({"threshold": thresholds, "recall": sensitivity, "specificity": rest})


def threshold_for(points: pd.DataFrame, held: str, target: float) -> float:
    """Threshold that keeps ``held`` at ``target`` or above and makes the other the largest.

    Parameters
    ----------
    points : DataFrame
        Of :func:`sweep`.
    held : "recall" or "specificity"
    target : float in [0, 1]
    """
    other = "specificity" if held == "recall" else "recall"
    allowed = points[points[held] >= target - 1e-12]
    return float(allowed.sort_values([other, held])["threshold"].iloc[-1])


def on_curve(
    films: tuple[Bools, Floats], held: str, target: float, positive: str, weights: Floats
) -> Floats:
    """The other metric where each resample's ROC curve reaches the target, at its best.

    ``films`` are (y, log_odds), ``target`` lies in (0, 1].

    Returns
    -------
    (B,) float in [0, 1]; nan where a class has no weight.
    """
    y, log_odds = films
    # Specificity is the recall of the other class.
    named = held == "recall"
    sick = named == classes.side(positive)
    order = np.argsort(log_odds if sick else -log_odds, kind="stable")
    score = log_odds[order]
    drawn = weights[:, order]
    kept = np.where(y[order] == sick, drawn, 0.0)
    given = drawn - kept
    # Each distinct score may be the lowest that is still called; from the least strict on.
    starts = np.flatnonzero(np.r_[True, np.diff(score) != 0])
    lost_kept = np.cumsum(kept, axis=1)[:, starts] - kept[:, starts]
    lost_given = np.cumsum(given, axis=1)[:, starts] - given[:, starts]
    total_kept, total_given = kept.sum(axis=1), given.sum(axis=1)
    allowed = total_kept[:, None] - lost_kept >= (target - 1e-12) * total_kept[:, None]
    best = np.where(allowed, lost_given, -1.0).max(axis=1)
    empty = (total_kept == 0) | (total_given == 0)
    return np.where(empty, np.nan, bootstrap.ratio(best, total_given))


def operating_point(
    validation: tuple[Bools, Floats],
    test: tuple[Bools, Floats],
    held: str,
    target: float,
    *,
    positive: str = "",
    groups: ArrayLike,
    seed: int = 0,
) -> OperatingPoint:
    """Set a threshold on validation for a target, and see what it does on test.

    Parameters
    ----------
    validation, test : (y, log_odds)
        Both with films of both classes.
    held : "recall" or "specificity"
        Of the class ``positive``.
    target : float in [0, 1]
    groups : (N,)
        Possible patient of each test film.
    seed : int
        Of the bootstrap.
    """
    threshold = threshold_for(sweep(*validation, positive), held, target)
    y, log_odds = test
    counts = confusion(y, log_odds, threshold, positive)
    sick, well = counts.tp + counts.fn, counts.tn + counts.fp
    drawn = bootstrap.resamples(groups, seed=seed)
    once, many = (
        on_curve(test, held, target, positive, weights)
        for weights in (bootstrap.single(len(y)), drawn)
    )
    low, high, _ = bootstrap.percentiles(many)
    return OperatingPoint(
        held,
        target,
        threshold,
        counts.tp / sick,
        *wilson(counts.tp, sick),
        counts.tn / well,
        *wilson(counts.tn, well),
        float(once[0]),
        low,
        high,
    )


def as_table(points: Mapping[str, OperatingPoint]) -> pd.DataFrame:
    """Operating points of models as a table: model, then the fields of :class:`OperatingPoint`."""
    return pd.DataFrame([{"model": name, **asdict(point)} for name, point in points.items()])


def predictive_values(
    recall: ArrayLike, specificity: ArrayLike, prevalence: ArrayLike
) -> tuple[Floats, Floats]:
    """Positive and negative predictive value at a prevalence of the positive class (Bayes).

    The share of the positive class among these films (62.5 % of the test films) is a choice of who
    collected them; where a model is used it is another, and the predictive values with it.
    """
    sensitivity, rest, share = (
        np.asarray(value, dtype=np.float64) for value in (recall, specificity, prevalence)
    )
    found, alarms = sensitivity * share, (1 - rest) * (1 - share)
    missed, cleared = (1 - sensitivity) * share, rest * (1 - share)
    return bootstrap.ratio(found, found + alarms), bootstrap.ratio(cleared, cleared + missed)


def at_prevalences(
    films: tuple[Bools, Floats],
    threshold: float,
    positive: str,
    prevalences: ArrayLike,
    drawn: Floats,
) -> pd.DataFrame:
    """Predictive values over prevalences, with bootstrap intervals.

    ``films`` are (y, log_odds), ``prevalences`` of the positive class; ``drawn`` is (B, N), from
    ``bootstrap.resamples``.

    Returns
    -------
    DataFrame
        prevalence, ppv, ppv_low, ppv_high, npv, npv_low, npv_high; bounds are nan where the
        bootstrap has no interval.
    """
    y, log_odds = films
    called = log_odds >= threshold
    rates = []
    for weights in (bootstrap.single(len(y)), drawn):
        tp, fp, fn, tn = bootstrap.counts(y, called, positive, weights)
        rates.append((bootstrap.ratio(tp, tp + fn), bootstrap.ratio(tn, tn + fp)))
    rows = []
    for prevalence in np.atleast_1d(np.asarray(prevalences, dtype=np.float64)):
        once, many = (predictive_values(*rate, prevalence) for rate in rates)
        row = [float(prevalence)]
        for value, draws in zip(once, many, strict=True):
            row += [float(value[0]), *bootstrap.percentiles(draws)[:2]]
        rows.append(row)
    columns = ["prevalence", "ppv", "ppv_low", "ppv_high", "npv", "npv_low", "npv_high"]
    return pd.DataFrame(rows, columns=columns)


def expected_cost(
    recall: ArrayLike, specificity: ArrayLike, prevalence: float, ratio: float
) -> Floats:
    """Cost a hundred films, in false alarms, when a miss costs ``ratio`` of them.

    A miss is a film of the positive class that is not called; ``prevalence`` is of that class.
    """
    missed = (1 - np.asarray(recall, dtype=np.float64)) * prevalence
    alarms = (1 - np.asarray(specificity, dtype=np.float64)) * (1 - prevalence)
    return np.asarray(100 * (ratio * missed + alarms))


def cost_of(counts: Confusion, prevalence: float, ratio: float) -> float:
    """Expected cost of a confusion matrix's rates (see :func:`expected_cost`)."""
    recall = counts.tp / (counts.tp + counts.fn)
    specificity = counts.tn / (counts.tn + counts.fp)
    return float(expected_cost(recall, specificity, prevalence, ratio))


def cheapest_threshold(points: pd.DataFrame, prevalence: float, ratio: float) -> float:
    """Threshold of least expected cost among the points of :func:`sweep` (on validation)."""
    cost = expected_cost(points["recall"], points["specificity"], prevalence, ratio)
    return float(points["threshold"].iloc[int(np.argmin(cost))])


def shift_prior(log_odds: ArrayLike, learnt: float, used: float) -> Floats:
    """Log-odds of the positive class for a place with another prevalence of it (Bayes).

    ``learnt`` is the prevalence for which they hold, ``used`` the one where they are used; see
    Saerens M. et al. (2002), Neural Computation 14, 21-41.
    """
    moved = np.asarray(log_odds, dtype=np.float64)
    return np.asarray(moved + float(to_log_odds(used)) - float(to_log_odds(learnt)))


def decision_curve(
    y: ArrayLike,
    log_odds: ArrayLike,
    chances: ArrayLike,
    prevalence: float,
    *,
    positive: str = "",
    drawn: Floats | None = None,
) -> pd.DataFrame:
    """Net benefit of acting on a model, against acting on every film or on none.

    Parameters
    ----------
    y : (N,) bool
        True where the film is of the positive class.
    log_odds : (N,) float
        Log-odds of the positive class, best after temperature scaling and
        :func:`shift_prior`: the curve takes probabilities at their word.
    chances : (T,) float in (0, 1)
        Probability of the positive class from which one would act: its odds say how many
        needless actions one would accept for one that was needed.
    prevalence : float
        Of the positive class where the model would be used.
    positive : name of a class; the positive one when empty
    drawn : (B, N), optional
        From ``bootstrap.resamples``, for intervals.

    Returns
    -------
    DataFrame
        chance, model, low, high (95 %; nan without ``drawn``), everyone, nobody (0): net
        benefit in needed actions a film.

    References
    ----------
    Vickers A. J. and Elkin E. B. (2006). Decision curve analysis. Med. Decis. Making 26,
    565-574; with a chosen prevalence as in Pfeiffer and Gail (2020), Biom. J. 62, 764-776.
    """
    truth, score = bootstrap.checked(y, log_odds)
    asked = np.asarray(chances, dtype=np.float64)
    limits = to_log_odds(asked) if classes.side(positive) else -to_log_odds(asked)
    # Every film once, for the value; then the resamples, for the interval.
    once = bootstrap.single(len(truth))
    weights = once if drawn is None else np.vstack([once, drawn])
    rows = []
    for chance, limit in zip(asked, limits, strict=True):
        # At its own limit a film is acted on, from either side.
        called = score >= limit if classes.side(positive) else score > limit
        harm = (1 - prevalence) * chance / (1 - chance)
        tp, fp, fn, tn = bootstrap.counts(truth, called, positive, weights)
        benefit = prevalence * bootstrap.ratio(tp, tp + fn) - harm * bootstrap.ratio(fp, fp + tn)
        low, high = bootstrap.percentiles(benefit[1:])[:2] if drawn is not None else (np.nan,) * 2
        rows.append((chance, benefit[0], low, high, prevalence - harm, 0.0))
    columns = ["chance", "model", "low", "high", "everyone", "nobody"]
    return pd.DataFrame(rows, columns=columns)
