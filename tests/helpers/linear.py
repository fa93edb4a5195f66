"""A predictor whose explanation is known, for tests without TensorFlow."""

from __future__ import annotations

import numpy as np

from xray.films.pixels import Pixels
from xray.films.resize import resize
from xray.models.card import Card
from xray.models.model import LogOdds


class Linear:
    """Log-odds add up over a grid of squares, plus optional products of neighbouring squares."""

    def __init__(
        self,
        size: tuple[int, int] = (40, 48),
        cell: int = 8,
        interaction: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.card = Card("linear", title="Linear", size=size, threshold=0.5)
        rng = np.random.default_rng(seed)
        self.grid = (size[0] // cell, size[1] // cell)
        self.cell, self.interaction = cell, interaction
        self.effects = rng.normal(0, 1, self.grid) * 10
        self.calls: list[int] = []
        self.seen: list[Pixels] = []

    @property
    def segments(self) -> np.ndarray:
        """The squares as superpixels."""
        labels = np.arange(self.grid[0] * self.grid[1], dtype=np.int32).reshape(self.grid)
        return np.kron(labels, np.ones((self.cell, self.cell), np.int32))

    def prepare(self, films: Pixels) -> Pixels:
        return resize(films, self.card.size)

    def log_odds_prepared(self, grey: Pixels, precision: str = "float32") -> LogOdds:
        self.calls.append(len(grey))
        self.seen.append(grey.copy())
        rows, columns = self.grid
        cells = grey.reshape(len(grey), rows, self.cell, columns, self.cell).astype(np.float64)
        # The spread within a square: 0 when it is filled with one grey.
        values = cells.std(axis=(2, 4))
        together = (values[:, :, 1:] * values[:, :, :-1]).sum(axis=(1, 2))
        return (values * self.effects).sum(axis=(1, 2)) + self.interaction * together


def film(size: tuple[int, int] = (40, 48), seed: int = 0) -> Pixels:
    """Noise in [0, 1]."""
    return np.random.default_rng(seed).random(size, dtype=np.float32)
