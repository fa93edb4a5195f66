"""Write-ups: what others reported, beside what it can have meant, and what our models do."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from xray import classes
from xray.dashboard import cache, page
from xray.dashboard import models_page as shared
from xray.figures import base, scores
from xray.metrics import published
from xray.reports import html
from xray.training import replication


def reported(view: shared.View) -> None:
    """What write-ups said, beside what that can have meant, and what our models do."""
    runs = shared.runs()
    told = [cache.made(replication.trained, item, runs) for item in published.WRITE_UPS]
    table = cache.made(beside, told)
    scored = shared.scores(view)
    rows = cache.made(records, table)
    for place, item in enumerate(published.WRITE_UPS):
        row, (said, means) = rows[place], st.columns([2, 3], gap="medium")
        source = "; ".join(filter(None, (item.source, item.note)))
        name = f"<strong>{html.escape(item.name)}</strong>"
        said.html(f"<p>{name} said: {html.escape(row['said'])}</p>" + _facts([source]))
        ours = ""
        if item.model in scored:
            score = cache.made(base.by_metric, scored[item.model])["accuracy"]
            ours = f"Ours on the test films: accuracy {base.interval(score)}"
        means.html(f"<p>{html.escape(row['means'])}</p>" + _facts([ours, told[place]]))
        if counts := cache.made(published.implied, item.stated, view.positive):
            with means:
                page.draw(f"figure {place}", scores.confusion, counts, "As reported, it")
    page.download("Save as CSV", table, "write-ups.csv")


def _facts(lines: list[str]) -> str:
    """Lines in small print, one below the other; none of those that are empty."""
    return "".join(f'<p class="xma-fact">{html.escape(line)}</p>' for line in lines if line)


def beside(told: list[str]) -> pd.DataFrame:
    """The write-ups, with what is said of trainings here."""
    return published.table().assign(trained_here=told)


def records(table: pd.DataFrame) -> list[dict[Any, Any]]:
    """Its rows."""
    return table.to_dict("records")


def own() -> None:
    """Let the reader have other figures read."""
    st.markdown("**Read figures of your own** (original test split; leave out what is not stated)")
    boxes = zip(published.FIGURES, st.columns(len(published.FIGURES)), strict=True)
    typed = {name: box.text_input(name, placeholder="0.…", max_chars=8) for name, box in boxes}
    if stated := {name: text.strip() for name, text in typed.items() if text.strip()}:
        st.info(html.plain(published.meaning(stated)), icon=":material/calculate:")


def show() -> None:
    """Draw the section."""
    view = shared.begin(
        lambda view: cache.made(published.finding),
        "A recall means nothing before one knows of which class. "
        "Few counts of right and wrong calls round to a set of stated figures.",
        choose_split=False,
        question="What can the figures that others reported have meant?",
    )
    if not classes.is_default():
        st.info(
            "They are of the public set of children, and say nothing of the films chosen here.",
            icon=":material/info:",
        )
        return
    with page.guard("The reading of your figures"):
        own()
    if view:
        with page.guard("What others reported"):
            reported(view)
