"""Figures of a model and what is known of each: errors, skewness, and how they go together.

Recipients and donors are crossed: films of one child share what is special about it, and so do
all pictures with one donor's device. Influence values (DeLong et al. 1988 for areas under ROC
curves) are summed by the child that receives and by the child that gives; the variance is that of
both less what is counted twice (two-way clustering; Cameron, Gelbach & Miller 2011).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

#: More skewness than this is not believed; few clusters tell little of it.
MOST_SKEW = 1.0
#: What is measured: change of calls, or of AUROC in the swap test.
CALLS, AUROC = "calls", "auroc"


@dataclass(frozen=True, eq=False)
class Influence:
    """How much single pictures weigh in a figure; who they belong to.

    Attributes
    ----------
    value : (n,) influence values; they sum to zero
    recipient : (n,) code of the child on the picture
    donor : (n,) code of the child whose device it is; -1 where there is none
    """

    value: Floats
    recipient: Ints
    donor: Ints


@dataclass(frozen=True, eq=False)
class Measure:
    """One figure of one model: what devices of a kind change beyond their null.

    Attributes
    ----------
    test : "insertion", "as_worn", "null" or "swap"
    kind : of device
    label : true class of the films, "" for both
    unit : CALLS (points of 100) or AUROC (its fall)
    value : the figure
    before, after, null : calls in points of 100 as they are, with devices and with nulls, over the
        same thresholds as ``value``; NaN for AUROC
    net_log_odds : mean difference of log-odds, after less null; NaN for AUROC
    net : its influence values
    films, donors : children that receive and that give
    """

    test: str
    kind: str
    label: str
    unit: str
    value: float
    influence: Influence
    before: float = float("nan")
    after: float = float("nan")
    null: float = float("nan")
    net_log_odds: float = float("nan")
    net: Influence | None = None
    films: int = 0
    donors: int = 0


@dataclass(frozen=True, eq=False)
class Joint:
    """What is known of a model's figures, along them.

    Attributes
    ----------
    error : standard errors
    freedom : their degrees of freedom
    skew : skewness of the figures: a few donors can make most of an effect
    correlation : (M, M)
    """

    error: Floats
    freedom: Floats
    skew: Floats
    correlation: Floats

    def of(self, chosen: Sequence[int]) -> Joint:
        """Those of some figures."""
        places = np.array(chosen, int)
        return Joint(
            self.error[places],
            self.freedom[places],
            self.skew[places],
            self.correlation[np.ix_(places, places)],
        )

    def interval(self, values: Floats, level: float) -> tuple[Floats, Floats]:
        """Two-sided intervals of a level, one by one."""
        return self.bounds(values, student.ppf((1 + level) / 2, self.freedom))

    def bounds(self, values: Floats, reach: Floats | float) -> tuple[Floats, Floats]:
        """Bounds ``reach`` standard errors away, moved by the skewness (Hall 1992)."""
        return (
            values - unskewed(reach, self.skew) * self.error,
            values - unskewed(np.negative(reach), self.skew) * self.error,
        )

    def at_once(
        self, toward: Floats, level: float = 0.95, draws: int = 20_000, seed: int = 0
    ) -> float:
        """Multiple of the standard errors by which no figure errs toward its side (max-t).

        Parameters
        ----------
        toward : (M,) the side of each figure that counts, +1 or -1
        level : probability that this holds for all figures together
        """
        values, vectors = np.linalg.eigh(self.correlation)
        root = vectors * np.sqrt(np.clip(values, 0, None))
        rng = np.random.default_rng(seed)
        normal = rng.standard_normal((draws, len(self.error))) @ root.T
        normal *= toward / np.sqrt((root**2).sum(axis=1))
        freedom = float(np.min(self.freedom))
        wide = np.sqrt(rng.chisquare(freedom, draws) / freedom)
        return float(np.quantile(normal.max(axis=1) / wide, level))

    def beyond(
        self, values: Floats, limit: Floats, level: float = 0.95, seed: int = 0
    ) -> tuple[NDArray[np.bool_], float]:
        """Which figures lie beyond their margins; the chance of any false one is 1 - ``level``.

        A figure does when its lower bound, toward the side it lies on, is beyond the margin;
        bounds hold for all figures at once. What is found is set aside and the rest asked again,
        with the shorter reach of fewer figures (step-down max-t; Romano & Wolf 2005,
        Econometrica 73).

        Returns
        -------
        found : (M,)
        critical : reach in standard errors for those that were not found
        """
        found, critical = np.zeros(len(values), bool), 0.0
        toward = np.where(values >= 0, 1.0, -1.0)
        while not found.all():
            left = np.flatnonzero(~found)
            rest = self.of(list(left))
            critical = rest.at_once(toward[left], level, seed=seed)
            low, high = rest.bounds(values[left], critical)
            new = np.where(toward[left] > 0, low > limit[left], high < -limit[left])
            if not new.any():
                break
            found[left[new]] = True
        return found, critical


#: What is known where nothing was measured.
NOTHING = Joint(np.empty(0), np.empty(0), np.empty(0), np.empty((0, 0)))


def unskewed(reach: Floats | float, skew: Floats) -> Floats:
    """Where a skewed figure's quantile lies, of which the symmetric one is ``reach``.

    Hall's monotone cubic transformation of Student's statistic (Annals of Statistics 1992).
    """
    flat = np.where(np.abs(skew) < 1e-6, 1.0, skew)
    bent = 3 / flat * (np.cbrt(1 + flat * (reach - flat / 6)) - 1)
    return np.asarray(np.where(np.abs(skew) < 1e-6, reach, bent))


def joint(measures: Sequence[Measure]) -> Joint:
    """Covariance of figures of one model, clustered by recipients and by donors."""
    recipients = 1 + max(int(m.influence.recipient.max()) for m in measures)
    donors = 1 + max(int(m.influence.donor.max(initial=-1)) for m in measures)
    pair = _Sums(recipients * max(donors, 1))
    taking, giving = _Sums(recipients), _Sums(max(donors, 1))
    for measure in measures:
        given = measure.influence.donor >= 0
        value, taker = measure.influence.value, measure.influence.recipient
        giver = measure.influence.donor[given]
        taking.add(value, taker)
        giving.add(value[given], giver)
        pair.add(value[given], taker[given] * max(donors, 1) + giver)
    parts = [part.covariance() for part in (taking, giving, pair)]
    covariance = parts[0] + parts[1] - parts[2]
    own = [np.diag(part) for part in parts[:2]]
    # Never less than from either side alone, which chance can bring about.
    variance = np.maximum(np.diag(covariance), np.maximum(*own))
    floor = np.array([_least(measure) for measure in measures])
    error = np.maximum(np.sqrt(variance), floor)
    scale = np.sqrt(np.maximum(variance, 1e-30))
    correlation = covariance / np.outer(scale, scale)
    np.fill_diagonal(correlation, 1.0)
    spread = sum(
        part**2 / np.maximum(sums.counts() - 1, 1)
        for part, sums in zip(own, (taking, giving), strict=True)
    )
    freedom = np.clip(variance**2 / np.maximum(spread, 1e-30), 4, 1e4)
    third = sum(sums.third() for sums in (taking, giving))
    skew = np.clip(third / np.maximum(error, 1e-15) ** 3, -MOST_SKEW, MOST_SKEW)
    return Joint(error, np.where(variance > 0, freedom, 30.0), skew, correlation)


def _least(measure: Measure) -> float:
    """No call changed does not mean that none ever would: the next child may lie at the threshold.

    So the error is at least what one child adds whose every call changes.
    """
    return 100 / max(measure.films, 1) if measure.unit == CALLS else 0.0


class _Sums:
    """Influence summed by cluster, a column a figure."""

    def __init__(self, clusters: int) -> None:
        self._clusters = clusters
        self._columns: list[tuple[Ints, Floats]] = []

    def add(self, value: Floats, code: Ints) -> None:
        """Add the next figure."""
        names, places = np.unique(code, return_inverse=True)
        sums = np.bincount(places, value, len(names)).astype(np.float64)
        self._columns.append((names, sums))

    def counts(self) -> Floats:
        """Clusters of each figure."""
        return np.array([len(names) for names, _ in self._columns], float)

    def third(self) -> Floats:
        """Third cumulant of each figure, unbiased for independent clusters."""
        made = []
        for names, sums in self._columns:
            n = len(names)
            made.append((sums**3).sum() * n**2 / ((n - 1) * (n - 2)) if n > 2 else 0.0)
        return np.array(made)

    def covariance(self) -> Floats:
        """Sum over clusters, each figure as if with one degree of freedom less."""
        every = np.unique(np.concatenate([names for names, _ in self._columns]))
        table = np.zeros((len(every), len(self._columns)))
        for column, (names, sums) in enumerate(self._columns):
            count = len(names)
            if count > 1:
                factor = np.sqrt(count / (count - 1))
                table[np.searchsorted(every, names), column] = sums * factor
        return np.asarray(table.T @ table)
