"""The choice between float32 and bfloat16."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.linear import Linear, film
from xray.explanations.lime import explain
from xray.films.pixels import Pixels
from xray.models import precision
from xray.models.model import LogOdds


class Probed(Linear):
    """A linear model with a file hash that is slow in float32 or wrong in bfloat16."""

    def __init__(self, sha256: str, slow: str = "float32", error: float = 0.0) -> None:
        super().__init__()
        self.card = replace(self.card, files={"model.keras": sha256})
        self.slow, self.error, self.asked = slow, error, []

    def log_odds_prepared(self, grey: Pixels, precision: str = "float32") -> LogOdds:
        self.asked.append(precision)
        if precision == self.slow:
            time.sleep(0.02)
        values = super().log_odds_prepared(grey, precision)
        return values + self.error * values.std() if precision == "bfloat16" else values


@pytest.fixture(autouse=True)
def _with_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "has_bfloat16", lambda: True)


def test_bfloat16_is_taken_where_it_is_faster_and_agrees() -> None:
    found = precision.probe(Probed("fast"))
    assert found.choice == "bfloat16" and found.speedup > 1.2
    assert found.max_difference <= precision.TOLERANCE * found.spread
    assert "times as fast" in found.reason


def test_float32_stays_where_bfloat16_is_off_or_slow() -> None:
    off = precision.probe(Probed("off", error=0.5))
    assert off.choice == "float32" and "off by" in off.reason
    slow = precision.probe(Probed("slow", slow="bfloat16"))
    assert slow.choice == "float32" and slow.speedup < 1 and "only" in slow.reason


def test_result_is_kept_by_model_and_measured_again_on_request() -> None:
    model = Probed("kept")
    first = precision.probe(model)
    model.asked.clear()
    assert precision.probe(model) == first and model.asked == []
    precision.probe(model, refresh=True)
    assert model.asked


def test_no_probe_without_bfloat16_or_without_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Linear()
    assert precision.probe(model).choice == "float32" and model.calls == []
    monkeypatch.setattr(precision, "has_bfloat16", lambda: False)
    found = precision.probe(Probed("none"))
    assert found.choice == "float32" and "no bfloat16" in found.reason


def test_auto_explains_in_the_choice_but_predicts_the_whole_film_in_float32() -> None:
    model = Probed("auto")
    precision.probe(model)
    model.asked.clear()
    found = explain(model, film(), segments=model.segments)
    assert found.params["precision"] == "bfloat16"
    assert model.asked[0] == "float32" and set(model.asked[1:]) == {"bfloat16"}
    assert np.isfinite(found.weights).all()


def test_the_environment_may_ask_for_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XRAY_PRECISION", "float32")
    asked = Probed("environment")
    assert precision.probe(asked).choice == "float32"
    assert asked.asked == []
