"""Subgroups: each model on groups of films, the worst first."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from xray.dashboard import cache, choices, loaders, page
from xray.dashboard import models_page as shared
from xray.dashboard.views.robustness import failing
from xray.figures import base, comparison
from xray.labels import devices
from xray.metrics import bootstrap
from xray.metrics import scores as metrics
from xray.models import weak_spots

METRICS = {name: metrics.TITLES[name] for name in ("auroc", "recall", "specificity")}


def table(view: shared.View, name: str, metric: str) -> pd.DataFrame:
    """The metric of one model on every group of films."""
    line, entrant = view.lineup, view.entrant(name)

    def make() -> pd.DataFrame:
        groups = cache.remember(
            "strata",
            lambda: weak_spots.divide(
                pd.Series(line.files), loaders.stored_films(), devices.load()
            ),
            view.key,
        )
        films = (line.y, entrant.log_odds, bootstrap.resamples(line.groups))
        return weak_spots.by_stratum(films, groups, metric, entrant.threshold, view.positive)

    return shared.own(view, "by stratum", make, name, metric)


def weakest(view: shared.View) -> str:
    """On which films the first model ranks worst."""
    first = view.lineup.entrants[0]
    return cache.made(weak_spots.weakest, table(view, first.name, "auroc"), first.title)


def show() -> None:
    """Draw the section."""
    view = shared.begin(
        weakest,
        "A mean over all films hides the group on which a model fails.",
        {"metric": choices.offered(METRICS), **failing.PARAMETERS},
        question="On which films does a model fail?",
    )
    if view:
        entrant = shared.one_model(view)
        metric = choices.choose("Metric", METRICS, "metric")
        with page.guard("The groups of films"):
            found = table(view, entrant.name, metric)
            if found.empty:
                st.info(
                    "Nothing is known of these films that would divide them into groups. "
                    "Index their folder first: python -m xray index DIR.",
                    icon=":material/info:",
                )
            else:
                rows = cache.made(base.by_metric, shared.scores(view)[entrant.name])
                given = found, rows[metric]["value"], entrant.name, entrant.title
                page.draw("figure subgroups", comparison.weak_spots, *given)
                by_chance = max(1, round(0.05 * len(found)))
                st.caption(
                    f"{view.positive} positive, the model's own threshold; 95 % intervals. "
                    f"Of {len(found)} groups, about {by_chance} would stand out by chance alone. "
                    f"{devices.provenance()} Sizes are those of the originals."
                )
                page.download("Save as CSV", found, f"subgroups-{entrant.name}-{metric}.csv")
        st.subheader("Groups that nobody named", anchor=False)
        with page.guard("The search for groups"):
            failing.show(view, entrant)
