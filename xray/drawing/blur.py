"""Gaussian blur that stays quick when it is wide."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def wide_blur(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Blur by ``sigma`` pixels, reflecting at the border so that the mean is kept.

    Above 8 pixels the blur is done on a smaller copy, where it costs the same whatever
    ``sigma`` is; nothing finer than sigma / 4 is left in the result anyway.

    Parameters
    ----------
    image : (H, W) float32
    sigma : standard deviation in pixels, above 0

    Returns
    -------
    (H, W) float32
    """
    shrink = max(1, int(sigma // 4))
    height, width = image.shape
    size = (max(1, width // shrink), max(1, height // shrink))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), sigma / shrink, borderType=cv2.BORDER_REFLECT)
    grown = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown, np.float32)
