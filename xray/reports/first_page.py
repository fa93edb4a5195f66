"""The report's first page: the answer, how sure it is, what to do, and one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from markupsafe import Markup

from xray import text
from xray.audits import stored
from xray.errors import XrayError
from xray.labels import devices
from xray.models.card import Card
from xray.reports import headlines, html, html_tables, overview, sentences

#: Models that one page has room for; the others are told of in the appendix.
MOST = 7

Audits = Mapping[str, Mapping[str, Any]]


def build(cards: Sequence[Card], audits: Audits, gaps: Mapping[str, str]) -> dict[str, Any]:
    """Fill in the first page.

    Parameters
    ----------
    cards : all models of the report
    audits : of those that have one
    gaps : why the others have none, by model

    Returns
    -------
    dict
        What ``audit.html`` names: title, remedy, first_rows, further, picture, advice, record,
        question; empty where there is nothing to say.
    """
    told = overview.told(cards)
    shown = overview.shown(told)
    groups = overview.grouped(shown, told, audits)
    rows = overview.completed(overview.rows(groups, audits).make(), gaps)
    left = len(rows) - MOST
    named = {row["name"] for row in rows[:MOST]}
    further = [f"The appendix tells of {left} models more."] if left > 0 else []
    return {
        "title": headlines.answer(shown, told, audits),
        "remedy": headlines.remedy(told, audits),
        "first_rows": Markup(html_tables.models_table(rows[:MOST])) if rows else "",
        "further": " ".join([*further, *overview.on_parts(shown, audits)]),
        "picture": _picture(told, audits),
        "advice": _advice([card for card in told if card.name in named], audits),
        "record": _record(),
        "question": _question(),
    }


def _picture(cards: Sequence[Card], audits: Audits) -> dict[str, Any] | None:
    """The Overview's picture; None where there is none to show."""
    made = None
    with suppress(XrayError):
        made = overview.picture(cards, audits).make()
    if made is None:
        return None
    return {**made, "pair": Markup(html.pair_of(made["films"]))}


def _advice(cards: Sequence[Card], audits: Audits) -> list[tuple[str, str]]:
    """What to do, once for all models to which the same applies: their names, and the sentence."""
    found: dict[str, list[str]] = {}
    for card in cards:
        if said := sentences.advice(audits.get(card.name, {})):
            found.setdefault(said, []).append(card.title or card.name)
    return [(text.names(names), said) for said, names in found.items()]


def _record() -> str:
    """How often this test is right; "" where it is not known."""
    with suppress(XrayError):
        return sentences.record(stored.quality())
    return ""


def _question() -> str:
    with suppress(XrayError):
        return headlines.question(devices.load())
    return ""
