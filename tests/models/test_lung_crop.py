"""Where the lungs begin and end."""

from __future__ import annotations

import numpy as np
import pytest

from xray.models.lung_crop import span


def test_lungs_begin_and_end_where_half_a_percent_of_them_lies_beyond() -> None:
    profile = np.zeros((2, 10), np.float32)
    profile[0, 2:7] = 1
    profile[1, [0, 3, 4, 9]] = (0.002, 0.5, 0.496, 0.002)
    first, last = (np.asarray(end) for end in span(profile))
    # A fortieth of the first of five steps holds half a percent.
    assert first == pytest.approx([0.2 + 0.0025, 0.3 + 0.1 * 0.003 / 0.5], abs=1e-4)
    assert last == pytest.approx([0.7 - 0.0025, 0.5 - 0.1 * 0.003 / 0.496], abs=1e-4)


def test_the_box_is_what_is_cut() -> None:
    from xray.models.lung_crop import LungCrop

    lung = np.zeros((2, 10, 10, 1), np.float32)
    lung[0, 2:8, 3:7] = 1
    layer = LungCrop((6, 4), 0.0)
    (top, bottom), (left, right) = layer.box(lung)
    found = [float(np.asarray(end)[0]) for end in (top, bottom, left, right)]
    assert found == pytest.approx([0.2, 0.8, 0.3, 0.7], abs=0.01)
    # Without lungs the film stays whole.
    assert [float(np.asarray(end)[1]) for end in (top, bottom, left, right)] == [0, 1, 0, 1]
    film = np.random.default_rng(0).random((2, 20, 20, 1), np.float32)
    cut = np.asarray(layer([film, lung]))[0, ..., 0]
    seen = film[0, 4:16, 6:14, 0].reshape(6, 2, 4, 2).mean(axis=(1, 3))
    assert np.corrcoef(cut.ravel(), seen.ravel())[0, 1] > 0.8
