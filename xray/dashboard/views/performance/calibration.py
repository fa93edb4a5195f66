"""Calibration: whether a probability means what it says."""

from __future__ import annotations

from functools import partial

import streamlit as st

from xray.dashboard import cache, page
from xray.dashboard import models_page as shared
from xray.figures import calibration as figures_calibration
from xray.metrics import calibration
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


def title(view: shared.View) -> str:
    """Which model is furthest from meaning what it says."""
    return figures_calibration.least_calibrated(
        {
            e.name: float(calibration.expected_calibration_error(view.lineup.y, e.log_odds)[0])
            for e in view.lineup.entrants
        },
        view.titles,
    )


def model(view: shared.View, entrant: Entrant) -> None:
    """Reliability diagram and errors of one model, before and after scaling."""
    y, heat = view.lineup.y, temperature(view, entrant)
    value = heat.value if heat and not heat.problem else 1.0
    raw, scaled = (
        calibration.reliability(y, entrant.log_odds / divisor, view.positive)
        for divisor in (1.0, value)
    )
    errors = cache.remember(
        "calibration",
        lambda: calibration.summary(y, entrant.log_odds, value, view.lineup.groups),
        view.key,
        entrant.name,
    )
    figure = figures_calibration.reliability(
        raw, scaled, entrant.name, entrant.title, view.positive
    )
    left, right = st.columns([3, 2], gap="medium")
    with left:
        page.show(figure, f"figure reliability {entrant.name}")
    with right:
        page.show(
            figures_calibration.calibration_errors(errors, entrant.name, entrant.title),
            f"errors {entrant.name}",
        )
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
