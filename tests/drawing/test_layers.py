"""Layers: what is cut out of a film is its device, and laid over another it is there again."""

from __future__ import annotations

from collections import Counter

import cv2
import numpy as np
import pytest

from xray.drawing import layers, laying, marks
from xray.drawing.laying import Place
from xray.drawing.marks import Mark
from xray.films.lungs import Lungs

SIZE = (224, 224)
TOLD = {"file": "test/PNEUMONIA/a.jpeg", "child": "a", "label": "PNEUMONIA", "subtype": "virus"}


def ground(seed: int = 0, level: float = 0.4) -> np.ndarray:
    """A film without anything on it but grain and a slope."""
    rng = np.random.default_rng(seed)
    slope = np.linspace(level - 0.05, level + 0.05, SIZE[1], dtype=np.float32)[None]
    return (slope + 0.01 * rng.normal(size=SIZE)).astype(np.float32)


def lungs() -> Lungs:
    left, right = np.zeros(SIZE, bool), np.zeros(SIZE, bool)
    left[60:170, 50:100], right[60:170, 124:174] = True, True
    return Lungs(left, right, (50.0, 60.0, 174.0, 170.0), 112.0, "heuristic")


def look(*devices: tuple[str, object, float]) -> dict[str, object]:
    return {
        "devices": [{"kind": k, "geometry": g, "confidence": c} for k, g, c in devices],
        "tech_text": False,
        "quality": "ok",
    }


def wire(film: np.ndarray, points: list[tuple[int, int]], by: float = 0.2) -> np.ndarray:
    canvas = np.zeros(SIZE, np.float32)
    cv2.polylines(canvas, [np.array(points, np.int32)], False, 1.0, 2, cv2.LINE_AA)
    return np.clip(film + by * canvas, 0, 1).astype(np.float32)


def test_a_course_marked_beside_a_wire_is_moved_onto_it() -> None:
    film = wire(ground(), [(60, 20), (80, 200)])
    marked = np.array([[63.0, 20.0], [83.0, 200.0]])
    moved = marks.snapped(film, marked)
    on_wire = np.interp(moved[:, 1], [20, 200], [60, 80])
    assert np.abs(moved[20:-20, 0] - on_wire[20:-20]).mean() < 1.0


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


def test_what_two_looks_agree_on_counts_and_the_surer_names_it() -> None:
    course = [[2.0, 1.0], [3.0, 8.0]]
    first = look(("line", course, 0.6), ("electrode", [8, 8, 0.4], 0.9))
    second = look(("tube", course, 0.9))
    found, alone = marks.agreed([first, second], SIZE)
    assert [mark.kind for mark in found] == ["tube"]
    assert [mark.kind for mark in alone] == ["electrode"]
    single, none = marks.agreed([first], SIZE)
    assert len(single) == 2
    assert not none


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


def test_a_support_is_cut_along_its_edge_not_its_box() -> None:
    film = ground(level=0.15)
    bag = np.zeros(SIZE, np.uint8)
    cv2.fillPoly(bag, [np.array([[223, 0], [190, 0], [223, 140]], np.int32)], 1)
    film[bag > 0] += 0.5
    mask = marks.outline(film, Mark("support", [8.2, 0.0, 10.0, 6.5]))
    overlap = (mask & (bag > 0)).sum() / (mask | (bag > 0)).sum()
    assert overlap > 0.85


@pytest.mark.parametrize("mirrored", [False, True])
def test_what_runs_over_the_border_runs_over_every_border(mirrored: bool) -> None:
    place = Place(mirrored)
    matrix = laying.onto((50, 60, 174, 170), (80, 60, 150, 170), place)
    box, touches = (200, 10, 224, 120), (False, False, True, False)
    settled = laying.settled(matrix, box, touches, SIZE)
    ends = sorted(settled[0, 0] * np.array([200, 224]) + settled[0, 2])
    assert ends[0 if mirrored else 1] == pytest.approx(0 if mirrored else 224, abs=1e-6)


def test_what_would_fall_off_the_film_is_taken_back() -> None:
    matrix = np.array([[1.0, 0, 100], [0, 1.0, 0]])
    settled = laying.settled(matrix, (190, 50, 210, 80), (False,) * 4, SIZE)
    assert settled[0, 2] + 190 + laying.VISIBLE * 20 == pytest.approx(224)


def test_films_near_white_take_on_less() -> None:
    grey = np.linspace(0, 0.99, 50, dtype=np.float32)[None]
    np.testing.assert_allclose(layers.developed(layers.exposure(grey)), grey, atol=1e-5)
    brighter = layers.developed(layers.exposure(grey) + np.float32(0.2)) - grey
    assert brighter[0, 0] == pytest.approx(0.2)
    assert 0 < brighter[0, -1] < 0.02
