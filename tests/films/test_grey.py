"""Numbers to grey values, worked out by hand, and the sizes that are refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from xray.errors import FilmError
from xray.films import grey


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "a.png is empty; export"),
        (grey.MAX_BYTES + 1_000_000, "a.png has 41 MB, more than the 40 MB read here; export"),
    ],
)
def test_files_of_no_bytes_or_too_many(count: int, words: str) -> None:
    with pytest.raises(FilmError, match=words):
        grey.check_bytes(count, "a.png")
    grey.check_bytes(1, "a.png")
    grey.check_bytes(grey.MAX_BYTES, "a.png")


def test_sizes_at_which_no_film_comes() -> None:
    grey.check_size(5_000, 5_000, "a.png")
    grey.check_size(grey.MIN_SIDE, grey.MIN_SIDE, "a.png")
    with pytest.raises(FilmError, match="5001 x 5000 pixels, more than the 25 million"):
        grey.check_size(5_001, 5_000, "a.png")
    with pytest.raises(FilmError, match=r"100 x 31 pixels, too few .* at least 32 on each side"):
        grey.check_size(100, 31, "a.png")


def test_a_ramp_is_straight_and_clipped() -> None:
    values = np.array([[-10, 0, 25, 100, 200]], np.int16)
    found = grey.ramp(values, 0, 100)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[0, 0, 0.25, 1, 1]], atol=1e-7)
    assert values.tolist() == [[-10, 0, 25, 100, 200]], "what was given stays"


def test_a_film_that_uses_its_scale_is_taken_as_it_is() -> None:
    values = np.linspace(0, 1_000, 4_096).reshape(64, 64)
    np.testing.assert_allclose(grey.stretched(values, 0, 2_000), values / 2_000, atol=1e-6)


def test_a_film_of_a_small_part_of_its_scale_is_stretched() -> None:
    values = np.linspace(100, 200, 4_096).reshape(64, 64)
    found = grey.stretched(values, 0, 65_535)
    # The central 99 % of the pixels run from 100.5 to 199.5.
    np.testing.assert_allclose(found, np.clip((values - 100.5) / 99, 0, 1), atol=1e-4)
    marked = values.copy()
    marked[0, :3] = 65_535
    assert np.median(grey.stretched(marked, 0, 65_535)) == pytest.approx(0.5, abs=0.01)


def test_one_even_grey_is_not_stretched() -> None:
    found = grey.stretched(np.full((40, 40), 1_000), 0, 4_000)
    np.testing.assert_allclose(found, 0.25)


def test_only_what_lies_inside_is_looked_at() -> None:
    values = np.linspace(100, 200, 4_096).reshape(64, 64)
    values[:32] = 60_000
    inside = np.zeros((64, 64), bool)
    inside[32:] = True
    low, high = np.percentile(values[32:], [0.5, 99.5])
    found = grey.stretched(values, 0, 65_535, inside)
    np.testing.assert_allclose(found, np.clip((values - low) / (high - low), 0, 1), atol=1e-4)


def test_a_small_inside_is_found_in_a_large_film() -> None:
    """Large films are looked at in steps; what falls between them is looked at whole."""
    values = np.zeros((1_200, 1_200), np.uint16)
    inside = np.zeros(values.shape, bool)
    values[1, 1:12], inside[1, 1:12] = np.arange(100, 111), True
    found = grey.stretched(values, 0, 65_535, inside)
    assert found[1, 1] == 0 and found[1, 11] == 1
    assert found[1, 6] == pytest.approx(0.5, abs=1e-4)


@pytest.mark.parametrize(
    ("top", "depth"),
    [
        (1, 8),
        (255, 8),
        (256, 10),
        (1_023, 10),
        (4_000, 12),
        (4_096, 14),
        (65_535, 16),
        (65_536, 24),
    ],
)
def test_whole_numbers_at_the_smallest_depth_that_holds_them(top: int, depth: int) -> None:
    values = np.zeros((40, 40), np.int64)
    values[:20] = top
    found = grey.from_numbers(values, "a film")
    stretched = top < grey.NARROW * (2**depth - 1)
    expected = 1 if stretched else top / (2**depth - 1)
    np.testing.assert_allclose(found[:20], expected, rtol=1e-6)
    assert not found[20:].any()


def test_real_numbers_between_0_and_1_are_greys() -> None:
    values = np.linspace(0.4, 0.5, 1_600).reshape(40, 40)
    np.testing.assert_array_equal(grey.from_numbers(values, ""), values.astype(np.float32))


def test_other_numbers_from_the_least_to_the_greatest() -> None:
    values = np.linspace(-1_000, 3_000, 1_600).reshape(40, 40)
    np.testing.assert_allclose(
        grey.from_numbers(values, ""), np.linspace(0, 1, 1_600).reshape(40, 40), atol=1e-6
    )
    assert not grey.from_numbers(np.full((40, 40), 7.5), "").any()


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers(odd: float) -> None:
    values = np.zeros((40, 40))
    values[3, 3] = odd
    with pytest.raises(FilmError, match="a film holds values that are no numbers"):
        grey.from_numbers(values, "a film")


def test_distance_from_grey() -> None:
    pixels = np.full((16, 16, 3), 100, np.uint8)
    assert grey.distance_from_grey(pixels) == 0
    pixels[..., 0] = 151
    # Red is 51 away from green, blue is not: half of a fifth.
    assert grey.distance_from_grey(pixels) == pytest.approx(0.1)
    pixels[:8] = 100
    assert grey.distance_from_grey(pixels) == pytest.approx(0.05)
    assert grey.chroma(Image.fromarray(pixels)) == pytest.approx(0.05)
    assert grey.chroma(Image.new("L", (64, 64), 90)) == 0
