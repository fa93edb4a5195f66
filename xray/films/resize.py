"""Films to a size, the way models were trained."""

from __future__ import annotations

import numpy as np
from PIL import Image

from xray.films import interpolate
from xray.films.pixels import Pixels

#: Films larger than this pass through it on their way to a smaller model input. The films that
#: the models learn from were squashed to 224 x 224 by Pillow's BILINEAR (then JPEG quality 75:
#: doing both to a native film gives its 224-pixel copy to the last bit), so a native film must
#: take the same road. At 128 pixels the two then differ by 0.9 grey levels of 255 (RMS over 300
#: films); straight there by BILINEAR it is 1.2, BICUBIC 1.4, LANCZOS 1.5, cv2's INTER_AREA 1.9.
STAGE = 224

#: How a film is brought to a size of another aspect (see ``resize``).
FITS = interpolate.OWN


def resize(
    pixels: Pixels, size: tuple[int, int], fit: str = "squash", aspect: float | None = None
) -> Pixels:
    """Resize films, anti-aliased; the one function for training, evaluation, LIME and upload.

    Pillow's BILINEAR (a triangle filter as wide as the reduction), by way of ``STAGE`` pixels
    where the film is larger and the wanted size is not.

    Parameters
    ----------
    pixels : (H, W) or (N, H, W) float32 in [0, 1]
    size : (height, width) in pixels
    fit : "squash" stretches to the size; "letterbox" keeps the aspect and pads with black;
        "crop" keeps the aspect and cuts off what lies outside the size, the same on both sides;
        others of ``interpolate.RESIZES`` do as another library does.
    aspect : width / height to keep, of a film that was squashed before; its own when None

    Returns
    -------
    (height, width) or (N, height, width) float32 in [0, 1]; ``pixels`` itself where it already
    has the size.
    """
    size = (int(size[0]), int(size[1]))
    if pixels.shape[-2:] == size and (aspect is None or fit == "squash") and fit != "crop-256":
        return pixels.astype(np.float32, copy=False)
    if pixels.ndim == 3:
        out = np.empty((len(pixels), *size), np.float32)
        for i, film in enumerate(pixels):
            out[i] = resize(film, size, fit, aspect)
        return out
    if fit not in FITS:
        return interpolate.interpolate(pixels, size, fit)
    if fit != "squash":
        shape = aspect or pixels.shape[1] / pixels.shape[0]
        return _letterbox(pixels, size, shape) if fit == "letterbox" else _crop(pixels, size, shape)
    height, width = pixels.shape
    stage = (min(height, STAGE), min(width, STAGE))
    image = Image.fromarray(np.ascontiguousarray(pixels, dtype=np.float32))
    if max(size) <= STAGE and stage != (height, width):
        image = image.resize(stage[::-1], Image.Resampling.BILINEAR)
    image = image.resize(size[::-1], Image.Resampling.BILINEAR)
    # The weights of the filter sum to one only to the last bit.
    return np.clip(np.asarray(image, dtype=np.float32), 0.0, 1.0)


def _letterbox(pixels: Pixels, size: tuple[int, int], aspect: float) -> Pixels:
    """Fit one (H, W) film into ``size`` at an aspect (width / height), centred on black."""
    height = min(size[0], size[1] / aspect)
    inner = (max(1, round(height)), max(1, round(height * aspect)))
    top, left = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    out = np.zeros(size, np.float32)
    out[top : top + inner[0], left : left + inner[1]] = resize(pixels, inner)
    return out


def _crop(pixels: Pixels, size: tuple[int, int], aspect: float) -> Pixels:
    """Fill ``size`` with the middle of one (H, W) film whose aspect (width / height) is given."""
    wanted = size[1] / size[0]
    height, width = pixels.shape
    kept = (
        max(1, round(height * min(1.0, aspect / wanted))),
        max(1, round(width * min(1.0, wanted / aspect))),
    )
    top, left = (height - kept[0]) // 2, (width - kept[1]) // 2
    return resize(pixels[top : top + kept[0], left : left + kept[1]], size)
