"""What devices change, in calls of 100 films and in AUROC, of one model.

Each figure is a mean, or a difference of two areas under ROC curves, with the influence of every
picture on it (``uncertainty``).

Whether a film of a sample lies just above or just below the threshold is chance. So calls are
counted at thresholds around the model's own and averaged, as in the kernel estimator of a
distribution function (Azzalini 1981, Biometrika 68: 326-328). That is steadier than the count at
one threshold, and its bias is a small part of its error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import ndtr

from xray.audits.insertion import AS_WORN, Material, Odds
from xray.audits.showing import Trials
from xray.audits.uncertainty import AUROC, CALLS, Floats, Influence, Ints, Measure
from xray.classes import HEALTHY, SICK

#: Width of the thresholds that calls are averaged over, in standard deviations of the films'
#: log-odds divided by the cube root of their number. The cube root of 4, 1.59, errs least where
#: these are normal (Altman & Leger 1995, J. Stat. Plan. Inference 46: 195-214); less is safer.
WIDTH = 1.3


def width(odds: Odds) -> float:
    """Standard deviation of the thresholds that calls are averaged over, in log-odds.

    Parameters
    ----------
    odds : (F,) log-odds of the films of one class as they are

    Returns
    -------
    float
        0.0, which averages nothing, where half of the films say the same. What counts as their
        spread is the smaller of the standard deviation and of what the shortest interval with half
        of them gives (the "shorth"; Rousseeuw & Leroy 1988, Statistica Neerlandica 42): a gap
        between two heaps of films is not taken for spread, nor are a few films far away.
    """
    ordered, half = np.sort(odds), len(odds) // 2
    shortest = float((ordered[half:] - ordered[: len(odds) - half]).min())
    return float(WIDTH * min(odds.std(), shortest / 1.349) / np.cbrt(len(odds)))


def calls(odds: Odds, threshold: Odds, wide: float = 0.0) -> Floats:
    """How far each picture is called SICK, in points of 100, over thresholds ``wide`` around.

    Parameters
    ----------
    odds, threshold : (T,) log-odds of pictures, and those from which on they are called
    wide : standard deviation of the thresholds, in log-odds; 0 counts at the threshold alone
    """
    beyond = odds - threshold
    return 100.0 * np.asarray(ndtr(beyond / wide) if wide > 0 else beyond >= 0, np.float64)


def measure(
    material: Material, trials: Trials, threshold: Odds, judged: Any, averaged: bool = True
) -> list[Measure]:
    """All figures of one model.

    Parameters
    ----------
    threshold : (N,) log-odds from which on each film is called SICK
    judged : (N,) bool, films that count
    averaged : over thresholds around that; otherwise calls are counted at it alone
    """
    made: list[Measure] = []
    for kind in material.plans:
        for label in (HEALTHY, SICK):
            made += _calls(material, trials, threshold, judged, kind, label, averaged)
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
    material: Material,
    trials: Trials,
    threshold: Odds,
    judged: Any,
    kind: str,
    label: str,
    averaged: bool,
) -> list[Measure]:
    """Change of calls among films of one class: by devices beyond their nulls, and by nulls beyond
    a smooth cloud of the same brightness, which is nothing, if nulls are good.
    """
    plan = material.plans[kind]
    own = ((material.table["label"] == label).to_numpy() & judged)[plan.film]
    if not own.any():
        return []
    wide = width(trials.plain[np.unique(plan.film[own])]) if averaged else 0.0
    device, null = trials.device[kind], trials.null[kind]
    pairs = [("as_worn" if kind == AS_WORN else "insertion", device, null, own)]
    if kind in trials.cloud:
        cloud = trials.cloud[kind]
        pairs.append(("null", null, cloud, own & np.isfinite(cloud)))
    takers, givers = _codes(material, kind)
    made = []
    for test, first, second, rows in pairs:
        film, taker, giver = plan.film[rows], takers[plan.film[rows]], givers[plan.layer[rows]]
        if not len(film):
            continue
        states = [
            calls(odds, threshold[film], wide)
            for odds in (trials.plain[film], first[rows], second[rows])
        ]
        made.append(_of_calls((test, kind, label), states, (first - second)[rows], taker, giver))
    return made


def _of_calls(
    names: tuple[str, str, str],
    states: Sequence[Floats],
    net: Odds,
    taker: Ints,
    giver: Ints,
    weight: float = 1.0,
) -> Measure:
    """A change of calls as a figure.

    Parameters
    ----------
    names : test, kind, label
    states : calls of the films as they are, changed, and changed as much without it, (n,) each
    net : (n,) difference of log-odds of the last two
    weight : of the difference
    """
    before, after, _ = (float(state.mean()) for state in states)
    change, moved, count = weight * (states[1] - states[2]), weight * net, len(net)
    value, drift = float(change.mean()), float(moved.mean())
    return Measure(
        *names,
        CALLS,
        value,
        Influence((change - value) / count, taker, giver),
        before=before,
        after=after,
        null=after - value,
        net_log_odds=drift,
        net=Influence((moved - drift) / count, taker, giver),
        films=len(np.unique(taker)),
        donors=len(np.unique(giver[giver >= 0])),
    )


def _swaps(material: Material, trials: Trials, judged: Any, kind: str) -> list[Measure]:
    """Fall of AUROC when healthy films are given devices, sick ones relieved, and both."""
    plan, relief = material.plans[kind], material.reliefs.get(kind)
    sick = (material.table["label"] == SICK).to_numpy()
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
        return [_fall(test, kind, HEALTHY, *given, ill, ill)]
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
        _fall(test, kind, HEALTHY, *given, as_is, as_is),
        _fall(test, kind, SICK, plain, plain, sham, relieved),
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


def of_suspect(
    test: str,
    material: Material,
    rows: tuple[Ints, Any],
    odds: tuple[Odds, Odds, Odds],
    threshold: Odds,
    judged: Any,
    weight: float,
) -> list[Measure]:
    """What another suspect changes, in calls of either class and in AUROC of both changed.

    Parameters
    ----------
    rows : (T,) place of the film, and the child whose lettering it was given, "" for none
    odds : (T,) log-odds of the films as they are, changed, and changed as much without it
    weight : of the difference; half where the second change is the first turned round, of which
        the mean of both is the change without the suspect
    """
    children = material.table["child"].to_numpy().astype(str)
    known, code = np.unique(children, return_inverse=True)
    kept = judged[rows[0]]
    film, giver = rows[0][kept], rows[1][kept].astype(str)
    plain, changed, sham = (each[kept] for each in odds)
    donor = np.where(giver == "", -1, np.searchsorted(known, giver))
    taker, sick = code[film], (material.table["label"] == SICK).to_numpy()[film]
    made = []
    for label, own in ((HEALTHY, ~sick), (SICK, sick)):
        if not own.any():
            continue
        _, once = np.unique(film[own], return_index=True)
        wide = width(plain[own][once])
        states = [calls(each[own], threshold[film[own]], wide) for each in (plain, changed, sham)]
        net, who = (changed - sham)[own], (taker[own], donor[own])
        made.append(_of_calls((test, "", label), states, net, *who, weight))
    if not sick.any() or sick.all():
        return made
    scores = [
        [_Scores(odds_of[own], taker[own], donor[own]) for own in (~sick, sick)]
        for odds_of in (sham, changed)
    ]
    fall = _fall(test, "", "", scores[0][0], scores[1][0], scores[0][1], scores[1][1])
    weighed = replace(fall.influence, value=weight * fall.influence.value)
    return [*made, replace(fall, value=weight * fall.value, influence=weighed)]
