"""The one resize: as the films that models learn from were made."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from xray.drawing.phantoms import phantom
from xray.films.decode import decode, read
from xray.films.resize import resize

FILM = phantom(11, (96, 80)).pixels


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def rms(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.sqrt(np.mean((one - other) ** 2)))


@pytest.mark.parametrize("size", [(64, 64), (128, 96), (224, 224), (300, 260)])
@pytest.mark.parametrize("fit", ["squash", "letterbox"])
def test_resize_gives_the_size_and_the_range(size: tuple[int, int], fit: str) -> None:
    small = resize(FILM, size, fit)
    assert small.shape == size
    assert small.dtype == np.float32
    assert small.min() >= 0
    assert small.max() <= 1


def test_resize_of_a_batch_is_that_of_each() -> None:
    batch = np.stack([phantom(seed, (96, 80)).pixels for seed in range(4)])
    together = resize(batch, (48, 64))
    for film, small in zip(batch, together, strict=True):
        assert np.array_equal(resize(film, (48, 64)), small)


def test_resize_to_the_same_size_changes_nothing() -> None:
    assert np.array_equal(resize(FILM, (96, 80)), FILM)
    assert np.array_equal(resize(FILM[None], (96, 80)), FILM[None])


def test_resize_is_anti_aliased() -> None:
    stripes = np.zeros((512, 512), np.float32)
    stripes[:, ::2] = 1
    inner = resize(stripes, (64, 64))[4:-4, 4:-4]
    assert np.abs(inner - 0.5).max() < 0.02


def test_resize_keeps_the_mean_and_constants() -> None:
    for size in ((50, 40), (200, 200)):
        assert abs(resize(FILM, size).mean() - FILM.mean()) < 0.01
        np.testing.assert_allclose(
            resize(np.full((300, 500), 0.3, np.float32), size), 0.3, atol=1e-6
        )


def test_large_films_take_the_road_of_the_training_films() -> None:
    large = phantom(1, (700, 900)).pixels
    by_hand = resize(resize(large, (224, 224)), (128, 128))
    assert np.array_equal(resize(large, (128, 128)), by_hand)
    # A model that wants more than the training films have is given all there is.
    direct = Image.fromarray(large).resize((300, 300), Image.Resampling.BILINEAR)
    np.testing.assert_allclose(resize(large, (300, 300)), np.asarray(direct), atol=1e-6)


def test_letterbox_keeps_the_aspect() -> None:
    wide = np.ones((50, 100), np.float32)
    boxed = resize(wide, (80, 80), "letterbox")
    assert (boxed[:20] == 0).all()
    assert (boxed[60:] == 0).all()
    assert (boxed[20:60] == 1).all()


@pytest.mark.films
def test_native_films_and_their_copies_agree(real_films: Path) -> None:
    native = real_films.parent / "films_native"
    if not native.is_dir():
        pytest.skip("needs the native films beside XRAY_DATA")
    for path in sorted(native.rglob("*.jpeg"))[::12]:
        copy = read(real_films / path.relative_to(native))
        film = read(path)
        # How the copies were made, to the last bit: which is why resize does as it does.
        stage = np.asarray(Image.fromarray(np.round(film.pixels * 255).astype(np.uint8)))
        again = Image.fromarray(stage).resize((224, 224), Image.Resampling.BILINEAR)
        redone = decode(saved(again.convert("RGB"), "JPEG", quality=75))
        assert np.array_equal(redone.pixels, copy.pixels)
        assert rms(resize(film.pixels, (128, 128)), resize(copy.pixels, (128, 128))) < 1.1 / 255


def test_crop_keeps_the_aspect_and_the_middle() -> None:
    wide = np.zeros((50, 100), np.float32)
    wide[:, 25:75] = 1
    assert (resize(wide, (40, 40), "crop") == 1).all()
    assert np.array_equal(resize(wide.T, (40, 40), "crop"), np.ones((40, 40), np.float32))


@pytest.mark.parametrize("fit", ["letterbox", "crop"])
def test_a_squashed_film_gets_its_aspect_back(fit: str) -> None:
    native = phantom(3, (120, 180)).pixels
    squashed = resize(native, (120, 120))
    restored = resize(squashed, (60, 60), fit, aspect=1.5)
    wanted = resize(native, (60, 60), fit)
    assert (
        np.abs(restored - wanted).mean() < 0.25 * np.abs(resize(squashed, (60, 60)) - wanted).mean()
    )
