"""Facts measured of each film."""

from __future__ import annotations

import imagehash
import numpy as np
from PIL import Image

from xray.dataset import facts


def test_phash_is_imagehash_of_the_small_copy() -> None:
    rng = np.random.default_rng(1)
    copies = rng.integers(0, 255, (5, 32, 32), dtype=np.uint8)
    expected = [str(imagehash.phash(Image.fromarray(copy))) for copy in copies]
    assert facts.perceptual_hashes(copies) == expected
