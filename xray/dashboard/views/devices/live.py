"""An audit here and now, with progress and a way to stop; and what runs elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import streamlit as st

from xray.dashboard import background, loaders, page
from xray.dashboard.views.devices import running
from xray.files import hash_json
from xray.jobs.progress import Progress
from xray.models.card import Card
from xray.reports import html, sentences


def offer(card: Card) -> None:
    """Audit a model now, and tell of runs that go on in a shell."""
    with st.expander("Audit it now", icon=":material/play_circle:"):
        audit(card)
        running.running()


def audit(card: Card) -> None:
    """Audit a model here and now, with progress and a way to stop."""
    folder = loaders.films_folder()
    if folder is None:
        st.caption("A live audit needs films: set XRAY_DATA. The demonstration needs none:")
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


def _audit(name: str, folder: Path, progress: Progress) -> dict[str, Any]:
    from xray.audits import audit
    from xray.models import at_hand, registry

    at_hand.require(registry.load(name), folder)
    return audit.run(name, folder, progress=progress)
