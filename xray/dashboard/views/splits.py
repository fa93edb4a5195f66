"""Parts of the page of splits: splits made once, what leaks through them, criteria for cleaning."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import pandas as pd
import streamlit as st

from xray.dashboard import browser, cache, links
from xray.dashboard.dataset_page import Films
from xray.dataset import cleaning, leakage, splits
from xray.reports import html

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


def made(films: Films, title: str, seed: int, keep_persons: bool) -> pd.Series[str]:
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


def table(films: pd.DataFrame, made: Mapping[str, pd.Series[str]]) -> str:
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
    return html.table(headers, rows)


def criteria(films: Films) -> tuple[cleaning.Criteria, tuple[Hashable, ...]]:
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
