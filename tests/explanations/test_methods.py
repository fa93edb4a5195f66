"""Every method gives the same kind of result, at the film's size and with its cost."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.fakes import Fake
from tests.helpers.linear import Linear, film
from tests.helpers.networks import SIDE, network
from xray.errors import FilmError, ModelError
from xray.explanations import lime, methods
from xray.models.card import Card
from xray.models.model import Model


@pytest.fixture(scope="module")
def keras_model() -> Model:
    return Model(Card("net", size=(SIDE, SIDE), output="sigmoid"), network())


@pytest.mark.parametrize("name", methods.METHODS)
def test_a_map_is_as_large_as_the_film_and_within_one(name: str, keras_model: Model) -> None:
    if name == "shap_partition":
        pytest.importorskip("shap")
    grey = film((40, 24))
    options = {"evaluations": 40} if name == "shap_partition" else {}
    options = {"n_superpixels": 12} if name == "lime" else options
    found = methods.explain(name, keras_model, grey, **options)
    assert found.values.shape == (40, 24) and found.values.dtype == np.float32
    assert 0.9 < np.abs(found.values).max() <= 1 and found.peak > 0
    assert found.n_evaluations >= 1 and found.seconds > 0
    assert (found.n_gradients > 0) == (name in ("grad_cam", "integrated_gradients"))
    assert found.log_odds == pytest.approx(keras_model.log_odds(grey[None])[0])
    again = methods.explain(name, keras_model, grey, **options)
    assert np.allclose(found.values, again.values, atol=1e-5) and found.key == again.key


@pytest.mark.parametrize("name", ["lime", "occlusion", "shap_partition"])
def test_methods_that_only_ask_point_at_the_same_place(name: str) -> None:
    if name == "shap_partition":
        pytest.importorskip("shap")
    grey = np.random.default_rng(0).random((96, 96), np.float32) * 0.3
    grey[48:, 48:] += 0.6
    model = Fake(lambda each: 40 * float(each[60:84, 60:84].std()) + 9 * float(each[60:84].mean()))
    found = methods.explain(name, model, grey)
    quarter = np.zeros((96, 96), bool)
    quarter[48:, 48:] = True
    assert found.share(quarter) > 0.4
    assert found.against(quarter, quarter[::-1, ::-1]) > 0.2


def test_lime_is_the_explanation_that_pages_show() -> None:
    model, grey = Linear(), film()
    made = lime.explain(model, grey, seed=3, n_superpixels=20)
    one = methods.explain("lime", model, grey, seed=3, n_superpixels=20, ceiling=480)
    weights = made.weights[made.segments]
    assert np.allclose(one.values, weights / np.abs(weights).max())
    top = made.segments == made.ranking[0]
    assert np.abs(one.values[top]).min() == 1


def test_what_cannot_be_is_said_in_a_sentence(keras_model: Model) -> None:
    with pytest.raises(FilmError, match="no method saliency; choose one of lime"):
        methods.explain("saliency", keras_model, film())
    with pytest.raises(FilmError, match="Occlusion takes no steps; its options: window"):
        methods.explain("occlusion", keras_model, film(), steps=3)
    with pytest.raises(ModelError, match="no gradients"):
        methods.explain("grad_cam", Linear(), film())
    assert methods.why_not("occlusion", Linear()) == ""
    assert "no gradients" in methods.why_not("integrated_gradients", Linear())
