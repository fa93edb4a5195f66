"""Sentences on one film that models have read, the same on the page and in the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xray import classes
from xray.audits import findings
from xray.films.decode import Film
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
        f"{count} {many} of other people, cut out of their films, are laid over this one one by "
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


def second_opinion(reading: Reading) -> str:
    """Where Grad-CAM's weight lies, beside LIME's; why there is none where there is none."""
    if reading.second_lungs is None:
        return f"No second opinion by Grad-CAM: {reading.no_second}" if reading.no_second else ""
    return f"Grad-CAM, a second opinion, lays {percent(reading.second_lungs)} on the lungs."


def lime_of_planted(found: Mapping[str, float], kind: str) -> str:
    """What LIME says of planted devices (``demo.weighed``)."""
    points = [100 * found[f"difference{end}"] for end in ("", "_low", "_high")]
    return (
        f"LIME lays {percent(found['device'])} of its weight on {findings.PLURAL[kind]} and "
        f"{percent(found['null'])} on the same shape elsewhere, in {found['films']} films. The "
        f"difference is {points[0]:+.0f} points ({points[1]:.0f} to {points[2]:.0f})."
    )


def warnings(card: Card) -> list[str]:
    """What its card warns of."""
    return [card.warning] if card.warning else []


def facts(film: Film) -> str:
    """Size and format of a film in a line; nothing that names a patient."""
    parts = [f"{film.width} × {film.height} pixels", film.format]
    if film.bytes:
        parts.append(f"{film.bytes / 1024:,.0f} KB")
    if film.jpeg_quality is not None:
        parts.append(f"JPEG quality about {film.jpeg_quality:.0f}")
    return ", ".join(parts)
