"""What becomes of a film on its way into a model: each step as it is said and as it is."""

from __future__ import annotations

import numpy as np
import pytest

from xray.dashboard.views import preprocessing
from xray.films.decode import Film
from xray.films.interpolate import RESIZES
from xray.films.resize import resize
from xray.models import inputs
from xray.models.card import Card
from xray.training import recipes

PIXELS = np.linspace(0, 1, 60 * 80, dtype=np.float32).reshape(60, 80)
FILM = Film(PIXELS, "a.png", "", "PNG", "RGB", 10)


def test_a_film_is_decoded_resized_and_given_as_numbers() -> None:
    film, small, numbers = preprocessing.steps(FILM, Card("m", size=(32, 32), scale="byte"))
    assert [each.title for each in (film, small, numbers)] == ["Film", "Resized", "Numbers"]
    assert film.said == "80 × 60 pixels, RGB, read as grey" and film.picture is PIXELS
    assert small.said == "32 × 32 pixels, squashed to a square, anti-aliased"
    np.testing.assert_array_equal(small.picture, resize(PIXELS, (32, 32)))
    low, high = 255 * small.picture.min(), 255 * small.picture.max()
    assert numbers.said.startswith(f"from {low:.2f} to {high:.2f}: grey values are multiplied by")
    assert numbers.said.endswith("given once")
    # Numbers have no brightness: the picture is stretched to its own darkest and brightest.
    assert (numbers.picture.min(), numbers.picture.max()) == (0, 1)


def test_other_shapes_ways_and_channels_are_said() -> None:
    _, small, numbers = preprocessing.steps(
        FILM, Card("m", size=(32, 48), fit="letterbox", channels=3)
    )
    assert small.said.startswith("48 × 32 pixels, fitted in") and small.picture.shape == (32, 48)
    assert numbers.said.endswith("given 3 times over")
    _, squashed, _ = preprocessing.steps(FILM, Card("m", size=(32, 48)))
    assert "squashed to its size" in squashed.said
    _, area, _ = preprocessing.steps(FILM, Card("m", size=(32, 32), fit="area"))
    assert area.said.endswith(RESIZES["area"])


def test_every_scale_is_told_in_words() -> None:
    assert set(preprocessing.SCALES) == set(inputs.SCALES)


def test_a_black_film_is_no_division_by_zero() -> None:
    black = Film(np.zeros((20, 20), np.float32), "b.png", "", "PNG", "L", 10)
    (*_, numbers) = preprocessing.steps(black, Card("m", size=(16, 16)))
    assert np.isfinite(numbers.picture).all() and not numbers.picture.any()


def test_numbers_are_those_that_the_model_is_given() -> None:
    card = Card("m", size=(16, 24), scale="imagenet", channels=3)
    given = preprocessing.model_input(PIXELS, card)
    assert given.shape == (16, 24, 3) and given.dtype == np.float32
    grey = resize(PIXELS, (16, 24))
    # Blue, green and red of 0 to 255, less the means that Keras' VGG19 takes off.
    expected = 255 * grey[..., None] - np.array([103.939, 116.779, 123.68])
    np.testing.assert_allclose(given, expected, atol=1e-3)


def test_a_model_of_the_lungs_sees_another_size() -> None:
    assert preprocessing.lungs_size(Card("m", settings={"size": [32, 48]})) is None
    lungs = Card("m", settings={"framing": "lungs", "size": [32, 48]})
    assert preprocessing.lungs_size(lungs) == (32, 48)
    whole = preprocessing.cut_out(PIXELS, Card("m", size=(16, 24)))
    np.testing.assert_array_equal(whole, resize(PIXELS, (16, 24)))


@pytest.mark.parametrize("recipe", sorted(recipes.RECIPES))
def test_augmentation_is_told_as_far_as_a_recipe_has_any(recipe: str) -> None:
    change = recipes.RECIPES[recipe].augmentation
    said = preprocessing.augmentation(recipe)
    assert (f"shifted by up to {100 * change.shift:.0f} %" in said) == (change.shift > 0)
    assert (f"rotated by up to {360 * change.rotation:.0f}°" in said) == (change.rotation > 0)
    assert said.endswith("mirrored") == change.flip
    assert (said == "") == (change == recipes.Augmentation())


def test_of_an_unknown_recipe_nothing_is_told() -> None:
    assert preprocessing.augmentation("") == preprocessing.augmentation("no such recipe") == ""


def test_variants_differ_where_training_changes_films() -> None:
    pytest.importorskip("keras")
    card = Card("m", size=(32, 32), recipe="augmented")
    made = preprocessing.variants(PIXELS, card, n=3)
    assert made.shape == (3, 32, 32) and made.dtype == np.float32
    assert made.min() >= 0 and made.max() <= 1
    assert not np.array_equal(made[0], made[1])
    np.testing.assert_array_equal(made, preprocessing.variants(PIXELS, card, n=3))
    plain = preprocessing.variants(PIXELS, Card("m", size=(32, 32), recipe="basic"), n=2)
    np.testing.assert_allclose(plain[0], plain[1])
    np.testing.assert_allclose(plain[0], resize(PIXELS, (32, 32)), atol=1e-6)
