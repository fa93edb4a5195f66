"""Devices in films: how often children of each class wear them, and how far the labels go."""

from typing import Any

import streamlit as st

from xray import (
    browse,
    census,
    dashboard,
    dashboard_cache,
    dashboard_films,
    dashboard_grid,
    device_labels,
    figures_dataset,
    film_view,
    label_card,
    share,
)

dashboard.enter()

VIEWS = ("Devices", "Burned-in text", "Card of the labels")


def prevalence(films: dashboard_films.Films, column: str) -> Any:
    """Share of films that show it, of the films of which it is known."""
    known = films.table[films.table[column].notna()]
    shown = known[column] > (census.TEXT if column == "tech_text" else 0)
    return census.prevalence(known, shown.to_numpy())


def shares(films: dashboard_films.Films, column: str, what: str) -> None:
    """How often something shows, by split, class and subtype, and how well it alone ranks."""

    def ranking() -> Any:
        score = films.table["confidence" if column == "has_device" else column]
        rows = census.rankings(films.table, score.to_numpy(dtype=float))
        return figures_dataset.rankings(rows, f"Showing {what}")

    figure = dashboard_cache.figure(
        f"share {column}",
        lambda: figures_dataset.prevalence(prevalence(films, column), what),
        films.key,
    )
    dashboard.show(figure, f"share {column}")
    figure = dashboard_cache.figure(f"ranking {column}", ranking, films.key)
    dashboard.show(figure, f"ranking {column}")


def devices(films: dashboard_films.Films) -> None:
    """Devices by split, class, subtype and kind; how far the labels agree; the films that do."""
    shares(films, "has_device", "a device")
    figure = dashboard_cache.figure(
        "kinds", lambda: figures_dataset.kinds(census.kinds(films.table)), films.key
    )
    dashboard.show(figure, "kinds")
    st.subheader("How far to trust the labels", anchor=False)
    st.markdown(device_labels.provenance())
    html = dashboard_cache.remember(
        "agreement", lambda: film_view.agreement(device_labels.agreement()), films.key
    )
    st.html(html)
    wish = {"with": browse.TRAITS["device"], "splits": "test"}
    dashboard_grid.link("film_browser", "Films with devices, marked", "photo_library", wish)


def card(films: dashboard_films.Films) -> None:
    """What the committed labels are, how made, how far to trust them, their licence."""
    text = dashboard_cache.remember("card of labels", label_card.markdown, films.key)
    st.download_button(
        "Card (Markdown)",
        text,
        file_name=label_card.FILE,
        mime="text/markdown",
        icon=":material/download:",
        on_click="ignore",
    )
    st.markdown(label_card.body(text))


shown = dashboard_films.begin(
    lambda films: figures_dataset.prevalence_says(prevalence(films, "has_device"), "a device"),
    "Tubes, wires and electrodes say that a child is very ill, without a look at its lungs.",
    lambda _: {"view": share.Choice(VIEWS)},
)
if shown and not shown.table["has_device"].notna().any():
    dashboard.empty(
        "Nobody has labelled the devices on these films",
        "The labels that come with this program are of the public pneumonia set.",
    )
elif shown:
    view = dashboard_films.choice("View", VIEWS, "view", hidden=True)
    with dashboard.guard(view):
        if view == VIEWS[0]:
            devices(shown)
        elif view == VIEWS[2]:
            card(shown)
        else:
            shares(shown, "tech_text", "burned-in text")
            st.caption(device_labels.provenance())
