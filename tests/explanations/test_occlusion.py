"""Occlusion against its own definition, written as plainly as can be."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.fakes import Fake
from tests.helpers.linear import Linear, film
from xray.errors import FilmError
from xray.explanations.occlusion import occlusion


def test_each_pixel_has_the_mean_fall_of_the_windows_that_cover_it() -> None:
    model, grey = Linear(size=(24, 32)), film((24, 32))
    values, evaluations = occlusion(model, grey, window=8, stride=5, fill="black")
    whole = model.log_odds_prepared(grey[None])[0]
    total, count = np.zeros(grey.shape), np.zeros(grey.shape)
    for top in (0, 5, 10, 15, 20):
        for left in (0, 5, 10, 15, 20, 25):
            hidden = grey.copy()
            hidden[top : top + 8, left : left + 8] = 0
            total[top : top + 8, left : left + 8] += whole - model.log_odds_prepared(hidden[None])
            count[top : top + 8, left : left + 8] += 1
    assert evaluations == 31
    assert values == pytest.approx(total / count)


def test_it_points_at_what_the_model_looks_at() -> None:
    model = Fake(lambda grey: 8 * float(grey[60:76, 20:36].mean()))
    grey = np.full((96, 96), 0.2, np.float32)
    grey[60:76, 20:36] = 1.0
    values, _ = occlusion(model, grey, fill="black")
    rows, columns = np.nonzero(values > 0.5 * values.max())
    assert rows.mean() == pytest.approx(67.5, abs=3) and columns.mean() == pytest.approx(
        27.5, abs=3
    )
    # An even window, filled with its own mean, changes nothing.
    flat = np.full((96, 96), 0.2, np.float32)
    assert np.abs(occlusion(model, flat)[0]).max() < 1e-6


def test_a_seed_moves_the_grid_and_nothing_else() -> None:
    model, grey = Linear(), film()
    one, two = (occlusion(model, grey, seed=seed)[0] for seed in (1, 1))
    assert np.array_equal(one, two)
    other = occlusion(model, grey, seed=2)[0]
    assert not np.array_equal(one, other)
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.5


@pytest.mark.parametrize(
    "options", [{"window": 60}, {"stride": 9, "window": 8}, {"fill": "inpaint"}]
)
def test_a_window_that_does_not_suit_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(FilmError, match="take a smaller window"):
        occlusion(Linear(), film(), **options)
