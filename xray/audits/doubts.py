"""Is a stranger's model calm by its options alone? A calm verdict is tried on what no film tells.

How a model learnt to see films stands in no file. A wrong scale mostly shows in a check beforehand
(``models.plausibility``), a wrong way of resizing hardly ever: it changes many calls and ranks
films as well. So a verdict of no reliance holds only where every other way gives it too that
changes calls and that films do not rule out, and so with thresholds. It can be taken back by this,
never given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xray.audits import judging, showing
from xray.audits.inputs import Materials
from xray.audits.insertion import Material, Odds
from xray.audits.judging import Verdict
from xray.audits.showing import Trials
from xray.classes import SICK
from xray.films import interpolate
from xray.films.pixels import Pixels, as_float
from xray.jobs.progress import Progress
from xray.metrics import comparison, scores
from xray.metrics.odds import to_probability
from xray.models import inputs, plausibility
from xray.models.card import NOBODY, Card
from xray.models.model import BaseModel

#: Films of each class that ways are counted on; fewer of networks of more parameters.
FILMS, FEWER, LARGE = 100, 30, 10_000_000
#: Films of a class that other options are tried on, where a model knows nothing.
TRIED = 100
MORE = "These films are too few to be sure of it; audit it on more."
OURS = (
    "It was trained here, so its options are not the cause: it does not tell the classes of these "
    "films apart."
)
#: Share of calls from which on another way makes another model, whatever margin was asked for.
CHANGED = 0.03
#: A way is ruled out where it ranks films worse than the given one, by a p-value (DeLong) below.
RANKED = 0.01
#: Sizes that people train at, tried where a network takes any.
SIZES = (32, 64, 96, 128, 150, 180, 224, 256, 299)


class Otherwise(BaseModel):
    """A model that is shown films by other options.

    Parameters
    ----------
    model : that answers
    card : with another ``scale``, ``fit``, ``size`` or ``positive_index``
    """

    def __init__(self, model: Any, card: Card) -> None:
        super().__init__(card)
        self.model, self.exact = model, model.exact

    def raw(self, x: Pixels, precision: str = "float32") -> NDArray[Any]:
        """What the model gives of scaled films."""
        given: NDArray[Any] = self.model.raw(x, precision)
        return given

    @property
    def option(self) -> str:
        """What to add to the command to get here."""
        card, own = self.card, self.model.card
        if card.fit != own.fit:
            return f"--resize {card.fit}"
        if card.size != own.size:
            return "--size " + "x".join(map(str, card.size))
        if card.positive_index != own.positive_index:
            return f"--positive-index {','.join(map(str, card.positive_index))}"
        return f"--scale {card.scale}" + (f" --colour {card.colour}" if card.colour else "")


def settled(
    models: Sequence[Any],
    verdicts: Sequence[Verdict],
    trials: Sequence[Trials],
    materials: Materials,
    kept: NDArray[np.bool_],
    precision: Sequence[str],
    progress: Progress | None = None,
) -> list[Verdict]:
    """Verdicts, those taken back where a stranger's model is calm by its options alone.

    Parameters
    ----------
    trials : what each model said by the options that were given
    kept : (N,) films that count
    precision : arithmetic of each model
    """
    material, told = materials.material, list(verdicts)
    open_: list[tuple[int, Otherwise, float]] = []
    for i, (model, verdict) in enumerate(zip(models, verdicts, strict=True)):
        stranger = model.card.role == "user" and isinstance(model, BaseModel)
        if verdict.verdict != "no_reliance" or not stranger:
            continue
        cut = _threshold(trials[i].plain, model.card, material, kept)
        if cut is not None:
            at = f"At a threshold of {to_probability(cut[1]):.2f}"
            other = judging.judge(material, trials[i], cut[1], kept, verdict.margin, materials.seed)
            told[i] = _taken_back(verdict, other, at, cut[0])
        left, sure = open_ways(model, materials, kept)
        if sure:
            told[i] = _better(verdict, *next(iter(left.items())))
        elif told[i] is verdict:
            open_ += [(i, way, share) for way, share in left.items()]
    asked = (
        showing.ask(
            [way for _, way, _ in open_],
            material,
            clouds=False,
            precision=[precision[i] for i, _, _ in open_],
            progress=progress,
        )
        if open_
        else []
    )
    for (i, way, share), trial in zip(open_, asked, strict=True):
        if trial.problem:
            continue  # A way that cannot answer for every picture is none to doubt.
        own, margin = models[i].card.threshold_log_odds, verdicts[i].margin
        other = judging.judge(material, trial, own, kept, margin, materials.seed)
        told[i] = _taken_back(told[i], other, f"With {way.option}", share)
    return told


def causes(
    model: Any,
    verdict: Verdict,
    materials: Materials,
    sick: NDArray[np.bool_],
    kept: NDArray[np.bool_],
) -> tuple[str, ...]:
    """The likely cause of a model that ranks the films no better than chance, and what mends it.

    Parameters
    ----------
    sick, kept : (N,) films of the sick, and films that count
    """
    if verdict.auroc[0] > judging.GATE:
        return (MORE,)
    if model.card.recipe:
        return (OURS,)
    if not hasattr(model, "raw"):
        return ()
    rng = np.random.default_rng([materials.seed, 5])
    places = np.concatenate(
        [rng.permutation(np.flatnonzero(kept & (sick == truth)))[:TRIED] for truth in (False, True)]
    )
    found = plausibility.check(model, as_float(materials.films[places]), sick[places])
    if not found.problem:
        return ()
    mend = f"Add {found.option} and audit it again." if found.option else ""
    return tuple(filter(None, (found.problem, mend)))


def _better(verdict: Verdict, way: Otherwise, share: float) -> Verdict:
    """Taken back: another way is surely the better one."""
    why = (
        f"With {way.option} it calls {100 * share:.0f} of 100 films otherwise, and does much "
        "better: it probably learnt films otherwise than its options say. Look into its "
        "training code."
    )
    return replace(verdict, verdict="inconclusive", reasons=(why, *verdict.reasons))


def _taken_back(verdict: Verdict, other: Verdict, what: str, share: float) -> Verdict:
    """A calm verdict, unless another way that may be the right one is not calm."""
    if verdict.verdict != "no_reliance" or other.verdict in ("no_reliance", "cannot_be_judged"):
        return verdict
    why = (
        f"{what} it calls {100 * share:.0f} of 100 films otherwise, and then it is not "
        f"calm: {other.reasons[0]} Films cannot tell which of the two is right."
    )
    return replace(verdict, verdict="inconclusive", reasons=(why, *verdict.reasons))


def _threshold(
    plain: Odds, card: Card, material: Material, kept: NDArray[np.bool_]
) -> tuple[float, float] | None:
    """The threshold that tells films best, where nobody chose one and it changes calls.

    It is fitted on films that are judged, which is no matter: it takes back only. A threshold
    that was given is where the model is used, and none to doubt.

    Returns
    -------
    (share of calls that it changes, threshold as log-odds), or None
    """
    own = card.threshold_log_odds
    if own != 0.0 or card.threshold_from not in ("", NOBODY):
        return None
    sick = (material.table["label"] == SICK).to_numpy()[kept]
    best = scores.choose_threshold(sick, plain[kept])
    share = float(np.mean((plain[kept] >= best) != (plain[kept] >= own)))
    return (share, best) if share > CHANGED else None


def open_ways(
    model: Any, materials: Materials, kept: NDArray[np.bool_]
) -> tuple[dict[Otherwise, float], bool]:
    """Ways that change more than ``CHANGED`` of the calls, and that films do not rule out.

    Returns
    -------
    (way -> share of calls that it changes, whether the first is surely the better one)
        Ways that call alike are one.
    """
    sick = (materials.material.table["label"] == SICK).to_numpy()
    most = FILMS if model.card.parameters < LARGE else FEWER
    rng = np.random.default_rng([materials.seed, 6])
    places = np.concatenate(
        [rng.permutation(np.flatnonzero(kept & (sick == truth)))[:most] for truth in (False, True)]
    )
    films, sick, cut = (
        as_float(materials.films[places]),
        sick[places],
        model.card.threshold_log_odds,
    )
    given = model.log_odds_prepared(model.prepare(films))
    loss = plausibility.log_loss(given, sick)
    found, calls = dict[Otherwise, float](), [given >= cut]
    for way in ways(model, films[:1]):
        odds = way.log_odds_prepared(way.prepare(films))
        if not np.isfinite(odds).all():
            continue  # A way that cannot answer is none to doubt.
        other = plausibility.log_loss(odds, sick)
        called = odds >= cut
        share = float(np.mean(called != calls[0]))
        test = comparison.delong(sick, odds, given)
        # Log loss also tells how a model suits these films: one that calls too many of them loses
        # less by any way that lowers its odds. Who learnt by a way ranks films by it, too.
        if plausibility.much_less(other, loss) and share > CHANGED and test.difference >= 0:
            return {way: share}, True
        if test.difference < 0 and test.p < RANKED:
            continue
        new = min(float(np.mean(called != each)) for each in calls) > CHANGED
        if new and not plausibility.much_less(loss, other):
            found[way] = share
            calls.append(called)
    return found, False


def units_of(model: Any, film: Pixels) -> int:
    """How many units a model answers a film (1, H, W) with."""
    card = model.card
    shown = inputs.scaled(model.prepare(film), card.scale, card.channels, card.colour)
    return int(model.raw(shown).shape[1])


def ways(model: Any, film: Pixels) -> Iterator[Otherwise]:
    """Other options by which a model may have learnt; a film (1, H, W) tells its units."""
    card = model.card
    for scale, colour in plausibility.scales(model):
        if (scale, colour) != (card.scale, card.colour):
            yield Otherwise(model, replace(card, scale=scale, colour=colour))
    for fit in interpolate.RESIZES:
        if fit != card.fit:
            yield Otherwise(model, replace(card, fit=fit))
    units = units_of(model, film)
    # Of several sigmoids every one answers another question, and a check tells which is asked.
    if units > 2 and card.output in ("softmax", "logit"):
        for index in plausibility.readings(card, units):
            if index != card.positive_index:
                yield Otherwise(model, replace(card, positive_index=index))
    entry = getattr(getattr(model, "network", None), "input", None)
    sizes = entry.size if isinstance(entry, inputs.Input) else getattr(entry, "shape", ())[1:3]
    if None in sizes:
        for side in SIZES:
            if (side, side) != tuple(card.size):
                yield Otherwise(model, replace(card, size=(side, side)))
