"""Calibration of one model, before and after scaling by validation."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.visits import alone, words


def test_the_title_is_about_the_model_that_is_shown(artifacts: Path) -> None:
    app = alone("performance", "Calibration")
    assert app.title[0].value.startswith("Probabilities of Basic are off by")
    app.segmented_control(key="model").set_value("Transfer").run()
    assert app.title[0].value.startswith("Probabilities of Transfer are off by")
    assert len(app.get("plotly_chart")) == 2
    assert "temperature" in words(app)
