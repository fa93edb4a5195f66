"""Where the weight of an explanation lies: on the lungs, and on devices against their nulls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xray.drawing import shams
from xray.drawing.marks import Mask
from xray.explanations import superpixels
from xray.explanations.result import Explanation
from xray.explanations.superpixels import Labels
from xray.films import lungs
from xray.films.pixels import Pixels
from xray.models.model import Predictor


@dataclass(frozen=True, eq=False)
class Regions:
    """Regions of one film at a model's input size, (h, w) bool each.

    Attributes
    ----------
    lungs : both lungs
    guessed : whether the lungs are a guess, as the network that finds them is missing or saw none
    device, null : labelled devices, and the same shape elsewhere on the film; None without labels
    """

    lungs: Mask
    guessed: bool
    device: Mask | None = None
    null: Mask | None = None


@dataclass(frozen=True)
class Shares:
    """Shares of all absolute weight, 0..1, each beside what says nothing.

    Attributes
    ----------
    lungs, lungs_area : weight on the lungs, and how much of the film they take
    device, null : weight on labelled devices, and on the same shape elsewhere; None without
    guessed : whether the lungs are a guess
    """

    lungs: float
    lungs_area: float
    device: float | None
    null: float | None
    guessed: bool


def regions(model: Predictor, film: Pixels, mask: Mask | None = None, seed: int = 0) -> Regions:
    """Find lungs, devices and their null region as a model is shown them.

    Parameters
    ----------
    film : (H, W) float32 in [0, 1]
    mask : (H, W) bool, where devices are; None where nobody knows
    """
    found = lungs.estimate(film)
    guessed = found.source != "network"
    own = _at(model, found.field)
    if mask is None or not mask.any():
        return Regions(own, guessed)
    elsewhere = shams.moved(mask, np.random.default_rng([seed, 7]), mask, film)
    device = _at(model, mask)
    null = _at(model, elsewhere) & ~device
    if not device.any() or not null.any():
        # So thin that nothing of it is left at the model's size.
        return Regions(own, guessed)
    return Regions(own, guessed, device, null)


def _at(model: Predictor, mask: Mask) -> Mask:
    """A mask at a model's size; thin devices keep every pixel that they cover by a fifth."""
    return np.asarray(model.prepare(mask.astype(np.float32)[None])[0] > 0.2)


def cut(grey: Pixels, wanted: int, found: Regions) -> Labels | None:
    """Superpixels in which devices and their null are one each; None where there are no devices.

    Parameters
    ----------
    grey : (h, w) film at the model's size
    """
    if found.device is None or found.null is None:
        return None
    return superpixels.segment(grey, wanted, masks=(found.device, found.null))


def shares(why: Explanation, found: Regions) -> Shares:
    """Where an explanation's weight lies."""

    def on(mask: Mask | None) -> float | None:
        return None if mask is None else share(why, mask)

    return Shares(
        share(why, found.lungs),
        float(found.lungs.mean()),
        on(found.device),
        on(found.null),
        found.guessed,
    )


def share(why: Explanation, mask: Mask) -> float:
    """Share of all absolute weight on a mask, each superpixel's spread evenly over it, 0..1."""
    strength = np.abs(why.weights)
    area = np.bincount(why.segments.ravel(), minlength=len(strength))
    inside = np.bincount(why.segments[mask], minlength=len(strength))
    total = float(strength.sum())
    return float((strength * inside / np.maximum(area, 1)).sum() / total) if total else 0.0
