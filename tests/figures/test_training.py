"""Figures of training runs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from xray.figures import training as figures_runs


def test_what_two_seeds_leave_open_does_not_hide_what_three_show() -> None:
    base = {"setting": "size", "before": "64", "after": "128", "context": "basic"}
    steady = {**base, "difference": 0.02, "low": -0.01, "high": 0.05, "n": 3}
    single = {**base, "difference": 0.06, "low": np.nan, "high": np.nan, "n": 1}
    loose = {**base, "difference": -0.2, "low": -3.1, "high": 2.7, "n": 2}
    kept = figures_runs.effects(pd.DataFrame([steady, single]), "test_auroc")
    assert kept.layout.xaxis.range is None
    bound = figures_runs.effects(pd.DataFrame([steady, single, loose]), "test_auroc")
    low, high = bound.layout.xaxis.range
    assert -0.25 < low < -0.2 and 0.2 < high < 0.25
