"""What a network's outputs mean: the last activation decides, and never the number of units.

One unit under a sigmoid is one probability. Several sigmoids are several answers, each of its own.
A softmax shares one among its units. Without an activation the outputs are logits: of one unit
log-odds, of several what a softmax is still to be taken of. Several units may together be
the positive class (bacteria and virus).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xray import classes
from xray.errors import ModelError

if TYPE_CHECKING:
    from xray.models.card import Card

Floats = NDArray[np.float64]

#: How outputs are read; "multilabel_logit" are logits of which each is an answer of its own.
OUTPUTS = ("sigmoid", "softmax", "logit", "multilabel_logit")
#: What an output read from a file may be declared to be: nothing that its activation rules out.
_ALLOWED = {
    "sigmoid": ("sigmoid",),
    "softmax": ("softmax",),
    "": ("logit", "multilabel_logit", "sigmoid", "softmax"),
}
#: Smallest probability told from 0, so that a log-odds stays finite.
TINY = 1e-12


@dataclass(frozen=True)
class Output:
    """One output of a network.

    Attributes
    ----------
    name : str
        As the file has it.
    units : int
        Numbers a film.
    activation : str or None
        "sigmoid", "softmax", "" (none: logits), another activation's name, or None where the file
        does not tell.
    classes : tuple of str
        Names of the units, where the file tells them.
    """

    name: str
    units: int
    activation: str | None
    classes: tuple[str, ...] = ()


def choose(outputs: Sequence[Output], asked: str, model: str) -> int:
    """Place of the output to read: the only one, or the one that ``--output-name`` names.

    Of several, where nothing was said, the one that has the name of the positive class.

    Raises
    ------
    ModelError
        There are several and none is named, or none has that name.
    """
    names = [output.name for output in outputs]
    if asked:
        for place, name in enumerate(names):
            # SavedModel and Keras add to the names that people gave.
            if asked in (name, name.split("/")[0], str(place)):
                return place
        raise ModelError(
            f"{model} has no output named {asked}; --output-name takes one of: {', '.join(names)}."
        )
    if len(outputs) > 1:
        if named := _named(names):
            return named[0]
        raise ModelError(
            f"{model} has {len(outputs)} outputs; say which one to read with --output-name: "
            f"{', '.join(names)}."
        )
    return 0


def declared(output: Output, asked: str, model: str) -> str:
    """How to read an output: by its last activation, or as declared where that leaves it open.

    Parameters
    ----------
    output : of the network
    asked : one of ``OUTPUTS``, or "" where nothing was said
    model : its name, for the message

    Raises
    ------
    ModelError
        The declaration contradicts the file, or the file leaves open what only its owner knows.
    """
    activation, units = output.activation, output.units
    if activation == "softmax" and units == 1:
        raise ModelError(
            f"{model} ends in a softmax over one unit, which gives 1 for every film; train it "
            "again with a sigmoid, or with two units."
        )
    if asked == "softmax" and units == 1:
        raise ModelError(
            f"{model} has one output, of which a softmax is always 1; declare --output sigmoid "
            "or logit."
        )
    if activation in _ALLOWED:
        usual = activation or "logit"
        if asked and asked not in _ALLOWED[activation]:
            has = f"ends in a {activation}" if activation else "ends without an activation"
            raise ModelError(
                f"{model} {has}, so its outputs are no {asked.replace('_', ' ')}; leave --output "
                f"out, or declare {' or '.join(_ALLOWED[activation])}."
            )
        return asked or usual
    if asked:
        return asked
    if activation is None:
        raise ModelError(
            f"{model} does not tell how its outputs are to be read; declare --output "
            f"{', '.join(OUTPUTS[:-1])} or {OUTPUTS[-1]}."
        )
    raise ModelError(
        f"{model} ends in {activation}, which gives neither probabilities nor log-odds; declare "
        "--output logit where its outputs grow with the chance of the positive class."
    )


def _named(names: Sequence[str]) -> tuple[int, ...]:
    """Places of names that are the positive class's, however they are written; one or none."""
    wanted, *plain = (
        " ".join(re.findall(r"\w+", each.replace("_", " ").casefold()))
        for each in (classes.positive(), *names)
    )
    return (plain.index(wanted),) if plain.count(wanted) == 1 else ()


def positives(
    given: Sequence[int], units: int, model: str, names: Sequence[str] = ()
) -> tuple[tuple[int, ...], bool]:
    """Units that together are the positive class, and whether a single one is the negative.

    Parameters
    ----------
    given : as declared; empty where nothing was said. Of one unit 0 says: the negative class.
    units : of the output
    model : its name, for the message
    names : of the units, where the file tells them: where nothing was said, they choose

    Raises
    ------
    ModelError
        A unit that is not there, all units, or none where the units do not tell.
    """
    chosen = tuple(dict.fromkeys(given))
    if units == 1:
        if len(chosen) > 1 or any(index not in (0, 1) for index in chosen):
            raise ModelError(
                f"{model} has one output: --positive-index 1 when it is the probability of "
                "the positive class (the default), 0 when it is that of the negative one."
            )
        return (0,), chosen == (0,)
    if not chosen:
        chosen = _named(names) or ((1,) if units == 2 and not names else ())
    if not chosen or any(not 0 <= index < units for index in chosen):
        told = f" ({', '.join(names[:20])}), none of which is named {classes.positive()}"
        raise ModelError(
            f"{model} has {units} classes, 0 to {units - 1}{told if names else ''}; say which one "
            f"is the positive class with --positive-index (several that together are it: 0,2)."
        )
    if len(chosen) == units:
        raise ModelError(
            f"--positive-index names all {units} classes of {model}, so that every film would be "
            "positive; leave those out that are not."
        )
    return chosen, False


def log_odds(
    raw: Floats, output: str, chosen: Sequence[int], *, normal: bool, logits: bool, model: str
) -> Floats:
    """Log-odds of the positive class of what a network gave.

    Parameters
    ----------
    raw : (N, units) float64
    output : one of ``OUTPUTS``
    chosen : units that together are the positive class. Of a softmax their shares are summed; of
        sigmoids the film is the positive class when any of them is, taken as independent.
    normal : the single unit speaks of the negative class
    logits : ``raw`` are logits although ``output`` is "sigmoid" or "softmax", because the last
        activation was removed
    model : its name, for the message

    Returns
    -------
    (N,) float64

    Raises
    ------
    ModelError
        Outputs that are not numbers, or outside [0, 1] where they are probabilities.
    """
    raw = np.asarray(raw, dtype=np.float64)
    raw = raw.reshape(len(raw), math.prod(raw.shape[1:]))
    if not np.isfinite(raw).all():
        raise ModelError(
            f"{model} gave outputs that are not numbers (NaN or infinite); "
            "check its weights and the --scale of its inputs."
        )
    logits = logits or output in ("logit", "multilabel_logit")
    if not logits and raw.size and (raw.min() < -1e-5 or raw.max() > 1 + 1e-5):
        raise ModelError(
            f"{model} gave outputs outside [0, 1]; declare --output logit "
            "or end the network in a sigmoid or softmax."
        )
    shared = output == "softmax" or (output == "logit" and raw.shape[1] > 1)
    picked = list(chosen)
    if shared:
        scores = raw if logits else np.log(np.clip(raw, TINY, 1.0))
        odds = _total(scores[:, picked]) - _total(np.delete(scores, picked, axis=1))
    else:
        odds = raw[:, picked] if logits else _logit(raw[:, picked])
        odds = odds[:, 0] if len(picked) == 1 else _any(odds)
    return np.asarray(-odds if normal else odds)


def by_card(raw: NDArray[Any], card: Card, logits: bool) -> Floats:
    """Log-odds (N,) of what a network gave (N, units), as its card says; see ``log_odds``."""
    return log_odds(
        raw.astype(np.float64),
        card.output,
        card.positive_index,
        normal=bool(card.settings.get("unit_means_normal")),
        logits=logits,
        model=card.name,
    )


def tensor(raw: Any, card: Card, exact: bool) -> Any:
    """Log-odds (N,) as a tensor, of what a network gave (N, units); see ``log_odds``."""
    from keras import ops

    units = raw.shape[1]
    picked = list(card.positive_index)
    others = [unit for unit in range(units) if unit not in picked]
    logits = exact or card.output in ("logit", "multilabel_logit")
    tiny = 1e-7 if not logits else 0.0
    if card.output == "softmax" or (card.output == "logit" and units > 1):
        scores = raw if logits else ops.log(ops.clip(raw, tiny, 1.0))
        odds = ops.logsumexp(ops.take(scores, picked, 1), axis=1) - ops.logsumexp(
            ops.take(scores, others, 1), axis=1
        )
    else:
        chosen = ops.take(raw, picked, 1)
        if not logits:
            chosen = ops.clip(chosen, tiny, 1 - tiny)
            chosen = ops.log(chosen) - ops.log1p(-chosen)
        odds = chosen[:, 0]
        if len(picked) > 1:
            none = -ops.sum(ops.softplus(chosen), axis=1)
            odds = ops.log(-ops.expm1(none)) - none
    return -odds if card.settings.get("unit_means_normal") else odds


def _total(scores: Floats) -> Floats:
    """Logarithm of the sum of exponentials along the units, without overflow."""
    return np.asarray(np.logaddexp.reduce(scores, axis=1))


def _logit(probability: Floats) -> Floats:
    clipped = np.clip(probability, TINY, 1 - TINY)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def _any(odds: Floats) -> Floats:
    """Log-odds that at least one of independent answers (N, K) holds."""
    # log(1 - p) of each, summed: the logarithm of the chance that none holds.
    none = -np.logaddexp(0.0, odds).sum(axis=1)
    return np.asarray(np.log(-np.expm1(np.minimum(none, -TINY))) - none)
