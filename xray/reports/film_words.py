"""Sentences on one film that models have read, the same on the page and in the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xray import classes
from xray.audits import findings
from xray.models.card import Card
from xray.text import percent

if TYPE_CHECKING:
    from xray.audits.lime_weights import Shares
    from xray.audits.reading import Reading


def devices_laid(reading: Reading, device: str) -> str:
    """Where the devices of the device test come from, and what their match is.

    Parameters
    ----------
    device : kind, of ``findings.KINDS``
    """
    many, count = findings.PLURAL[device], len(reading.device)
    if reading.rendered:
        return (
            f"{count} {many}, rendered from facts about real ones, are laid over the film one by "
            "one. The match of each is the same shape cut out of the other side of this film, as "
            "bright. Numbers are means."
        )
    return (
        f"{count} {many} of other children, cut out of their films, are laid over this one one by "
        "one. The match of each is the same shape cut out of a film without devices, as bright. "
        "Numbers are means."
    )


def blue(reading: Reading) -> str:
    """What blue means on this film, by what it was called."""
    spoken = classes.spoken()
    if classes.side(reading.call):
        return (
            f"Blue: seen alone, that part speaks against {spoken}; without it the model would be "
            "surer of its call."
        )
    return f"Blue: that part speaks against {spoken}, as the model's call does."


def weight_shares(shares: Shares | None) -> list[str]:
    """Where the explanation's weight lies, against what says nothing."""
    if shares is None:
        return []
    guess = " (a guess: the network that finds lungs is missing or saw none)"
    said = [
        f"The lungs{guess if shares.guessed else ''} carry {percent(shares.lungs)} of the weight; "
        f"they take {percent(shares.lungs_area)} of the film."
    ]
    if shares.device is not None and shares.null is not None:
        said.append(
            f"Labelled devices carry {percent(shares.device)} of the weight; the same shape "
            f"elsewhere carries {percent(shares.null)}."
        )
    return said


def warnings(card: Card) -> list[str]:
    """What its card warns of."""
    return [card.warning] if card.warning else []
