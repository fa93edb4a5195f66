"""Parts of the Devices page: what a model reacts to, the controls, and the live audit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from xray import classes, text
from xray.audits import stored
from xray.dashboard import background, loaders, page
from xray.figures import audits
from xray.files import Progress, hash_json
from xray.models.registry import Card
from xray.reports import html, sentences, tables


def reaction(card: Card, audit: Mapping[str, Any]) -> None:
    """Whether a model reacts to devices: the effects, and films to look at."""
    st.markdown(html.plain(stored.in_plain_words(audit)))
    rows = stored.effects(audit, "device")
    if len(rows):
        page.show(audits.effects(rows, card.name, card.title), key="effects")
    st.caption(
        "Each effect is beyond a sham: for devices drawn in, the same brightness without "
        "structure; for devices taken out and for LIME, the same shape elsewhere in the same "
        "film. Whiskers are 95 % bootstrap intervals by possible patient."
    )
    for sentence in (sentences.lungs(audit), sentences.sanity_overall(audit)):
        if sentence:
            st.markdown(html.plain(sentence))
    folder = loaders.films_folder()
    if folder is None or not audit.get("most_moved") or audit.get("synthetic"):
        st.caption("Films that moved most are shown where the films are (XRAY_DATA).")
        return
    # Off at first: finding the lungs to draw by loads TensorFlow.
    if not st.toggle("Look at the films that moved most"):
        return
    moved = audit["most_moved"]
    names = [f"{row['file']} · {row['kind']} {row['net']:+.2f}" for row in moved]
    chosen = st.selectbox(
        "Films that moved it most", range(len(moved)), format_func=names.__getitem__
    )
    film, trial = stored.again(folder, moved[chosen], audit["seed"])
    row = moved[chosen]
    pictures = ((film, "original"), (trial.treated, "treated"), (trial.sham, "sham"))
    words = {"original": "as it is", "treated": f"{row['kind']}, {row['test']}", "sham": "sham"}
    for column, (picture, which) in zip(st.columns(3), pictures, strict=True):
        with column:
            says = text.percent(stored.chance(row[which]))
            page.film(picture, f"Film {words[which]}", f"{words[which]}: {says} {classes.spoken()}")


def controls(models: Sequence[Mapping[str, Any]]) -> None:
    """Whether the test would notice: the control models, ours on the same scale."""
    scale = stored.calibration()
    if scale is None:
        page.empty("There are no control models yet", "They set the scale:",
                        "python -m xray controls")  # fmt: skip
        return
    panel = stored.panel()
    page.show(audits.controls(panel, scale.threshold, models), key="controls")
    st.caption(
        f"{len(panel)} small models trained on films without devices, into which devices were "
        "drawn in one style; the audit asks with another. A control counts as reliant by what "
        "devices of its own style do to it on films it never saw. Smallest reliance of which at "
        f"least 95 % were flagged: {scale.detectable:.2f} spreads of log-odds."
    )
    quality = tables.controls(stored.stored_quality())
    st.dataframe(quality, hide_index=True, width="stretch")
    st.caption(
        "Each control is judged by a scale that never saw it, or none of its architecture. To "
        "be said to read devices takes more than a score above the threshold: the whole interval "
        "of the score must lie above it, and LIME must agree."
    )


def live(card: Card) -> None:
    """Audit a model here and now, with progress and a way to stop."""
    folder = loaders.films_folder()
    if folder is None:
        st.caption("A live audit needs films: set XRAY_DATA, or run the demonstration:")
        st.code("python -m xray demo", language=None)
        return
    st.caption(
        "Draws devices into films, takes them out of others, explains some of both, and holds "
        "the score against the controls. Minutes for a small model, longer for VGG19."
    )
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
        reasons = " ".join(value["reasons"])
        st.html(html.verdict_row(card.name, card.title, value["verdict"], reasons))
        st.download_button(
            "Download the audit", json.dumps(value, indent=1), f"{card.name}-audit.json",
            "application/json", icon=":material/download:", on_click="ignore",
        )  # fmt: skip


def _audit(name: str, folder: Any, progress: Progress) -> dict[str, Any]:
    from xray.audits import audit
    from xray.models import at_hand, registry

    at_hand.require(registry.load(name), folder)
    return audit.run(name, folder, stored.calibration(), progress)
