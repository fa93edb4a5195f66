"""Draw devices, side markers and burned-in text into films, with their masks.

Two style families that share no shapes: "plant" makes training films of models whose answer
is known, "test" makes the films the audit asks with, so that the test is not fitted to the
planting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from xray.drawing import plant, probe
from xray.drawing.canvas import Canvas, attenuate, frame
from xray.films.lungs import Lungs, guess
from xray.films.pixels import Pixels

Style = Literal["test", "plant"]

#: Kinds of device that can be drawn.
KINDS = ("electrode", "tube", "central_line", "cable", "pad", "clip", "support")

STYLES = {"test": probe, "plant": plant}

#: A drawing that shows less than this is drawn anew: share of the film it covers, and mean
#: change of grey under it.
LEAST_AREA = 0.0004
LEAST_CHANGE = 0.03
TRIES = 8

#: Words burned into films by the machine or the technician; numbers are filled in.
WORDS = (
    "A-P",
    "SUPINE",
    "PORTABLE",
    "KV{}",
    "kV:{}",
    "mA:3{}",
    "mAs:2.{}",
    "mS:{}",
    "{}:{}:{}",
    "MF{}{}",
)


@dataclass(frozen=True, eq=False)
class Drawn:
    """A film with something drawn into it.

    Attributes
    ----------
    film : (H, W) float32 in [0, 1]
        The film with the drawing.
    mask : (H, W) float32 in [0, 1]
        What the drawing covers, antialiased.
    kind : str
        One of ``KINDS``, "marker" or "text".
    delta : (H, W) float32, at least 0
        Film with the drawing minus film without.
    """

    film: Pixels
    mask: NDArray[np.float32]
    kind: str
    delta: NDArray[np.float32]


def draw(
    film: Pixels,
    kind: str,
    rng: np.random.Generator,
    style: Style = "test",
    lungs: Lungs | None = None,
) -> Drawn:
    """Draw a device into a film.

    Parameters
    ----------
    film : (H, W) float32 in [0, 1], any size
    kind : one of ``KINDS``
    rng : everything random about the device comes from it
    style : "test" for the audit's devices, "plant" for those in training films of controls
    lungs : where the lungs are; estimated without a network when None

    Returns
    -------
    Drawn; a drawing that would hardly be seen (outside the film, white on white) is drawn
    anew, up to ``TRIES`` times.

    Raises
    ------
    ValueError
        Unknown kind or style.
    """
    if kind not in KINDS or style not in STYLES:
        raise ValueError(f"cannot draw {kind!r} in style {style!r}; kinds are {', '.join(KINDS)}")
    family = STYLES[style]
    where = guess(film) if lungs is None else lungs
    best: Drawn | None = None
    for _ in range(TRIES):
        place = frame(film, where, rng)
        canvas = Canvas(*film.shape)
        family.DRAWERS[kind](canvas, place, rng)
        white = family.finish(canvas, place, rng)
        drawn = _expose(film, canvas, white, kind)
        if best is None or drawn.delta.sum() > best.delta.sum():
            best = drawn
        area = float(drawn.mask.mean())
        if area >= LEAST_AREA and float(drawn.delta.mean()) >= LEAST_CHANGE * area:
            return drawn
    assert best is not None
    return best


def _expose(film: Pixels, canvas: Canvas, white: float, kind: str) -> Drawn:
    exposed = attenuate(film, canvas.depth, white)
    return Drawn(exposed, np.clip(canvas.cover, 0, 1), kind, exposed - film)


def marker(film: Pixels, rng: np.random.Generator) -> Drawn:
    """Draw a lead side marker, R or L, beside or above the chest.

    Parameters
    ----------
    film : (H, W) float32 in [0, 1]
    rng : chooses letter, place, size, weight and density
    """
    letter = str(rng.choice(["R", "L"], p=[0.8, 0.2]))
    x = rng.uniform(0.01, 0.13)
    place = (x if letter == "R" else 0.95 - x, rng.uniform(0.02, 0.4))
    return _write(film, letter, "marker", rng, size=rng.uniform(9, 19), place=place)


def text(film: Pixels, rng: np.random.Generator) -> Drawn:
    """Draw small burned-in technical text near a border, one line or a few.

    Parameters
    ----------
    film : (H, W) float32 in [0, 1]
    rng : chooses words, place, size and density
    """
    lines = int(rng.choice([1, 2, 4], p=[0.55, 0.15, 0.3]))
    words = [word.format(*rng.integers(10, 60, 3)) for word in rng.choice(WORDS, lines)]
    x = rng.uniform(0.01, 0.1) if rng.random() < 0.5 else rng.uniform(0.72, 0.9)
    y = rng.uniform(0.0, 0.12) if rng.random() < 0.6 else rng.uniform(0.82, 0.97)
    size = rng.uniform(4.5, 8) * lines
    return _write(film, "\n".join(words), "text", rng, size=size, place=(x, y))


def _write(
    film: Pixels,
    words: str,
    kind: str,
    rng: np.random.Generator,
    *,
    size: float,
    place: tuple[float, float],
) -> Drawn:
    """Write words that stand ``size`` units high in all, their top left near ``place``."""
    height, width = film.shape
    unit = float(np.sqrt(height * width)) / 224
    sheet = _typeset(words, bold=int(rng.integers(0, 3)))
    scale, narrow = size * unit / sheet.shape[0], rng.uniform(0.6, 0.95)
    letters = cv2.resize(
        sheet,
        (
            min(width, max(2, round(sheet.shape[1] * scale * narrow))),
            min(height, max(2, round(sheet.shape[0] * scale))),
        ),
        interpolation=cv2.INTER_AREA,
    )
    x = int(np.clip(place[0] * width, 0, width - letters.shape[1]))
    y = int(np.clip(place[1] * height, 0, height - letters.shape[0]))
    canvas = Canvas(height, width)
    canvas.cover[y : y + letters.shape[0], x : x + letters.shape[1]] = letters
    canvas.depth += np.float32(rng.uniform(0.9, 2.8)) * canvas.cover
    canvas.soften(0.3 * unit)
    return _expose(film, canvas, float(rng.uniform(0.85, 1.0)), kind)


def _typeset(words: str, bold: int) -> NDArray[np.float32]:
    """Words in Pillow's own font, cut to their ink: (h, w) float32 in [0, 1]."""
    font = ImageFont.load_default(56)
    _, _, right, bottom = ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox(
        (8, 8), words, font=font, spacing=10, stroke_width=bold
    )
    image = Image.new("L", (round(right) + 8, round(bottom) + 8))
    ImageDraw.Draw(image).multiline_text(
        (8, 8), words, fill=255, font=font, spacing=10, stroke_width=bold
    )
    cut = image.crop(image.getbbox())
    return np.asarray(cut, np.float32) / np.float32(255)
