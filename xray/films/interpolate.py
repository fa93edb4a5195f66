"""Resizing as others do it, on 8-bit films, to the last bit: it is a part of their models.

Training code brings films to a network's size with Pillow, OpenCV or TensorFlow, each by its own
filter. Networks notice: between two ways up to a quarter of the calls on the public test films
differ. The ways here call the same libraries, on the same 8-bit numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from xray.films.pixels import Pixels

#: Ways to bring a film to a size -> words for people. The first three are this project's own.
RESIZES = {
    "squash": "this project's own: anti-aliased, by way of 224 pixels",
    "letterbox": "the same, the aspect kept, black around; also called pad",
    "crop": "the same, the aspect kept, the middle",
    "area": "OpenCV's INTER_AREA",
    "bilinear": "Pillow's BILINEAR, as torchvision's Resize",
    "bicubic": "Pillow's BICUBIC, as Image.resize",
    "nearest": "nearest pixel, as Keras' generators and load_img",
    "lanczos": "Pillow's LANCZOS",
    "fit": "Pillow's ImageOps.fit by LANCZOS: the middle, as Teachable Machine's sample",
    "bilinear-plain": "four pixels, not anti-aliased, as cv2.resize",
    "bilinear-tf": "the same in floats, as tf.image and image_dataset_from_directory",
    "bicubic-plain": "sixteen pixels, not anti-aliased, as cv2's INTER_CUBIC",
    "crop-256": "torchvision's Resize(256) and CenterCrop(224), at any size",
}
ALIASES = {"pad": "letterbox"}
#: Those of this project, which ``resize`` makes itself.
OWN = ("squash", "letterbox", "crop")
_PILLOW = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "nearest": Image.Resampling.NEAREST,
    "lanczos": Image.Resampling.LANCZOS,
}


def interpolate(film: Pixels, size: tuple[int, int], how: str) -> Pixels:
    """Bring one film to a size as a library would bring its 8-bit file.

    Parameters
    ----------
    film : (H, W) float32 in [0, 1]; rounded to 256 grey values, which is what a file holds
    size : (height, width) in pixels
    how : of ``RESIZES``, but this project's own

    Returns
    -------
    (height, width) float32 in [0, 1]
    """
    grey = np.rint(np.asarray(film) * 255).astype(np.uint8)
    if how == "crop-256":
        return _middle(grey, size)
    if how == "fit":
        image = ImageOps.fit(Image.fromarray(grey), size[::-1], Image.Resampling.LANCZOS)
        return np.asarray(image, dtype=np.float32) / np.float32(255)
    if how in _PILLOW:
        image = Image.fromarray(np.ascontiguousarray(grey)).resize(size[::-1], _PILLOW[how])
        return np.asarray(image, dtype=np.float32) / np.float32(255)
    return _OPENCV[how](grey, size)


def _opencv(
    name: str, floats: bool = False
) -> Callable[[NDArray[np.uint8], tuple[int, int]], Pixels]:
    """A way of cv2, on bytes or on floats."""

    def way(grey: NDArray[np.uint8], size: tuple[int, int]) -> Pixels:
        import cv2

        values = grey.astype(np.float32) if floats else grey
        out = cv2.resize(values, size[::-1], interpolation=getattr(cv2, name))
        return np.asarray(out, dtype=np.float32) / np.float32(255)

    return way


_OPENCV = {
    "area": _opencv("INTER_AREA"),
    "bilinear-plain": _opencv("INTER_LINEAR"),
    # tf.image's half-pixel bilinear is OpenCV's, before rounding.
    "bilinear-tf": _opencv("INTER_LINEAR", floats=True),
    "bicubic-plain": _opencv("INTER_CUBIC"),
}


def _middle(grey: NDArray[np.uint8], size: tuple[int, int]) -> Pixels:
    """The shorter side to 256/224 of the size, then the middle (torchvision's evaluation)."""
    height, width = grey.shape
    wanted = round(min(size) * 256 / 224)
    short = min(height, width)
    # torchvision cuts the longer side to a whole number.
    sides = [wanted if side == short else int(wanted * side / short) for side in (height, width)]
    sides = [max(side, least) for side, least in zip(sides, size, strict=True)]
    image = Image.fromarray(np.ascontiguousarray(grey)).resize(
        (sides[1], sides[0]), Image.Resampling.BILINEAR
    )
    top, left = (round((sides[i] - size[i]) / 2) for i in (0, 1))
    cut = np.asarray(image)[top : top + size[0], left : left + size[1]]
    return np.asarray(cut, dtype=np.float32) / np.float32(255)
