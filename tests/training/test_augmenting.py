"""Random changes of films in training: what they do to films whose answer is known."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

keras = pytest.importorskip("keras")

from xray.training import architectures, recipes  # noqa: E402
from xray.training.augmenting import RandomAffine, RandomNoise  # noqa: E402

SIDE = 32


@pytest.fixture(scope="module")
def film() -> np.ndarray:
    """A smooth film without symmetry, (32, 32) in [0.2, 0.8]."""
    made = cv2.GaussianBlur(
        np.random.default_rng(0).random((SIDE, SIDE)).astype(np.float32), None, 3
    )
    return 0.2 + 0.6 * (made - made.min()) / np.ptp(made)


def _many(layer: Any, film: np.ndarray, count: int = 64) -> np.ndarray:
    batch = np.repeat(film[None, ..., None], count, axis=0)
    return np.asarray(layer(batch, training=True))[..., 0]


def test_mirroring_is_exact_and_takes_one_film_of_two(film: np.ndarray) -> None:
    made = _many(RandomAffine(flip=True, seed=1), film, 200)
    same = np.abs(made - film).max(axis=(1, 2)) < 1e-5
    mirrored = np.abs(made - film[:, ::-1]).max(axis=(1, 2)) < 1e-5
    assert (same ^ mirrored).all()
    assert 70 < mirrored.sum() < 130


def _read_back(layer: Any, film: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A film as the layer changes it, and the 2 x 3 matrix of the change.

    The matrix (from places in the result to places in the film) is read off two ramps that are
    changed with the same random numbers.
    """
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    state = np.asarray(layer.generator.state.value)
    made = []
    for picture in (film, columns, rows):
        layer.generator.state.assign(state)
        made.append(_many(layer, picture, 1)[0])
    seen, along, down = made
    inner = (along > 0) & (along < SIDE - 1) & (down > 0) & (down < SIDE - 1)
    grid = np.stack([columns[inner], rows[inner], np.ones(inner.sum())], axis=1)
    found, *_ = np.linalg.lstsq(grid, np.stack([along[inner], down[inner]], axis=1), rcond=None)
    return seen, found.T


#: Change -> whether a matrix about the film's middle (2 x 2, and the move in pixels) is one.
_ALLOWED: dict[str, Any] = {
    "shift": lambda turn, move: (
        np.allclose(turn, np.eye(2), atol=1e-3) and 0.1 < np.abs(move).max() <= 0.1 * SIDE + 0.01
    ),
    "zoom": lambda turn, move: (
        np.allclose(turn, turn[0, 0] * np.eye(2), atol=1e-3)
        and 0.001 < abs(turn[0, 0] - 1) <= 0.101
    ),
    "aspect": lambda turn, move: (
        np.allclose(turn, np.diag(np.diag(turn)), atol=1e-3)
        and abs(turn[0, 0] - turn[1, 1]) > 0.001
        and np.abs(np.diag(turn) - 1).max() <= 0.101
    ),
    "rotation": lambda turn, move: (
        np.allclose(turn @ turn.T, np.eye(2), atol=1e-3)
        and np.linalg.det(turn) > 0
        and 0.001 < abs(turn[0, 1]) <= np.sin(2 * np.pi * 0.1) + 0.001
    ),
    "shear": lambda turn, move: (
        np.allclose(np.diag(turn), 1, atol=1e-3) and 0.001 < np.abs(turn - np.eye(2)).max() <= 0.101
    ),
}


@pytest.mark.parametrize("name", _ALLOWED)
def test_each_change_is_what_it_is_called_and_moves_films_as_opencv_does(
    name: str, film: np.ndarray
) -> None:
    layer = RandomAffine(**{name: 0.1}, seed=3)
    middle = np.array([(SIDE - 1) / 2, (SIDE - 1) / 2])
    drawn = []
    for _ in range(5):
        seen, matrix = _read_back(layer, film)
        move = matrix[:, :2] @ middle + matrix[:, 2] - middle
        assert _ALLOWED[name](matrix[:, :2], move), matrix
        assert name == "shift" or np.abs(move).max() < 0.02
        expected = cv2.warpAffine(
            film,
            matrix,
            (SIDE, SIDE),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        # OpenCV rounds places to 1/32 of a pixel.
        np.testing.assert_allclose(seen, expected, atol=0.01)
        drawn.append(matrix)
    assert len({tuple(np.round(matrix.ravel(), 4)) for matrix in drawn}) == 5


def test_the_edge_goes_on_unless_black_is_asked_for(film: np.ndarray) -> None:
    assert _many(RandomAffine(shift=0.3, seed=2), film).min() >= film.min() - 1e-5
    assert _many(RandomAffine(shift=0.3, border="black", seed=2), film).min() == 0


def test_noise_is_as_strong_as_drawn_film_by_film() -> None:
    grey = np.full((SIDE, SIDE), 0.5, np.float32)
    made = _many(RandomNoise(0.05, seed=4), grey, 300)
    strength = made.std(axis=(1, 2))
    assert strength.max() < 0.05 * 1.1
    assert strength.min() < 0.005
    assert strength.mean() == pytest.approx(0.025, abs=0.003)
    assert np.abs(made.mean(axis=(1, 2)) - 0.5).max() < 0.01


def test_noise_leaves_films_in_range() -> None:
    for grey in (0.0, 1.0):
        made = _many(RandomNoise(0.5, seed=5), np.full((SIDE, SIDE), grey, np.float32))
        assert made.min() >= 0 and made.max() <= 1


@pytest.mark.parametrize("name", ["moderate", "strong", "wide", "wide_noisy"])
def test_a_seed_repeats_and_films_in_use_are_left_alone(name: str, film: np.ndarray) -> None:
    change = recipes.AUGMENTATIONS[name]

    def run(seed: int, training: bool) -> np.ndarray:
        x: Any = np.repeat(film[None, ..., None], 4, axis=0)
        for layer in architectures.augmentation_layers(change, seed):
            x = layer(x, training=training)
        return np.asarray(x)[..., 0]

    np.testing.assert_array_equal(run(7, True), run(7, True))
    assert np.abs(run(7, True) - run(8, True)).max() > 0.01
    np.testing.assert_allclose(run(7, False), np.repeat(film[None], 4, axis=0), atol=1e-6)
