"""Overview: how many models read devices, which, how sure, and the picture that shows it."""

from typing import Any

import pandas as pd
import streamlit as st

from xray import dashboard, device_labels, figures, registry, showcase, snippets, wording

#: Metrics of the overview, as ``metrics.TITLES`` names them, in the order shown.
METRICS = {
    "auroc": "AUROC",
    "accuracy": "Accuracy",
    "recall": "Sensitivity",
    "specificity": "Specificity",
}


def verdicts(models: list[registry.Card], audits: dict[str, dict[str, Any]]) -> None:
    """Each model's verdict in words."""
    rows = []
    for card in models:
        audit = audits.get(card.name)
        key = str(audit["verdict"]) if audit else None
        found = card.problem or wording.finding(audit)
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
    table = dashboard.showcase()
    ranked = sorted(
        (card for card in models if not card.problem),
        key=lambda card: -wording.number(audits.get(card.name, {}).get("score", 0)),
    )
    found = [showcase.example(table, card) for card in ranked] if table is not None else []
    shown = next((example for example in found if example is not None), None)
    if shown is None:
        dashboard.empty(
            "The picture is not computed yet",
            "Here a film and the same film with a device drawn in stand side by side:",
            "python -m xray showcase",
        )
        return
    before, after = dashboard.showcase_films(shown)
    as_it_is, drawn = (
        wording.percent(float(registry.probability(value)))
        for value in (shown.original, shown.drawn)
    )
    title = next(card.title for card in ranked if card.name == shown.model)
    words = f"with {wording.a(shown.device)} drawn in"
    st.html(
        snippets.pair(
            [
                (before, "Synthetic chest film", as_it_is, "pneumonia, as it is"),
                (after, f"The same film {words}", drawn, f"pneumonia, {words}"),
            ]
        )
    )
    st.caption(wording.example(shown, title))


models = [card for card in dashboard.cards() if card.role in {"recipe", "user", "demo"}]
audits = dashboard.audits(models)
question = ""
with dashboard.guard("The question"):
    question = wording.question(device_labels.load())
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

scored = wording.scores(models, audits)
if len(scored):
    with dashboard.guard("The scores"):
        dashboard.show(figures.scores(scored), key="scores")

left, right = st.columns(2, gap="large")
with left, dashboard.guard("The models' figures"):
    tables = [
        dashboard.metrics(card).assign(model=card.name, title=card.title)
        for card in models
        if not card.problem
    ]
    if tables:
        scores = pd.concat(tables).query("metric in @METRICS.keys()").replace({"metric": METRICS})
        order = {name: place for place, name in enumerate(METRICS.values())}
        scores = scores.sort_values("metric", key=lambda names: names.map(order), kind="stable")
        dashboard.show(figures.key_figures(scores), key="key figures")
        st.caption(wording.basis(tables[0]))
    dashboard.go_to("models", "Compare the models", "compare_arrows")
with right, dashboard.guard("The dataset's figures"):
    dashboard.show(figures.class_counts(dashboard.stored_films()), key="class counts")
    dashboard.go_to("dataset", "What the films give away", "bar_chart")
