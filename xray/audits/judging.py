"""The verdict: does a model read devices, by what real devices change in its calls.

Each kind gets one of four words, and the model the worst of its kinds'. Margins are fixed; power
decides how many films and donors are shown, never the margin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from xray import classes
from xray.audits import measures, uncertainty
from xray.audits.insertion import KINDS, Material, Odds
from xray.audits.showing import Trials
from xray.audits.uncertainty import AUROC, CALLS, Joint, Measure
from xray.classes import HEALTHY, SICK
from xray.metrics import bootstrap

Word = Literal["reads_devices", "no_reliance", "inconclusive", "cannot_be_judged"]
#: Tests that decide; all others are told beside.
DECIDE = ("insertion", "swap")
#: From the worst on; a kind that cannot be judged does not hold back the model.
ORDER: tuple[Word, ...] = ("reads_devices", "inconclusive", "no_reliance")

#: A model is judged when the interval of its AUROC on these films lies above this.
GATE = 0.6
#: Fewer children than this give too few devices of a kind to speak of the kind.
LEAST_DONORS = 20
#: A model calls "nearly everything" one class when it does so with more than this share of the
#: device-free films, both classes counting alike.
NEARLY_ALL = 0.9
#: Specificity at which such a model is judged.
SPECIFICITY = 0.9
#: Confidence at which a kind is said to be read, over all of its figures, and to be clear.
READS, CLEARS = 0.95, 0.90


@dataclass(frozen=True)
class Margin:
    """What matters: a change of so many calls in 100, or of so much AUROC."""

    calls: float = 3.0
    auroc: float = 0.02

    def of(self, unit: str) -> float:
        """The margin of a unit."""
        return self.calls if unit == CALLS else self.auroc


@dataclass(frozen=True, eq=False)
class Cut:
    """The threshold that a model is judged at, and why, where it is not its own.

    Attributes
    ----------
    log_odds : films from it on are called SICK; the mean where films have different ones
    films : (N,) threshold of each film
    why : a sentence; "" when the threshold is the model's own
    """

    log_odds: float
    films: Odds = field(repr=False)
    why: str = ""


@dataclass(frozen=True)
class KindVerdict:
    """What is said of one kind: the word, the largest effect in margins, and why."""

    kind: str
    verdict: Word
    score: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Verdict:
    """What is said of a model.

    Attributes
    ----------
    verdict : the worst of its kinds', or "cannot_be_judged" for a model that knows nothing
    kind : the kind that decided; "" where none did
    score : the largest effect over kinds and figures in margins, with its sign
    reasons : sentences
    auroc : (value, low, high) on the judged films
    called : share of the judged films called SICK
    cut : the threshold
    kinds : verdicts by kind, in the order of ``KINDS``
    effects : rows as ``effects`` of an audit's JSON
    averaged : whether their calls are counted over thresholds around the model's own
    """

    verdict: Word
    kind: str
    score: float
    reasons: tuple[str, ...]
    auroc: tuple[float, float, float]
    called: float
    cut: Cut
    margin: Margin
    kinds: tuple[KindVerdict, ...] = ()
    effects: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    averaged: bool = True

    def as_json(self) -> dict[str, Any]:
        """The verdict's part of an audit's JSON."""
        value, low, high = self.auroc
        return {
            "positive": classes.positive(),
            "threshold": float(1 / (1 + math.exp(-self.cut.log_odds))),
            "auroc": value,
            "auroc_low": low,
            "auroc_high": high,
            "called": self.called,
            "verdict": self.verdict,
            "kind": self.kind,
            "score": self.score,
            "reasons": list(self.reasons),
            "margin": asdict(self.margin),
            "calls_averaged": self.averaged,
            "kinds": [
                {"kind": k.kind, "verdict": k.verdict, "score": k.score, "reasons": list(k.reasons)}
                for k in self.kinds
            ],
            "effects": list(self.effects),
        }


def cut(
    odds: Odds,
    sick: NDArray[np.bool_],
    children: NDArray[Any],
    own: float,
    judged: NDArray[np.intp],
    seed: int = 0,
) -> Cut:
    """Choose the threshold: the model's own, unless it calls nearly everything one class.

    Then it is judged at ``SPECIFICITY``, set on other children: those of one half of the healthy
    set it for the other half, and the mean of both is for the sick. What it calls is not known
    without device-free films of both classes: then its own threshold stays.

    Parameters
    ----------
    odds, sick, children : (N,) log-odds, truth and child of all films
    own : the model's own threshold, as log-odds
    judged : places of the device-free films that are judged; what they are called counts
    seed : of the halves
    """
    well, ill = judged[~sick[judged]], judged[sick[judged]]
    names = np.unique(children[well])
    usual = Cut(own, np.full(len(odds), own))
    if len(names) < 2 or not len(ill):
        return usual
    rate = float(np.mean([(odds[of] >= own).mean() for of in (well, ill)]))
    if 1 - NEARLY_ALL <= rate <= NEARLY_ALL:
        return usual
    first = np.random.default_rng([seed, 71]).permutation(names)[: len(names) // 2]
    half = np.isin(children, first)
    levels = [float(np.quantile(odds[well[half[well] == side]], SPECIFICITY)) for side in (0, 1)]
    films = np.full(len(odds), float(np.mean(levels)))
    films[~sick] = np.where(half[~sick], levels[0], levels[1])
    what = classes.positive() if rate > 0.5 else classes.negative()
    return Cut(
        float(np.mean(levels)),
        films,
        f"At its own threshold it calls nearly all films without devices {what}, so it is judged "
        f"where it calls {100 * (1 - SPECIFICITY):.0f} of 100 healthy people sick, each half of "
        "them by a threshold set on the other.",
    )


def judge(
    material: Material,
    trials: Trials,
    own: float,
    judged: NDArray[np.bool_] | None = None,
    margin: Margin | None = None,
    seed: int = 0,
    averaged: bool = True,
) -> Verdict:
    """Judge one model.

    Parameters
    ----------
    own : the model's own threshold, as log-odds
    judged : (N,) films that count; all when None
    averaged : count calls over thresholds around the model's own (``measures``)
    """
    margin = margin or Margin()
    table = material.table
    judged = np.ones(len(table), bool) if judged is None else judged
    sick = (table["label"] == SICK).to_numpy()
    children = table["child"].to_numpy().astype(str)
    area = gate(trials.plain[judged], sick[judged], children[judged], seed)
    bare = material.recipients[judged[material.recipients]]
    where = cut(trials.plain, sick, children, own, bare, seed)
    called = float((trials.plain[judged] >= where.films[judged]).mean())
    told = Verdict("cannot_be_judged", "", 0.0, (), area, called, where, margin, averaged=averaged)
    figures = measures.measure(material, trials, where.films, judged, averaged)
    errors = uncertainty.joint(figures) if figures else uncertainty.NOTHING
    rows = tuple(effects(figures, errors))
    if not area[1] > GATE:
        return replace(told, reasons=(_knows_little(area),), effects=rows)
    kinds = by_kind(figures, errors, margin, seed)
    word, worst = settle(kinds)
    why = worst.reasons if worst else (_too_few(figures),)
    reasons = tuple(filter(None, [where.why, *why]))
    return replace(
        told,
        verdict=word,
        kind=worst.kind if worst else "",
        score=worst.score if worst else 0.0,
        reasons=reasons,
        kinds=tuple(kinds),
        effects=rows,
    )


def gate(
    odds: Odds, sick: NDArray[np.bool_], children: NDArray[Any], seed: int = 0
) -> tuple[float, float, float]:
    """AUROC with its 95 % interval: children drawn again together; Newcombe's at the extremes."""
    value = float(bootstrap.auroc(sick, odds)[0])
    drawn = bootstrap.auroc(sick, odds, bootstrap.resamples(children, seed=seed))
    low, high, _ = bootstrap.percentiles(drawn)
    if not math.isfinite(low):
        # Perfect, one answer to all, or a class of few children: what is drawn again says nothing
        # of what others would. Films of one child count once.
        ill, well = (len(np.unique(children[sick == truth])) for truth in (True, False))
        low, high = bootstrap.newcombe(value, ill, well)
    return value, low, high


def _knows_little(area: tuple[float, float, float]) -> str:
    value, low, high = area
    said = f"AUROC {value:.2f} ({low:.2f} to {high:.2f}) on these films"
    return (
        f"{said}: it must lie above {GATE} before calls can be read as anything."
        if high > 1 - GATE
        else f"{said}: it ranks healthy people above sick ones."
    )


def _too_few(figures: Sequence[Measure]) -> str:
    """Why no kind can be judged."""
    most = max((figure.donors for figure in figures if figure.test in DECIDE), default=0)
    return (
        f"No kind of device can be judged: there are devices of {most} people at most, "
        f"{LEAST_DONORS} are needed of a kind."
    )


def by_kind(
    figures: Sequence[Measure], errors: Joint, margin: Margin, seed: int = 0
) -> list[KindVerdict]:
    """Judge each kind by all of its figures, and by no other kind's.

    Reads: some figure's lower bound lies beyond its margin (``Joint.beyond``). Does not: every 90 %
    interval lies within its margin (an intersection-union test, which needs no adjustment). Each
    kind is a question of its own, so its chance of a false answer is held at 5 %, however many
    other kinds were asked about; bounds over all kinds at once reach a third further.
    """
    values = np.array([figure.value for figure in figures])
    limit = np.array([margin.of(figure.unit) for figure in figures])
    low, high = errors.interval(values, CLEARS)
    within = (low > -limit) & (high < limit)
    out = []
    for kind in KINDS:
        own = [i for i, m in enumerate(figures) if m.kind == kind and m.test in DECIDE]
        donors = max((figures[i].donors for i in own), default=0)
        if donors < LEAST_DONORS:
            few = f"Devices of {donors} people are too few; {LEAST_DONORS} are needed."
            out.append(KindVerdict(kind, "cannot_be_judged", 0.0, (few,)))
            continue
        size = {i: values[i] / limit[i] for i in own}
        top = max(own, key=lambda i: abs(size[i]))
        sure, critical = errors.of(own).beyond(values[own], limit[own], READS, seed)
        far = [i for i, beyond in zip(own, sure, strict=True) if beyond]
        open_ = [i for i in own if not within[i]]
        if far:
            first = max(far, key=lambda i: abs(size[i]))
            out.append(KindVerdict(kind, "reads_devices", size[top], (_says(figures[first]),)))
        elif not open_:
            out.append(KindVerdict(kind, "no_reliance", size[top], (_says(figures[top]),)))
        else:
            why = tuple(
                sentence
                for i in sorted(open_, key=lambda i: -abs(size[i]))[:1]
                for sentence in (
                    _says(figures[i]),
                    _settles(figures[i], errors.error[i], critical, margin),
                )
            )
            out.append(KindVerdict(kind, "inconclusive", size[top], why))
    return out


def _says(figure: Measure) -> str:
    """One figure as a sentence."""
    kind = {"line": "wires", "other": "clips"}.get(figure.kind, f"{figure.kind}s")
    if figure.unit == CALLS:
        who = "healthy" if figure.label == HEALTHY else "sick"
        way = "more" if figure.value >= 0 else "fewer"
        return f"With {kind} it calls {abs(figure.value):.1f} {way} of 100 {who} people sick."
    way = "falls" if figure.value >= 0 else "rises"
    what = {
        HEALTHY: f"healthy people are given {kind}",
        SICK: f"sick people are relieved of {kind}",
        "": f"healthy people are given {kind} and sick ones relieved of them",
    }[figure.label]
    return f"AUROC {way} by {abs(figure.value):.3f} when {what}."


def _settles(figure: Measure, error: float, critical: float, margin: Margin) -> str:
    """How many films and donors would settle an open figure, if it stays what it is."""
    limit = margin.of(figure.unit)
    away = abs(abs(figure.value) - limit)
    if away < 0.05 * limit:
        return "It lies on the margin, which no number of films settles."
    needed = critical if abs(figure.value) > limit else float(norm.ppf((1 + CLEARS) / 2))
    times = (needed * error / away) ** 2
    if times <= 1:
        # By errors alike on both sides it is settled; its own interval is wider on one.
        return "It is close: a few more films and devices would settle it."
    return (
        f"About {math.ceil(times * figure.films):,} people's films and "
        f"{math.ceil(times * figure.donors):,} people's devices would settle it."
    )


def settle(kinds: Sequence[KindVerdict]) -> tuple[Word, KindVerdict | None]:
    """The model's verdict: the worst of its kinds', and the kind of the largest effect in it."""
    for word in ORDER:
        of_word = [kind for kind in kinds if kind.verdict == word]
        if of_word:
            return word, max(of_word, key=lambda kind: abs(kind.score))
    return "cannot_be_judged", None


def effects(figures: Sequence[Measure], errors: Joint) -> list[dict[str, Any]]:
    """Figures as rows of an audit's JSON, with 95 % intervals one by one."""
    values = np.array([figure.value for figure in figures])
    low, high = errors.interval(values, 0.95)
    within = _log_odds(figures)
    rows = []
    for i, figure in enumerate(figures):
        bounds = {"": float(values[i]), "_low": float(low[i]), "_high": float(high[i])}
        name = "calls" if figure.unit == CALLS else "auroc_drop"
        other = "auroc_drop" if figure.unit == CALLS else "calls"
        rows.append(
            {
                "test": figure.test,
                "kind": figure.kind if figure.test != "as_worn" else "",
                "label": figure.label,
                "called_before": _number(figure.before),
                "called_after": _number(figure.after),
                "called_null": _number(figure.null),
                **{f"{name}{end}": bound for end, bound in bounds.items()},
                **{f"{other}{end}": None for end in bounds},
                "net_log_odds": _number(figure.net_log_odds),
                "ci_low": within.get(i, (None, None))[0],
                "ci_high": within.get(i, (None, None))[1],
                "films": figure.films,
                "donors": figure.donors,
            }
        )
    return rows


def _log_odds(figures: Sequence[Measure]) -> dict[int, tuple[float, float]]:
    """95 % intervals of the changes of log-odds, by place of the figure."""
    chosen = [i for i, figure in enumerate(figures) if figure.net is not None]
    if not chosen:
        return {}
    net = [
        replace(figures[i], unit="log-odds", influence=figures[i].net or figures[i].influence)
        for i in chosen
    ]
    values = np.array([figures[i].net_log_odds for i in chosen])
    low, high = uncertainty.joint(net).interval(values, 0.95)
    return {i: (float(low[k]), float(high[k])) for k, i in enumerate(chosen)}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


__all__ = ["AUROC", "CALLS", "Cut", "KindVerdict", "Margin", "Verdict", "Word", "judge"]
