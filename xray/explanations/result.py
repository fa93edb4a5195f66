"""The results of explaining one film, and how one is kept.

An ``Explanation`` is what LIME says, superpixel by superpixel. A ``Heatmap`` is what every method
comes down to: a number under each pixel of the film.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import scipy.stats
from numpy.typing import NDArray

from xray.explanations import surrogate
from xray.explanations.superpixels import Labels
from xray.explanations.surrogate import Floats
from xray.files import hash_json


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a model calls a film what it does, superpixel by superpixel.

    Attributes
    ----------
    segments : (h, w) int32
        Superpixel of each pixel, 0 .. K - 1, at the model's input size.
    weights, stderr : (K,) float64
        Effect on the target of keeping a superpixel rather than filling it (positive: toward
        the positive class), and its standard error over repeats of the design.
    freedom : float
        Degrees of freedom of the standard errors.
    intercept, r2 : float
        Of the surrogate; ``r2`` is weighted, at most 1.
    log_odds, probability : float
        The model's prediction of the positive class for the whole film.
    n_evaluations : int
        Evaluations of the model, the whole film included.
    agreement : float in [0, 1]
        Share of the five leading superpixels to expect again in a repeat.
    stable : bool
    why_unstable : str
        One sentence; empty when stable.
    params : dict
        Settings, hashes of film, model and segments: everything the result depends on.
    """

    segments: Labels
    weights: Floats
    stderr: Floats
    freedom: float
    intercept: float
    r2: float
    log_odds: float
    probability: float
    n_evaluations: int
    agreement: float
    stable: bool
    why_unstable: str
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def ranking(self) -> NDArray[np.int64]:
        """(K,) superpixels by absolute weight, largest first."""
        return surrogate.leading(self.weights, len(self.weights))

    @property
    def interval(self) -> tuple[Floats, Floats]:
        """(K,) lower and (K,) upper ends of the weights' 95 % intervals."""
        half = scipy.stats.t.ppf(0.975, self.freedom) * self.stderr
        return self.weights - half, self.weights + half

    @property
    def key(self) -> str:
        """Key of this explanation in a cache: the same whenever the result is the same."""
        return hash_json(self.params)

    def table(self) -> pd.DataFrame:
        """Weights as a table, one row a superpixel, leading first.

        Columns: superpixel, weight, stderr, low, high (95 %), pixels, row, column (centre,
        as shares of height and width).
        """
        low, high = self.interval
        flat, area = self.segments.ravel(), np.bincount(self.segments.ravel())
        rows, columns = np.indices(self.segments.shape)
        height, width = self.segments.shape
        table = pd.DataFrame(
            {
                "superpixel": np.arange(len(self.weights)),
                "weight": self.weights,
                "stderr": self.stderr,
                "low": low,
                "high": high,
                "pixels": area,
                "row": (np.bincount(flat, rows.ravel()) / area + 0.5) / height,
                "column": (np.bincount(flat, columns.ravel()) / area + 0.5) / width,
            }
        )
        return table.iloc[self.ranking].reset_index(drop=True)


@dataclass(frozen=True, eq=False)
class Heatmap:
    """What one method says of one film, pixel by pixel.

    Attributes
    ----------
    method : str
        Of ``methods.METHODS``.
    values : (H, W) float32 in [-1, 1]
        At the film's own size; positive where the pixel speaks for the positive class. The largest
        magnitude is 1, unless nothing speaks at all.
    at_model : (h, w) float32 in [-1, 1]
        The same at the model's input size.
    peak : float
        What 1 stands for, in the method's own unit of log-odds.
    log_odds : float
        The model's log-odds of the positive class for the whole film.
    n_evaluations, n_gradients : int
        Films passed through the model, and how many of them were passed back too.
    seconds : float
        Wall time.
    params : dict
        Options, hashes of film and model: everything that ``values`` depend on.
    """

    method: str
    values: NDArray[np.float32]
    at_model: NDArray[np.float32]
    peak: float
    log_odds: float
    n_evaluations: int
    n_gradients: int
    seconds: float
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Key of this map in a cache: the same whenever the values are the same."""
        return hash_json(self.params | {"method": self.method})

    def share(self, mask: NDArray[np.bool_]) -> float:
        """Share in [0, 1] of the absolute weight that lies in a mask (H, W); 0 of an empty map."""
        strength = np.abs(self.values)
        total = float(strength.sum())
        return float(strength[mask].sum()) / total if total else 0.0

    def against(self, region: NDArray[np.bool_], null: NDArray[np.bool_]) -> float:
        """Signed weight in a region less that in its null, as a share of all absolute weight.

        Parameters
        ----------
        region, null : (H, W) bool
            What is asked about, and as large a region without it.

        Returns
        -------
        float in [-1, 1]
            Above 0 where the region speaks more for the positive class than its null.
        """
        total = float(np.abs(self.values).sum())
        if not total:
            return 0.0
        return float(self.values[region].sum() - self.values[null].sum()) / total


def scaled(values: NDArray[Any]) -> tuple[NDArray[np.float32], float]:
    """Values divided by their largest magnitude, and that magnitude; all 0 stay 0."""
    peak = float(np.abs(values).max())
    return np.asarray(values / (peak or 1.0), np.float32), peak


def at_film_size(
    image: NDArray[np.generic], shape: tuple[int, int], fit: str = "squash"
) -> NDArray[np.generic]:
    """Bring a picture from the model's input size back onto the film, by nearest pixel.

    Parameters
    ----------
    image : (h, w) or (h, w, C) array at the model's input size.
    shape : (H, W) of the film.
    fit : how the film was brought to the model's size; the bars of "letterbox" are cut off, and
        what "crop" cut off is 0.
    """
    height, width = image.shape[:2]
    top, left, inner_height, inner_width = 0, 0, height, width
    if fit == "letterbox":
        scale = min(height / shape[0], width / shape[1])
        inner_height = max(1, round(shape[0] * scale))
        inner_width = max(1, round(shape[1] * scale))
        top, left = (height - inner_height) // 2, (width - inner_width) // 2
    if fit in ("crop", "crop-256"):
        scale = max(height / shape[0], width / shape[1]) * (256 / 224 if fit == "crop-256" else 1)
        kept = (min(shape[0], round(height / scale)), min(shape[1], round(width / scale)))
        back = np.zeros((*shape, *image.shape[2:]), image.dtype)
        above, beside = (shape[0] - kept[0]) // 2, (shape[1] - kept[1]) // 2
        back[above : above + kept[0], beside : beside + kept[1]] = at_film_size(image, kept)
        return back
    rows = top + (np.arange(shape[0]) * inner_height) // shape[0]
    columns = left + (np.arange(shape[1]) * inner_width) // shape[1]
    return np.asarray(image[rows[:, None], columns[None, :]])
