"""Random changes of films in training: what they do to films whose answer is known."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

keras = pytest.importorskip("keras")

from xray import recipes  # noqa: E402
from xray.augmenting import RandomAffine, RandomNoise  # noqa: E402

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


@pytest.mark.parametrize(
    "change",
    [{"shift": 0.1}, {"zoom": 0.2}, {"aspect": 0.2}, {"rotation": 0.03}, {"shear": 0.1}],
)
def test_each_change_is_the_affine_one_of_opencv(change: Any, film: np.ndarray) -> None:
    """The change is read back from two ramps, and OpenCV must make the same film of it."""
    layer = RandomAffine(**change, seed=3)
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    stack = np.stack([film, columns, rows])[..., None]
    for _ in range(5):
        # The same random numbers for the film and for the ramps: one state, three calls.
        state = np.asarray(layer.generator.state.value)
        made = []
        for picture in stack:
            layer.generator.state.assign(state)
            made.append(np.asarray(layer(picture[None], training=True))[0, ..., 0])
        seen, along, down = made
        inner = (along > 0) & (along < SIDE - 1) & (down > 0) & (down < SIDE - 1)
        grid = np.stack([columns[inner], rows[inner], np.ones(inner.sum())], axis=1)
        across, *_ = np.linalg.lstsq(
            grid, np.stack([along[inner], down[inner]], axis=1), rcond=None
        )
        expected = cv2.warpAffine(
            film, across.T, (SIDE, SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        # OpenCV rounds places to 1/32 of a pixel.
        np.testing.assert_allclose(seen, expected, atol=0.01)
        assert np.abs(across.T - [[1, 0, 0], [0, 1, 0]]).max() > 1e-3


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
        for layer in recipes.augmentation_layers(change, seed):
            x = layer(x, training=training)
        return np.asarray(x)[..., 0]

    np.testing.assert_array_equal(run(7, True), run(7, True))
    assert np.abs(run(7, True) - run(8, True)).max() > 0.01
    np.testing.assert_allclose(run(7, False), np.repeat(film[None], 4, axis=0), atol=1e-6)
