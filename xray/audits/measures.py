"""What devices change, in calls of 100 films and in AUROC, of one model.

Each figure is a mean, or a difference of two areas under ROC curves, with the influence of every
picture on it (``uncertainty``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xray.audits.insertion import AS_WORN, Material, Odds
from xray.audits.showing import Trials
from xray.audits.uncertainty import AUROC, CALLS, Floats, Influence, Ints, Measure
from xray.classes import HEALTHY, SICK


def measure(material: Material, trials: Trials, threshold: Odds, judged: Any) -> list[Measure]:
    """All figures of one model.

    Parameters
    ----------
    threshold : (N,) log-odds above which each film is called SICK
    judged : (N,) bool, films that count
    """
    made: list[Measure] = []
    for kind in material.plans:
        test = "as_worn" if kind == AS_WORN else "insertion"
        for label in (HEALTHY, SICK):
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
    found = _change(material, trials, threshold, kind, label, "null", np.flatnonzero(there), pair)
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
        level, codes = threshold[film[own]], (taker[own], donor[own])
        after = 100 * float((changed[own] >= level).mean())
        change = 100 * weight * ((changed[own] >= level).astype(float) - (sham[own] >= level))
        net, value = weight * (changed - sham)[own], float(change.mean())
        made.append(
            Measure(
                test,
                "",
                label,
                CALLS,
                value,
                Influence((change - value) / len(change), *codes),
                before=100 * float((plain[own] >= level).mean()),
                after=after,
                null=after - value,
                net_log_odds=float(net.mean()),
                net=Influence((net - net.mean()) / len(net), *codes),
                films=len(np.unique(codes[0])),
                donors=len(np.unique(codes[1][codes[1] >= 0])),
            )
        )
    if not sick.any() or sick.all():
        return made
    states = [
        [_Scores(odds_of[own], taker[own], donor[own]) for own in (~sick, sick)]
        for odds_of in (sham, changed)
    ]
    fall = _fall(test, "", "", states[0][0], states[1][0], states[0][1], states[1][1])
    weighed = replace(fall.influence, value=weight * fall.influence.value)
    return [*made, replace(fall, value=weight * fall.value, influence=weighed)]
