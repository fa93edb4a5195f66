"""Overview: how many models read devices, which, how sure, and the picture that shows it."""

from typing import Any

import streamlit as st

from xray import dashboard, front, registry, snippets, wording

dashboard.enter()


def verdicts(models: list[registry.Card], audits: dict[str, dict[str, Any]]) -> None:
    """Each model's verdict in words."""
    rows = []
    for card in models:
        audit = audits.get(card.name)
        key = str(audit["verdict"]) if audit else None
        told = (wording.finding(audit), wording.undecided(audit))
        found = card.problem or " ".join(filter(None, told))
        rows.append(snippets.verdict_row(card.name, card.title, key, found))
    if rows:
        st.html("".join(rows))
    missing = [card.name for card in models if card.name not in audits and not card.problem]
    if missing:
        st.caption(f"To audit {snippets.plain(wording.names(missing))}, which takes minutes:")
        st.code(f"python -m xray audit {' '.join(missing)}", language=None)
    if not models:
        dashboard.empty(
            "There are no models here yet",
            "Restore artifacts/models from git, or add a Keras model of your own:",
            "python -m xray add my.keras --name mine",
        )


def picture(models: list[registry.Card], audits: dict[str, dict[str, Any]]) -> None:
    """A synthetic film, the same with a device drawn in, and the model's probability of each."""
    shown = dashboard.first_page(front.picture(models, audits))
    if shown is None:
        dashboard.empty(
            "The picture is not computed yet",
            "Here a film and the same film with a device drawn in stand side by side:",
            "python -m xray showcase",
        )
        return
    films = [
        tuple(film[name] for name in ("png", "alt", "number", "words")) for film in shown["films"]
    ]
    st.html(snippets.pair(films))
    st.caption(shown["caption"])


models = front.shown(dashboard.cards())
audits = dashboard.audits(models)
question = ""
with dashboard.guard("The question"):
    question = dashboard.first_page(front.question())
dashboard.page(wording.title(models, audits), question, clinical=True)

left, right = st.columns(2, gap="large")
with left, dashboard.guard("The verdicts"):
    verdicts(models, audits)
with right, dashboard.guard("The picture"):
    picture(models, audits)
with st.container(horizontal=True):
    dashboard.go_to("devices", "Would this test have noticed?", "science")
    dashboard.go_to("explain", "Explain a film", "radiology")
    dashboard.report_button()

with dashboard.guard("The scores"):
    if scores := dashboard.first_page(front.scores(models, audits)):
        dashboard.show_kept(scores, "scores")

left, right = st.columns(2, gap="large")
with left, dashboard.guard("The models' figures"):
    if metrics := dashboard.first_page(front.key_figures(models)):
        dashboard.show_kept(metrics["figure"], "key figures")
        st.caption(metrics["basis"])
    dashboard.go_to("models", "Compare the models", "compare_arrows")
with right, dashboard.guard("The dataset's figures"):
    dashboard.show_kept(dashboard.first_page(front.classes()), "class counts")
    dashboard.go_to("dataset", "What the films give away", "bar_chart")
