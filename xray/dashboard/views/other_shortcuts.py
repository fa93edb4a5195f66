"""What else than the lungs models can read: films with parts hidden, and other suspects."""

from __future__ import annotations

from typing import Any

import streamlit as st

from xray import text
from xray.audits import findings
from xray.dashboard import cache, cast, loaders, page
from xray.figures import audits as figures
from xray.reports import headlines, html, overview, sentences


def show() -> None:
    """Draw the page."""
    page.enter()
    header = st.container()
    chosen = cast.choose()
    shown = [
        (card.name, card.title, chosen.audits[card.name])
        for card in chosen.audited
        if findings.judged(chosen.audits[card.name])
    ]
    hidden = [entry for entry in shown if findings.stratum(entry[2], "lungs hidden", "auroc")]
    with header:
        page.page(
            cache.made(headlines.hidden, hidden),
            "",
            cast.parameters(),
            clinical=True,
            question="Do models need the lungs at all?",
        )
    if not hidden:
        page.empty(
            "Here stands how well each model does with the lungs hidden",
            "An audit hides the lungs, and all but the lungs, on the test films.",
            f"python -m xray audit {' '.join(chosen.names) or 'MODEL'}",
        )
    else:
        with page.guard("The hidden lungs"):
            page.draw("hidden", figures.strata, hidden, "auroc", figures.HIDDEN)
            st.caption(
                "AUROC is 1 for a perfect order of the films and 0.5 for chance. "
                "The hole keeps the lungs' outline: part of what is left is its shape."
            )
            st.subheader("Are sick people who wear devices found more often?", anchor=False)
            page.draw("worn", figures.strata, hidden, "sensitivity", figures.WORN)
            st.caption("Of 100 sick people, those called sick, each model at its own threshold.")
    with page.guard("The other suspects"):
        suspects(shown, chosen.names)
        before(chosen)


def before(chosen: cast.Cast) -> None:
    """What else moved the network of whole films that devices moved most."""
    cards = overview.told(loaders.cards())
    audits, _ = loaders.audits(cards)
    mended = headlines.mended(cards, audits)
    if mended is None or mended[0] in {card.name for card in chosen.cards}:
        return
    title = next(card.title for card in cards if card.name == mended[0])
    if said := cache.made(sentences.suspects, audits[mended[0]]):
        st.markdown(f"Before, **{html.plain(title)}**: {html.plain(said)}")


def suspects(shown: list[tuple[str, str, dict[str, Any]]], names: list[str]) -> None:
    """What lettering, aspect, framing, JPEG quality and brightness change."""
    st.subheader("Does anything else change their calls?", anchor=False)
    measured = [entry for entry in shown if findings.others(entry[2])]
    unread = [title for _, title, found in shown if found["verdict"] == "cannot_be_judged"]
    told = {title for _, title, _ in measured} | set(unread)
    missing = [title for _, title, _ in shown if title not in told]
    if measured:
        page.draw("suspects", figures.suspects, measured)
        for _, title, audit in measured:
            st.markdown(
                f"**{html.plain(title)}**: {html.plain(cache.made(sentences.suspects, audit))}"
            )
        st.caption(
            "Changed films against films changed as much without the suspected thing. "
            "Of healthy and of sick people: whichever changes more."
        )
    if unread:
        st.caption(
            html.plain(f"Nothing is read from calls that cannot be judged: {text.names(unread)}.")
        )
    if missing or not shown:
        page.empty(
            f"Not stored for {text.names(missing)}" if missing else "No audit is stored",
            "Here stands what lettering, squash, framing, JPEG quality and brightness change in "
            "calls of 100.",
            f"python -m xray audit {' '.join(names) or 'MODEL'}",
        )
