"""Navigation: which pages there are, in which groups, under which names."""

from __future__ import annotations

from copy import copy
from functools import lru_cache
from typing import Any

import streamlit as st

from xray.environment import ROOT

#: Group -> pages as (file, title, icon). Files that do not exist are left out.
PAGES: dict[str, list[tuple[str, str, str]]] = {
    "Audit": [
        ("overview", "Overview", "home"),
        ("devices", "Devices", "cable"),
        ("explain", "Explain a film", "radiology"),
        ("your_model", "Your model", "add_circle"),
    ],
    "Models": [
        ("models", "Compare", "compare_arrows"),
        ("operating_points", "Operating points", "tune"),
        ("decisions", "Costs and benefit", "balance"),
        ("compare_pairs", "Pairwise comparison", "join_inner"),
        ("calibration", "Calibration", "speed"),
        ("weak_spots", "Subgroups", "troubleshoot"),
        ("validation_gap", "Validation to test", "trending_down"),
        ("stress", "Stress tests", "fitness_center"),
        ("runs", "Runs", "history"),
        ("model_cards", "Model cards", "description"),
        ("writeups", "What others reported", "menu_book"),
    ],
    "Dataset": [
        ("dataset", "Classes and sizes", "bar_chart"),
        ("shortcuts", "Shortcuts", "alt_route"),
        ("devices_in_films", "Devices in films", "medical_information"),
        ("oddballs", "Outliers", "troubleshoot"),
        ("leakage", "Duplicates and leakage", "content_copy"),
        ("splits", "Splits and cleaning", "call_split"),
        ("preprocessing", "What a model sees", "filter_center_focus"),
        ("film_browser", "Film browser", "photo_library"),
        ("labelling", "Label films", "draw"),
        ("large_tables", "Large tables", "table_rows"),
    ],
}


def pages() -> dict[str, list[Any]]:
    """The pages whose files exist, by group, as ``st.navigation`` takes them.

    Each rerun gets copies, because Streamlit marks the page that it runs.
    """
    return {group: [copy(page) for page in entries] for group, entries in _pages().items()}


@lru_cache(maxsize=1)
def _pages() -> dict[str, list[Any]]:
    """Look for the files once: for two dozen pages that is an eighth of a rerun."""
    folder = ROOT / "pages"
    found = {
        group: [
            st.Page(
                folder / f"{name}.py",
                title=title,
                icon=f":material/{icon}:",
                default=name == "overview",
            )
            for name, title, icon in entries
            if (folder / f"{name}.py").is_file()
        ]
        for group, entries in PAGES.items()
    }
    return {group: entries for group, entries in found.items() if entries}
