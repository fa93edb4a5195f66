"""Devices: do these models read them, would the test have noticed, and what helps."""

import pandas as pd
import streamlit as st

from xray import classes
from xray.audits import stored
from xray.dashboard import links, loaders, page
from xray.dashboard.views import devices, runs
from xray.dataset import composition
from xray.figures import audits as figures_devices
from xray.figures import composition as figures_dataset
from xray.labels import devices as device_labels
from xray.reports import html, sentences

page.enter()

ROLES = ("recipe", "cure", "control", "user", "demo")


cards = [card for card in loaders.cards() if card.role in ROLES and not card.problem]
audits = loaders.audits(cards)
audited = stored.with_titles(cards, audits)
known = {card.name: card for card in cards}
titles = {card.name: card.title for card in cards}
page.page(
    sentences.title([card for card in cards if card.role in {"recipe", "user"}], audits),
    "",
    {"model": links.Choice(tuple(known))},
    clinical=True,
)

with page.guard("The question"):
    page.lead(sentences.question(device_labels.load()))


def prevalence() -> None:
    """Who wears devices in the public set, which alone is labelled."""
    st.header("Do sick children wear more devices here?", anchor="prevalence")
    with page.guard("The prevalence of devices"):
        labels = device_labels.load().reset_index()[["file", "has_device"]]
        table = loaders.stored_films().merge(labels, on="file")
        rows = composition.prevalence(table, table["has_device"])
        page.show(figures_dataset.prevalence(rows, "a device"), key="prevalence")
        st.caption(device_labels.provenance())


if classes.is_default():
    prevalence()

st.header("Does this model react to them?", anchor="reaction")
name = st.selectbox(
    # A function of this page in its place would keep the whole page in memory, audits and all,
    # for as long as the session lasts.
    "Model",
    list(titles),
    format_func=titles.__getitem__,
    key="model",
    bind="query-params",
)
audit = audits.get(name) if name else None
if audit is None or audit.get("score") is None:
    page.empty(
        "This model has no audit with a score yet",
        "Run it below, or in a shell:",
        f"python -m xray audit {name}",
    )
else:
    reasons = " ".join(audit.get("reasons", []))
    st.html(html.verdict_row(name, titles[name], audit["verdict"], reasons))
    with page.guard("The effects of devices"):
        devices.reaction(known[name], audit)
    with page.guard("The strata"):
        if strata := audit.get("strata"):
            figure = figures_devices.strata(pd.DataFrame(strata), name, titles[name])
            page.show(figure, key="strata")

st.header("Would this test notice?", anchor="controls")
with page.guard("The controls"):
    devices.controls(audited)

st.header("What can be done?", anchor="cures")
with page.guard("The cures"):
    accuracy = {
        card.name: loaders.metrics(card).set_index("metric").loc["accuracy"]
        for card in cards
        if card.name in stored.CURES
    }
    rows = stored.cures(cards, audits, accuracy)
    if len(rows) > 1:
        page.show(figures_devices.cures(rows), key="cures")

if audit is not None and audit.get("effects"):
    st.header("What else does it read?", anchor="others")
    with page.guard("The other suspects"):
        rows = stored.effects(audit, "other")
        if len(rows):
            page.show(figures_devices.effects(rows, name, titles[name]), key="others")

st.header("Audit now", anchor="live")
with page.guard("The live audit"):
    if name:
        devices.live(known[name])

st.header("Running elsewhere", anchor="running")
with page.guard("The runs elsewhere"):
    runs.running()
