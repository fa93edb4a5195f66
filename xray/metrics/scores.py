"""How good a model is at a threshold and over all of them, with intervals.

Conventions of every module that scores models: ``y`` is True where the film is of the positive
class, ``log_odds`` are the log-odds of that class, thresholds are on the log-odds scale, and a film
is called positive when ``log_odds >= threshold``. ``positive`` only says which class the names
"precision", "recall" and so on speak of.

Intervals are 95 %: Wilson's for proportions, and for everything else percentiles of a bootstrap
that draws possible patients, not films, because films of one child resemble each other
(``xray.metrics.bootstrap``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from xray import classes
from xray.errors import ArtifactError
from xray.metrics import bootstrap
from xray.metrics.bootstrap import Bools, Floats, wilson
from xray.metrics.odds import to_probability

#: Why a metric has no value.
NO_VALUE = "no value: only one class, or one call"
#: The two classes of the public set; those of the data set in hand: ``xray.classes``.
LABELS = classes.DEFAULT.labels
POSITIVE = classes.DEFAULT.positive

#: Every metric -> its name for people, in the order of the tables.
TITLES = {
    "accuracy": "Accuracy",
    "precision": "Precision (PPV)",
    "recall": "Recall (sensitivity)",
    "specificity": "Specificity",
    "npv": "Negative predictive value",
    "f1": "F1",
    "balanced_accuracy": "Balanced accuracy",
    "mcc": "Matthews correlation",
    "auroc": "AUROC",
    "average_precision": "Average precision",
    "brier": "Brier score",
    "log_loss": "Log loss",
}
#: Metrics where less is better.
LOSSES = frozenset({"brier", "log_loss"})


@dataclass(frozen=True)
class Confusion:
    """Counts of films; "positive" is the class named by ``positive``."""

    tp: int
    fp: int
    fn: int
    tn: int
    positive: str = ""

    @property
    def n(self) -> int:
        """All films."""
        return self.tp + self.fp + self.fn + self.tn

    def flipped(self) -> Confusion:
        """The same calls with the other class as the positive one."""
        return Confusion(self.tn, self.fn, self.fp, self.tp, other(self.positive))


def other(label: str) -> str:
    """The other class."""
    return classes.negative() if classes.side(label) else classes.positive()


def show_threshold(threshold: float, positive: str = "") -> str:
    """A threshold for people: as a probability of the positive class that never reads 0 or 1."""
    share = float(to_probability(threshold if classes.side(positive) else -threshold))
    if share < 0.001:
        return f"{share:.1e}"
    if share > 0.999:
        return f"1 - {1 - share:.1e}"
    return f"{share:.3f}"


def choose_threshold(y: ArrayLike, log_odds: ArrayLike) -> float:
    """Choose the operating threshold, from validation films only.

    The threshold that maximises balanced accuracy, (sensitivity + specificity) / 2, which is
    Youden's index [1]_ on another scale: it does not depend on how many films of each class the
    split happens to hold. Balanced accuracy is the same for all thresholds between two
    neighbouring log-odds; the middle of that plateau is taken, and of the widest plateau where
    several are equally good.

    Parameters
    ----------
    y : (N,) bool
        True where the film is of the positive class. Both classes must occur.
    log_odds : (N,) float
        Finite log-odds of the positive class.

    Returns
    -------
    float
        Log-odds threshold; 0 (probability one half) where no threshold beats guessing, as with
        a model that gives every film the same answer.

    References
    ----------
    .. [1] Youden W. J. (1950). Index for rating diagnostic tests. Cancer 3(1), 32-35.
    """
    truth, score = bootstrap.checked(y, log_odds)
    if truth.all() or not truth.any():
        raise ArtifactError(
            "A threshold needs validation films of both classes; add films of the missing one."
        )
    values, place = np.unique(score, return_inverse=True)
    normal = np.bincount(place[~truth], minlength=len(values)) / np.sum(~truth)
    sick = np.bincount(place[truth], minlength=len(values)) / np.sum(truth)
    # A threshold between values[i] and values[i + 1] calls all up to i negative.
    index = (np.cumsum(normal) - np.cumsum(sick))[:-1]
    # Rounding in the sums must not break a tie.
    if len(index) == 0 or (best := index.max()) <= 1e-12:
        return 0.0
    tied = np.flatnonzero(index >= best - 1e-12)
    plateaus = np.split(tied, np.flatnonzero(np.diff(tied) > 1) + 1)
    edges = [(values[plateau[0]], values[plateau[-1] + 1]) for plateau in plateaus]
    low, high = max(edges, key=lambda edge: edge[1] - edge[0])
    return float((low + high) / 2)


def confusion(y: ArrayLike, log_odds: ArrayLike, threshold: float, positive: str = "") -> Confusion:
    """Count calls against truth at a threshold.

    Parameters
    ----------
    y : (N,) bool
        True where the film is of the positive class.
    log_odds : (N,) float
        Log-odds of the positive class.
    threshold : float
        On the log-odds scale; ``log_odds >= threshold`` is called positive.
    positive : name of a class; the positive one when empty
        The class that the counts call positive.
    """
    truth, score = bootstrap.checked(y, log_odds)
    called = score >= threshold
    counts = Confusion(
        tp=int(np.sum(called & truth)),
        fp=int(np.sum(called & ~truth)),
        fn=int(np.sum(~called & truth)),
        tn=int(np.sum(~called & ~truth)),
        positive=classes.positive(),
    )
    return counts if classes.side(positive) else counts.flipped()


def proportions(counts: Confusion) -> pd.DataFrame:
    """Accuracy, precision, recall, specificity and NPV with Wilson's intervals.

    Returns
    -------
    DataFrame
        metric, value, low, high, method, n (films that the proportion is of).
    """
    parts = {
        "accuracy": (counts.tp + counts.tn, counts.n),
        "precision": (counts.tp, counts.tp + counts.fp),
        "recall": (counts.tp, counts.tp + counts.fn),
        "specificity": (counts.tn, counts.tn + counts.fp),
        "npv": (counts.tn, counts.tn + counts.fn),
    }
    if not (parts["recall"][1] and parts["specificity"][1]):
        # Of films of one class every such call is right, or every one is wrong.
        parts |= {"precision": (0, 0), "npv": (0, 0)}
    rows = []
    for metric, (hits, n) in parts.items():
        value = hits / n if n else float("nan")
        method = "Wilson" if n else "no value: no such film"
        rows.append((metric, value, *wilson(hits, n), method, n))
    return pd.DataFrame(rows, columns=["metric", "value", "low", "high", "method", "n"])


def scores(
    y: ArrayLike,
    log_odds: ArrayLike,
    threshold: float,
    positive: str = "",
    *,
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Every metric of one model on one set of films, with 95 % intervals.

    Parameters
    ----------
    y : (N,) bool
        True where the film is of the positive class.
    log_odds : (N,) float
        Log-odds of the positive class.
    threshold : float
        On the log-odds scale; at or above it a film is called positive.
    positive : name of a class; the positive one when empty
    groups : (N,), optional
        Possible patient of each film (``patients.patients``); every film its own when None.
    seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        metric (keys of ``TITLES``, in that order), value, low, high, method ("Wilson",
        "bootstrap by possible patient" or the reason why there is none), n (films).
    """
    truth, score = bootstrap.checked(y, log_odds)
    drawn = bootstrap.resamples(np.arange(len(truth)) if groups is None else groups, seed=seed)
    thresholded = at_threshold(truth, score, threshold, positive, drawn)
    free = over_thresholds(truth, score, positive, drawn)
    return pd.concat([thresholded, free], ignore_index=True)


def at_threshold(
    y: Bools, log_odds: Floats, threshold: float, positive: str, drawn: Floats
) -> pd.DataFrame:
    """The metrics of :func:`scores` that depend on the threshold; quick enough for a slider.

    ``drawn`` is (B, N), from ``bootstrap.resamples``.
    """
    called = log_odds >= threshold
    once = bootstrap.counts(y, called, positive, bootstrap.single(len(y)))
    many = bootstrap.counts(y, called, positive, drawn)
    compound = {
        "f1": bootstrap.f1,
        "balanced_accuracy": bootstrap.balanced_accuracy,
        "mcc": bootstrap.mcc,
    }
    known = np.nan if y.all() or not y.any() else 1.0
    rows = [
        _row(name, known * score(*once), score(*many), len(y)) for name, score in compound.items()
    ]
    table = proportions(confusion(y, log_odds, threshold, positive))
    return pd.concat([table, pd.DataFrame(rows)], ignore_index=True)


def over_thresholds(y: Bools, log_odds: Floats, positive: str, drawn: Floats) -> pd.DataFrame:
    """The metrics of :func:`scores` that no threshold changes; ``drawn`` is (B, N)."""
    found, ranked = (y, log_odds) if classes.side(positive) else (~y, -log_odds)
    ranking = {"auroc": bootstrap.auroc, "average_precision": bootstrap.average_precision}
    known = np.nan if y.all() or not y.any() else 1.0
    rows = [
        _row(name, known * score(found, ranked), score(found, ranked, drawn), len(y))
        for name, score in ranking.items()
    ]
    for metric, loss in zip(("brier", "log_loss"), bootstrap.losses(y, log_odds), strict=True):
        many = bootstrap.ratio(drawn @ loss, drawn.sum(axis=1))
        rows.append(_row(metric, np.array([loss.mean()]), many, len(y)))
    return pd.DataFrame(rows)


def _row(metric: str, once: Floats, many: Floats, n: int) -> dict[str, object]:
    """One row of a score table from the point value and the bootstrap's draws."""
    value = float(once[0])
    if not np.isfinite(value):
        nan = float("nan")
        return {"metric": metric, "value": nan, "low": nan, "high": nan, "method": NO_VALUE, "n": n}
    low, high, method = bootstrap.percentiles(many)
    return {"metric": metric, "value": value, "low": low, "high": high, "method": method, "n": n}
