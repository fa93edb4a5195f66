"""Log-odds, probabilities, and what a film exactly at the threshold is called."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from xray.audits import measures, reading, witness
from xray.dashboard import catalogue
from xray.metrics import odds, scores

#: Films of one class each on, above and below the threshold.
LOG_ODDS = np.array([0.25, 0.5, 0.0, 0.25, 0.5, 0.0])
TRUTH = np.array([True, True, True, False, False, False])
LIMIT = 0.25


def test_log_odds_and_probability_are_inverse() -> None:
    assert odds.to_log_odds(odds.to_probability([-9.0, 0.0, 12.0])) == pytest.approx(
        [-9.0, 0.0, 12.0]
    )
    assert odds.to_log_odds([0.0, 1.0]).tolist() == [-np.inf, np.inf]


@pytest.mark.parametrize("positive", scores.LABELS)
def test_a_film_at_the_threshold_is_called_pneumonia_whichever_class_is_positive(
    positive: str,
) -> None:
    found = scores.confusion(TRUTH, LOG_ODDS, LIMIT)
    assert (found.tp, found.fn, found.fp, found.tn) == (2, 1, 2, 1)
    table = scores.scores(TRUTH, LOG_ODDS, LIMIT, positive).set_index("metric")
    share = 2 / 3 if positive == "PNEUMONIA" else 1 / 3
    assert table.loc["recall", "value"] == pytest.approx(share)


def test_effects_count_a_film_at_the_threshold_as_called() -> None:
    limits = np.full(len(LOG_ODDS), LIMIT)
    assert measures.calls(LOG_ODDS, limits).mean() == pytest.approx(400 / 6)
    assert measures.calls(LOG_ODDS - 1, limits).mean() == 0
    half = measures.calls(limits, limits, wide=0.3)
    assert half == pytest.approx(50), "over thresholds around, it is called by half of them"


def test_audits_count_a_film_at_the_threshold_as_called() -> None:
    rows = pd.DataFrame({"child": list("abcdef"), "label": np.where(TRUTH, "PNEUMONIA", "NORMAL")})
    films: Any = SimpleNamespace(material=SimpleNamespace(table=rows), seed=0)
    every = np.ones(len(rows), bool)
    told = witness._metrics("all", LOG_ODDS, films, every, LIMIT)
    found = {row["metric"]: row["value"] for row in told}
    assert found["sensitivity"] == pytest.approx(2 / 3)
    assert found["specificity"] == pytest.approx(1 / 3)


def test_pages_call_a_film_at_the_threshold_as_tables_do() -> None:
    right, too_many, missed, well = range(1, 5)
    found = catalogue._outcomes(TRUTH, LOG_ODDS, LIMIT).tolist()
    assert found == [right, right, missed, too_many, too_many, well]


def test_a_reading_at_the_threshold_is_called_pneumonia() -> None:
    told = reading.Reading("model", LIMIT, None, device=(LIMIT,), null=(0.0,))
    assert told.call_with_device == "PNEUMONIA"
    assert told._called(np.nextafter(LIMIT, 0)) == "NORMAL"
