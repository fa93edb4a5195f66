"""Laying: a device at its place relative to the lungs, and a null and a cloud beside it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.drawing.plain_films import SIZE, TOLD, ground, look, lungs, wire
from xray.drawing import layers, laying
from xray.drawing.laying import Place


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


def at(matrix: np.ndarray, x: float, y: float) -> list[float]:
    return list(np.round(matrix @ [x, y, 1], 6))


def test_places_are_drawn_within_bounds() -> None:
    drawn = [Place.draw(np.random.default_rng(seed)) for seed in range(40)]
    assert drawn == [Place.draw(np.random.default_rng(seed)) for seed in range(40)]
    assert {place.mirrored for place in drawn} == {False, True}
    shifts = np.array([(place.across, place.down) for place in drawn])
    assert np.abs(shifts).max() <= laying.SHIFT and shifts.std(axis=0).min() > 0


def test_lungs_are_laid_onto_lungs() -> None:
    donor, recipient = (50, 60, 150, 160), (40, 80, 160, 180)
    matrix = laying.onto(donor, recipient, Place())
    assert at(matrix, 50, 60) == [40, 80] and at(matrix, 150, 160) == [160, 180]
    mirrored = laying.onto(donor, recipient, Place(mirrored=True))
    assert at(mirrored, 50, 60) == [160, 80] and at(mirrored, 150, 160) == [40, 180]
    # Shifts are shares of the recipient's box: a tenth of 120, and of 100.
    shifted = laying.onto(donor, recipient, Place(across=0.1, down=-0.1))
    assert at(shifted, 50, 60) == [52, 70]
    np.testing.assert_array_equal(laying.onto(donor, donor, Place()), np.eye(2, 3))


def test_a_wrong_box_stretches_no_further() -> None:
    matrix = laying.onto((0, 0, 100, 100), (0, 0, 300, 20), Place())
    assert (matrix[0, 0], matrix[1, 1]) == (laying.STRETCH, 1 / laying.STRETCH)
    assert at(matrix, 50, 50) == [150, 10], "the middle stays the middle"


def test_what_lies_well_is_not_moved() -> None:
    matrix = np.array([[1.2, 0, 5], [0, 0.9, 7]])
    np.testing.assert_array_equal(
        laying.settled(matrix, (50, 50, 90, 80), (False,) * 4, SIZE), matrix
    )


def test_what_runs_from_border_to_border_is_stretched_over_the_film() -> None:
    matrix = np.array([[0.8, 0, 10], [0, 1.0, 0]])
    settled = laying.settled(matrix, (0, 50, 200, 80), (True, False, True, False), SIZE)
    assert (at(settled, 0, 0)[0], at(settled, 200, 0)[0]) == (0, 224)
    assert settled[1].tolist() == [0, 1, 0]


def layer_of(film: np.ndarray) -> layers.Layer:
    worn = look(("line", [[2.7, 0.9], [3.6, 8.9]], 0.9))
    return layers.cut(film, [worn], lungs(), TOLD)[0]


@pytest.fixture(scope="module")
def layer() -> layers.Layer:
    return layer_of(wire(ground(), [(60, 20), (80, 200)]))


def test_a_null_is_cut_by_the_same_mask(layer: layers.Layer) -> None:
    cut = laying.null(layer, ground(3), lungs().box, "other")
    assert cut.file == "other" and len(cut.pieces) == len(layer.pieces)
    for grain, piece in zip(cut.pieces, layer.pieces, strict=True):
        assert grain.shape == piece.delta.shape and grain.dtype == np.float32
        assert not grain[piece.delta == 0].any()
        # Grain, and no wire: a film's own noise has a hundredth as standard deviation.
        assert 0 < np.abs(grain).max() < 0.06


def test_what_is_put_is_what_is_laid(layer: layers.Layer) -> None:
    film = ground(5)
    cut = laying.null(layer, ground(3), lungs().box, "other")
    for place in (Place(), Place(True, 0.02, -0.01)):
        laid = laying.lay(film, lungs().box, layer, cut, place)
        np.testing.assert_array_equal(laying.put(film, lungs().box, layer, place), laid.device)
        for picture in (laid.device, laid.null, laid.cloud):
            assert picture.shape == SIZE and picture.dtype == np.float32
            assert picture.min() >= 0 and picture.max() <= 1


def test_a_mirrored_device_lies_on_the_other_side(layer: layers.Layer) -> None:
    film = ground(5)
    # The lungs' box is centred at 112: what lay at 70 lies at 154.
    plain = laying.put(film, lungs().box, layer, Place()) - film
    mirrored = laying.put(film, lungs().box, layer, Place(mirrored=True)) - film
    assert plain[110].argmax() == pytest.approx(70, abs=2)
    assert mirrored[110].argmax() == pytest.approx(154, abs=2)


def test_a_cloud_has_no_edge(layer: layers.Layer) -> None:
    film = ground(5)
    cut = laying.null(layer, ground(3), lungs().box, "other")
    cloud = laying.lay(film, lungs().box, layer, cut, Place()).cloud - film
    device = laying.put(film, lungs().box, layer, Place()) - film
    steepest = np.abs(np.diff(cloud, axis=1)).max()
    assert steepest < 0.05 * np.abs(np.diff(device, axis=1)).max()
