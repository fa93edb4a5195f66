"""Two models on the same films: who is better, by how much, and would it happen again.

Conventions as in ``xray.metrics.scores``. Two questions are asked separately: whether the *calls*
at the two thresholds differ (McNemar), and whether the *rankings* differ (DeLong). Both tests take
films for independent; the bootstrap by possible patient, which does not, stands beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest, norm, rankdata

from xray.metrics import bootstrap
from xray.metrics.bootstrap import LEVEL, Bools, Floats
from xray.metrics.odds import to_probability
from xray.metrics.scores import TITLES

#: The cells of the agreement table; {a} and {b} stand for the two models.
CELLS = ("both right", "only {a}", "only {b}", "neither")
ALPHA = 1 - LEVEL


@dataclass(frozen=True)
class McNemar:
    """Exact McNemar test: films that only one of the two models calls right."""

    only_a: int
    only_b: int
    p: float


@dataclass(frozen=True)
class DeLong:
    """DeLong's test of two AUROCs on the same films, with the interval of their difference."""

    auroc_a: float
    auroc_b: float
    difference: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, eq=False)
class Pair:
    """Comparison of two models.

    Attributes
    ----------
    a, b : str
        Names.
    cells : (N,) str
        Cell of the agreement table of each film: "both right", "only a", "only b" (with the
        models' names) or "neither".
    mcnemar : McNemar
    delong : DeLong or None
        None where the films hold one class only.
    differences : DataFrame
        metric, a, b, difference (a - b), low, high (95 %, bootstrap by possible patient),
        method, ahead (share of resamples in which a is better, ties counting one half).
    p_calls, p_ranking : float
        p-values of McNemar and DeLong, adjusted for the number of pairs compared (Holm); equal
        to the tests' own where one pair was compared; nan where there is no test.
    """

    a: str
    b: str
    cells: NDArray[np.str_]
    mcnemar: McNemar
    delong: DeLong | None
    differences: pd.DataFrame
    p_calls: float
    p_ranking: float


def mcnemar(right_a: ArrayLike, right_b: ArrayLike) -> McNemar:
    """Exact (binomial), two-sided McNemar test.

    Parameters
    ----------
    right_a, right_b : (N,) bool
        Whether each model calls each film right.

    References
    ----------
    McNemar Q. (1947), Psychometrika 12, 153-157. Of the films on which they disagree, each
    model is right on half when the two are equally good.
    """
    a, b = np.asarray(right_a, dtype=bool), np.asarray(right_b, dtype=bool)
    only_a, only_b = int(np.sum(a & ~b)), int(np.sum(~a & b))
    p = binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    return McNemar(only_a, only_b, float(p))


def delong(y: ArrayLike, score_a: ArrayLike, score_b: ArrayLike) -> DeLong:
    """DeLong's test for two correlated AUROCs.

    Parameters
    ----------
    y : (N,) bool
        True where positive; at least two films of each class.
    score_a, score_b : (N,) float
        Higher for the positive class.

    References
    ----------
    DeLong E. R. et al. (1988), Biometrics 44, 837-845; by midranks as in Sun X. and Xu W.
    (2014), IEEE Signal Processing Letters 21, 1389-1393.
    """
    truth, a = bootstrap.checked(y, score_a)
    _, b = bootstrap.checked(y, score_b)
    m, n = int(truth.sum()), int((~truth).sum())
    if min(m, n) < 2:
        raise ValueError("DeLong's test needs two films of each class")
    placements = [_placements(truth, score) for score in (a, b)]
    area_a, area_b = (float(positive.mean()) for positive, _ in placements)
    of_positives = np.cov([positive for positive, _ in placements])
    of_negatives = np.cov([negative for _, negative in placements])
    covariance = of_positives / m + of_negatives / n
    difference = area_a - area_b
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    error = float(np.sqrt(max(variance, 0.0)))
    if error < 1e-12:
        p = 1.0 if abs(difference) < 1e-12 else 0.0
    else:
        p = float(2 * norm.sf(abs(difference) / error))
    half = norm.ppf(0.5 + LEVEL / 2) * error
    return DeLong(area_a, area_b, difference, difference - half, difference + half, p)


def _placements(y: Bools, score: Floats) -> tuple[Floats, Floats]:
    """Share of negatives below each positive, and of positives above each negative."""
    ranks = rankdata(score)
    m, n = int(y.sum()), int((~y).sum())
    positive = (ranks[y] - rankdata(score[y])) / n
    negative = 1 - (ranks[~y] - rankdata(score[~y])) / m
    return np.asarray(positive), np.asarray(negative)


def holm(p: ArrayLike) -> Floats:
    """p-values adjusted for testing several pairs (Holm S. 1979, Scand. J. Stat. 6, 65-70).

    Missing values stay missing and do not count as tests.
    """
    values = np.asarray(p, dtype=np.float64)
    out = np.full(values.shape, np.nan)
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")]
    steps = values[order] * (len(order) - np.arange(len(order)))
    out[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return out


def agreement(
    y: ArrayLike, called_a: ArrayLike, called_b: ArrayLike, a: str, b: str
) -> NDArray[np.str_]:
    """Cell of the agreement table of each film (see :class:`Pair`)."""
    truth = np.asarray(y, dtype=bool)
    right_a = np.asarray(called_a, dtype=bool) == truth
    right_b = np.asarray(called_b, dtype=bool) == truth
    names = [cell.format(a=a, b=b) for cell in CELLS]
    chosen = np.select([right_a & right_b, right_a, right_b], names[:3], default=names[3])
    return chosen.astype(str)


def films_of(files: ArrayLike, log_odds: dict[str, Floats]) -> pd.DataFrame:
    """Films with what two models say of them, those furthest apart first.

    Parameters
    ----------
    files : (N,) keys of films.
    log_odds : two models -> (N,) log-odds of the positive class.

    Returns
    -------
    DataFrame
        file, and a column of probabilities a model, named by it.
    """
    a, b = log_odds.values()
    table = pd.DataFrame({"file": np.asarray(files)})
    for name, values in log_odds.items():
        table[name] = to_probability(values)
    return table.iloc[np.argsort(-np.abs(a - b), kind="stable")].reset_index(drop=True)


def rows_of(wanted: pd.Series, files: pd.Series) -> list[int]:
    """Places of films in a list of films, in the order wanted; those it lacks are left out."""
    places = pd.Index(files).get_indexer(pd.Index(wanted))
    return [int(place) for place in places if place >= 0]


def differences(
    y: Bools, log_odds: tuple[Floats, Floats], thresholds: tuple[float, float], drawn: Floats
) -> pd.DataFrame:
    """Difference of two models in each of five metrics, with bootstrap intervals.

    accuracy, balanced accuracy and AUROC are the same for the
    other one. ``drawn`` is (B, N), from ``bootstrap.resamples``. Columns as in :class:`Pair`.
    """
    once = [
        _five(y, s, t, bootstrap.single(len(y))) for s, t in zip(log_odds, thresholds, strict=True)
    ]
    many = [_five(y, s, t, drawn) for s, t in zip(log_odds, thresholds, strict=True)]
    rows = []
    for metric in once[0]:
        a, b = float(once[0][metric][0]), float(once[1][metric][0])
        gaps = many[0][metric] - many[1][metric]
        low, high, method = bootstrap.percentiles(gaps)
        known = gaps[np.isfinite(gaps)]
        ahead = np.mean((known > 0) + 0.5 * (known == 0)) if len(known) else np.nan
        rows.append((metric, a, b, a - b, low, high, method, float(ahead)))
    columns = ["metric", "a", "b", "difference", "low", "high", "method", "ahead"]
    return pd.DataFrame(rows, columns=columns)


def _five(y: Bools, score: Floats, threshold: float, weights: Floats) -> dict[str, Floats]:
    """The five compared metrics under each weighting."""
    tp, fp, fn, tn = bootstrap.counts(y, score >= threshold, "", weights)
    return {
        "auroc": bootstrap.auroc(y, score, weights),
        "accuracy": bootstrap.ratio(tp + tn, tp + fp + fn + tn),
        "balanced_accuracy": bootstrap.balanced_accuracy(tp, fp, fn, tn),
        "recall": bootstrap.ratio(tp, tp + fn),
        "specificity": bootstrap.ratio(tn, tn + fp),
    }


def compare_all(
    y: ArrayLike,
    log_odds: dict[str, Floats],
    thresholds: dict[str, float],
    groups: ArrayLike,
    seed: int = 0,
) -> list[Pair]:
    """Compare every pair of models on the same films; p-values adjusted for their number.

    Parameters
    ----------
    y : (N,) bool
        True where the film is of the positive class.
    log_odds, thresholds : dict
        Model -> (N,) log-odds of the positive class, and its threshold on that scale.
    groups : (N,)
        Possible patient of each film.
    seed : int
        Of the bootstrap.
    """
    truth = np.asarray(y, dtype=bool)
    drawn = bootstrap.resamples(groups, seed=seed)
    testable = min(truth.sum(), (~truth).sum()) >= 2
    found = []
    for a, b in combinations(log_odds, 2):
        scores = (log_odds[a], log_odds[b])
        called_a, called_b = (log_odds[name] >= thresholds[name] for name in (a, b))
        calls = mcnemar(called_a == truth, called_b == truth)
        ranks = delong(truth, *scores) if testable else None
        table = differences(truth, scores, (thresholds[a], thresholds[b]), drawn)
        found.append((a, b, agreement(truth, called_a, called_b, a, b), calls, ranks, table))
    p_calls = holm([calls.p for *_, calls, _, _ in found])
    p_ranking = holm([ranks.p if ranks else np.nan for *_, ranks, _ in found])
    return [
        Pair(*parts, float(p_call), float(p_rank))
        for parts, p_call, p_rank in zip(found, p_calls, p_ranking, strict=True)
    ]


def survives(pair: Pair, metric: str, titles: dict[str, str] | None = None) -> str:
    """Say in a few sentences whether a difference would survive another test set.

    "Another test set" means as many possible patients again from where these came from. It
    would probably survive when the bootstrap's interval leaves out zero *and* the matching test
    (DeLong for AUROC, McNemar for accuracy), adjusted for the number of pairs, is below 0.05;
    it may not when neither holds; otherwise the two disagree and the sentence says so.

    Parameters
    ----------
    pair : Pair
    metric : "auroc" or "accuracy"
    titles : dict, optional
        Model -> name for people.
    """
    row = pair.differences[pair.differences["metric"] == metric].iloc[0]
    p, test = (pair.p_ranking, "DeLong") if metric == "auroc" else (pair.p_calls, "McNemar")
    # Not known (nan) is not shown.
    separate, significant = bool(row["low"] > 0 or row["high"] < 0), bool(p < ALPHA)
    a, b = ((titles or {}).get(name, name) for name in (pair.a, pair.b))
    ahead, behind = (a, b) if row["difference"] >= 0 else (b, a)
    share = row["ahead"] if row["difference"] >= 0 else 1 - row["ahead"]
    if row["difference"] == 0:
        return f"On {_title(metric)} {a} and {b} are level on these films."
    figures = (
        f"{ahead} leads {behind} by {abs(row['difference']):.3f} in {_title(metric)} "
        f"({_interval(row)}). {test}'s test: {show_p(p)}. "
        f"It would lead in {share:.1%} of test sets drawn again from these possible patients."
    )
    if separate and significant:
        return f"Would probably survive another test set of this kind. {figures}"
    if separate or significant:
        return f"Uncertain, because interval and test disagree. {figures}"
    return f"May not survive another test set. {figures}"


def _title(metric: str) -> str:
    title = TITLES[metric]
    return title if title.isupper() else title.lower()


def _interval(row: pd.Series) -> str:
    """The interval of a leader's lead, or the reason why there is none."""
    if not np.isfinite(row["low"]):
        return str(row["method"])
    low, high = (row["low"], row["high"])
    if row["difference"] < 0:
        low, high = -high, -low
    return f"95 % {low:.3f} to {high:.3f}"


def show_p(p: float) -> str:
    """A p-value for people: two digits, never "0"."""
    if not np.isfinite(p):
        return "p not known"
    return f"p = {p:.2g}" if p >= 0.001 else "p < 0.001"
