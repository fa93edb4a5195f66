"""Weights as pictures."""

from __future__ import annotations

import numpy as np

from tests.helpers.linear import Linear, film
from xray.explanations.lime import explain
from xray.explanations.result import Heatmap, at_film_size
from xray.figures.overlay import heat, overlay, weight_map


def test_weight_map_shows_each_superpixels_weight() -> None:
    model = Linear()
    found = explain(model, film(), segments=model.segments)
    image = weight_map(found)
    assert image.shape == (40, 48)
    assert image[0, 0] == found.weights[0] and image[-1, -1] == found.weights[-1]
    assert weight_map(found, (80, 96))[79, 95] == found.weights[-1]
    assert len(np.unique(weight_map(found, leading=3))) == 4


def test_overlay_is_orange_toward_and_blue_away() -> None:
    model = Linear()
    found = explain(model, film(), segments=model.segments)
    picture = overlay(found, np.full((160, 192), 0.5, np.float32), opacity=1.0, outlines=False)
    assert picture.shape == (160, 192, 3) and picture.dtype == np.uint8
    toward = weight_map(found, (160, 192)) == found.weights.max()
    away = weight_map(found, (160, 192)) == found.weights.min()
    assert (picture[toward][:, 0] > picture[toward][:, 2]).all()
    assert (picture[away][:, 2] > picture[away][:, 0]).all()


def test_overlay_without_opacity_is_the_film() -> None:
    model, image = Linear(), film()
    found = explain(model, image, segments=model.segments)
    picture = overlay(found, image, opacity=0.0, outlines=False)
    assert (picture == np.round(image * 255).astype(np.uint8)[..., None]).all()


def test_overlay_of_no_weights_is_the_film() -> None:
    model, image = Linear(), film()
    model.effects = np.zeros(model.grid)
    found = explain(model, image, segments=model.segments)
    assert np.abs(overlay(found, image).astype(int) - np.round(image * 255)[..., None]).max() <= 1


def test_letterbox_bars_are_cut_off() -> None:
    image = np.zeros((10, 10), int)
    image[3:7] = 1
    back = at_film_size(image, (40, 100), "letterbox")
    assert back.shape == (40, 100) and back.all()
    assert not at_film_size(image, (40, 100)).all()


def test_what_was_cropped_away_is_nothing() -> None:
    back = at_film_size(np.ones((10, 10), int), (40, 100), "crop")
    assert back.shape == (40, 100)
    assert back[:, 30:70].all()
    assert not back[:, :30].any() and not back[:, 70:].any()


def test_a_map_of_any_method_is_laid_over_in_the_same_colours() -> None:
    values = np.zeros((20, 20), np.float32)
    values[:5], values[15:] = 1.0, -1.0
    found = Heatmap("occlusion", values, values, 1.0, 0.0, 1, 0, 0.1)
    picture = heat(found, np.full((20, 20), 0.5, np.float32))
    assert picture.shape == (20, 20, 3)
    assert (picture[10, 10] == 128).all()
    assert picture[0, 0, 0] > picture[0, 0, 2] and picture[19, 0, 2] > picture[19, 0, 0]
