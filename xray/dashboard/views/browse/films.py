"""Film browser: any film by what is known of it and by what the models made of it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from xray import classes, text
from xray.dashboard import browser, cache, dataset_page, grid, page
from xray.dashboard import catalogue as browse
from xray.dashboard.views.browse import neighbours
from xray.metrics.odds import to_probability
from xray.reports import html


def say(films: dataset_page.Films) -> str:
    """How many films there are, and on how many the models disagree."""
    count = f"{len(films.table):,} films"
    disagree, judged = int(films.catalogue.disagree.sum()), films.catalogue.judged
    if not judged:
        return count
    models = f"{len(films.catalogue.compared)} models"
    said = f"{count}; {models} disagree on {disagree:,} of the {judged:,} that several called"
    kept = validated(films)
    return said + (f", {kept:,} of them the models' own validation" if kept else "")


def validated(films: dataset_page.Films) -> int:
    """Films that several models kept for their validation, whatever the dataset calls them."""
    outcomes = [films.catalogue.outcome[model] > 0 for model in films.catalogue.compared]
    called = np.sum(outcomes, axis=0) > 1
    return int((called & films.table["split"].isin(["train", "val"]).to_numpy()).sum())


def of_whom(films: dataset_page.Films, model: str) -> str:
    """Whose percentages stand under the films, of what, and from where on they are a call."""
    threshold = text.percent(float(to_probability(films.catalogue.thresholds[model])))
    what = classes.spoken()
    return f"In percent: {films.titles[model]}'s probability of {what}, called from {threshold}."


def listed(films: dataset_page.Films, rows: browse.Rows, wish: browse.Wish) -> None:
    """A page of thumbnails, and the films as a table to take away."""
    if not len(rows):
        page.empty(
            "No film is like that",
            "Take a filter away; outcomes are known of the films that a model was judged on.",
        )
        return
    visible = browser.page_of(rows, wish)
    grid.grid(films, visible, key="films", model=wish.model)
    if films.folder is None:
        page.empty(
            "The films themselves are not here",
            dataset_page.NO_FILMS,
            dataset_page.GET_FILMS,
        )
    columns = ["file", "split", "label", "subtype", "width", "height", "has_device"]
    page.download("These films as CSV", lambda: films.table.iloc[rows][columns], "films.csv")


def show() -> None:
    """Draw the section."""
    shown = dataset_page.begin(
        say,
        "Filter, sort, open. The address of this page always leads back to the same view.",
        lambda films: {**neighbours.parameters(films), **browser.parameters(films)},
        clinical=True,
        question="Which film would you like to see?",
    )
    if shown:
        models = {title: name for name, title in shown.titles.items()}
        with page.guard("The film browser"):
            wish = browser.wish(shown, models)
            catalogue = shown.catalogue
            rows = cache.remember("rows", lambda: browse.find(catalogue, wish), shown.key, wish)
            row = catalogue.row(st.query_params.get("film", ""))
            if row is not None:
                browser.in_full(shown, row, rows, models)
                with st.expander("Films like this one", icon=":material/join_inner:"):
                    neighbours.show(shown, row)
            else:
                st.markdown(f"**{len(rows):,} films**")
                if catalogue.judged:
                    titles = [shown.titles[model] for model in catalogue.compared]
                    said = f"Models compared: {'; '.join(titles)}."
                    if wish.model:
                        said += f" {of_whom(shown, wish.model)}"
                    st.caption(html.plain(said))
                listed(shown, rows, wish)
