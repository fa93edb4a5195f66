"""How good the audit is: its record on networks of known answers."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from xray.audits import findings, stored
from xray.dashboard import cache, loaders, page
from xray.errors import ArtifactError
from xray.figures import audits
from xray.reports import tables

METHODS = (
    "A method points at a kind of device when its mean weight there is above a threshold. It is "
    "the one that 5 of 100 clean networks of one half exceed. A kind with few clean networks takes "
    "that of all kinds. Clean networks of the other half are counted. All rows are about the same "
    "networks; whiskers are 95 % intervals."
)

#: Makes the record on networks of known answers.
COMMAND = "python -m xray panel --networks FOLDER"

EARLIER = (
    "This record was made by an earlier rule. That of now leaves fewer answers open, and finds "
    "more readers. It may accuse more: by its design about 5 of 100 that lie on the margin."
)


def show() -> None:
    """Draw the section."""
    table, missing = pd.DataFrame(), ""
    try:
        table = loaders.panel(stored.quality, "quality.csv")
    except ArtifactError as error:
        missing = str(error)
    page.page(
        "How often this test is right is not measured yet"
        if missing
        else cache.made(audits.quality_says, table),
        "Networks of known answers: some can only answer by devices, some never saw any.",
        clinical=True,
        question="Would this test have noticed?",
    )
    if missing:
        page.empty(
            "Here stands how many readers of devices it finds, and how many others it accuses",
            missing,
            COMMAND,
        )
        return
    with page.guard("The record of the test"):
        page.draw("quality", audits.quality, table)
        if gaps := cache.made(audits.quality_gaps, table):
            st.caption(gaps)
        st.caption(
            "Two rules of the verdict were settled after a look at 43 earlier networks. What "
            "counts as true is what the same test says on other films and devices "
            "(docs/record.md)."
        )
        _earlier(table)
        _methods()
        with st.expander("The record in figures", icon=":material/straighten:"):
            page.table(cache.made(tables.quality, table))


def _earlier(table: pd.DataFrame) -> None:
    """Say so where a record is of an earlier rule."""
    if set(table.get("bounds", ())) != {findings.BOUNDS}:
        st.caption(EARLIER)


def _methods() -> None:
    """What explanations alone would have told of small networks; of larger ones it costs hours."""
    st.subheader("Would LIME alone have found them?", anchor=False)
    try:
        table = loaders.panel(stored.methods, "methods.csv")
    except ArtifactError as error:
        page.empty("Here stands how many readers explanations alone find", str(error), COMMAND)
        return
    page.draw("methods", audits.methods, table)
    st.caption(f"On {cache.made(_networks, table)} small networks. {METHODS}")
    _earlier(table)


def _networks(table: pd.DataFrame) -> int:
    """How many networks the record of all kinds rests on."""
    return int(table.loc[table["kind"] == "", "networks"].max())
