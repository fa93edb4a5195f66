"""Calibration of one model, before and after scaling by validation."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.visits import alone, words


def test_the_title_names_the_least_calibrated_and_each_can_be_seen(artifacts: Path) -> None:
    app = alone("performance", "Calibration")
    assert app.title[0].value.startswith(("Probabilities of Basic", "Probabilities of Transfer"))
    app.segmented_control(key="model").set_value("Transfer").run()
    assert len(app.get("plotly_chart")) == 2
    assert "temperature" in words(app)
