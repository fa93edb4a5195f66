"""What takes a hidden superpixel's place."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.linear import Linear, film
from xray.explanations.lime import explain
from xray.explanations.perturbation import FILLS, filled


@pytest.mark.parametrize("fill", FILLS)
def test_every_fill_hides_and_stays_in_range(model: Linear, fill: str) -> None:
    image = film()
    hidden = filled(image, model.segments, fill)
    assert hidden.shape == image.shape and hidden.dtype == np.float32
    assert hidden.min() >= 0 and hidden.max() <= 1
    assert np.abs(hidden - image).mean() > 0.1
    assert explain(model, image, fill=fill, segments=model.segments).params["fill"] == fill


def test_mean_fill_is_the_superpixels_mean(model: Linear) -> None:
    image = film()
    hidden = filled(image, model.segments, "mean")
    for label in (0, 7, 29):
        inside = model.segments == label
        assert hidden[inside] == pytest.approx(image[inside].mean(), abs=1e-6)
