"""Predictors whose answer is known, for tests of explanations and audits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from xray.films.pixels import Pixels
from xray.films.resize import resize
from xray.models.card import Card
from xray.models.model import LogOdds


@dataclass(frozen=True)
class Fake:
    """A predictor that gives ``rule`` of each prepared film (h, w) as its log-odds."""

    rule: Callable[[Pixels], float]
    card: Card = field(default_factory=lambda: Card("fake", size=(96, 96), threshold=0.5))

    def prepare(self, films: Pixels) -> Pixels:
        """Resize to the card's size."""
        return resize(films, self.card.size)

    def log_odds_prepared(
        self, grey: Pixels, precision: str = "float32", batch: int | None = None
    ) -> LogOdds:
        """The rule, film by film."""
        return np.array([self.rule(film) for film in grey], dtype=np.float64)

    def log_odds(self, films: Pixels, precision: str = "float32") -> LogOdds:
        """The rule for films of any size."""
        return self.log_odds_prepared(self.prepare(films))


def thin_and_bright(film: Pixels) -> float:
    """How much of a film is bright and thinner than seven pixels: what devices are."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    lifted = cv2.morphologyEx(film, cv2.MORPH_TOPHAT, kernel)
    return float(8 * np.square(np.clip(lifted - 0.08, 0, None)).sum() + 3 * film.mean())


def cloudy_lungs(film: Pixels) -> float:
    """How bright the film is where lungs usually are, blind to anything thin."""
    soft = cv2.GaussianBlur(film, (0, 0), 7)
    height, width = soft.shape
    lung = soft[height // 3 : 2 * height // 3, width // 5 : 4 * width // 5]
    return float(12 * (lung.mean() - 0.45))


class Gives:
    """Gives the same answer for every film, as any Python object may."""

    def __init__(self, *answer: Any) -> None:
        self.answer = answer

    def predict(self, films: np.ndarray) -> np.ndarray:
        return np.tile(np.array(self.answer), (len(films), 1))
