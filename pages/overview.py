"""Overview: which models are moved by devices, by which, how much, how sure."""

from typing import Any

import streamlit as st

from xray import text
from xray.audits import findings
from xray.dashboard import loaders, page
from xray.models.card import Card
from xray.reports import html, overview, sentences

page.enter()


def verdicts(models: list[Card], audits: dict[str, dict[str, Any]], gaps: dict[str, str]) -> None:
    """A row a model: the verdict, why, and what was counted."""
    problems = {card.name: card.problem for card in models}
    made = []
    for row in loaders.first_page(overview.rows(models, audits)):
        name = row["name"]
        gap = gaps.get(name, "")
        told = problems[name] or gap
        why = row["why"] or sentences.why(None, gap)
        made.append(html.verdict_row(name, row["title"], row["chip"], told, why, row["facts"]))
    if made:
        st.html("".join(made))
    if not models:
        page.empty(
            "There are no models here yet",
            "Restore artifacts/models from git, or add a Keras model of your own:",
            "python -m xray add my.keras --name mine",
        )


def picture(shown: dict[str, Any]) -> None:
    """A synthetic film, the same with a device drawn in, and the model's probability of each."""
    films = [
        tuple(film[name] for name in ("png", "alt", "number", "words")) for film in shown["films"]
    ]
    st.html(html.pair(films))
    st.caption(html.plain(shown["caption"]))


models = overview.shown(loaders.cards())
audits, gaps = loaders.audits(models)
question = ""
with page.guard("The question"):
    question = loaders.first_page(overview.question())
page.page(sentences.title(models, audits), question, clinical=True)

with page.guard("The verdicts"):
    verdicts(models, audits, gaps)
with st.container(horizontal=True, vertical_alignment="center"):
    page.go_to("devices", "Why?", "science")
    page.go_to("explain", "Try a film", "radiology")
    page.go_to("your_model", "Audit your model", "add")
    page.report_button()

with page.guard("The picture"):
    if shown := loaders.first_page(overview.picture(models, audits)):
        picture(shown)
with page.guard("The effects"):
    if effects := loaders.first_page(overview.effects(models, audits)):
        page.show_kept(effects, "effects")
        st.caption(html.plain(findings.HELP))
    if missing := [card.name for card in models if card.name in gaps and not card.problem]:
        page.empty(
            f"What devices change is not measured for {text.names(missing)}",
            "Minutes a model; then stands here what each kind changes in the calls of healthy "
            "films:",
            f"python -m xray audit {' '.join(missing)}",
        )

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
