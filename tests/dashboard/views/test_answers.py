"""Figures of readings are made once for all visitors, by what they show."""

from __future__ import annotations

import numpy as np

from tests.helpers.linear import Linear
from xray import classes
from xray.audits.reading import Reading
from xray.dashboard.views import answers
from xray.explanations import lime
from xray.figures import readings


def read(seed: int) -> Reading:
    film = np.random.default_rng(seed).random((96, 96), dtype=np.float32)
    why = lime.explain(Linear(), film, seed=0)
    return Reading("linear", why.log_odds, why, (1.0,), (2.0,))


def test_weights_are_drawn_once_for_each_explanation_title_and_class() -> None:
    one, other = read(0), read(1)
    drawn = answers.weights(one, "A model")
    assert drawn.to_dict() == readings.weights(one, "A model", 12).to_dict()
    assert answers.weights(read(0), "A model") is drawn
    assert answers.weights(other, "A model") is not drawn
    assert answers.weights(one, "Another") is not drawn
    with classes.using(classes.Classes("well", "ill")):
        assert "toward it" in str(answers.weights(one, "A model").to_dict())
        assert "ill" in str(answers.weights(one, "A model").to_dict()["layout"]["xaxis"])
