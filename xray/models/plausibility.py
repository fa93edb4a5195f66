"""Does a model do what its options say? Other combinations are tried on films at hand.

A model that is fed at the wrong scale, or whose classes are declared the wrong way round, still
gives numbers, and every figure that follows from them is wrong without a sign of it. Here the
plausible scales, orders of channels and meanings of the outputs are tried on labelled films; what
the film set cannot tell (how films are resized) is shown beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student
from sklearn.metrics import roc_auc_score

from xray.errors import DatasetError, ModelError
from xray.films.pixels import Pixels
from xray.metrics.bootstrap import newcombe
from xray.models import inputs, outputs
from xray.models.card import Card
from xray.models.model import LogOdds, Model
from xray.models.objects import ObjectModel

#: The AUROC that a model's interval must lie above to be judged at all.
LEAST_AUROC = 0.6
#: Log-odds are cut at this in the log loss, so that one sure mistake does not decide alone.
LIMIT = 6.0
#: Combinations whose AUROC is this close to the best are told apart by their log loss.
NEAR = 0.03
#: Another combination is named for its log loss alone (nats a film, both classes alike) where it
#: is less than this share of the given one's and saves this much, on so many films of each class:
#: preprocessing that is not the model's own often comes out a little better by accident.
SHARE, GAIN = 0.4, 0.2
LEAST_FILMS = 20
#: What each changed option must save of it: of several combinations the one that changes least.
PRICE = 0.1
#: A probability this near to 0 or 1 is saturated.
EDGE = 1e-3


@dataclass(frozen=True)
class Trial:
    """One combination of options on labelled films.

    Attributes
    ----------
    scale, colour : str
        As on a card (see ``inputs``).
    positive_index : tuple of int
        As on the command line: of a single unit 0 says that it is the negative class.
    auroc, low, high : float
        With its 95 % interval (Newcombe's method 5).
    called : float
        Share of the films that are called positive at the model's threshold.
    saturated : float
        Share of the films whose probability is within 0.001 of 0 or 1.
    loss : float
        Log loss in nats, both classes weighted alike, log-odds cut at +-6.
    """

    scale: str
    colour: str
    positive_index: tuple[int, ...]
    auroc: float
    low: float
    high: float
    called: float
    saturated: float
    loss: float

    def options(self, given: Trial) -> str:
        """What to add to the command to get from ``given`` to this."""
        said = []
        if self.scale != given.scale:
            said.append(f"--scale {self.scale}")
        if self.colour != given.colour and self.colour:
            said.append(f"--colour {self.colour}")
        if self.positive_index != given.positive_index:
            said.append(f"--positive-index {','.join(map(str, self.positive_index))}")
        return " ".join(said)


#: A combination, and the log loss of each film.
Found = tuple[Trial, NDArray[np.float64]]


@dataclass(frozen=True)
class Check:
    """What was found by trying.

    Attributes
    ----------
    given : Trial
        The options as they are.
    best : Trial
        The combination that the films speak for; ``given`` where they speak for no other.
    trials : tuple of Trial
        All, best first.
    films, positives : int
        How many were tried, and how many of them are positive.
    real : bool
        Whether they are films of people; on synthetic ones nothing is refused.
    problem : str
        Likely cause in a sentence; "" where the options are as good as any.
    option : str
        What mends it on the command line; "" where nothing that was tried does.
    """

    given: Trial
    best: Trial
    trials: tuple[Trial, ...]
    films: int
    positives: int
    real: bool
    problem: str
    option: str

    @property
    def plausible(self) -> bool:
        """Whether the model can be judged: its AUROC's interval lies above ``LEAST_AUROC``."""
        return self.given.low > LEAST_AUROC

    @property
    def refused(self) -> bool:
        """Whether to ask for ``--force``: on real films, no better than chance or upside down."""
        return self.real and not self.plausible

    def table(self, most: int = 6) -> pd.DataFrame:
        """The given combination and the best ones: options, auroc, low, high, called, saturated."""
        kept = [self.given, *(each for each in self.trials if each is not self.given)][:most]
        said = ["as given" if each is self.given else each.options(self.given) for each in kept]
        names = ["scale", "auroc", "low", "high", "called", "saturated", "loss"]
        return pd.DataFrame({"options": said}).join(pd.DataFrame(kept)[names])

    def __str__(self) -> str:
        """The small table and the finding, for people."""
        where = f"{self.films} films, {self.positives} of them positive"
        if not self.real:
            where += "; synthetic, so not checked on real films"
        lines = [f"  tried on {where}:"]
        rows = self.table().to_dict("records")
        wide = max(len(str(row["options"])) for row in rows)
        lines.append(f"  {'options':<{wide}}  AUROC  95 % interval  called  saturated")
        for row in rows:
            lines.append(
                f"  {row['options']:<{wide}}  {row['auroc']:5.3f}  {row['low']:.3f} to "
                f"{row['high']:.3f} {row['called']:6.0%} {row['saturated']:8.0%}"
            )
        if self.problem:
            lines.append(f"  {self.problem}")
        return "\n".join(lines)


def check(
    model: Model | ObjectModel,
    films: Pixels,
    labels: ArrayLike,
    *,
    real: bool = True,
    prepared: bool = False,
) -> Check:
    """Try the plausible options of a model on labelled films.

    Parameters
    ----------
    model : with the options to be checked on its card
    films : (N, H, W) float32 in [0, 1]; (N, h, w) at the model's size where ``prepared``
    labels : (N,) bool, True where the film is of the positive class; both classes must occur
    real : they are films of people and not synthetic
    prepared : they are at the model's size already

    Returns
    -------
    Check

    Raises
    ------
    DatasetError
        One of the classes has no film.
    """
    sick = np.asarray(labels, dtype=bool)
    if sick.all() or not sick.any():
        raise DatasetError("A check needs films of both classes; add films of the missing one.")
    grey = films if prepared else model.prepare(films)
    card, found = model.card, list[Found]()
    given: Found | None = None
    for scale, colour in scales(model):
        raw = _raw(model, grey, scale, colour)
        for index in readings(card, raw.shape[1]):
            odds = _log_odds(model, raw, index)
            if odds is None:
                continue
            trial = _trial(scale, colour, index, odds, sick, card.threshold_log_odds)
            found.append((trial, _losses(odds, sick)))
            # The card's own scale and reading come first.
            if given is None and (scale, colour) == (card.scale, card.colour):
                given = found[-1]
    if given is None:  # by its own options it gives no numbers
        loss, own = np.full(len(sick), np.log(2.0)), (card.scale, card.colour, card.positive_index)
        given = (Trial(*own, 0.5, 0.0, 1.0, 0.0, 0.0, float(loss[0])), loss)
        found.append(given)
    return _judged(model, given, found, sick, real)


def scales(model: Model | ObjectModel) -> Iterator[tuple[str, str]]:
    """Scales and orders of channels to try; the card's own first."""
    card = model.card
    yield card.scale, card.colour
    if not isinstance(model, Model):  # an object takes films in [0, 1]
        return
    entry = getattr(model.network, "input", None)
    if isinstance(entry, inputs.Input) and entry.integer:
        return
    for scale in inputs.SCALES:
        if scale != card.scale:
            yield scale, ""
    for scale in ("torch", "imagenet"):
        if card.channels == 3:
            swapped = "bgr" if _usual(scale) == "rgb" else "rgb"
            if (scale, swapped) != (card.scale, card.colour):
                yield scale, swapped


def _usual(scale: str, colour: str = "") -> str:
    return colour or ("bgr" if scale == "imagenet" else "rgb")


def readings(card: Card, units: int) -> Iterator[tuple[int, ...]]:
    """Meanings of the outputs to try, in the command line's words, the card's own first."""
    if units == 1:
        normal = bool(card.settings.get("unit_means_normal"))
        yield from ((0,), (1,)) if normal else ((1,), (0,))
        return
    own = card.positive_index
    yield own
    shared = card.output in ("softmax", "logit")
    for unit in range(min(units, 32)):
        rest = tuple(each for each in range(units) if each != unit)
        for index in ((unit,), rest) if shared and units > 2 else ((unit,),):
            if index != own:
                yield index


def _raw(model: Model | ObjectModel, grey: Pixels, scale: str, colour: str) -> NDArray[np.float64]:
    """What the network gives of prepared films at a scale."""
    card = model.card
    step = max(8, min(64, 2**20 // int(np.prod(card.size))))
    pieces = (grey[start : start + step] for start in range(0, len(grey), step))
    parts = [model.raw(inputs.scaled(one, scale, card.channels, colour)) for one in pieces]
    return np.concatenate(parts).astype(np.float64)


def _log_odds(
    model: Model | ObjectModel, raw: NDArray[np.float64], index: tuple[int, ...]
) -> LogOdds | None:
    """Log-odds by a reading; None where the outputs cannot be read so."""
    single = raw.shape[1] == 1
    try:
        return outputs.log_odds(
            raw,
            model.card.output,
            (0,) if single else index,
            normal=single and index == (0,),
            logits=model.exact,
            model=model.card.name,
        )
    except ModelError:  # no numbers, or outside [0, 1], at this scale
        return None


def _losses(odds: LogOdds, sick: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Log loss of each film in nats."""
    return np.asarray(np.logaddexp(0.0, np.clip(np.where(sick, -odds, odds), -LIMIT, LIMIT)))


def _even(values: NDArray[np.float64], sick: NDArray[np.bool_]) -> float:
    """Mean over films, both classes weighted alike."""
    return float((values[sick].mean() + values[~sick].mean()) / 2)


def log_loss(odds: LogOdds, sick: NDArray[np.bool_]) -> float:
    """Log loss in nats a film, both classes weighted alike, log-odds cut at +-``LIMIT``."""
    return _even(_losses(odds, sick), sick)


def much_less(loss: float, than: float) -> bool:
    """Whether options with one log loss are named before those with another."""
    return than - loss > GAIN and (loss < SHARE * than or than > np.log(2) > loss)


def _trial(
    scale: str,
    colour: str,
    index: tuple[int, ...],
    odds: LogOdds,
    sick: NDArray[np.bool_],
    threshold: float,
) -> Trial:
    area = float(roc_auc_score(sick, odds))
    low, high = newcombe(area, int(sick.sum()), int((~sick).sum()))
    edge = float(np.log(1 / EDGE - 1))
    return Trial(
        scale,
        colour,
        index,
        area,
        low,
        high,
        float(np.mean(odds >= threshold)),
        float(np.mean(np.abs(odds) > edge)),
        log_loss(odds, sick),
    )


def _judged(
    model: Model | ObjectModel,
    given: Found,
    found: Sequence[Found],
    sick: NDArray[np.bool_],
    real: bool,
) -> Check:
    """Choose the best trial and say what it means for the given one."""
    top = max(trial.auroc for trial, _ in found)
    ranked = sorted(
        found,
        key=lambda each: (
            each[0].auroc < top - NEAR,
            each[0].loss + PRICE * len(each[0].options(given[0]).split("--")[1:]),
        ),
    )
    best, losses = ranked[0]
    saved = given[1] - losses
    spread = [
        saved[part].var(ddof=1) / part.sum() if part.sum() > 1 else np.inf for part in (sick, ~sick)
    ]
    gain, own = _even(saved, sick), given[0]
    # The best of many is better than one by chance: Bonferroni's bound, and of few films none.
    few = min(int(sick.sum()), int((~sick).sum()))
    reach = float(student.ppf(1 - 0.025 / len(found), max(1, few - 1)))
    sure = gain - reach * 0.5 * float(np.sqrt(sum(spread))) > 0 and few >= LEAST_FILMS
    sure = (sure and much_less(best.loss, own.loss)) or best.low > own.high
    if best.low <= LEAST_AUROC or not sure:
        best = own
    problem, option = _cause(model.card, own, best)
    trials = tuple(trial for trial, _ in ranked)
    return Check(own, best, trials, len(sick), int(sick.sum()), real, problem, option)


def _cause(card: Card, given: Trial, best: Trial) -> tuple[str, str]:
    """The likely cause in a sentence, and the option that mends it; ("", "") where all is well."""
    figures = f"AUROC {given.auroc:.3f}, {given.low:.3f} to {given.high:.3f}"
    if best is given:
        problem = (
            f"{card.name} does no better than chance by these options ({figures}), and none that "
            "was tried mends it: untrained, of another task, or in need of its films otherwise."
        )
        if (given.low, given.high) == (0.0, 1.0):
            problem = f"{card.name} gives outputs that are not numbers."
        elif given.auroc > LEAST_AUROC:
            problem = f"So few films do not tell {card.name} from chance ({figures}); try more."
        return problem if given.low <= LEAST_AUROC else "", ""
    option = best.options(given)
    scale = (best.scale, best.colour) != (given.scale, given.colour)
    what = {
        (True, False): "Its classes are probably declared otherwise than they were learnt",
        (False, True): "Its inputs are probably scaled otherwise than it learnt them",
        (True, True): "Its classes and the scale of its inputs are probably declared wrongly",
    }[(best.positive_index != given.positive_index, scale)]
    return (
        f"{what}: {figures} as given; {option} gives {best.auroc:.3f}, {best.low:.3f} to "
        f"{best.high:.3f}.",
        option,
    )


def resizes(model: Model, prepared: Iterable[tuple[str, Pixels]]) -> pd.DataFrame:
    """How many calls each way of resizing changes, which a few labelled films cannot decide.

    Parameters
    ----------
    model : with its resize on its card
    prepared : (way, films (N, h, w)) for each of ``interpolate.RESIZES``; the card's among them

    Returns
    -------
    DataFrame
        resize, changed (share of the films that are called otherwise than by the card's), most
        first.
    """
    calls = {
        way: model.log_odds_prepared(films) >= model.card.threshold_log_odds
        for way, films in prepared
    }
    rows = [(way, float(np.mean(called != calls[model.card.fit]))) for way, called in calls.items()]
    table = pd.DataFrame(rows, columns=["resize", "changed"])
    return table[table["resize"] != model.card.fit].sort_values("changed", ascending=False)
