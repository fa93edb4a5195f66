"""What devices change in one model's calls, by kind; and an audit of it here and now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from xray import classes, text
from xray.audits import findings, stored
from xray.audits import moved as again
from xray.dashboard import cache, choices, loaders, page
from xray.dashboard.views.devices import by_films, live
from xray.environment import data_dir
from xray.figures import audits
from xray.metrics.odds import to_probability
from xray.models.card import Card, titles_of
from xray.reports import headlines, html, overview, sentences, tables

METHOD = (
    "A device is cut out of a labelled film along its outline. It is laid over films of other "
    "people who wear none. Its match is cut with the same outline from a film without "
    "devices. It lies at the same place of the lungs, and is made as bright. Each figure is the "
    "change by the device less the change by its match. Calls are counted at thresholds around "
    "the model's own, and averaged. Whether a film lies just above or just below one threshold is "
    "chance. For AUROC devices change places: "
    "healthy films are given them, sick ones relieved of them. Whiskers are 95 % intervals by "
    "person, of those who receive and of those who give. The band is the margin: what lies in it "
    "does not matter."
)


def show() -> None:
    """Draw the section."""
    page.enter()
    header = st.container()
    known = {card.name: card for card in loaders.cards() if not card.problem}
    names = {name: title for title, name in titles_of(list(known.values())).items()}
    parameters = {"model": choices.offered(names)}
    page.heed(parameters)
    card = None
    if names:
        read = choices.spell_out(names, "model")
        title = st.selectbox(
            "Model", list(read), key="model", bind="query-params", format_func=html.label
        )
        card = known[read[title]]
    shown = [card] if card else []
    found, gaps = loaders.audits(shown)
    with header:
        page.page(
            cache.made(headlines.title, shown, found),
            "",
            parameters,
            clinical=True,
            question="Do devices change this model's calls?",
        )
    audit = found.get(card.name) if card else None
    if card is None or audit is None:
        page.empty(
            "What devices change in its calls is not measured yet",
            gaps.get(card.name, "") if card else "Train a model first, or add one of your own.",
            f"python -m xray audit {card.name}" if card else "python -m xray train basic",
        )
    else:
        with page.guard("The effects of devices"):
            verdict(card, audit)
    if card:
        by_films.beside(card)
        with page.guard("The live audit"):
            live.offer(card)


def verdict(card: Card, audit: Mapping[str, Any]) -> None:
    """A model's verdict, what was counted, and how devices change its calls."""
    said, facts = cache.made(sentences.finding, audit), cache.made(overview.facts_of, audit)
    st.html(html.verdict_row(card.name, card.title, sentences.chip(audit), said, "", facts))
    lime = cache.made(sentences.lime, audit, loaders.panel(stored.limits, "methods.csv"))
    notes, witness = cache.made(sentences.notes, audit), cache.made(sentences.witness, audit)
    if further := [html.plain(note) for note in (*notes, witness, lime) if note]:
        st.caption("\n\n".join(further))
    if not findings.judged(audit):
        return
    left, right = st.columns([11, 9], gap="large")
    with left:
        st.subheader("How many calls change?", anchor=False)
        page.draw("calls", audits.calls, audit, card.title)
    with right:
        st.subheader("Does it tell sick from healthy worse?", anchor=False)
        page.draw("auroc", audits.auroc, audit, card.title)
    st.caption(html.plain(findings.HELP))
    most = st.expander("Films that moved it most", icon=":material/radiology:")
    with most, page.guard("The films that moved most"):
        moved(audit)
    with st.expander("How this was measured", icon=":material/straighten:"):
        st.markdown(html.plain(METHOD))
        page.table(cache.made(tables.kinds, audit))
        for table in cache.made(effects, audit):
            page.table(table)


def effects(audit: Mapping[str, Any]) -> list[pd.DataFrame]:
    """Effects in calls, in AUROC and in LIME's weight, without the columns that others fill.

    A browser measures the first rows: a column that begins empty would be cut.
    """
    every = tables.effects(audit)
    if every.empty:
        return []
    fell, weighed = (every[name] != "" for name in ("Fall of AUROC", "Share of LIME's weight"))
    parts = (every[~fell & ~weighed], every[fell], every[weighed])
    return [part.loc[:, (part != "").any()] for part in parts if len(part)]


def moved(audit: Mapping[str, Any]) -> None:
    """Films of which a device changed the call, to be looked at where the films are."""
    rows = audit.get("most_moved") or []
    folder = None if audit.get("synthetic") else data_dir()
    if not rows or folder is None:
        st.caption(
            f"A device changed the call of {len(rows)} films; they are shown where the films are "
            "(XRAY_DATA)."
            if rows
            else "No film is stored whose call a device changed."
        )
        return
    names = [f"{row['file']} · {findings.ONE.get(row['kind'], row['kind'])}" for row in rows]
    chosen = st.selectbox("Film", range(len(rows)), format_func=names.__getitem__)
    # Off at first: finding the lungs to draw by loads TensorFlow.
    if not st.toggle("Look at it, with the device and with its match"):
        return
    row = rows[chosen]
    film, laid = again.again(folder, row)
    device = findings.ONE.get(row["kind"], "a device")
    pictures = (
        (film, "original", "as it is"),
        (laid.device, "device", f"with {device} of another person"),
        (laid.null, "null", "with its match, which has all but the device"),
    )
    for column, (picture, which, said) in zip(st.columns(3), pictures, strict=True):
        with column:
            share = text.percent(float(to_probability(row[which])))
            page.film(picture, f"Film {said}", f"{said}: {share} {classes.spoken()}")
