"""Layers: what is cut out of a film is its device, and laid over another it is there again."""

from __future__ import annotations

from collections import Counter

import cv2
import numpy as np
import pytest

from tests.drawing.plain_films import TOLD, ground, look, lungs, wire
from xray.drawing import layers, laying
from xray.drawing.laying import Place


def test_a_layer_is_the_film_less_its_device_and_brings_it_back() -> None:
    film = wire(ground(), [(60, 20), (80, 200)])
    marks = look(("line", [[2.7, 0.9], [3.6, 8.9]], 0.9))
    (layer, worn) = layers.cut(film, [marks], lungs(), TOLD)
    assert (layer.kind, worn.kind) == ("line", "as_worn")
    cut = laying.null(layer, ground(3), lungs().box, "other")
    laid = laying.lay(ground(5), lungs().box, layer, cut, Place())
    added = laid.device - ground(5)
    # On the wire it is as bright as the wire was, and away from it nothing changed.
    assert added[110, 68:73].max() == pytest.approx(0.2, abs=0.05)
    away = cv2.dilate(layer.mask.astype(np.uint8), np.ones((13, 13), np.uint8)) == 0
    assert not added[away].any()
    # The null is as bright as the device, without the wire.
    assert (laid.null - ground(5)).sum() == pytest.approx(added.sum(), rel=0.05)
    assert (laid.cloud - ground(5)).sum() == pytest.approx(added.sum(), rel=0.05)
    assert (laid.null - ground(5))[110, 68:73].max() < 0.08


def test_layers_that_pixels_speak_against_are_refused() -> None:
    refused: Counter[tuple[str, str]] = Counter()
    nothing = layers.cut(ground(), [look(("line", [[2, 1], [3, 8]], 0.9))], lungs(), TOLD, refused)
    assert not nothing
    assert refused["line", "no contrast"] == 1
    # A bright thing that is part of something bright beyond its box, as bone is.
    bone = ground()
    bone[90:120] += 0.4
    layers.cut(bone, [look(("other", [8.0, 3.9, 9.0, 5.4], 0.9))], lungs(), TOLD, refused)
    assert refused["other", "anatomy in it"] == 1


def test_a_device_within_another_kinds_mark_serves_as_worn_only() -> None:
    film = wire(ground(), [(60, 20), (80, 200)])
    marks = look(("line", [[2.7, 0.9], [3.6, 8.9]], 0.9), ("support", [1.5, 0.5, 4.5, 9.5], 0.9))
    kinds = [layer.kind for layer in layers.cut(film, [marks], lungs(), TOLD)]
    assert kinds == ["as_worn"]


def test_films_near_white_take_on_less() -> None:
    grey = np.linspace(0, 0.99, 50, dtype=np.float32)[None]
    np.testing.assert_allclose(layers.developed(layers.exposure(grey)), grey, atol=1e-5)
    brighter = layers.developed(layers.exposure(grey) + np.float32(0.2)) - grey
    assert brighter[0, 0] == pytest.approx(0.2)
    assert 0 < brighter[0, -1] < 0.02
