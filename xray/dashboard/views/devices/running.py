"""Runs that go on in a shell or on a cluster, told on the page."""

from __future__ import annotations

import streamlit as st

from xray.jobs import batches
from xray.reports import html

#: Seconds between two looks while something runs.
EVERY = 5.0


@st.fragment(run_every=EVERY)
def running() -> None:
    """Show runs of the command line that go on, with progress, workers and what went wrong."""
    shown = [each for each in batches.recent() if each.state == "running" and not each.silent]
    if not shown:
        st.caption(
            "Nothing runs in a shell now; 'python -m xray audit --workers N' would be shown here."
        )
    for status in shown:
        st.markdown(html.plain(says(status)))
        if status.total:
            st.progress(min(1.0, status.done / status.total), text=html.plain(status.stage))
        for sentence in status.failures[-3:]:
            st.caption(html.plain(sentence))


def says(status: batches.Status) -> str:
    """One line on a run: what, where, and how far."""
    parts = [f"{status.verb} {status.about}".strip()]
    if status.workers:
        lost = f", {status.lost} lost" if status.lost else ""
        parts.append(f"{status.workers} workers{lost}")
    if status.total:
        parts.append(f"{status.stage}: {status.done:,} of {status.total:,}")
    if status.batches:
        resumed = f" ({status.resumed:,} from an earlier start)" if status.resumed else ""
        parts.append(f"{status.batches:,} batches done{resumed}")
    return " · ".join(parts)
