"""What can be done about a model that reads devices, and what it costs."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from xray.audits import stored
from xray.dashboard import loaders, page
from xray.figures import audits
from xray.reports import html

#: Recipe -> what it does about devices.
WAYS = {
    "basic": "Show the network the lungs alone.",
    "device_balanced": "Draw devices into the films of both classes.",
    "device_free": "Leave out the films that show devices.",
}


def show() -> None:
    """Draw the section."""
    rows = pd.DataFrame()
    with page.guard("The remedies"):
        rows = measured()
    page.page(
        audits.cures_says(rows) if len(rows) > 1 else "No remedy was audited yet",
        "The same network, trained in other ways.",
        clinical=True,
        question="What can be done?",
    )
    if len(rows) > 1:
        page.show(audits.cures(rows), key="cures")
        st.caption(
            "Largest change of healthy children's calls by any kind of device, and accuracy on the "
            "test films. Lines are 95 % intervals."
        )
    else:
        page.empty(
            "Here stands what each remedy changes, and what it costs in accuracy",
            "Audit the network of whole films and the remedies.",
            f"python -m xray audit {' '.join(stored.CURES)}",
        )
    st.subheader("How is a network trained so?", anchor=False)
    for name, does in WAYS.items():
        st.markdown(html.plain(does))
        st.code(f"python -m xray train {name} --data FILMS", language=None)


def measured() -> pd.DataFrame:
    """What each remedy changes (``stored.cures``), of those that were audited."""
    cards = [card for card in loaders.cards() if card.name in stored.CURES and not card.problem]
    found, _ = loaders.audits(cards)
    accuracy = {
        card.name: pd.Series(loaders.metrics(card).set_index("metric").loc["accuracy"])
        for card in cards
        if card.name in found
    }
    return stored.cures(cards, found, accuracy)
