"""Costs and benefit: what a model's calls are worth where it would be used."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from xray import classes
from xray.dashboard import cache, choices, links, page
from xray.dashboard import models_page as shared
from xray.figures import decision as figures_decision
from xray.metrics import bootstrap, calibration, decision, scores

VIEWS = {"cost": "Costs", "values": "Predictive values", "benefit": "Decision curve"}


Chosen = dict[str, tuple[float, float]]


def cheapest(view: shared.View, prevalence: float, ratio: float) -> Chosen:
    """Model -> the threshold cheapest on validation (log-odds), and its cost on these films."""
    chosen = {}
    for e in view.lineup.entrants:
        films = e.validation or (view.lineup.y, e.log_odds)
        points = cache.made(decision.sweep, *films, view.positive)
        cut = cache.made(decision.cheapest_threshold, points, prevalence, ratio)
        counts = cache.made(scores.confusion, view.lineup.y, e.log_odds, cut, view.positive)
        chosen[e.name] = (cut, decision.cost_of(counts, prevalence, ratio))
    return chosen


def _set(key: str, default: int, most: int) -> int:
    """What a slider stands at; before it is drawn, what the link asks for."""
    asked = st.query_params.get(key, "")
    linked = int(asked) if asked.isascii() and asked.isdigit() else 0
    return int(st.session_state.get(key, linked if 1 <= linked <= most else default))


def title(view: shared.View) -> str:
    """Who costs least, at the prevalence and price that are set."""
    percent, ratio = _set("prevalence", 20, 95), _set("ratio", 10, 100)
    chosen = cheapest(view, percent / 100, ratio)
    best = min(chosen, key=lambda name: chosen[name][1])
    return (
        f"{view.titles[best]} costs least where {percent:.0f} % are {view.positive} and a miss "
        f"weighs {ratio} false alarms"
    )


def cost(view: shared.View, prevalence: float) -> None:
    """Cost of a miss against a false alarm."""
    ratio = st.slider(
        f"A missed {view.positive} costs as much as this many false alarms",
        1,
        100,
        10,
        key="ratio",
        bind="query-params",
    )
    entrants = view.lineup.entrants
    y, positive = view.lineup.y, view.positive
    steps = {e.name: cache.made(decision.sweep, y, e.log_odds, positive) for e in entrants}
    given = steps, view.titles, cheapest(view, prevalence, ratio), prevalence, ratio
    page.draw("figure cost", figures_decision.cost, *given)
    st.caption("Marks: the threshold that would have been cheapest on the validation films.")


def values(view: shared.View, prevalence: float) -> None:
    """Predictive values over prevalence, at each model's own threshold."""
    grid = np.r_[0.005, 0.01, np.arange(0.02, 1, 0.02)]
    drawn = bootstrap.resamples(view.lineup.groups)
    tables = {
        e.name: shared.own(
            view,
            "predictive values",
            partial(
                decision.at_prevalences,
                (view.lineup.y, e.log_odds),
                e.threshold,
                view.positive,
                grid,
                drawn,
            ),
            e.name,
        )
        for e in view.lineup.entrants
    }
    given = tables, view.titles, prevalence, view.positive
    page.draw("figure predictive values", figures_decision.predictive_values, *given)
    st.caption("Bands are 95 % intervals (bootstrap by possible patient).")


def benefit(view: shared.View, prevalence: float) -> None:
    """Net benefit; probabilities are scaled by a temperature from validation where there is one."""
    drawn, curves = bootstrap.resamples(view.lineup.groups), {}
    for e in view.lineup.entrants:
        heat, learnt = 1.0, float(np.mean(view.lineup.y))
        if e.validation:
            heat = cache.made(calibration.fit_temperature, *e.validation).value
            learnt = float(np.mean(e.validation[0]))
        ill = prevalence if classes.side(view.positive) else 1 - prevalence
        moved = decision.shift_prior(e.log_odds / heat, learnt, ill)
        curves[e.name] = shared.own(
            view,
            "benefit",
            partial(
                decision.decision_curve,
                view.lineup.y,
                moved,
                np.arange(0.02, 0.99, 0.03),
                prevalence,
                positive=view.positive,
                drawn=drawn,
            ),
            e.name,
            prevalence,
        )
    page.draw("figure benefit", figures_decision.benefit, curves, view.titles, view.positive)
    st.caption(
        "Net benefit counts actions that were needed, less needless ones at the odds one accepts. "
        "Probabilities are first scaled by a temperature from validation. They are then moved to "
        "the prevalence above."
    )


def show() -> None:
    """Draw the section."""
    view = shared.begin(
        title,
        "Prevalence and the price of an error belong to the clinic, not to the test films.",
        {
            "view": choices.offered(VIEWS),
            "prevalence": links.Number(1, 95),
            "ratio": links.Number(1, 100),
        },
        choose_split=False,
        question="What are a model's calls worth where it would be used?",
    )
    if view:
        chosen = choices.choose("View", VIEWS, "view", hidden=True)
        here = float(np.mean(view.lineup.y == classes.side(view.positive)))
        percent = st.slider(
            f"Prevalence of {view.positive} where the model would be used, %",
            1,
            95,
            20,
            key="prevalence",
            bind="query-params",
            help=f"Among these films it is {here:.0%}.",
        )
        with page.guard(VIEWS[chosen]):
            {"cost": cost, "values": values, "benefit": benefit}[chosen](view, percent / 100)
