"""Validation to test: what a model's drop comes from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from xray.dashboard import cache, choices, loaders, page
from xray.dashboard import models_page as shared
from xray.dataset import public_set, shift, sources
from xray.environment import artifacts_dir
from xray.errors import ArtifactError
from xray.figures import generalization
from xray.files import digest
from xray.labels import devices as device_labels
from xray.metrics import bootstrap
from xray.metrics import generalization as gap
from xray.training import ablations, ledger

VIEWS = {"model": "This model", "films": "Whatever the model"}
METRICS = {"accuracy": "Accuracy", "auroc": "AUROC"}


def films(view: shared.View, name: str) -> dict[str, gap.Part]:
    """Validation and test films of a model with what is known of them."""

    def make() -> dict[str, gap.Part]:
        try:
            devices = device_labels.load()
        except ArtifactError:
            devices = None
        return gap.parts(loaders.predictions(name), loaders.stored_films(), devices)

    return shared.own(view, "gap films", make, name)


def tables(view: shared.View, name: str) -> dict[str, pd.DataFrame]:
    """All tables of a model."""
    limit = view.entrant(name).threshold

    def make() -> dict[str, pd.DataFrame]:
        parts = films(view, name)
        return {
            "points": gap.points(parts, limit),
            "rankings": gap.rankings(parts),
            "mixes": gap.mixes(parts, limit),
            "shifts": gap.shifts(parts),
        }

    return shared.own(view, "gap tables", make, name, limit)


def finding(view: shared.View) -> str:
    """What the drop of the chosen model comes from."""
    entrant = shared.chosen(view)
    made = tables(view, entrant.name)
    return cache.made(gap.finding, entrant.title, made["mixes"], made["points"])


def is_public(files: NDArray[np.str_], stored: pd.DataFrame) -> bool:
    """Whether files are those of the public set, of which facts are stored."""
    return sources.is_copy(dict.fromkeys(files, ""), stored)


def others() -> None:
    """How test films differ from the others of their class, whatever the model."""
    place = artifacts_dir()
    content = digest(place / "dataset" / shift.STORED_FILE)
    table = cache.remember("shift", shift.stored, content)
    st.subheader("Are the test films like the others?", anchor=False)
    left, right = st.columns(2, gap="medium")
    with left:
        page.draw("figure strangers", generalization.strangers, table)
    with right:
        page.draw("figure carried", generalization.carried, table)
    facts = digest(place / "dataset" / public_set.FACTS_FILE)
    numbered = cache.remember("order", lambda: shift.order(loaders.stored_films()), facts)
    if len(numbered):
        page.draw("figure order", generalization.order, numbered)
    runs = digest(place / ledger.FILE)
    cut = cache.remember("framing", lambda: ablations.of_setting(shared.runs(), "framing"), runs)
    if len(cut):
        page.draw("figure framing", generalization.framing, cut)
    st.caption(
        "By pixels: a logistic regression on principal components of small films, asked about "
        "possible patients that it did not see. Lungs are human-drawn masks (V7 Labs), or a small "
        "network's where films are cut. Why they fill more of a film is not known."
    )
    page.download("Save shift as CSV", table, "shift.csv")


def shown(view: shared.View, name: str, title: str) -> None:
    """The four answers for one model."""
    made = tables(view, name)
    parts, limit = films(view, name), view.entrant(name).threshold
    st.subheader("Another threshold?", anchor=False)
    left, right = st.columns(2, gap="medium")
    with left:
        page.draw("figure points", generalization.points, made["points"], name, title)
    with right:
        page.draw("figure spread", generalization.spread, parts, limit, title)
    st.subheader("Another mix of films?", anchor=False)
    left, right = st.columns(2, gap="medium")
    with left:
        metric = choices.choose("Metric", METRICS, "metric")
        page.draw("figure mixes", generalization.mixes, made["mixes"], name, title, metric)
    with right:
        page.draw("figure rankings", generalization.rankings, made["rankings"], name, title)
    with st.expander("Other films?", icon=":material/compare_arrows:"):
        page.draw("figure shifts", generalization.shifts, made["shifts"])
    draws = bootstrap.RESAMPLES
    st.caption(
        "Thresholds were chosen on validation. Lines are 95 % intervals: Wilson for accuracy at a "
        f"threshold, else {draws:,} bootstrap draws of possible patients. Weighted: each "
        "validation film counts as often as its kind occurs on test. What no threshold and no "
        f"mix explains lies in the films themselves. {device_labels.provenance()}"
    )
    with st.container(horizontal=True):
        for key, table in made.items():
            page.download(f"Save {key} as CSV", table, f"gap-{name}-{key}.csv")


def show() -> None:
    """Draw the section."""
    view = shared.begin(
        finding,
        "Validation films come from the training folder, the test films from another. "
        "On films from elsewhere a model may keep less.",
        {"view": choices.offered(VIEWS), "metric": choices.offered(METRICS)},
        choose_split=False,
        question="Does a model keep on test what validation promised?",
    )
    if not view:
        return
    # What is stored of the films themselves is the public set's.
    public = cache.made(is_public, view.lineup.files, loaders.stored_films())
    if public and choices.choose("View", VIEWS, "view", hidden=True) == "films":
        with page.guard("How test films differ from the others"):
            others()
        return
    entrant = shared.one_model(view)
    with page.guard("The drop from validation to test"):
        shown(view, entrant.name, entrant.title)
