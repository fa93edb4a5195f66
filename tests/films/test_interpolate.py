"""Resizing as Pillow, OpenCV and TensorFlow do it, to the last bit."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.helpers import networks as tiny
from xray.films.interpolate import OWN, RESIZES
from xray.films.resize import resize

GREY = np.random.default_rng(2).integers(0, 256, (97, 61)).astype(np.uint8)
FILM = GREY.astype(np.float32) / np.float32(255)
SIZE = (40, 32)


def _pillow(how: Image.Resampling) -> np.ndarray:
    return np.asarray(Image.fromarray(GREY).resize(SIZE[::-1], how))


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("bilinear", lambda: _pillow(Image.Resampling.BILINEAR)),
        ("bicubic", lambda: _pillow(Image.Resampling.BICUBIC)),
        ("nearest", lambda: _pillow(Image.Resampling.NEAREST)),
        ("lanczos", lambda: _pillow(Image.Resampling.LANCZOS)),
        # The middle of the film's 97 rows, as high as 61 columns of that shape need.
        (
            "fit",
            lambda: Image.fromarray(GREY).resize(
                SIZE[::-1], Image.Resampling.LANCZOS, box=(0, 10.375, 61, 86.625)
            ),
        ),
        ("area", lambda: cv2.resize(GREY, SIZE[::-1], interpolation=cv2.INTER_AREA)),
        ("bilinear-plain", lambda: cv2.resize(GREY, SIZE[::-1])),
        ("bicubic-plain", lambda: cv2.resize(GREY, SIZE[::-1], interpolation=cv2.INTER_CUBIC)),
    ],
)
def test_ways_of_others_give_their_bytes(how: str, expected: object) -> None:
    made = resize(FILM, SIZE, how)
    np.testing.assert_array_equal(np.rint(made * 255), expected())
    assert made.dtype == np.float32


def test_tensorflow_s_bilinear() -> None:
    tf = pytest.importorskip("tensorflow")
    expected = tf.image.resize(GREY[..., None].astype(np.float32), SIZE)[..., 0].numpy()
    np.testing.assert_allclose(resize(FILM, SIZE, "bilinear-tf") * 255, expected, atol=2e-3)


def test_crop_256_is_the_middle_of_a_larger_one() -> None:
    square = tiny.films(1, side=100)[0]
    image = Image.fromarray(np.rint(square * 255).astype(np.uint8)).resize(
        (64, 64), Image.Resampling.BILINEAR
    )
    expected = np.asarray(image)[4:60, 4:60]
    np.testing.assert_array_equal(np.rint(resize(square, (56, 56), "crop-256") * 255), expected)


@pytest.mark.parametrize("how", sorted(RESIZES))
def test_every_way_gives_the_size_and_the_range(how: str) -> None:
    made = resize(FILM, SIZE, how)
    assert made.shape == SIZE
    assert 0 <= made.min() <= made.max() <= 1
    again = resize(made, SIZE, how)
    if how != "crop-256":
        np.testing.assert_array_equal(again, made)
    assert set(OWN) < set(RESIZES)
