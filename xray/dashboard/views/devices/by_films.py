"""Audits of one model on several sets of films, side by side."""

from __future__ import annotations

import streamlit as st

from xray.dashboard import cache, loaders, page
from xray.models.card import Card
from xray.reports import tables


def beside(card: Card) -> None:
    """A row for each set of films that a model was audited on; nothing where there is one."""
    first = loaders.audits([card])[0].values()
    others = loaders.audits_beside(card)
    if others:
        st.caption("Audited on several sets of films; what is said above is of the first one.")
        page.table(cache.made(tables.by_films, [*first, *others]))
