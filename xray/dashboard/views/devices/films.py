"""Devices in films: how often children of each class wear them, and how far the labels go."""

from __future__ import annotations

from typing import Any

import streamlit as st

from xray.dashboard import cache, catalogue, choices, dataset_page, links, page
from xray.dataset import composition
from xray.figures import composition as figures_dataset
from xray.labels import devices as device_labels
from xray.reports import html_tables, label_card

VIEWS = ("Devices", "Burned-in text", "Card of the labels")
#: View -> column of the films, what it shows, what the page is about, and its question.
TOLD = {
    "Devices": (
        "has_device",
        "a device",
        "Tubes, wires and electrodes say that somebody is very ill, without a look at the lungs.",
        "Do the sick wear more devices here?",
    ),
    "Burned-in text": (
        "tech_text",
        "burned-in text",
        "Letters tell of where and how a film was taken, without a look at the lungs.",
        "Do films of the sick show more burned-in text here?",
    ),
}


def prevalence(films: dataset_page.Films, column: str) -> Any:
    """Share of films that show it, of the films of which it is known."""
    known = films.table[films.table[column].notna()]
    shown = known[column] > (composition.TEXT if column == "tech_text" else 0)
    return composition.prevalence(known, shown.to_numpy())


def shares(films: dataset_page.Films, column: str, what: str) -> None:
    """How often something shows, by split, class and subtype, and how well it alone ranks."""

    def ranking() -> Any:
        score = films.table["confidence" if column == "has_device" else column]
        rows = composition.rankings(films.table, score.to_numpy(dtype=float))
        return figures_dataset.rankings(rows, f"Showing {what}")

    figure = cache.figure(
        f"share {column}",
        lambda: figures_dataset.prevalence(prevalence(films, column), what),
        films.key,
    )
    page.show(figure, f"share {column}")
    figure = cache.figure(f"ranking {column}", ranking, films.key)
    page.show(figure, f"ranking {column}")


def devices(films: dataset_page.Films) -> None:
    """Devices by split, class, subtype and kind; how far the labels agree; the films that do."""
    shares(films, "has_device", "a device")
    figure = cache.figure(
        "kinds", lambda: figures_dataset.kinds(composition.kinds(films.table)), films.key
    )
    page.show(figure, "kinds")
    st.subheader("How far to trust the labels", anchor=False)
    st.markdown(device_labels.provenance())
    html = cache.remember(
        "agreement", lambda: html_tables.agreement(device_labels.agreement()), films.key
    )
    st.html(html)
    wish = {"with": catalogue.TRAITS["device"], "splits": "test"}
    page.go_to("browse", "Films with devices, marked", "photo_library", wish)


def card(films: dataset_page.Films) -> None:
    """What the committed labels are, how made, how far to trust them, their licence."""
    text = cache.remember("card of labels", label_card.markdown, films.key)
    st.download_button(
        "Card (Markdown)",
        text,
        file_name=label_card.FILE,
        mime="text/markdown",
        icon=":material/download:",
        on_click="ignore",
    )
    st.markdown(label_card.body(text))


def show() -> None:
    """Draw the section."""
    chosen = choices.ahead(VIEWS, "view")
    column, what, lead, question = TOLD.get(chosen, TOLD[VIEWS[0]])
    shown = dataset_page.begin(
        lambda films: figures_dataset.prevalence_says(prevalence(films, column), what),
        lead,
        lambda _: {"view": links.Choice(VIEWS)},
        question=question,
        view=column,
    )
    if shown and not shown.table["has_device"].notna().any():
        page.empty(
            "Nobody has labelled the devices on these films",
            "The labels that come with this program are of the public set of children.",
        )
    elif shown:
        view = choices.choose("View", VIEWS, "view", hidden=True)
        with page.guard(view):
            if view == VIEWS[0]:
                devices(shown)
            elif view == VIEWS[2]:
                card(shown)
            else:
                shares(shown, "tech_text", "burned-in text")
                st.caption(device_labels.provenance())
