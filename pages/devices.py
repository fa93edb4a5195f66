"""Devices: do these models read them, would the test have noticed, and what helps."""

import pandas as pd
import streamlit as st

from xray import (
    census,
    dashboard,
    dashboard_audit,
    dashboard_runs,
    device_labels,
    evidence,
    figures_dataset,
    figures_devices,
    share,
    snippets,
    wording,
)  # fmt: skip

dashboard.enter()

ROLES = ("recipe", "cure", "control", "user", "demo")


cards = [card for card in dashboard.cards() if card.role in ROLES and not card.problem]
audits = dashboard.audits(cards)
audited = evidence.with_titles(cards, audits)
known = {card.name: card for card in cards}
titles = {card.name: card.title for card in cards}
dashboard.page(
    wording.title([card for card in cards if card.role in {"recipe", "user"}], audits),
    "",
    {"model": share.Choice(tuple(known))},
    clinical=True,
)

with dashboard.guard("The question"):
    dashboard.lead(wording.question(device_labels.load()))

st.header("Do sick children wear more devices here?", anchor="prevalence")
with dashboard.guard("The prevalence of devices"):
    table = dashboard.stored_films().merge(
        device_labels.load().reset_index()[["file", "has_device"]], on="file"
    )
    rows = census.prevalence(table, table["has_device"])
    dashboard.show(figures_dataset.prevalence(rows, "a device"), key="prevalence")
    st.caption(device_labels.provenance())

st.header("Does this model react to them?", anchor="reaction")
name = st.selectbox(
    # A function of this page in its place would keep the whole page in memory, audits and all,
    # for as long as the session lasts.
    "Model", list(titles), format_func=titles.__getitem__, key="model", bind="query-params",
)  # fmt: skip
audit = audits.get(name) if name else None
if audit is None or audit.get("score") is None:
    dashboard.empty("This model has no audit with a score yet", "Run it below, or in a shell:",
                    f"python -m xray audit {name}")  # fmt: skip
else:
    reasons = " ".join(audit.get("reasons", []))
    st.html(snippets.verdict_row(name, titles[name], audit["verdict"], reasons))
    with dashboard.guard("The effects of devices"):
        dashboard_audit.reaction(known[name], audit)
    with dashboard.guard("The strata"):
        if strata := audit.get("strata"):
            figure = figures_devices.strata(pd.DataFrame(strata), name, titles[name])
            dashboard.show(figure, key="strata")

st.header("Would this test notice?", anchor="controls")
with dashboard.guard("The controls"):
    dashboard_audit.controls(audited)

st.header("What can be done?", anchor="cures")
with dashboard.guard("The cures"):
    accuracy = {
        card.name: dashboard.metrics(card).set_index("metric").loc["accuracy"]
        for card in cards
        if card.name in evidence.CURES
    }
    rows = evidence.cures(cards, audits, accuracy)
    if len(rows) > 1:
        dashboard.show(figures_devices.cures(rows), key="cures")

if audit is not None and audit.get("effects"):
    st.header("What else does it read?", anchor="others")
    with dashboard.guard("The other suspects"):
        rows = evidence.effects(audit, "other")
        if len(rows):
            dashboard.show(figures_devices.effects(rows, name, titles[name]), key="others")

st.header("Audit now", anchor="live")
with dashboard.guard("The live audit"):
    if name:
        dashboard_audit.live(known[name])

st.header("Running elsewhere", anchor="running")
with dashboard.guard("The runs elsewhere"):
    dashboard_runs.running()
