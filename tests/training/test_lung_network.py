"""The lung network's training data and its score."""

from pathlib import Path

import numpy as np
import pytest

from xray.errors import DatasetError
from xray.training import lung_network


def test_dice_of_known_masks() -> None:
    a, b = np.zeros(10, bool), np.zeros(10, bool)
    assert lung_network.dice(a, b) == 1
    a[:4] = True
    b[2:6] = True
    assert lung_network.dice(a, b) == 0.5


def test_pairs_need_masks_of_the_films_names(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="--masks"):
        lung_network.pairs(tmp_path, tmp_path, "train")
