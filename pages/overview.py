"""Overview: which models are moved by devices, by which, how much, and what was done about it."""

from typing import Any

import streamlit as st

from xray import text
from xray.audits import findings
from xray.dashboard import cache, cast, loaders, page
from xray.dashboard.cast import Cast
from xray.reports import headlines, html, html_tables, overview

page.enter()


def table(shown: Cast) -> None:
    """A row a model: the verdict, why, and what was counted."""
    groups = overview.grouped(shown.cards, told, audits)
    rows = loaders.first_page(cache.made(overview.rows, groups, {**audits, **shown.audits}))
    if rows:
        st.html(html_tables.models_table(overview.completed(rows, shown.gaps)))
        for said in [
            *overview.unheard(told, shown.cards, gaps),
            *overview.on_parts(shown.cards, {**audits, **shown.audits}),
        ]:
            st.caption(html.plain(said))
    else:
        page.empty(
            "There are no models here yet",
            "Restore artifacts/models from git, or add a Keras model of your own:",
            "python -m xray add my.keras --name mine",
        )


def picture(shown: dict[str, Any]) -> None:
    """A synthetic film, the same with a rendered device, and the model's probability of each."""
    st.html(f'<p class="xma-figure">{html.escape(shown["question"])}</p>')
    st.html(html.pair_of(shown["films"]))
    st.caption(html.plain(shown["caption"]))


header = st.container()
told = overview.told(loaders.cards())
audits, gaps = loaders.audits(told)
left, right = st.columns([16, 9], gap="large")
with left:
    rows = st.container()
    with st.container(horizontal=True, vertical_alignment="center", key="ways"):
        page.go_to("devices", "Why?", "science")
        page.go_to("explain", "Try a film", "radiology")
        page.go_to("your_model", "Audit your model", "add")
        page.report_button()
shown = cast.choose()
with rows, page.guard("The verdicts"):
    table(shown)
with header:
    page.page(
        headlines.answer(shown.cards, told, {**audits, **shown.audits}),
        headlines.remedy(told, audits),
        cast.parameters(),
        clinical=True,
        question="Do these models read lungs, or devices?",
    )
with right, page.guard("The picture"):
    if example := loaders.first_page(cache.made(overview.picture, told, audits)):
        picture(example)

with page.guard("The effects"):
    st.subheader("Which devices change calls of healthy people?", anchor=False)
    if effects := loaders.first_page(cache.made(overview.effects, shown.cards, shown.audits)):
        page.show_kept(effects, "effects")
        st.caption(html.plain(findings.HELP))
    if missing := [c.name for c in shown.cards if c.name in shown.gaps and not c.problem]:
        page.empty(
            f"What devices change is not measured for {text.names(missing)}",
            "Minutes a model; then stands here what each kind of device changes:",
            f"python -m xray audit {' '.join(missing)}",
        )
