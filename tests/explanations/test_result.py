"""Maps: their shares, and what they are held against."""

from __future__ import annotations

import numpy as np
import pytest

from xray.explanations.result import Heatmap, scaled


def heatmap(values: np.ndarray) -> Heatmap:
    made, peak = scaled(values)
    return Heatmap("occlusion", made, made, peak, 0.0, 1, 0, 0.1, {"model": "a"})


def test_shares_are_of_all_absolute_weight() -> None:
    found = heatmap(np.array([[4.0, -2.0], [1.0, 1.0]]))
    assert found.peak == 4 and found.values[0, 1] == -0.5
    left = np.array([[True, False], [True, False]])
    assert found.share(left) == pytest.approx(5 / 8)
    assert found.against(left, ~left) == pytest.approx((5 - (-1)) / 8)
    assert found.against(~left, left) == pytest.approx(-6 / 8)


def test_a_map_that_says_nothing_stays_nothing() -> None:
    found = heatmap(np.zeros((2, 2)))
    everywhere = np.ones((2, 2), bool)
    assert found.share(everywhere) == 0 and found.against(everywhere, ~everywhere) == 0


def test_keys_tell_methods_apart() -> None:
    one = heatmap(np.ones((2, 2)))
    other = Heatmap("lime", one.values, one.values, 1.0, 0.0, 1, 0, 0.1, {"model": "a"})
    assert one.key != other.key
