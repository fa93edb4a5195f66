"""Navigation: eleven entries, in groups; and where the pages of before have gone."""

from __future__ import annotations

from copy import copy
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from xray.dashboard import cache, sections
from xray.environment import ROOT, data_dirs

#: Group -> pages as (file, title, icon).
PAGES: dict[str, list[tuple[str, str, str]]] = {
    "": [("overview", "Overview", "home")],
    "Audit": [
        ("devices", "Devices", "cable"),
        ("other_shortcuts", "Other shortcuts", "alt_route"),
    ],
    "Films": [
        ("explain", "Explain", "radiology"),
        ("browse", "Browse", "photo_library"),
        ("label", "Label", "draw"),
    ],
    "Models": [
        ("performance", "Performance", "leaderboard"),
        ("robustness", "Robustness", "fitness_center"),
        ("cards", "Cards", "description"),
    ],
    "Data": [("dataset", "Dataset", "bar_chart")],
    "Yours": [("your_model", "Your model", "add_circle")],
}
#: Pages that are offered only where there are films.
NEED_FILMS = ("label",)
#: Address of before -> page and section of now. Links that were given away still lead there.
MOVED: dict[str, tuple[str, str]] = {
    "devices_in_films": ("devices", "In the films"),
    "film_browser": ("browse", "Films"),
    "labelling": ("label", ""),
    "models": ("performance", "Compare"),
    "operating_points": ("performance", "Operating point"),
    "decisions": ("performance", "Costs"),
    "calibration": ("performance", "Calibration"),
    "compare_pairs": ("performance", "Pairwise comparison"),
    "writeups": ("performance", "What others reported"),
    "weak_spots": ("robustness", "Where it fails"),
    "validation_gap": ("robustness", "Validation to test"),
    "stress": ("robustness", "Changed films"),
    "model_cards": ("cards", "Models"),
    "runs": ("cards", "Runs"),
    "preprocessing": ("cards", "What the model sees"),
    "shortcuts": ("dataset", "Shortcuts in the data"),
    "oddballs": ("dataset", "Outliers"),
    "leakage": ("dataset", "Duplicates and leakage"),
    "splits": ("dataset", "Splits and cleaning"),
    "large_tables": ("dataset", "Large tables"),
}


def pages() -> dict[str, list[Any]]:
    """All pages, by group, as ``st.navigation`` takes them.

    Each rerun gets copies, because Streamlit marks the page that it runs.
    """
    made = _pages(cache.lately(_films))
    return {group: [copy(page) for page in entries] for group, entries in made.items()}


def _films() -> bool:
    """Whether there are folders of films."""
    return any(folder.is_dir() for folder in data_dirs())


@lru_cache(maxsize=2)
def _pages(films: bool) -> dict[str, list[Any]]:
    return {
        group: [
            st.Page(
                ROOT / "pages" / f"{name}.py",
                title=title,
                icon=f":material/{icon}:",
                default=name == "overview",
                visibility="visible" if films or name not in NEED_FILMS else "hidden",
            )
            for name, title, icon in entries
        ]
        for group, entries in PAGES.items()
    }


def leads_on(path: str, query: str) -> str:
    """Where an address of before leads now, seen from it; "" of any other address.

    Parameters
    ----------
    path : of the request; a base path may stand before it
    query : what stands behind its question mark, which leads on with it
    """
    *_, address = path.rstrip("/").split("/")
    if address not in MOVED:
        return ""
    page, section = MOVED[address]
    asked = [pair for pair in parse_qsl(query, True) if pair[0] != sections.KEY]
    words = urlencode([*asked, *([(sections.KEY, section)] if section else [])])
    up = "../" if path.endswith("/") else ""
    return f"{up}{page}" + (f"?{words}" if words else "")
