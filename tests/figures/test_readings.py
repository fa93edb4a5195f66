"""Calls of one film: every number stands beside its mark, and the sentence counts what turns."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.linear import Linear
from xray.audits.reading import Reading
from xray.explanations import lime
from xray.explanations.result import at_film_size
from xray.figures import overlay, readings


@pytest.fixture(scope="module")
def reading() -> Reading:
    film = np.random.default_rng(0).random((96, 96), dtype=np.float32)
    why = lime.explain(Linear(), film, seed=0)
    limit = why.log_odds - 0.5
    return Reading("linear", limit, why, (limit - 1, limit + 3), (limit + 1, limit + 1))


def test_numbers_stand_beside_their_marks(reading: Reading) -> None:
    figure = readings.calls([reading], {"linear": "A model"}, "tube")
    printed = [str(trace.text[0]).strip() for trace in figure.data if trace.text is not None]
    chances = [
        1 / (1 + np.exp(-x)) for x in (reading.log_odds, reading.with_device, reading.with_null)
    ]
    assert len(printed) == 3
    for words, chance in zip(printed, chances, strict=True):
        assert float(words.removesuffix(" %")) / 100 == pytest.approx(chance, abs=0.011)
    assert list(figure.layout.yaxis.ticktext) == ["as it is", "with a tube", "with its match"]
    # The first device turns the call, its null and the second do not.
    assert "a tube changes 1 of 2 calls, its match 0" in figure.to_json()


def test_before_devices_are_laid_on_their_rows_are_empty(reading: Reading) -> None:
    alone = Reading(reading.model, reading.threshold, reading.explanation)
    figure = readings.calls([alone], {"linear": "A model"}, "tube")
    assert list(figure.layout.yaxis.ticktext) == ["as it is", "with a tube", "with its match"]
    assert len([trace for trace in figure.data if trace.text is not None]) == 1
    assert "1 of 1 calls it pneumonia" in figure.to_json()
    assert "changes" not in figure.to_json()


def test_regions_are_numbered_by_weight_on_the_film_and_in_the_list(reading: Reading) -> None:
    film = np.full((96, 96), 0.5, np.float32)
    plain = overlay.overlay(reading.explanation, film, leading=3)
    numbered = overlay.overlay(reading.explanation, film, leading=3, numbers=True)
    changed = (plain != numbered).any(axis=2)
    regions = at_film_size(reading.explanation.segments, (96, 96))
    for region in reading.explanation.ranking[:3]:
        assert changed[regions == region].any()
    bars = readings.weights(reading, "A model", 3).data[0]
    assert list(bars.y) == ["region 1", "region 2", "region 3"]
    assert abs(bars.x[0]) == pytest.approx(np.abs(reading.explanation.weights).max())
