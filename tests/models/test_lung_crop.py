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
