"""What can be done about a model that reads devices, and what it costs."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from xray.audits import stored
from xray.dashboard import cache, loaders, page
from xray.figures import audits
from xray.reports import html
from xray.training.recipes import RECIPES

READS = "reads_devices"
#: What mends a recipe -> how it is trained so.
WAYS = {
    "lungs": ("Crop films to the box around the lungs.", "--set framing=lungs"),
    "balanced": ("Lay devices over the films of both classes.", "--set planted=0.8"),
    "free": ("Leave out the films that show devices.", "--set split=device_free"),
}


def show() -> None:
    """Draw the section."""
    rows = pd.DataFrame()
    with page.guard("The remedies"):
        rows = measured()
    page.page(
        cache.made(audits.cures_says, rows) if len(rows) > 1 else "No remedy was audited yet",
        "The same network, trained in other ways.",
        clinical=True,
        question="What can be done?",
    )
    if len(rows) > 1:
        page.draw("cures", audits.cures, rows)
        st.caption(
            "Largest change of healthy people's calls by any kind of device, and accuracy on the "
            "test films. Lines are 95 % intervals."
        )
    else:
        page.empty(
            "Here stands what each remedy changes, and what it costs in accuracy",
            "Audit the network of whole films and the remedies.",
            f"python -m xray audit {' '.join(stored.CURES)}",
        )
    mend()


def mend() -> None:
    """The commands that mend each model that reads something, by its own recipe."""
    cards = [card for card in loaders.cards() if not card.problem]
    found, _ = loaders.audits(cards)
    reads = [
        card
        for card in cards
        if (card.role != "cure" or card.name in stored.LUNGS_ALONE)
        and found.get(card.name, {}).get("verdict") == READS
    ]
    st.subheader("How is a network trained so?", anchor=False)
    known = [(card.name, card.title, card.recipe) for card in reads if card.recipe in RECIPES]
    for name, title, recipe in known or [("MODEL", "", "RECIPE")]:
        st.markdown(f"**{html.plain(title)}**" if title else "By any recipe:")
        for ending, (does, option) in WAYS.items():
            if recipe != "RECIPE" and RECIPES[recipe].framing == "lungs" and ending == "lungs":
                continue
            st.markdown(html.plain(does))
            command = f"python -m xray train {recipe} --name {name}_{ending} {option} --data FILMS"
            st.code(command, language=None)
    st.caption("Then audit the new model: this page shows both, before and after.")


def measured() -> pd.DataFrame:
    """What each remedy changes (``stored.cures``), of those that were audited."""
    cards = [card for card in loaders.cards() if card.name in stored.CURES and not card.problem]
    found, _ = loaders.audits(cards)
    accuracy = {}
    for card in cards:
        if card.name in found:
            # One whose predictions are damaged says so; the others stay.
            with page.guard(card.title):
                accuracy[card.name] = cache.made(_accuracy, loaders.metrics(card))
    return cache.made(stored.cures, cards, found, accuracy)


def _accuracy(scores: pd.DataFrame) -> pd.Series:
    return pd.Series(scores.set_index("metric").loc["accuracy"])
