"""Overview: how many models read devices, which, how sure, and the picture that shows it."""

from typing import Any

import streamlit as st

from xray import text
from xray.dashboard import loaders, page
from xray.models import registry
from xray.reports import html, overview, sentences

page.enter()


def verdicts(models: list[registry.Card], audits: dict[str, dict[str, Any]]) -> None:
    """Each model's verdict in words."""
    rows = []
    for card in models:
        audit = audits.get(card.name)
        key = str(audit["verdict"]) if audit else None
        told = (sentences.finding(audit), sentences.undecided(audit))
        found = card.problem or " ".join(filter(None, told))
        rows.append(html.verdict_row(card.name, card.title, key, found))
    if rows:
        st.html("".join(rows))
    missing = [card.name for card in models if card.name not in audits and not card.problem]
    if missing:
        st.caption(f"To audit {html.plain(text.names(missing))}, which takes minutes:")
        st.code(f"python -m xray audit {' '.join(missing)}", language=None)
    if not models:
        page.empty(
            "There are no models here yet",
            "Restore artifacts/models from git, or add a Keras model of your own:",
            "python -m xray add my.keras --name mine",
        )


def picture(models: list[registry.Card], audits: dict[str, dict[str, Any]]) -> None:
    """A synthetic film, the same with a device drawn in, and the model's probability of each."""
    shown = loaders.first_page(overview.picture(models, audits))
    if shown is None:
        page.empty(
            "The picture is not computed yet",
            "Here a film and the same film with a device drawn in stand side by side:",
            "python -m xray showcase",
        )
        return
    films = [
        tuple(film[name] for name in ("png", "alt", "number", "words")) for film in shown["films"]
    ]
    st.html(html.pair(films))
    st.caption(html.plain(shown["caption"]))


models = overview.shown(loaders.cards())
audits = loaders.audits(models)
question = ""
with page.guard("The question"):
    question = loaders.first_page(overview.question())
page.page(sentences.title(models, audits), question, clinical=True)

left, right = st.columns(2, gap="large")
with left, page.guard("The verdicts"):
    verdicts(models, audits)
with right, page.guard("The picture"):
    picture(models, audits)
with st.container(horizontal=True):
    page.go_to("devices", "Would this test have noticed?", "science")
    page.go_to("explain", "Explain a film", "radiology")
    page.report_button()

with page.guard("The scores"):
    if scores := loaders.first_page(overview.scores(models, audits)):
        page.show_kept(scores, "scores")

left, right = st.columns(2, gap="large")
with left, page.guard("The models' figures"):
    if metrics := loaders.first_page(overview.key_figures(models)):
        page.show_kept(metrics["figure"], "key figures")
        st.caption(html.plain(metrics["basis"]))
    page.go_to("models", "Compare the models", "compare_arrows")
with right, page.guard("The dataset's figures"):
    if counts := loaders.first_page(overview.classes()):
        page.show_kept(counts, "class counts")
    page.go_to("dataset", "What the films give away", "bar_chart")
