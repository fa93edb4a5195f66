"""Figures of what to do with a model: what they draw, and what their titles claim."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.helpers.two_models import TITLES, Films, N, sound
from xray.figures import base
from xray.figures import decision as figures_decision
from xray.metrics import bootstrap, decision
from xray.metrics import scores as metrics


def test_the_sweep_says_what_the_threshold_in_force_does(films: Films) -> None:
    y, log_odds = films
    points = decision.sweep(y, log_odds["basic"])
    counts = metrics.confusion(y, log_odds["basic"], 0.4)
    figure = sound(figures_decision.sweep(points, 0.4, counts, "Basic CNN"))
    recall = np.mean(log_odds["basic"][y] >= 0.4)
    assert f"recall {recall:.2f} (0." in base.title(figure)
    assert "threshold 0.599: " in base.title(figure), "the threshold, as a probability"


def test_what_test_keeps_of_a_promise_is_in_the_title(films: Films) -> None:
    y, log_odds = films
    promised = (y, log_odds["transfer"])
    broken = (y, log_odds["transfer"] + 2)
    point, kept = (
        decision.operating_point(promised, test, "specificity", 0.9, groups=np.arange(N))
        for test in (broken, promised)
    )
    figure = sound(figures_decision.held({"transfer": point}, TITLES))
    ends = f"{point.specificity_low:.0%} to {point.specificity_high:.0%}"
    assert f"VGG19 keeps {point.specificity:.0%} ({ends}) on test" in base.title(figure)
    assert "every model keeps it" in figures_decision.kept({"transfer": kept}, TITLES)


def test_the_cost_figure_names_the_cheapest(films: Films) -> None:
    y, log_odds = films
    steps = {name: decision.sweep(y, score) for name, score in log_odds.items()}
    chosen = {"basic": (0.0, 30.0), "transfer": (0.1, 12.3)}
    figure = sound(figures_decision.cost(steps, TITLES, chosen, 0.2, 10))
    assert base.title(figure).startswith("VGG19 costs least, 12.3")
    # Calling all costs 80 false alarms a hundred films, calling none 200.
    assert "calling every film costs 80.0" in base.title(figure)


def test_predictive_values_and_benefit_can_be_drawn(films: Films) -> None:
    y, log_odds = films
    drawn = bootstrap.resamples(np.arange(N), 100)
    values = {
        name: decision.at_prevalences((y, s), 0.0, "PNEUMONIA", [0.05, 0.2, 0.5], drawn)
        for name, s in log_odds.items()
    }
    figure = sound(figures_decision.predictive_values(values, TITLES, 0.2, "PNEUMONIA"))
    assert f"{values['basic']['ppv'].iloc[1]:.0%} by Basic CNN" in base.title(figure)
    curves = {
        name: decision.decision_curve(y, s, [0.1, 0.3, 0.5], 0.3, drawn=drawn)
        for name, s in log_odds.items()
    }
    figure = sound(figures_decision.benefit(curves, TITLES, "PNEUMONIA"))
    assert "VGG19 from" in base.title(figure)


def test_points_that_do_not_hang_together_are_not_told_as_one_range() -> None:
    curve = pd.DataFrame(
        {
            "chance": [0.02, 0.1, 0.2, 0.5, 0.98],
            "model": 0.3,
            "low": [0.2, 0.2, 0.05, 0.05, 0.2],
            "high": 0.4,
            "everyone": 0.1,
            "nobody": 0.0,
        }
    )
    figure = sound(figures_decision.benefit({"basic": curve}, TITLES, "PNEUMONIA"))
    assert base.title(figure).endswith("Basic CNN from 2% to 10%, at 98%")
    assert "2% to 98%" not in base.title(figure)
