"""Calibration: whether a probability means what it says."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from xray.dashboard import cache, page
from xray.dashboard import models_page as shared
from xray.figures import calibration as figures_calibration
from xray.metrics import calibration
from xray.metrics.bootstrap import Bools, Floats
from xray.models.lineup import Entrant
from xray.reports import html


def temperature(view: shared.View, entrant: Entrant) -> calibration.Temperature | None:
    """Temperature from validation; None where there are no films to fit it on."""
    if entrant.validation is None:
        return None
    return cache.remember(
        "temperature",
        partial(calibration.fit_temperature, *entrant.validation),
        view.key,
        entrant.name,
    )


def error(y: Bools, log_odds: Floats) -> float:
    """Expected calibration error."""
    return float(calibration.expected_calibration_error(y, log_odds)[0])


def reliability(y: Bools, log_odds: Floats, divisor: float, positive: str) -> pd.DataFrame:
    """Reliability of log-odds that were divided by a temperature."""
    return calibration.reliability(y, log_odds / divisor, positive)


def title(view: shared.View) -> str:
    """How far the chosen model is from meaning what it says, and which is furthest."""
    return figures_calibration.calibrated(
        {e.name: cache.made(error, view.lineup.y, e.log_odds) for e in view.lineup.entrants},
        view.titles,
        shared.chosen(view).name,
    )


def model(view: shared.View, entrant: Entrant) -> None:
    """Reliability diagram and errors of one model, before and after scaling."""
    y, heat = view.lineup.y, temperature(view, entrant)
    value = heat.value if heat and not heat.problem else 1.0
    raw, scaled = (
        cache.made(reliability, y, entrant.log_odds, divisor, view.positive)
        for divisor in (1.0, value)
    )
    errors = cache.remember(
        "calibration",
        lambda: calibration.summary(y, entrant.log_odds, value, view.lineup.groups),
        view.key,
        entrant.name,
    )
    left, right = st.columns([3, 2], gap="medium")
    with left:
        given = raw, scaled, entrant.name, entrant.title, view.positive
        page.draw(f"figure reliability {entrant.name}", figures_calibration.reliability, *given)
    with right:
        errors_of = figures_calibration.calibration_errors
        page.draw(f"errors {entrant.name}", errors_of, errors, entrant.name, entrant.title)
    if heat:
        st.caption(html.plain(figures_calibration.heat(heat, entrant.title)))
    else:
        st.caption("No validation predictions are stored, so no temperature can be fitted.")
    page.download("Save as CSV", errors, f"calibration-{entrant.name}.csv")


def show() -> None:
    """Draw the section."""
    view = shared.begin(
        title,
        "Of a hundred films given a probability of 0.8, eighty should be what they are called.",
        choose_split=False,
        question="Does a probability mean what it says?",
    )
    if view:
        chosen = shared.one_model(view)
        with page.guard("Calibration"):
            model(view, chosen)
