"""Explaining films."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from lime.lime_image import LimeImageExplainer
from sklearn.metrics import pairwise_distances

from tests.helpers.linear import Linear, film
from xray.drawing.phantoms import phantom
from xray.errors import FilmError, Stopped
from xray.explanations import designs, surrogate
from xray.explanations.lime import Settings, explain, lacking, take_apart
from xray.explanations.perturbation import BATCH
from xray.metrics.odds import to_probability
from xray.models import registry
from xray.models.card import WEIGHTS, models_dir


def test_weights_are_the_known_effects() -> None:
    model, image = Linear(), film()
    block = designs.block_size("folded", 30)
    found = explain(model, image, segments=model.segments, fill="mean", floor=1 + block)
    cells = image.reshape(5, 8, 6, 8).astype(float)
    truth = (model.effects * cells.std(axis=(1, 3))).ravel()
    # Ridge regression shrinks all weights alike, by its penalty over the design's information.
    assert np.corrcoef(found.weights, truth)[0, 1] > 0.9999
    assert 0.85 < np.polyfit(truth, found.weights, 1)[0] <= 1.0
    assert found.log_odds == pytest.approx(model.log_odds_prepared(image[None])[0])
    assert found.probability == pytest.approx(float(to_probability(np.array([found.log_odds]))[0]))
    assert found.stable and found.why_unstable == "" and found.r2 > 0.99
    assert found.n_evaluations == 1 + block


def test_weights_equal_stock_on_the_masks_that_were_used(model: Linear) -> None:
    image = film()
    found = explain(model, image, segments=model.segments, floor=100, ceiling=200)
    seen = np.concatenate(model.seen)
    kept = (seen == image).reshape(-1, 5, 8, 6, 8).all(axis=(2, 4)).reshape(len(seen), -1)
    model.seen.clear()
    labels = model.log_odds_prepared(seen)[:, None]
    data = kept.astype(int)
    distances = pairwise_distances(data, data[:1], metric="cosine").ravel()
    base = LimeImageExplainer(random_state=0).base
    intercept, ranked, score, _ = base.explain_instance_with_data(
        data, labels, distances, 0, 100000, feature_selection="auto"
    )
    assert len(data) == found.n_evaluations
    np.testing.assert_allclose(found.weights, [w for _, w in sorted(ranked)], rtol=0, atol=1e-6)
    assert found.intercept == pytest.approx(intercept, abs=1e-6)
    assert found.r2 == pytest.approx(score, abs=1e-6)
    assert found.ranking[0] == ranked[0][0]


def test_same_seed_same_result_and_another_seed_another_design(model: Linear) -> None:
    one, again, other = (explain(model, film(), seed=seed) for seed in (1, 1, 2))
    assert (one.weights == again.weights).all() and one.key == again.key
    assert (one.weights != other.weights).any() and one.key != other.key
    assert (one.segments == other.segments).all()
    assert surrogate.overlap(one.weights, other.weights) >= 0.8


def test_stock_settings_evaluate_a_thousand_coin_flips(model: Linear) -> None:
    stock = Settings(design="coin_flips", floor=1000, ceiling=1000)
    found = explain(model, film(), stock, segments=model.segments)
    assert found.n_evaluations == 1000 == sum(model.calls)
    quick = explain(model, film(), segments=model.segments)
    assert np.corrcoef(found.weights, quick.weights)[0, 1] > 0.99


def test_probability_can_be_explained_and_saturates() -> None:
    model = Linear()
    model.effects = np.abs(model.effects) + 20
    weights = {
        target: explain(model, film(), segments=model.segments, target=target).weights
        for target in ("log_odds", "probability")
    }
    assert np.abs(weights["log_odds"]).max() > 1
    assert np.abs(weights["probability"]).max() < 0.05


def test_more_evaluations_until_settled_but_never_beyond_the_ceiling() -> None:
    model, image = Linear(interaction=200.0), film()
    model.effects = np.ones(model.grid)
    few = explain(model, image, segments=model.segments, settled=0.0)
    many = explain(model, image, segments=model.segments, settled=1.0, ceiling=400)
    block = designs.block_size("folded", 30)
    # A Hadamard matrix alone is below the floor of 40: a quarter of its complements come with it.
    assert few.n_evaluations == 1 + block // 2 + block // 8
    assert 400 - block < many.n_evaluations <= 400
    assert many.stderr.mean() < few.stderr.mean()
    # Half a design is always made.
    for ceiling, made in ((2, block // 2), (44, 43), (62, 61), (500, 7 * block)):
        found = explain(model, image, segments=model.segments, settled=1.0, ceiling=ceiling)
        assert found.n_evaluations == 1 + made


def test_the_fewer_complements_the_more_settled_it_must_be(monkeypatch: pytest.MonkeyPatch) -> None:
    model, image = Linear(), film()
    block = designs.block_size("folded", 30)
    half = block // 2
    # What 0.8 asks for while no complement is there is 0.9, then less in proportion.
    for expected, complements in ((0.91, 0), (0.88, 8), (0.86, 17), (0.83, 26), (0.81, half)):
        monkeypatch.setattr(surrogate, "expected_overlap", lambda _, e=expected: e)
        found = explain(model, image, segments=model.segments, settled=0.8, floor=30)
        assert found.n_evaluations == 1 + half + complements
    shares = [lacking(half + n, block) for n in (0, 7, half, 3 * half)]
    assert shares == pytest.approx([1.0, 0.8, 0.0, 0.0])


def test_a_constant_model_is_called_unreadable() -> None:
    model = Linear()
    model.effects = np.zeros(model.grid)
    found = explain(model, film(), segments=model.segments)
    assert not found.stable and "stays the same" in found.why_unstable
    assert np.isfinite(found.weights).all() and np.isfinite(found.r2)


def test_a_model_that_does_not_add_up_is_called_unreadable() -> None:
    model = Linear()
    model.effects = np.zeros(model.grid)
    rng = np.random.default_rng(0)
    model.log_odds_prepared = lambda grey, precision="float32": rng.normal(size=len(grey))
    found = explain(model, film(), segments=model.segments)
    assert not found.stable
    assert "account for only" in found.why_unstable or "repeat would share" in found.why_unstable


def test_too_few_superpixels_are_called_unreadable(model: Linear) -> None:
    found = explain(model, film(), n_superpixels=4)
    assert not found.stable and "superpixels" in found.why_unstable


def test_films_of_any_size_are_brought_to_the_models(model: Linear) -> None:
    found = explain(model, film((200, 150)))
    assert found.segments.shape == model.card.size


def test_batches_are_bounded_and_memory_does_not_grow_with_the_evaluations() -> None:
    model, image = Linear(size=(128, 128)), film((128, 128))
    settings = Settings(design="coin_flips", precision="float32")
    peaks = []
    for ceiling in (300, 1200):
        model.seen = _Forget()
        tracemalloc.start()
        explain(model, image, replace(settings, floor=ceiling, ceiling=ceiling))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert max(model.calls) <= BATCH
    assert peaks[1] < 1.3 * peaks[0] < 200e6


class _Forget(list):
    """A list that keeps nothing."""

    def append(self, item: object) -> None:
        pass


def test_progress_reaches_its_total_and_can_stop(model: Linear) -> None:
    calls: list[tuple[int, int]] = []
    found = explain(model, film(), progress=lambda *call: calls.append(call))
    assert calls[-1] == (found.n_evaluations, found.n_evaluations)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)

    def stop(done: int, total: int) -> None:
        raise Stopped("enough")

    with pytest.raises(Stopped):
        explain(model, film(), progress=stop)


def test_table_and_interval_follow_the_weights(model: Linear) -> None:
    found = explain(model, film(), segments=model.segments)
    table = found.table()
    assert table["weight"].abs().is_monotonic_decreasing
    assert (table["low"] <= table["weight"]).all() and (table["weight"] <= table["high"]).all()
    corner = table.set_index("superpixel").loc[0]
    assert corner["row"] == pytest.approx(0.1) and corner["column"] == pytest.approx(1 / 12)
    assert table["pixels"].sum() == found.segments.size


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fill": "pink"}, "fill"),
        ({"design": "guess"}, "design"),
        ({"target": "label"}, "target"),
        ({"precision": "float8"}, "precision"),
        ({"n_superpixels": 1}, "superpixels"),
    ],
)
def test_wrong_settings_are_refused_in_words(model: Linear, options: dict, words: str) -> None:
    with pytest.raises(FilmError, match=words):
        explain(model, film(), **options)


def test_wrong_segments_and_films_are_refused_in_words(model: Linear) -> None:
    with pytest.raises(FilmError, match="40x48"):
        explain(model, film(), segments=np.zeros((10, 10), np.int32))
    with pytest.raises(FilmError, match="without gaps"):
        explain(model, film(), segments=2 * model.segments)
    broken = film()
    broken[3, 3] = np.nan
    with pytest.raises(FilmError, match="not numbers"):
        explain(model, broken)


def test_parts_are_those_of_the_prepared_film(model: Linear) -> None:
    parts = take_apart(model, film((80, 96)), Settings())
    assert parts.grey.shape == parts.fill.shape == parts.labels.shape == model.card.size
    masks = np.zeros((2, parts.count), bool)
    masks[0] = True
    films = parts.perturbed(masks)
    assert (films[0] == parts.grey).all() and (films[1] == parts.fill).all()


def test_repeats_agree_on_the_stored_basic_model() -> None:
    home = models_dir() / "basic"
    if not (home / WEIGHTS).is_file():
        pytest.skip("needs the stored basic model")
    basic, image = registry.load("basic"), phantom(4, label="PNEUMONIA").pixels
    repeats = [explain(basic, image, seed=seed, precision="float32") for seed in range(3)]
    for one, two in combinations(repeats, 2):
        assert surrogate.overlap(one.weights, two.weights) >= 0.8
        # Standard errors of both say how far two repeats may lie apart.
        apart = (one.weights - two.weights) / np.hypot(one.stderr, two.stderr)
        assert np.sqrt(np.mean(apart**2)) < 3
    assert all(found.r2 > 0.8 for found in repeats)
