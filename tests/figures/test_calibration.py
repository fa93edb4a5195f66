"""Figures of calibration: before and after scaling, and sentences that name what is off."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.two_models import TITLES, Films, N, sound
from xray.figures import base
from xray.figures import calibration as figures_calibration
from xray.metrics import calibration


def test_calibration_is_drawn_before_and_after(films: Films) -> None:
    y, log_odds = films
    raw, scaled = (calibration.reliability(y, log_odds["basic"] / t) for t in (1.0, 2.0))
    figure = sound(figures_calibration.reliability(raw, scaled, "basic", "Basic CNN"))
    assert list(figure.data[1].y) == pytest.approx(raw["observed"].tolist())
    table = calibration.summary(y, log_odds["basic"], 2.0, np.arange(N))
    figure = sound(figures_calibration.calibration_errors(table, "basic", "Basic CNN"))
    ece = table[table["metric"] == "ece"].iloc[0]
    assert f"calibration error {ece['value']:.3f}" in base.title(figure)
    hot = calibration.Temperature(1.5, 100)
    assert "too sure of itself" in figures_calibration.heat(hot, "Basic CNN")
    stuck = calibration.Temperature(0.02, 100, "validation is separated without error")
    assert "No temperature" in figures_calibration.heat(stuck, "Basic CNN")
    errors = {"basic": 0.2, "transfer": 0.1}
    said = figures_calibration.calibrated(errors, TITLES, "basic")
    assert said == (
        "Probabilities of Basic CNN are off by 0.200 on average, the most of these models"
    )
    assert figures_calibration.calibrated(errors, TITLES, "transfer") == (
        "Probabilities of VGG19 are off by 0.100 on average; the most, those of Basic CNN, by 0.200"
    )
