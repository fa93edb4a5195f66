"""Film browser: any film by what is known of it and by what the models made of it."""

import streamlit as st

from xray import (
    browse,
    dashboard,
    dashboard_browse,
    dashboard_cache,
    dashboard_films,
    dashboard_grid,
)

dashboard.enter()


def say(films: dashboard_films.Films) -> str:
    """How many films there are, and on how many the models disagree."""
    count = f"{len(films.table):,} films"
    disagree = int(films.catalogue.disagree.sum())
    return f"{count}; the models disagree on {disagree:,}" if disagree else count


def listed(films: dashboard_films.Films, rows: browse.Rows, wish: browse.Wish) -> None:
    """A page of thumbnails, and the films as a table to take away."""
    if not len(rows):
        dashboard.empty(
            "No film is like that",
            "Take a filter away; outcomes are known of the films that a model was judged on.",
        )
        return
    visible = dashboard_browse.page_of(rows, wish)
    dashboard_grid.grid(films, visible, key="films", model=wish.model)
    if films.folder is None:
        dashboard.empty(
            "The films themselves are not here",
            dashboard_films.NO_FILMS,
            dashboard_films.GET_FILMS,
        )
    columns = ["file", "split", "label", "subtype", "width", "height", "has_device"]
    dashboard.download("These films as CSV", lambda: films.table.iloc[rows][columns], "films.csv")


shown = dashboard_films.begin(
    say,
    "Filter, sort, open. The address of this page always leads back to the same view.",
    dashboard_browse.parameters,
    clinical=True,
)
if shown:
    models = {title: name for name, title in shown.titles.items()}
    with dashboard.guard("The film browser"):
        wish = dashboard_browse.wish(shown, models)
        catalogue = shown.catalogue
        rows = dashboard_cache.remember(
            "rows", lambda: browse.find(catalogue, wish), shown.key, wish
        )
        row = catalogue.row(st.query_params.get("film", ""))
        if row is not None:
            dashboard_browse.in_full(shown, row, rows, models)
        else:
            st.markdown(f"**{len(rows):,} films**")
            listed(shown, rows, wish)
