"""Removal: what is taken out is gone, what is around it stays, no trace is left."""

import numpy as np
import pytest

from xray.drawing import removal
from xray.drawing.phantoms import phantom


@pytest.mark.parametrize(("kind", "left"), [("electrode", 0.6), ("tube", 1.0), ("line", 0.6)])
def test_taking_a_device_out_gives_most_of_the_film_back(kind: str, left: float) -> None:
    film, worn = (phantom(8, device=device) for device in (None, kind))
    mask = worn.device_mask
    taken = removal.inpaint(worn.pixels, mask)
    before = np.abs(worn.pixels - film.pixels)[mask].mean()
    after = np.abs(taken - film.pixels)[mask].mean()
    # A tube is hardly brighter than the tissue around it varies.
    assert after < left * before
    far = removal._grown(mask, 4)
    np.testing.assert_array_equal(taken[~far], worn.pixels[~far])


def test_the_fill_has_the_grain_of_its_surroundings() -> None:
    rng = np.random.default_rng(0)
    noisy = np.clip(0.5 + 0.05 * rng.normal(size=(224, 224)), 0, 1).astype(np.float32)
    mask = np.zeros(noisy.shape, bool)
    mask[80:110, 40:70] = True
    filled = removal.inpaint(noisy, mask)
    assert filled[mask].mean() == pytest.approx(0.5, abs=0.04)
    assert 0.5 < filled[mask].std() / 0.05 < 1.5


@pytest.mark.parametrize("size", [(64, 64), (300, 200), (1400, 1800)])
def test_any_size_any_mask(size: tuple[int, int]) -> None:
    grey = np.random.default_rng(1).random(size, dtype=np.float32)
    mask = np.zeros(size, bool)
    np.testing.assert_array_equal(removal.inpaint(grey, mask), grey)
    mask[: size[0] // 3] = True
    filled = removal.inpaint(grey, mask)
    assert filled.dtype == np.float32
    assert filled.min() >= 0
    assert filled.max() <= 1
    everything = removal.inpaint(grey, np.ones(size, bool))
    assert everything.shape == size
    assert np.isfinite(everything).all()


def test_the_same_film_and_mask_give_the_same_fill() -> None:
    film = phantom(8).pixels
    mask = np.zeros(film.shape, np.float32)
    mask[50:60, 50:120] = 1
    np.testing.assert_array_equal(removal.inpaint(film, mask), removal.inpaint(film, mask))
