"""Weak spots: each model on groups of films, the worst first."""

import pandas as pd
import streamlit as st

from xray import (
    bootstrap,
    dashboard,
    device_labels,
    figures_models,
    figures_pairs,
    metrics,
    strata,
)
from xray import dashboard_models as shared

dashboard.enter()

METRICS = {name: metrics.TITLES[name] for name in ("auroc", "recall", "specificity")}


def table(view: shared.View, name: str, metric: str) -> pd.DataFrame:
    """The metric of one model on every group of films."""
    line, entrant = view.lineup, view.entrant(name)

    def make() -> pd.DataFrame:
        groups = shared.remember(
            "strata",
            lambda: strata.divide(
                pd.Series(line.files), dashboard.stored_films(), device_labels.load()
            ),
            view.key,
        )
        films = (line.y, entrant.log_odds, bootstrap.resamples(line.groups))
        return strata.by_stratum(films, groups, metric, entrant.threshold, view.positive)

    return shared.own(view, "by stratum", make, name, metric)


view = shared.begin(
    lambda view: strata.weakest(
        table(view, view.lineup.entrants[0].name, "auroc"), view.lineup.entrants[0].title
    ),
    "A mean over all films hides the group on which a model fails.",
    {"metric": shared.offered(METRICS)},
)
if view:
    entrant = shared.one_model(view)
    metric = shared.choice("Metric", METRICS, "metric")
    with dashboard.guard("The groups of films"):
        found = table(view, entrant.name, metric)
        if found.empty:
            st.info(
                "Nothing is known of these films that would divide them into groups; "
                "index their folder first: python -m xray index DIR.",
                icon=":material/info:",
            )
        else:
            rows = figures_models.by_metric(shared.scores(view)[entrant.name])
            figure = figures_pairs.weak_spots(
                found, rows[metric]["value"], entrant.name, entrant.title
            )
            dashboard.show(figure, "figure weak spots")
            by_chance = max(1, round(0.05 * len(found)))
            st.caption(
                f"{view.positive} positive, the model's own threshold. Lines are 95 % intervals. "
                f"Of {len(found)} groups, about {by_chance} would stand out by chance alone. "
                f"{device_labels.provenance()} Sizes are those of the originals."
            )
            dashboard.download("Save as CSV", found, f"weak-spots-{entrant.name}-{metric}.csv")
