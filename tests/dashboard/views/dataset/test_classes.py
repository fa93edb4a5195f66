"""The baseline, and splits too small to steer by."""

from __future__ import annotations

from tests.dashboard.conftest import Opener


def test_baseline_and_a_split_too_small_to_steer_by(visit: Opener) -> None:
    app = visit("dataset")
    assert app.title[0].value == "Always saying PNEUMONIA is right on 62\\.5 % of test"
    (warning,) = app.warning
    assert "16 films" in warning.value and "6 points" in warning.value
