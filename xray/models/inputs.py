"""What a network takes: the scale of its inputs, the order of their channels, and what it scales
by itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from xray.errors import ModelError
from xray.films.pixels import Pixels

#: Scales of inputs -> words for people. "caffe" is another name for "imagenet".
SCALES = {
    "unit": "0 to 1",
    "byte": "0 to 255",
    "symmetric": "-1 to 1",
    "imagenet": "0 to 255 less ImageNet's channel means, as VGG and ResNet of Keras take them",
    "torch": "0 to 1 less ImageNet's channel means, over their deviations, as torchvision has it",
    "standard": "every film with mean 0 and deviation 1",
}
ALIASES = {"caffe": "imagenet"}
#: Orders of the colour channels; they matter where a scale treats channels differently.
COLOURS = ("rgb", "bgr")

#: Channel means (blue, green, red) of keras.applications' "caffe" preprocessing (VGG, ResNet).
IMAGENET_MEANS = (103.939, 116.779, 123.68)
#: Channel means and deviations (red, green, blue) of torchvision's ImageNet networks.
TORCH_MEANS = (0.485, 0.456, 0.406)
TORCH_DEVIATIONS = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Input:
    """What a network takes.

    Attributes
    ----------
    size : (int or None, int or None)
        Height and width in pixels; None where any will do.
    channels : int
        1 or 3.
    first : bool
        Channels come before height and width, as PyTorch has it.
    integer : bool
        It takes whole numbers, 0 to 255.
    inside : tuple of (float, float)
        Gain and offset that it applies to its inputs by itself before it looks at them; (1, 0)
        where it applies none.
    seen : str
        What applies them, for people; "" for nothing.
    """

    size: tuple[int | None, int | None]
    channels: int
    first: bool = False
    integer: bool = False
    inside: tuple[float, float] = (1.0, 0.0)
    seen: str = ""

    @property
    def scale(self) -> str:
        """The scale that its inputs have, as far as the file tells; else "unit".

        A network that scales by itself takes the range that it brings to a span of about two
        (-1 to 1 is one of two, 0 to 1 of one, standardised films of four).
        """
        if self.integer:
            return "byte"
        gain = abs(self.inside[0])
        if not self.seen or not gain:
            return "unit"
        return "byte" if abs(math.log(gain * 255 / 2)) < abs(math.log(gain / 2)) else "unit"


def shaped(shape: Any, model: str, first: bool | None = None) -> tuple[Any, int, bool]:
    """Size, channels and whether channels come first, of an input's shape with its batch.

    Parameters
    ----------
    shape : (batch, ...) of a network's input; None, 0 or a name where any size will do
    model : its name, for the message
    first : whether channels come first; found out when None

    Raises
    ------
    ModelError
        The network does not take one film of one or three channels.
    """
    plain = [int(n) if isinstance(n, int) and n > 0 else None for n in (shape or ())]
    if len(plain) == 4:
        for before in (False, True) if first is None else (first,):
            channels = plain[1 if before else 3]
            if channels in (1, 3):
                size = (plain[2], plain[3]) if before else (plain[1], plain[2])
                return size, int(channels), before
    raise ModelError(
        f"{model} takes inputs of shape {tuple(shape or ())}; this tool audits networks that take "
        "(height, width, 1 or 3 channels)."
    )


def scaled(grey: Pixels, scale: str, channels: int, colour: str = "") -> Pixels:
    """Turn grey films in [0, 1] into what a network takes.

    Parameters
    ----------
    grey : (N, h, w) float32 in [0, 1]
    scale : one of ``SCALES``
    channels : 1 or 3
    colour : "rgb" or "bgr"; the scale's usual order when "" ("bgr" for "imagenet")

    Returns
    -------
    (N, h, w, channels) float32
    """
    film = np.asarray(grey, dtype=np.float32)[..., None]
    if scale == "standard":
        film = _standardised(film)
    x = np.broadcast_to(film, (*film.shape[:-1], channels))  # Not copied: whoever computes copies.
    if scale == "byte":
        return np.asarray(x * np.float32(255))
    if scale == "symmetric":
        return np.asarray(x * np.float32(2) - np.float32(1))
    if scale == "imagenet":
        turn = -1 if colour == "rgb" else 1
        means = np.asarray(IMAGENET_MEANS[::turn][:channels], np.float32)
        return np.asarray(x * np.float32(255) - means)
    if scale == "torch":
        turn = -1 if colour == "bgr" else 1
        means = np.asarray(TORCH_MEANS[::turn][:channels], np.float32)
        deviations = np.asarray(TORCH_DEVIATIONS[::turn][:channels], np.float32)
        return np.asarray((x - means) / deviations)
    return x


def _standardised(film: Pixels) -> Pixels:
    """Films (N, h, w, 1) with mean 0 and deviation 1 each (``tf.image.per_image_standardization``).

    On films in 0 to 255, as it is used; the least deviation keeps an even film finite.
    """
    values = film * np.float32(255)
    axes = (1, 2, 3)
    least = 1 / math.sqrt(values[0].size) if len(values) else 1.0
    deviation = np.maximum(values.std(axis=axes, keepdims=True), np.float32(least))
    return np.asarray((values - values.mean(axis=axes, keepdims=True)) / deviation)
