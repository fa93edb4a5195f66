"""The surrogate: equal to the lime package's, with standard errors that mean something."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from lime import lime_image as stock

from tests.helpers.linear import Linear, film
from xray.explanations import designs, surrogate
from xray.explanations.perturbation import Parts, filled


class Recording(stock.LimeImageExplainer):
    """The stock explainer, keeping its masks and predictions."""

    def data_labels(self, *args: object, **options: object) -> tuple[np.ndarray, np.ndarray]:
        self.data, self.labels = super().data_labels(*args, **options)
        return self.data, self.labels


def _stock(selection: str, hide: float | None = None) -> tuple[Recording, object, Linear, Parts]:
    model, image = Linear(interaction=20.0), film()
    explainer = Recording(random_state=3, feature_selection=selection)

    def classify(images: np.ndarray) -> np.ndarray:
        return model.log_odds_prepared(images[..., 0])[:, None]

    result = explainer.explain_instance(
        np.repeat(image[..., None], 3, axis=2),
        classify,
        top_labels=None,
        labels=(0,),
        hide_color=hide,
        num_samples=300,
        segmentation_fn=lambda _: model.segments,
    )
    parts = Parts(image, filled(image, model.segments, "mean"), model.segments)
    return explainer, result, model, parts


@pytest.mark.parametrize("selection", ["auto", "none"])
def test_weights_equal_the_stock_package(selection: str) -> None:
    explainer, result, _, _ = _stock(selection)
    fitted = surrogate.fit(explainer.data.astype(bool), explainer.labels[:, 0])
    expected = np.zeros(len(fitted.weights))
    for index, weight in result.local_exp[0]:
        expected[index] = weight
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(fitted.weights, expected, rtol=0, atol=1e-6)
    assert fitted.intercept == pytest.approx(result.intercept[0], abs=1e-6)
    assert fitted.r2 == pytest.approx(result.score, abs=1e-6)


@pytest.mark.parametrize(("fill", "hide"), [("mean", None), ("black", 0.0)])
def test_perturbed_films_equal_the_stock_package(fill: str, hide: float | None) -> None:
    explainer, _, model, parts = _stock("none", hide)
    parts = Parts(parts.grey, filled(parts.grey, parts.labels, fill), parts.labels)
    theirs = np.concatenate(model.seen)
    np.testing.assert_allclose(parts.perturbed(explainer.data.astype(bool)), theirs, atol=1e-6)


def test_kernel_is_the_stock_packages() -> None:
    distances = np.linspace(0, 1, 11)
    theirs = stock.LimeImageExplainer().base.kernel_fn(distances)
    np.testing.assert_allclose(surrogate.kernel(distances), theirs, rtol=1e-12)


@cache
def _repeats(
    design: str, interaction: float, n: int = 30, share: float = 1.0
) -> list[surrogate.Surrogate]:
    """Fits of one film by independent draws of a design, of a share of its complements."""
    model = Linear(size=(40, 64), interaction=interaction, seed=1)
    image = film((40, 64))
    parts = Parts(image, filled(image, model.segments), model.segments)
    fits = []
    for seed in range(n):
        block = designs.block(design, parts.count, np.random.default_rng(seed))
        block = block[: round(len(block) * (1 + share) / 2)]
        masks = np.concatenate([np.ones((1, parts.count), bool), block])
        fits.append(surrogate.fit(masks, parts.log_odds(model, masks)))
    return fits


def test_folding_removes_pairwise_interactions() -> None:
    scatter = {
        design: np.std([fit.weights for fit in _repeats(design, 30.0)], axis=0).mean()
        for design in ("folded", "hadamard", "coin_flips")
    }
    assert scatter["folded"] < 0.35 * scatter["hadamard"]
    assert scatter["folded"] < 0.35 * scatter["coin_flips"]


@pytest.mark.parametrize("design", ["folded", "hadamard", "coin_flips"])
def test_standard_errors_match_the_scatter_of_repeats(design: str) -> None:
    fits = _repeats(design, 30.0)
    scatter = np.sqrt(np.var([fit.weights for fit in fits], axis=0, ddof=1).mean())
    stated = np.sqrt(np.mean([np.square(fit.stderr) for fit in fits]))
    # All interactions here are of two, which folding cancels; networks leave more, which is
    # known beforehand (``surrogate.ODD_SHARE``), so that errors are stated with care.
    assert 0.6 < stated / scatter < (6.0 if design == "folded" else 2.0)


def test_errors_hold_while_complements_are_lacking() -> None:
    stated = {
        share: np.mean([np.square(fit.stderr) for fit in _repeats("folded", 30.0, 30, share)])
        for share in (0.75, 0.9, 1.0)
    }
    scatter = {
        share: np.var([fit.weights for fit in _repeats("folded", 30.0, 30, share)], axis=0).mean()
        for share in stated
    }
    assert scatter[0.75] > scatter[0.9] > scatter[1.0]
    assert stated[0.75] > stated[0.9] > stated[1.0]
    assert all(stated[share] > 0.8 * scatter[share] for share in stated)


def test_a_linear_model_has_hardly_any_error() -> None:
    fitted = _repeats("folded", 0.0, n=1)[0]
    assert fitted.stderr.max() < 1e-3 * np.abs(fitted.weights).max()
    assert surrogate.expected_overlap(fitted) > 0.99


def test_a_constant_prediction_gives_no_weight_and_no_nan() -> None:
    masks = np.concatenate(
        [np.ones((1, 10), bool), designs.block("folded", 10, np.random.default_rng(0))]
    )
    fitted = surrogate.fit(masks, np.full(len(masks), 3.0))
    assert np.abs(fitted.weights).max() < 1e-9 and np.isfinite(fitted.stderr).all()


def test_overlap_counts_shared_leaders() -> None:
    one = np.array([5.0, -4, 3, 2, 1, 0.1, 0])
    assert surrogate.leading(one, 2).tolist() == [0, 1]
    assert surrogate.overlap(one, one) == 1.0
    assert surrogate.overlap(one, np.array([5.0, 4, 3, 2, 0, 0.1, 1])) == pytest.approx(0.8)
    assert surrogate.overlap(one[:3], one[:3]) == 1.0


def test_expected_overlap_falls_with_the_error() -> None:
    weights = np.linspace(1, 2, 20)
    figures = [
        surrogate.expected_overlap(surrogate.Surrogate(weights, np.full(20, error), 20, 0, 1))
        for error in (0.0, 0.05, 1.0)
    ]
    assert figures[0] == 1.0 and figures[0] > figures[1] > figures[2] > 0.1
