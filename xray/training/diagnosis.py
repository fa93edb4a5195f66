"""What is wrong with a model, named: it tells nothing apart, over- or underfits, does not carry.

Signs are read off training curves and stored predictions; a sign is a reason to look, not a
verdict.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from xray import classes
from xray.metrics import bootstrap
from xray.models.card import Card

#: Share of films that gets the same call from which on a model is called degenerate.
SAME_CALL = 0.99
#: Validation loss this much above its best, while training loss fell: overfitting.
LOSS_RISE = 1.1
#: Validation loss this many times the training loss where the weights were kept: memorising.
LOSS_GAP = 2.0
#: Training AUROC below which a network has not even learnt its own films.
LEARNT = 0.95
#: Relative gain over the last two epochs from which on training was stopped too early.
STILL_FALLING = 0.05


@dataclass(frozen=True)
class Sign:
    """One thing that is wrong.

    Attributes
    ----------
    kind : "degenerate", "overfitting", "underfitting" or "does not carry over"
    sentence : what shows it, with figures.
    """

    kind: str
    sentence: str


def signs(card: Card, predictions: pd.DataFrame | None) -> list[Sign]:
    """Everything that is visibly wrong with a model.

    Parameters
    ----------
    card : with ``history`` where it was trained here (lists of one value an epoch: loss,
        val_loss, auroc, val_auroc).
    predictions : as ``card.predictions`` gives them; None where there are none.
    """
    found = [_overfitting(card), _underfitting(card)]
    if predictions is not None and len(predictions):
        found += [_degenerate(card, predictions), _carries(card, predictions)]
    return [sign for sign in found if sign]


def kept_epoch(card: Card) -> int | None:
    """Index of the epoch whose weights were kept (least validation loss); None if unknown."""
    losses = card.history.get("val_loss") or []
    return int(np.argmin(losses)) if losses else None


def _name(card: Card) -> str:
    return card.title or card.name


def _degenerate(card: Card, predictions: pd.DataFrame) -> Sign | None:
    called = predictions["log_odds"] >= card.threshold_log_odds
    share = float(called.mean())
    n = len(called)
    if max(share, 1 - share) < SAME_CALL:
        return None
    label = classes.positive() if share > 0.5 else classes.negative()
    count = int(called.sum()) if share > 0.5 else n - int(called.sum())
    return Sign(
        "degenerate",
        f"{_name(card)} calls {count} of {n} films {label}, whatever they show: its accuracy is "
        "only the share of that class.",
    )


def _overfitting(card: Card) -> Sign | None:
    train, val = (card.history.get(key) or [] for key in ("loss", "val_loss"))
    best = kept_epoch(card)
    if best is None or len(train) != len(val):
        return None
    if best < len(val) - 1 and val[-1] >= LOSS_RISE * val[best] and train[-1] < train[best]:
        return Sign(
            "overfitting",
            f"{_name(card)} overfits after epoch {best + 1}: to epoch {len(val)} its training "
            f"loss falls from {train[best]:.3f} to {train[-1]:.3f} while the validation loss rises "
            f"from {val[best]:.3f} to {val[-1]:.3f}. The weights of epoch {best + 1} were kept.",
        )
    if train[best] > 0 and val[best] >= LOSS_GAP * train[best]:
        return Sign(
            "overfitting",
            f"{_name(card)} knows its training films better than others: loss {train[best]:.3f} "
            f"against {val[best]:.3f} on validation at epoch {best + 1}, whose weights were kept.",
        )
    return None


def _underfitting(card: Card) -> Sign | None:
    val, auroc = card.history.get("val_loss") or [], card.history.get("auroc") or []
    best = kept_epoch(card)
    if best is None:
        return None
    if len(auroc) == len(val) and auroc[best] < LEARNT:
        return Sign(
            "underfitting",
            f"{_name(card)} underfits: even on its own training films its AUROC is only "
            f"{auroc[best]:.3f}.",
        )
    gain = 1 - val[best] / val[-3] if len(val) >= 3 and val[-3] > 0 else 0.0
    if best == len(val) - 1 and gain > STILL_FALLING:
        return Sign(
            "underfitting",
            f"{_name(card)} was still improving when training stopped: validation loss fell by "
            f"{gain:.0%} over the last two epochs.",
        )
    return None


def _carries(card: Card, predictions: pd.DataFrame) -> Sign | None:
    """Validation films that are easier than test films, beyond chance."""
    accuracy = {}
    for split in ("val", "test"):
        rows = predictions[predictions["split"] == split]
        if not len(rows):
            return None
        right = (rows["log_odds"] >= card.threshold_log_odds) == classes.is_positive(rows["label"])
        accuracy[split] = (int(right.sum()), len(rows))
    bounds = {split: bootstrap.wilson(*counts) for split, counts in accuracy.items()}
    if bounds["test"][1] >= bounds["val"][0]:
        return None
    val, test = (hits / n for hits, n in accuracy.values())
    return Sign(
        "does not carry over",
        f"{_name(card)} does not keep on test what validation promises: accuracy {val:.3f} on "
        f"validation, {test:.3f} on test, and the intervals do not meet.",
    )
