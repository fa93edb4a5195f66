"""Splits and cleaning: who trains, who judges, and which films to leave out; both to take away."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from xray.dashboard import browser, cache, choices, dataset_page, grid, links, page
from xray.dataset import cleaning, leakage, splits
from xray.figures import curation
from xray.labels import devices
from xray.reports import html_tables

VIEWS = ("Splits", "Cleaning list")


#: Split for people, in the words that links hold -> its name.
TITLES = {
    "Original": "original",
    "Enlarged validation": "enlarged_validation",
    "70/15/15": "stratified_70_15_15",
    "Device-free train": "device_free",
}

PARAMETERS: dict[str, links.Parameter] = {
    "names": links.Choice(tuple(TITLES), several=True),
    "seed": links.Number(0, 9999),
    "keep_patients": links.Switch(),
    "damaged": links.Switch(),
    "doubles": links.Switch(),
    "patients": links.Switch(),
    "devices": links.Switch(),
    "odd": links.Choice(tuple(browser.ODD), several=True),
}


def about(title: str) -> str:
    """What a split is, in words."""
    return splits.NAMES[TITLES[title]]


def make(films: dataset_page.Films, title: str, seed: int, keep_persons: bool) -> pd.Series[str]:
    """A split of the films, made once."""
    name = TITLES[title]
    return cache.remember(
        "split",
        lambda: splits.make(films.table, name, seed, keep_persons),
        films.key,
        name,
        seed,
        keep_persons,
    )


def leaks(table: pd.DataFrame, split: pd.Series[str]) -> dict[str, int]:
    """Count what is in two parts of a split: possible patients, byte-identical films."""
    identical = leakage.summary(table, table["group_identical"].to_numpy(), split)
    return {
        "possible patients": len(leakage.shared_persons(table, split)),
        "identical films": identical["across_splits"],
    }


def leak_table(films: pd.DataFrame, made: Mapping[str, pd.Series[str]]) -> str:
    """What leaks through each split, and its test films that leak, as HTML."""
    headers = (
        *("", "possible patients in two parts", "identical films in two parts"),
        "test films of patients in train",
    )
    rows = []
    for title, split in made.items():
        found = leaks(films, split)
        tested = leakage.leaked(leakage.persons(films, split), split)
        counts = (found["possible patients"], found["identical films"], int(tested.sum()))
        rows.append((title, *(f"{n:,}" for n in counts)))
    return html_tables.table(headers, rows)


def criteria(films: dataset_page.Films) -> tuple[cleaning.Criteria, tuple[Hashable, ...]]:
    """Let the reader choose what makes a film go; also a key of the choice."""
    one, two = st.columns(2, gap="large")
    with one:
        damaged = _switch("Damaged files", "damaged", True)
        doubles = _switch("All but one of byte-identical films", "doubles", True)
        patients = _switch("Train films of possible patients who also have test films", "patients")
    with two:
        known = cache.remember(
            "devices known", lambda: bool(films.table["has_device"].notna().any()), films.key
        )
        devices = known and _switch("Films that show a device", "devices")
        odd = st.multiselect(
            "Odd in any of these ways", browser.ODD, key="odd", bind="query-params"
        )
    names = tuple(browser.ODD[title] for title in odd)
    table = films.table
    chosen = cleaning.Criteria(
        damaged=damaged,
        odd=names,
        same=table["group_identical"].to_numpy() if doubles else None,
        persons=patients,
        devices=table["has_device"].eq(1.0) if devices else None,
    )
    return chosen, (damaged, doubles, patients, names, devices)


def _switch(label: str, key: str, value: bool = False) -> bool:
    return st.toggle(label, value, key=key, bind="query-params")


def say(films: dataset_page.Films) -> str:
    """What the split that came with the data does with possible patients."""
    shared = leaks(films.table, films.table["split"])["possible patients"]
    if not shared:
        return "No possible patient is in two parts of the split that came with the data"
    return f"The split that came with the data has {shared:,} possible patients in two parts"


def compare(films: dataset_page.Films) -> None:
    """Chosen splits beside each other: counts, leaks, and each as CSV."""
    titles = st.pills(
        "Splits to compare",
        list(TITLES),
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
            made[title] = make(films, title, seed, keep)
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
    html = cache.remember("split leaks", lambda: leak_table(films.table, made), *key)
    st.html(html)
    st.caption("; ".join(f"{title}: {about(title)}" for title in made) + ".")
    with st.container(horizontal=True):
        for title, split in made.items():
            page.download(
                f"{title} as CSV",
                partial(splits.export, split, films.table),
                f"split-{TITLES[title]}-{seed}.csv",
            )


def clean(films: dataset_page.Films) -> None:
    """Criteria to a list of films that training leaves out."""
    chosen, key = criteria(films)
    table = films.table
    gone = cache.remember("cleaning", lambda: cleaning.exclusions(table, chosen), films.key, key)
    st.subheader(f"{len(gone):,} of {len(table):,} films are on the list", anchor=False)
    st.html(
        cache.remember(
            "cleaning table",
            lambda: html_tables.cleaning(cleaning.counts(table, list(gone["file"]))),
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


def show() -> None:
    """Draw the section."""
    shown = dataset_page.begin(
        say,
        "A split decides what a score is worth. Splits are lists here: no film is ever moved.",
        lambda _: {"view": links.Choice(VIEWS), **PARAMETERS},
        question="Who trains, who judges, and which films are left out?",
        needs_all="A split or a list of a part of the films would be of no use",
    )
    if shown:
        view = choices.choose("View", VIEWS, "view", hidden=True)
        with page.guard(view):
            (compare if view == VIEWS[0] else clean)(shown)
