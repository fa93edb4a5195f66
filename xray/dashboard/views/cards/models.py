"""Model cards: how each model was trained, what it is made of, and what is wrong with it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from xray.dashboard import cache, choices, loaders, page
from xray.dashboard.views.devices import by_films
from xray.errors import XrayError
from xray.figures import training as training_
from xray.models.card import Card, titles_of
from xray.reports import html, model_card, sentences
from xray.training import diagnosis


def predictions(card: Card) -> pd.DataFrame | None:
    """Stored predictions, None where there are none."""
    try:
        return loaders.predictions(card.name)
    except XrayError:
        return None


def one(card: Card) -> None:
    """One card."""
    if card.problem or card.warning:
        page.problem(card.problem or card.warning)
    stored = predictions(card)
    signs = cache.made(diagnosis.signs, card, stored)
    for sign in signs:
        st.warning(
            f"**{sign.kind.capitalize()}.** {html.plain(sign.sentence)}",
            icon=":material/troubleshoot:",
        )
    if not signs:
        st.caption("No sign of over- or underfitting, and no single call for every film.")
    left, right = st.columns([3, 2], gap="large")
    with left:
        if card.history.get("val_loss"):
            kept = cache.made(diagnosis.kept_epoch, card)
            page.draw(f"figure training {card.name}", training_.training, card, kept)
        else:
            st.info("How this model was trained is not recorded here.", icon=":material/info:")
    with right:
        st.html(cache.made(model_card.facts_html, card))
    layers = cache.made(model_card.layers, card)
    with st.expander(
        f"Architecture: {len(layers)} layers, {card.parameters:,} parameters",
        icon=":material/account_tree:",
    ):
        page.table(layers)
    scores = loaders.metrics(card) if stored is not None else None
    audits, gaps = loaders.audits([card])
    audit, gap = audits.get(card.name), gaps.get(card.name, "")
    said = cache.made(sentences.finding, audit, gap)
    st.html(html.verdict_row(card.name, card.title, sentences.chip(audit, gap), said))
    by_films.beside(card)
    text = cache.made(model_card.markdown, card, scores, signs, audit, gap)
    st.download_button(
        "Save the card as Markdown",
        text,
        file_name=f"model-card-{card.name}.md",
        mime="text/markdown",
        icon=":material/download:",
        on_click="ignore",
    )
    with st.expander("The whole card", icon=":material/description:"):
        st.markdown(text)


def title(cards: list[Card]) -> str:
    """How often these models are right, and how many of them were audited."""
    tables = [(card, predictions(card)) for card in cards if not card.problem]
    shares = [
        cache.made(model_card.right, table, card.threshold_log_odds)
        for card, table in tables
        if table is not None
    ]
    audited = len(loaders.audits([card for card in cards if not card.problem])[0])
    return model_card.finding([s for s in shares if s is not None], audited, len(cards))


def show() -> None:
    """Draw the section."""
    cards = loaders.cards()
    names = {name: title for title, name in titles_of(cards).items()}
    page.page(
        title(cards),
        "What a model was trained on and how; what its training curves say; every layer it has.",
        {"card": choices.offered(names)},
        clinical=True,
        question="How was a model made, and what is wrong with it?",
    )
    if cards:
        chosen = choices.choose("Model", names, "card")
        with page.guard("The card"):
            one(next(card for card in cards if card.name == chosen))
    else:
        page.empty("There is no model.", "Train one on films.", "python -m xray train basic")
