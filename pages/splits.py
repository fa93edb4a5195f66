"""Splits and cleaning: who trains, who judges, and which films to leave out; both to take away."""

from functools import partial

import numpy as np
import streamlit as st

from xray.dashboard import cache, choices, dataset_page, grid, links, page
from xray.dashboard.views import splits as dashboard_splits
from xray.dataset import cleaning, splits
from xray.figures import curation
from xray.labels import devices
from xray.reports import html as html_

page.enter()

VIEWS = ("Splits", "Cleaning list")


def say(films: dataset_page.Films) -> str:
    """What the split that came with the data does with possible patients."""
    shared = dashboard_splits.leaks(films.table, films.table["split"])["possible patients"]
    if not shared:
        return "No possible patient is in two parts of the split that came with the data"
    return f"The split that came with the data has {shared:,} possible patients in two parts"


def compare(films: dataset_page.Films) -> None:
    """Chosen splits beside each other: counts, leaks, and each as CSV."""
    titles = st.pills(
        "Splits to compare",
        list(dashboard_splits.TITLES),
        selection_mode="multi",
        default=["Original", "Enlarged validation"],
        key="names",
        bind="query-params",
    )
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    with left:
        seed = int(st.number_input("Seed", 0, 9999, 0, key="seed", bind="query-params"))
    with right:
        # As every recipe splits.
        keep = st.toggle(
            "Keep possible patients together", True, key="keep_patients", bind="query-params"
        )
    made = {}
    for title in titles:
        with page.guard(title):
            made[title] = dashboard_splits.made(films, title, seed, keep)
    if not made:
        st.caption("Choose a split.")
        return
    key = (films.key, tuple(made), seed, keep)
    figure = cache.figure(
        "split counts",
        lambda: curation.split_counts(
            {title: splits.counts(split, films.table) for title, split in made.items()}
        ),
        *key,
    )
    page.show(figure, "split counts")
    html = cache.remember("split leaks", lambda: dashboard_splits.table(films.table, made), *key)
    st.html(html)
    st.caption("; ".join(f"{title}: {dashboard_splits.about(title)}" for title in made) + ".")
    with st.container(horizontal=True):
        for title, split in made.items():
            page.download(
                f"{title} as CSV",
                partial(splits.export, split, films.table),
                f"split-{dashboard_splits.TITLES[title]}-{seed}.csv",
            )


def clean(films: dataset_page.Films) -> None:
    """Criteria to a list of films that training leaves out."""
    criteria, key = dashboard_splits.criteria(films)
    table = films.table
    gone = cache.remember("cleaning", lambda: cleaning.exclusions(table, criteria), films.key, key)
    st.subheader(f"{len(gone):,} of {len(table):,} films are on the list", anchor=False)
    st.html(
        cache.remember(
            "cleaning table",
            lambda: html_.cleaning(cleaning.counts(table, list(gone["file"]))),
            films.key,
            key,
        )
    )
    if len(gone):
        page.download("The list as CSV", gone, "exclude.csv")
        st.code("python -m xray train basic --exclude exclude.csv", language=None)
        st.caption(
            "Nothing is deleted. Training and validation leave these films out; the test films "
            "stay, so that models remain comparable."
        )
        if key[-1]:
            st.caption(devices.provenance())
        rows = cache.remember(
            "first gone",
            lambda: np.flatnonzero(table["file"].isin(gone["file"].head(12))),
            films.key,
            key,
        )
        grid.grid(films, rows.astype("int32"), key="gone")


shown = dataset_page.begin(
    say,
    "A split decides what a score is worth. Splits are lists here: no film is ever moved.",
    lambda _: {"view": links.Choice(VIEWS), **dashboard_splits.PARAMETERS},
    needs_all="A split or a list of a part of the films would be of no use",
)
if shown:
    view = choices.choose("View", VIEWS, "view", hidden=True)
    with page.guard(view):
        (compare if view == VIEWS[0] else clean)(shown)
