"""What becomes of a film on its way into a model, step by step, so that people can look at it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xray.films import interpolate
from xray.films.decode import Film
from xray.films.pixels import Pixels
from xray.films.resize import resize
from xray.models import framing, inputs
from xray.models.card import Card
from xray.training import architectures, recipes

#: What each scaling does to a grey value in [0, 1], in words.
SCALES = {
    "unit": "grey values stay between 0 and 1",
    "byte": "grey values are multiplied by 255",
    "symmetric": "grey values are stretched to lie between −1 and 1",
    "imagenet": "grey is given as blue, green and red of 0 to 255, less ImageNet's mean colour",
    "torch": "grey is given as red, green and blue, less ImageNet's means and over its deviations",
    "standard": "each film is brought to mean 0 and deviation 1",
}

#: What each way to a model's size does to a film, in words.
HOW = {
    "squash": "squashed to a square",
    "letterbox": "fitted in with black beside it",
    "crop": "cut to a square at its own aspect",
}

#: Augmented variants that are shown.
VARIANTS = 8


@dataclass(frozen=True, eq=False)
class Step:
    """One step: what to call it, what it did, and the picture after it, (H, W) in [0, 1]."""

    title: str
    said: str
    picture: Pixels


def steps(film: Film, card: Card) -> list[Step]:
    """Film as decoded, resized, and as numbers, for one model.

    The last picture is stretched to its own darkest and brightest value, as numbers have no
    brightness of their own.
    """
    small = resize(film.pixels, card.size, card.fit)
    values = model_input(film.pixels, card)
    low, high = float(values.min()), float(values.max())
    seen = values.mean(axis=-1)
    spread = max(float(seen.max() - seen.min()), 1e-9)
    how = f"{HOW[card.fit]}, anti-aliased" if card.fit in HOW else interpolate.RESIZES[card.fit]
    if card.size[0] != card.size[1]:
        how = how.replace("a square", "its size")
    channels = "once" if values.shape[-1] == 1 else f"{values.shape[-1]} times over"
    return [
        Step(
            "Film",
            f"{film.width} × {film.height} pixels, {film.mode}, read as grey",
            film.pixels,
        ),
        Step("Resized", f"{card.size[1]} × {card.size[0]} pixels, {how}", small),
        Step(
            "Numbers",
            f"from {low:.2f} to {high:.2f}: {SCALES[card.scale]}; given {channels}",
            ((seen - seen.min()) / spread).astype(np.float32),
        ),
    ]


def lungs_size(card: Card) -> tuple[int, int] | None:
    """Size of what a model sees of the lungs; None for one that sees whole films."""
    if card.settings.get("framing") != "lungs":
        return None
    height, width = card.settings["size"]
    return (int(height), int(width))


def cut_out(pixels: Pixels, card: Card) -> Pixels:
    """What the network of a model of the lungs cuts out of a film (H, W); this loads Keras.

    Returns
    -------
    (h, w) float32 in [0, 1], ``lungs_size(card)``
    """
    shown = resize(pixels, card.size, card.fit)[None]
    size = lungs_size(card)
    seen: Pixels = (shown if size is None else framing.cut(shown, size))[0]
    return seen


def model_input(pixels: Pixels, card: Card) -> NDArray[np.float32]:
    """The numbers that a model is given for a film (H, W): (h, w, channels) float32."""
    small = resize(pixels, card.size, card.fit)[None]
    values: NDArray[np.float32] = inputs.scaled(small, card.scale, card.channels, card.colour)[0]
    return values


def variants(pixels: Pixels, card: Card, n: int = VARIANTS, seed: int = 0) -> Pixels:
    """Augmented copies of a film as a model's training draws them; loads Keras.

    Parameters
    ----------
    pixels : (H, W) float32 in [0, 1], a film of any size
    card : of a model of a known recipe; one without augmentation gives the film unchanged
    n : copies
    seed : of the changes

    Returns
    -------
    (n, h, w) float32 in [0, 1], at the size of what the network is shown
    """
    made = np.repeat(cut_out(pixels, card)[None, ..., None], n, axis=0)
    change = recipes.RECIPES[card.recipe].augmentation
    for layer in architectures.augmentation_layers(change, seed):
        made = np.asarray(layer(made, training=True))
    return np.clip(made[..., 0], 0, 1).astype(np.float32)


def augmentation(recipe: str) -> str:
    """What a recipe's training does to films at random, in words; "" where it does nothing."""
    if recipe not in recipes.RECIPES:
        return ""
    change = recipes.RECIPES[recipe].augmentation
    percents = {
        "shifted": change.shift,
        "zoomed": change.zoom,
        "stretched": change.aspect,
        "sheared": change.shear,
        "changed in brightness": change.brightness,
        "changed in contrast": change.contrast,
        "overlaid with noise": change.noise,
    }
    parts = [f"{words} by up to {100 * size:.0f} %" for words, size in percents.items() if size]
    if change.rotation:
        parts.append(f"rotated by up to {360 * change.rotation:.0f}°")
    return ", ".join([*parts, *(["mirrored"] if change.flip else [])])
