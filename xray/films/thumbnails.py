"""Small pictures of films for the browser, made when a page of films is looked at."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from xray.films import decode
from xray.films.pixels import Pixels
from xray.films.resize import resize

#: Longer side of a thumbnail, and of a film shown in full, in pixels.
SMALL, LARGE = 176, 900


def fit(pixels: Pixels, side: int) -> Pixels:
    """Shrink a film (H, W) until its longer side is ``side``; a smaller one stays as it is."""
    height, width = pixels.shape
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    return resize(pixels, (max(1, round(height * scale)), max(1, round(width * scale))))


def jpeg(pixels: Pixels, quality: int = 82) -> bytes:
    """Encode a film (H, W) in [0, 1] as JPEG."""
    stream = BytesIO()
    values = np.round(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    Image.fromarray(values).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def picture(path: Path, side: int = SMALL) -> bytes:
    """Read a film and give a JPEG of it whose longer side is at most ``side``.

    Raises
    ------
    FilmError
        The film cannot be read.
    """
    return jpeg(fit(decode.read(path).pixels, side))
