"""Films with superpixels hidden, many at once, and what a model says to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from xray.explanations.designs import Masks
from xray.explanations.superpixels import Labels
from xray.explanations.surrogate import Floats
from xray.films.pixels import Pixels
from xray.jobs.progress import Progress
from xray.models.model import Predictor

Fill = Literal["mean", "blur", "inpaint", "black"]
#: Fill -> what a hidden superpixel shows, in words for people.
FILLS = {
    "mean": "the superpixel's mean grey",
    "blur": "the film strongly blurred",
    "inpaint": "painted over from its surroundings",
    "black": "black",
}
#: Films that are built and predicted at a time: bounds memory whatever the number of masks. More
#: gain nothing, measured from 8 to 64 on two cores, and 64 films of VGG19 take 0.7 GB.
BATCH = 16


@dataclass(frozen=True, eq=False)
class Parts:
    """A film taken apart for perturbation.

    Attributes
    ----------
    grey : (h, w) float32 in [0, 1]
        The film at the model's input size.
    fill : (h, w) float32 in [0, 1]
        The same film with every superpixel hidden.
    labels : (h, w) int32
        Superpixels, 0 .. K - 1.
    """

    grey: Pixels
    fill: Pixels
    labels: Labels

    @property
    def count(self) -> int:
        """Number of superpixels, K."""
        return int(self.labels.max()) + 1

    def perturbed(self, masks: Masks) -> Pixels:
        """Films with superpixels hidden: (n, h, w) float32 for (n, K) masks, without a loop."""
        return np.where(masks[:, self.labels], self.grey, self.fill)

    def log_odds(
        self,
        predictor: Predictor,
        masks: Masks,
        precision: str = "float32",
        progress: Progress | None = None,
    ) -> Floats:
        """Log-odds (n,) of the perturbed films, in batches: memory does not grow with n."""
        values = np.empty(len(masks))
        for start in range(0, len(masks), BATCH):
            rows = slice(start, min(start + BATCH, len(masks)))
            values[rows] = predictor.log_odds_prepared(self.perturbed(masks[rows]), precision)
            if progress is not None:
                progress(rows.stop, len(masks))
        return values


def filled(grey: Pixels, labels: Labels, fill: Fill = "mean") -> Pixels:
    """The film with every superpixel hidden, (h, w) float32 in [0, 1]; see ``FILLS``."""
    if fill == "black":
        return np.zeros_like(grey)
    if fill == "blur":
        return np.asarray(cv2.GaussianBlur(grey, (0, 0), sigmaX=max(grey.shape) / 10), np.float32)
    if fill == "inpaint":
        return _inpainted(grey, labels)
    flat = labels.ravel()
    means = np.bincount(flat, grey.ravel()) / np.bincount(flat)
    return np.asarray(means.astype(np.float32)[labels])


def _inpainted(grey: Pixels, labels: Labels) -> Pixels:
    """Each superpixel painted over from its own surroundings (Telea 2004, OpenCV)."""
    out = np.empty_like(grey)
    image = np.round(grey * 255).astype(np.uint8)
    for label in range(int(labels.max()) + 1):
        inside = labels == label
        painted = cv2.inpaint(image, inside.astype(np.uint8), 3, cv2.INPAINT_TELEA)
        out[inside] = painted[inside].astype(np.float32) / 255
    return out
