"""Duplicates and leakage: the same film twice, the same possible patient in two splits."""

import numpy as np
import pandas as pd
import streamlit as st

from xray import classes
from xray.dashboard import cache, choices, dataset_page, grid, links, page
from xray.dashboard import catalogue as browse
from xray.dashboard.views import leakage as dashboard_leakage
from xray.dataset import leakage
from xray.figures import curation
from xray.metrics import patients as patients_
from xray.reports import html

page.enter()

VIEWS = ("Possible patients", "Byte-identical films", "Near-identical films")
#: Groups of films on a page.
EACH = 6


def say(films: dataset_page.Films) -> str:
    """How many possible patients of the test films were trained on."""
    shared, judged = dashboard_leakage.patients(films.table)
    if not judged:
        known = films.table.loc[films.table["person"] != "", "person"].nunique()
        return (
            f"{known:,} possible patients are known, none of them of the test films"
            if known
            else "No possible patient is known, so none is shared"
        )
    return (
        f"{shared:,} of {judged:,} possible patients of test {classes.spoken()} are also in train"
    )


def compared(films: dataset_page.Films) -> pd.DataFrame:
    """Every model's metrics with all test films and without those of shared patients."""
    table, catalogue = films.table, films.catalogue
    leaked = leakage.leaked(
        table["group_leaked"].to_numpy(), table["split"], others=("train", "val")
    ).to_numpy()
    parts = []
    for name, log_odds in catalogue.log_odds.items():
        mine = (table["split"] == "test").to_numpy() & ~np.isnan(log_odds)
        if mine.any():
            groups = patients_.patients(table[mine])
            y = classes.is_positive(table["label"]).to_numpy()[mine]
            threshold = catalogue.thresholds[name]
            rows = leakage.compare(y, log_odds[mine], threshold, groups, leaked[mine])
            parts.append(rows.assign(model=name, title=films.titles[name]))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def patients(films: dataset_page.Films) -> None:
    """Who sits on both sides of the line, and what it does to the models' metrics."""
    st.html(
        cache.remember("patients", lambda: dashboard_leakage.patient_table(films.table), films.key)
    )
    st.caption(dashboard_leakage.CAVEAT)
    said = cache.remember("numbers", lambda: dashboard_leakage.numbers_say(films.table), films.key)
    if said:
        st.markdown(html.plain(said))
    rows = cache.remember("compared", lambda: compared(films), films.key)
    if len(rows):
        figure = cache.figure("without", lambda: curation.without_leaked(rows), films.key)
        page.show(figure, "without leaked films")
        st.caption(
            f"{rows['films'].iat[0]:,} test films with, {rows['left'].iat[0]:,} without those of "
            f"possible patients who are also in train or validation. {classes.positive()} is the "
            "positive class, each model at its own threshold; 95 % intervals of the "
            "difference, bootstrap "
            "by possible patient. Plain accuracy would fall with the share of "
            f"{classes.spoken()} alone."
        )
    wish = {"with": browse.TRAITS["leaked"], "splits": "test"}
    page.go_to("film_browser", "The test films they are", "photo_library", wish)


def groups(films: dataset_page.Films, numbers: leakage.Groups, words: str) -> None:
    """Groups of films side by side, a page of groups at a time."""
    facts = cache.remember(
        "groups", lambda: leakage.summary(films.table, numbers), films.key, words
    )
    st.markdown(
        f"**{facts['groups']:,} groups of {words} films, {facts['films']:,} films in all; "
        f"{facts['across_splits']:,} across splits, {facts['across_labels']:,} across classes**"
    )
    pages = browse.pages(facts["groups"], EACH)
    page = st.pagination(pages, key="page", bind="query-params") if pages > 1 else 1
    visible = range((page - 1) * EACH, min(page * EACH, facts["groups"]))
    rows = {f"Group {i + 1}": np.flatnonzero(numbers == i).astype(np.int32) for i in visible}
    grid.grids(films, rows, key="groups")


shown = dataset_page.begin(
    say,
    "A film or a patient that a model has trained on is no test of it.",
    lambda _: {"view": links.Choice(VIEWS), "page": links.Number(1, 1e6)},
    clinical=True,
    needs_all="Whether a film or a patient is in two splits cannot be seen in a part of the films",
)
if shown:
    row = shown.catalogue.row(st.query_params.get("film", ""))
    if row is not None:
        with page.guard("The film"):
            grid.card(shown, row)
    view = choices.choose("View", VIEWS, "view", hidden=True)
    with page.guard(view):
        if view == VIEWS[0]:
            patients(shown)
        elif view == VIEWS[1]:
            groups(shown, shown.table["group_identical"].to_numpy(), "byte-identical")
        else:
            near = dashboard_leakage.near(shown)
            if near is not None:
                groups(shown, near, "near-identical")
