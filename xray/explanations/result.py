"""The result of explaining one film, and how it is kept."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.stats
from numpy.typing import NDArray

from xray.errors import ArtifactError
from xray.explanations import surrogate
from xray.explanations.superpixels import Labels
from xray.explanations.surrogate import Floats
from xray.files import hash_json, replacing


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a model calls a film what it does, superpixel by superpixel.

    Attributes
    ----------
    segments : (h, w) int32
        Superpixel of each pixel, 0 .. K - 1, at the model's input size.
    weights, stderr : (K,) float64
        Effect on the target of keeping a superpixel rather than filling it (positive: toward
        PNEUMONIA), and its standard error over repeats of the design.
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


def save(explanation: Explanation, path: Path) -> None:
    """Write an explanation as ``.npz``, whole or not at all."""
    values = {name: getattr(explanation, name) for name in Explanation.__dataclass_fields__}
    params = np.frombuffer(json.dumps(values.pop("params")).encode(), np.uint8)
    with replacing(path) as beside:
        np.savez_compressed(beside, params=params, **values)


def load(path: Path) -> Explanation:
    """Read what ``save`` wrote.

    Raises
    ------
    ArtifactError
        The file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            values = {
                name: stored[name] if stored[name].ndim else stored[name].item()
                for name in Explanation.__dataclass_fields__
            }
        values["params"] = json.loads(values["params"].tobytes())
        return Explanation(**values)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ArtifactError(f"{path} is damaged ({error}); delete it and run again.") from error
