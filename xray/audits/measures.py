"""What devices change, in calls of 100 films and in AUROC, with what is known of each figure.

Recipients and donors are crossed: films of one child share what is special about it, and so do
all pictures with one donor's device. Each figure is a mean, or a difference of two areas under
ROC curves, whose influence values (DeLong et al. 1988 for the areas) are summed by the child
that receives and by the child that gives; the variance is that of both less what is counted twice
(two-way clustering; Cameron, Gelbach & Miller 2011). All figures of a model get one covariance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from xray.audits.insertion import AS_WORN, Material, Odds
from xray.audits.showing import Trials

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
    before, after, null : raw calls in points of 100, NaN for AUROC
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

    def at_once(self, level: float = 0.95, draws: int = 20_000, seed: int = 0) -> float:
        """Multiple of the standard errors within which all figures lie at once (max-t)."""
        if not len(self.error):
            return 0.0
        values, vectors = np.linalg.eigh(self.correlation)
        root = vectors * np.sqrt(np.clip(values, 0, None))
        rng = np.random.default_rng(seed)
        normal = rng.standard_normal((draws, len(self.error))) @ root.T
        normal /= np.sqrt((root**2).sum(axis=1))
        freedom = float(np.min(self.freedom))
        wide = np.sqrt(rng.chisquare(freedom, draws) / freedom)
        return float(np.quantile(np.abs(normal).max(axis=1) / wide, level))


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
    """No call changed does not mean that none ever would: as if it had for one child."""
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


def measure(material: Material, trials: Trials, threshold: Odds, judged: Any) -> list[Measure]:
    """All figures of one model.

    Parameters
    ----------
    threshold : (N,) log-odds above which each film is called PNEUMONIA
    judged : (N,) bool, films that count
    """
    made: list[Measure] = []
    for kind in material.plans:
        test = "as_worn" if kind == AS_WORN else "insertion"
        for label in ("NORMAL", "PNEUMONIA"):
            found = _calls(material, trials, threshold, judged, kind, label)
            if found is not None:
                made.append(replace(found, test=test))
            made += _nulls(material, trials, threshold, judged, kind, label)
        made += _swaps(material, trials, judged, kind)
    return made


def _codes(material: Material, kind: str) -> tuple[Ints, Ints]:
    """Codes of the children on films (N,), and of those who give layers of a kind (L,)."""
    children = material.table["child"].to_numpy().astype(str)
    known = np.unique(np.concatenate([children, *(d.children for d in material.donors.values())]))
    return (
        np.searchsorted(known, children),
        np.searchsorted(known, material.donors[kind].children),
    )


def _calls(
    material: Material, trials: Trials, threshold: Odds, judged: Any, kind: str, label: str
) -> Measure | None:
    """Change of calls in points of 100 among films of one class, by devices beyond their null."""
    plan = material.plans[kind]
    is_label = (material.table["label"] == label).to_numpy()
    chosen = np.flatnonzero((is_label & judged)[plan.film])
    pair = trials.device[kind], trials.null[kind]
    return _change(material, trials, threshold, kind, label, "insertion", chosen, pair)


def _nulls(
    material: Material, trials: Trials, threshold: Odds, judged: Any, kind: str, label: str
) -> list[Measure]:
    """What nulls change beyond a smooth cloud of the same brightness: nothing, if they are good."""
    if kind not in trials.cloud:
        return []
    plan = material.plans[kind]
    is_label = (material.table["label"] == label).to_numpy()
    there = np.isfinite(trials.cloud[kind]) & (is_label & judged)[plan.film]
    pair = trials.null[kind], trials.cloud[kind]
    found = _change(
        material, trials, threshold, kind, label, "null", np.flatnonzero(there), pair
    )  # fmt: skip
    return [] if found is None else [found]


def _change(
    material: Material,
    trials: Trials,
    threshold: Odds,
    kind: str,
    label: str,
    test: str,
    chosen: Ints,
    pair: tuple[Odds, Odds],
) -> Measure | None:
    """Change of calls from the second of a pair of pictures to the first, on some trials."""
    if not len(chosen):
        return None
    plan = material.plans[kind]
    takers, givers = _codes(material, kind)
    film, layer = plan.film[chosen], plan.layer[chosen]
    device, null = pair[0][chosen], pair[1][chosen]
    level = threshold[film]
    change = 100.0 * ((device >= level).astype(float) - (null >= level))
    value, net = float(change.mean()), device - null
    count = len(change)
    return Measure(
        test,
        kind,
        label,
        CALLS,
        value,
        Influence((change - value) / count, takers[film], givers[layer]),
        before=100 * float((trials.plain[film] >= level).mean()),
        after=100 * float((device >= level).mean()),
        null=100 * float((null >= level).mean()),
        net_log_odds=float(net.mean()),
        net=Influence((net - net.mean()) / count, takers[film], givers[layer]),
        films=len(np.unique(takers[film])),
        donors=len(np.unique(givers[layer])),
    )


def _swaps(material: Material, trials: Trials, judged: Any, kind: str) -> list[Measure]:
    """Fall of AUROC when healthy films are given devices, sick ones relieved, and both."""
    plan, relief = material.plans[kind], material.reliefs.get(kind)
    sick = (material.table["label"] == "PNEUMONIA").to_numpy()
    mine = (judged & ~sick)[plan.film]
    bare_sick = np.intersect1d(material.recipients, np.flatnonzero(judged & sick))
    bare_well = np.intersect1d(material.recipients, np.flatnonzero(judged & ~sick))
    if not mine.any() or not len(bare_sick):
        return []
    takers, givers = _codes(material, kind)
    none = np.full(len(material.films), -1)
    given = (
        _Scores(trials.null[kind][mine], takers[plan.film[mine]], givers[plan.layer[mine]]),
        _Scores(trials.device[kind][mine], takers[plan.film[mine]], givers[plan.layer[mine]]),
    )
    plain = _Scores(trials.plain[bare_well], takers[bare_well], none[bare_well])
    ill = _Scores(trials.plain[bare_sick], takers[bare_sick], none[bare_sick])
    test = "as_worn" if kind == AS_WORN else "swap"
    if relief is None:
        return [_fall(test, kind, "NORMAL", *given, ill, ill)]
    kept = judged[relief.film]
    worn = relief.film[kept]
    wearers = [
        _Scores(odds, takers[worn], none[worn])
        for odds in (
            trials.plain[worn],
            trials.sham[kind][kept],
            trials.relieved[kind][kept],
        )
    ]
    as_is, sham, relieved = (ill.joined(each) for each in wearers)
    return [
        _fall(test, kind, "NORMAL", *given, as_is, as_is),
        _fall(test, kind, "PNEUMONIA", plain, plain, sham, relieved),
        _fall(test, kind, "", *given, sham, relieved),
    ]


@dataclass(frozen=True, eq=False)
class _Scores:
    """Log-odds of some pictures, and whose they are."""

    odds: Odds
    recipient: Ints
    donor: Ints

    def joined(self, other: _Scores) -> _Scores:
        return _Scores(
            *(
                np.concatenate([getattr(self, name), getattr(other, name)])
                for name in ("odds", "recipient", "donor")
            )
        )


def _fall(
    test: str,
    kind: str,
    label: str,
    well_before: _Scores,
    well_after: _Scores,
    ill_before: _Scores,
    ill_after: _Scores,
) -> Measure:
    """Fall of AUROC from one state of the same pictures to another, with influence values."""
    first, second = (
        _placements(well.odds, ill.odds)
        for well, ill in ((well_before, ill_before), (well_after, ill_after))
    )
    of_well, of_ill = first[0] - second[0], first[1] - second[1]
    value = float(of_well.mean())
    influence = Influence(
        np.concatenate([(of_well - value) / len(of_well), (of_ill - value) / len(of_ill)]),
        np.concatenate([well_before.recipient, ill_before.recipient]),
        np.concatenate([well_before.donor, ill_before.donor]),
    )
    donors = influence.donor
    return Measure(
        test,
        kind,
        label,
        AUROC,
        value,
        influence,
        films=len(np.unique(influence.recipient)),
        donors=len(np.unique(donors[donors >= 0])),
    )


def _placements(well: Odds, ill: Odds) -> tuple[Floats, Floats]:
    """Share of ill scores above each well one, and of well ones below each ill; ties half."""

    def below(values: Odds, of: Odds) -> Floats:
        ordered = np.sort(of)
        least = np.searchsorted(ordered, values, "left")
        most = np.searchsorted(ordered, values, "right")
        return np.asarray((least + most) / 2 / len(of))

    return 1 - below(well, ill), below(ill, well)


__all__ = ["AUROC", "CALLS", "Influence", "Joint", "Measure", "joint", "measure"]
