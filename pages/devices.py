"""Devices: do these models read them, how good is this test, and what helps."""

import streamlit as st

from xray import classes
from xray.audits import stored
from xray.dashboard import links, loaders, page
from xray.dashboard.views import devices, runs
from xray.dataset import composition
from xray.figures import audits as figures_devices
from xray.figures import composition as figures_dataset
from xray.labels import devices as device_labels
from xray.reports import overview, sentences

page.enter()

ROLES = ("recipe", "cure", "control", "user", "demo")


cards = [card for card in loaders.cards() if card.role in ROLES and not card.problem]
audits, gaps = loaders.audits(cards)
known = {card.name: card for card in cards}
titles = {card.name: card.title for card in cards}
page.page(
    sentences.title(overview.shown(cards), audits),
    "",
    {"model": links.Choice(tuple(known))},
    clinical=True,
)

with page.guard("The question"):
    page.lead(sentences.question(device_labels.load()))

st.header("Do devices change this model's calls?", anchor="reaction")
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
if audit is None:
    page.empty(
        "There is no audit of this model to show",
        gaps.get(name, "") or "Here stands what each kind of device changes in its calls.",
        f"python -m xray audit {name}" if name else "python -m xray train basic",
    )
else:
    with page.guard("The effects of devices"):
        devices.verdict(known[name], audit)
    st.header("Where else does it look?", anchor="others")
    with page.guard("The strata"):
        devices.looks(known[name], audit)
    with page.guard("The other suspects"):
        devices.suspects(known[name], audit)
    with page.guard("The films that moved most"):
        devices.moved(audit)

st.header("How good is this test?", anchor="controls")
with page.guard("The record of the test"):
    devices.quality()

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
    else:
        page.empty(
            "No cures were audited yet",
            "Here stands what each cure changes, and what it costs in accuracy.",
            f"python -m xray audit {' '.join(stored.CURES)}",
        )

# The public set alone is labelled.
if classes.is_default():
    st.header("Do sick children wear more devices here?", anchor="prevalence")
    with page.guard("The prevalence of devices"):
        labels = device_labels.load().reset_index()[["file", "has_device"]]
        table = loaders.stored_films().merge(labels, on="file")
        rows = composition.prevalence(table, table["has_device"])
        page.show(figures_dataset.prevalence(rows, "a device"), key="prevalence")
        st.caption(device_labels.provenance())

st.header("Audit now", anchor="live")
with page.guard("The live audit"):
    if name:
        devices.live(known[name])

st.header("Running elsewhere", anchor="running")
with page.guard("The runs elsewhere"):
    runs.running()
