"""Compare: every model's metrics with intervals, their calls, their curves, validation and test."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from xray import classes
from xray.dashboard import cache, choices, loaders, page
from xray.dashboard import models_page as shared
from xray.figures import scores as figures_models
from xray.figures import training as training_
from xray.metrics import scores as metrics
from xray.models import evaluation
from xray.reports import html
from xray.training import diagnosis

VIEWS = {
    "scores": "Scores",
    "calls": "Right and wrong calls",
    "curves": "Curves",
    "carried": "Validation and test",
}


def scores(view: shared.View, limit: float | None) -> None:
    """Metrics as dots with intervals; the same as a table to save."""
    scored = shared.scores(view, limit)
    page.draw("figure scoreboard", figures_models.scoreboard, scored, view.titles, view.positive)
    st.caption(
        f"{len(view.lineup.files)} {shared.FILMS[view.split]}, {view.positive} positive. "
        "Lines are 95 % intervals: Wilson for shares, else a bootstrap of possible patients."
    )
    table = shared.table(view, scored)
    with st.expander("As a table", icon=":material/table:"):
        page.table(cache.made(in_words, table, view.titles))
    page.download("Save as CSV", table, f"metrics-{view.split}-{view.positive}.csv")


def in_words(table: pd.DataFrame, titles: dict[str, str]) -> pd.DataFrame:
    """The table of all scores with models and metrics as people read them."""
    return table.assign(
        model=table["model"].map(titles), metric=table["metric"].map(metrics.TITLES)
    )


def calls(view: shared.View, limit: float | None) -> None:
    """Confusion matrices side by side."""
    limits = view.lineup.thresholds(limit)
    columns = st.columns(min(3, len(limits)))
    for place, (name, cut) in enumerate(limits.items()):
        entrant = view.entrant(name)
        given = view.lineup.y, entrant.log_odds, cut, view.positive
        counts = cache.made(metrics.confusion, *given)
        with columns[place % len(columns)]:
            page.draw(f"figure confusion {name}", figures_models.confusion, counts, entrant.title)
            st.caption(
                f"Called {classes.positive()} from a probability of "
                f"{metrics.show_threshold(cut)} on."
            )


def curves(view: shared.View, limit: float | None) -> None:
    """ROC and precision-recall, with the operating points on them."""
    scored, line = shared.scores(view, limit), view.lineup
    left, right = st.columns(2, gap="medium")
    with left:
        page.draw("figure roc", figures_models.roc, line.y, line.entrants, scored, view.positive)
    with right:
        given = line.y, line.entrants, scored, view.positive
        page.draw("figure pr", figures_models.precision_recall, *given)


def carried(view: shared.View, limit: float | None) -> None:
    """Whether test keeps what validation promises, and what else is wrong with a model."""
    stored = {name: loaders.predictions(name) for name in view.cards}
    limits = view.lineup.thresholds(limit)
    both = {
        name: cache.remember(
            "both splits",
            partial(evaluation.score, table, limits[name], view.positive),
            view.key,
            view.positive,
            name,
            limits[name],
        )
        for name, table in stored.items()
        if {"val", "test"} <= set(table["split"])
    }
    columns = st.columns(2, gap="medium")
    for place, metric in enumerate(("accuracy", "auroc", "recall", "specificity")):
        if both:
            with columns[place % 2]:
                page.draw(f"figure carried {metric}", training_.carried, both, view.titles, metric)
    for name, card in view.cards.items():
        for sign in cache.made(diagnosis.signs, card, stored[name]):
            st.warning(
                f"**{sign.kind.capitalize()}.** {html.plain(sign.sentence)}",
                icon=":material/troubleshoot:",
            )


def show() -> None:
    """Draw the section."""
    view = shared.begin(
        lambda view: cache.made(figures_models.leader, shared.scores(view), view.titles),
        "The same films and the same intervals for every model.",
        {"view": choices.offered(VIEWS), **shared.THRESHOLD},
        question="Which model tells the classes apart best?",
    )
    if view:
        chosen = choices.choose("View", VIEWS, "view", hidden=True)
        limit = shared.threshold()
        parts = {"scores": scores, "calls": calls, "curves": curves, "carried": carried}
        with page.guard(VIEWS[chosen]):
            parts[chosen](view, limit)
