"""Parts of the Devices page: what devices change, how good the test is, and the live audit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from xray import classes, text
from xray.audits import findings, stored
from xray.audits import moved as again
from xray.dashboard import background, loaders, page
from xray.errors import ArtifactError
from xray.figures import audits
from xray.files import hash_json
from xray.jobs.progress import Progress
from xray.metrics.odds import to_probability
from xray.models.card import Card
from xray.reports import html, overview, sentences, tables

METHOD = (
    "A device of a labelled film, cut out along its outline, is laid over films of other children "
    "who wear none. Its null is cut with the same outline from a film without devices, at the same "
    "place of the lungs, and made as bright. Each figure is the change by the device less the "
    "change by its null. For AUROC devices change places: healthy films are given them, sick ones "
    "relieved of them. Whiskers are 95 % intervals by child, of those who receive and of those "
    "who give. The band is the margin: what lies in it does not matter."
)


def verdict(card: Card, audit: Mapping[str, Any]) -> None:
    """A model's verdict, what was counted, and how devices change its calls."""
    said = sentences.finding(audit)
    facts = overview.facts_of(audit)
    st.html(html.verdict_row(card.name, card.title, sentences.chip(audit), said, "", facts))
    for note in filter(None, (*sentences.notes(audit), sentences.witness(audit))):
        st.caption(html.plain(note))
    if not findings.judged(audit):
        return
    st.subheader("How many calls change?", anchor=False)
    page.show(audits.calls(audit, card.title), key="calls")
    st.subheader("Does it tell sick from healthy worse?", anchor=False)
    page.show(audits.auroc(audit, card.title), key="auroc")
    st.caption(html.plain(findings.HELP))
    with st.expander("How this was measured", icon=":material/straighten:"):
        st.markdown(html.plain(METHOD))
        st.dataframe(tables.kinds(audit), hide_index=True, width="stretch")
        st.dataframe(tables.effects(audit), hide_index=True, width="stretch")


def looks(card: Card, audit: Mapping[str, Any]) -> None:
    """Where the model looks, and how it does on parts of the films."""
    rows = audit.get("strata")
    told = [told for told in (sentences.lungs(audit), sentences.sanity_overall(audit)) if told]
    if not rows and not told:
        st.caption("This audit did not look at films with the lungs hidden, nor at explanations.")
    for sentence in told:
        st.markdown(html.plain(sentence))
    if rows:
        page.show(audits.strata(pd.DataFrame(rows), card.name, card.title), key="strata")


def moved(audit: Mapping[str, Any]) -> None:
    """Films that moved the model most, to be looked at where the films are."""
    rows = audit.get("most_moved")
    if not rows:
        st.caption("No device changed the call of a film.")
        return
    folder = loaders.films_folder()
    if folder is None or audit.get("synthetic"):
        st.caption("Films that moved most are shown where the films are (XRAY_DATA).")
        return
    # Off at first: finding the lungs to draw by loads TensorFlow.
    if not st.toggle("Look at the films that moved most"):
        return
    names = [f"{row['file']} · {findings.ONE.get(row['kind'], row['kind'])}" for row in rows]
    chosen = st.selectbox(
        "Films that moved it most", range(len(rows)), format_func=names.__getitem__
    )
    row = rows[chosen]
    film, laid = again.again(folder, row)
    device = findings.ONE.get(row["kind"], "a device")
    pictures = (
        (film, "original", "as it is"),
        (laid.device, "device", f"with {device} of another child"),
        (laid.null, "null", "with its match, which has all but the device"),
    )
    for column, (picture, which, words) in zip(st.columns(3), pictures, strict=True):
        with column:
            says = text.percent(float(to_probability(row[which])))
            page.film(picture, f"Film {words}", f"{words}: {says} {classes.spoken()}")


def suspects(card: Card, audit: Mapping[str, Any]) -> None:
    """What else changes the model's calls."""
    rows = stored.effects(audit, devices=False)
    if rows.empty or "calls" not in rows:
        st.caption("This audit looked at devices alone.")
        return
    st.markdown(html.plain(sentences.suspects(audit)))
    margin = findings.margin(audit, "calls")
    page.show(audits.suspects(rows, margin, card.title), key="others")


def quality() -> None:
    """How often the audit is right about networks of known answers."""
    try:
        table = stored.quality()
    except ArtifactError as error:
        page.empty(
            "There is no record of this test yet",
            "Here stands how many networks that read devices it finds, and how many clean ones "
            f"it accuses. {error}",
        )
        return
    page.show(audits.quality(table), key="quality")
    st.caption(
        "Networks of known answers: some can only answer by devices, some never saw any. Nothing "
        "about the verdict was fitted to them."
    )
    with st.expander("The record in figures", icon=":material/straighten:"):
        st.dataframe(tables.quality(table), hide_index=True, width="stretch")


def live(card: Card) -> None:
    """Audit a model here and now, with progress and a way to stop."""
    folder = loaders.films_folder()
    if folder is None:
        st.caption("A live audit needs films: set XRAY_DATA, or run the demonstration:")
        st.code("python -m xray demo", language=None)
        return
    st.caption("Lays devices over films without any. Minutes for a small model, longer for VGG19.")
    key = hash_json(["audit", card.name, card.sha256, str(folder)])
    words = f"Audit {html.plain(card.title)} now"
    if st.button(words, icon=":material/play_arrow:", type="primary"):
        background.ask(key, lambda progress: _audit(card.name, folder, progress))
    status = background.look(key)
    background.watch([(key, f"Auditing {card.title}", status)])
    if status.state == "failed":
        page.problem(status.error)
    if status.state == "done":
        value = status.result
        chip, found = sentences.chip(value), sentences.finding(value)
        st.html(html.verdict_row(card.name, card.title, chip, found))
        st.download_button(
            "Download the audit",
            json.dumps(value, indent=1),
            f"{card.name}-audit.json",
            "application/json",
            icon=":material/download:",
            on_click="ignore",
        )


def _audit(name: str, folder: Any, progress: Progress) -> dict[str, Any]:
    from xray.audits import audit
    from xray.models import at_hand, registry

    at_hand.require(registry.load(name), folder)
    return audit.run(name, folder, progress=progress)
