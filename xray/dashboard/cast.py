"""Which models a page of the audit speaks of: the recipes, and whom the visitor adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from xray.dashboard import links, loaders, page
from xray.models.card import Card, titles_of
from xray.reports import html, overview

KEY = "add"


@dataclass(frozen=True)
class Cast:
    """Models, and what their audits say.

    Attributes
    ----------
    cards : in order: the recipes, then those that were added
    audits : by name, of those that have one to believe
    gaps : by name, why there is none
    """

    cards: list[Card]
    audits: Mapping[str, dict[str, Any]]
    gaps: Mapping[str, str]

    @property
    def audited(self) -> list[Card]:
        """Those that have an audit."""
        return [card for card in self.cards if card.name in self.audits]

    @property
    def names(self) -> list[str]:
        """Names of those that can be audited."""
        return [card.name for card in self.cards if not card.problem]


def _others() -> dict[str, Card]:
    """Models that can be added, by title: references, cures and controls."""
    cards = loaders.cards()
    first = {card.name for card in overview.shown(cards)}
    by_name = {card.name: card for card in cards}
    found = titles_of([card for card in cards if card.name not in first])
    return {title: by_name[name] for title, name in found.items()}


def parameters() -> dict[str, links.Parameter]:
    """Parameters of links that :func:`choose` needs."""
    return {KEY: links.Choice(tuple(_others()), several=True)}


def choose() -> Cast:
    """Offer to add references and cures to the recipes."""
    others = _others()
    page.heed(parameters())
    added: list[str] = []
    if others:
        with st.expander("Compare with other models", icon=":material/add:"):
            added = st.pills(
                "Compare with",
                list(others),
                selection_mode="multi",
                key=KEY,
                bind="query-params",
                format_func=html.label,
                wrap=True,
                label_visibility="collapsed",
            )
    cards = overview.shown(loaders.cards()) + [others[title] for title in added]
    return Cast(cards, *loaders.audits(cards))
