"""One film read by one model: its call, why (LIME), and what a device drawn in would change."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from xray import classes
from xray.drawing import devices, shams
from xray.drawing.devices import Drawn
from xray.explanations import lime
from xray.explanations.lime import Explanation
from xray.explanations.perturbation import Fill
from xray.files import hash_json
from xray.films.pixels import Pixels
from xray.jobs.progress import Progress
from xray.models import registry
from xray.models.card import Card

#: What the device test draws when nothing else is asked for.
DEVICE = "electrode"


@dataclass(frozen=True)
class Question:
    """How a film is to be read; the same question to the same model gives the same reading.

    Attributes
    ----------
    superpixels : superpixels wanted.
    fill : what a hidden superpixel shows; one of ``lime.FILLS``.
    device : kind drawn in for the device test; one of ``devices.KINDS``.
    seed : of the perturbations and of the drawing.
    """

    superpixels: int = lime.Settings().n_superpixels
    fill: Fill = lime.Settings().fill
    device: str = DEVICE
    seed: int = 0

    def key(self, film_sha256: str, card: Card) -> str:
        """Name of the reading of a film by a model, for the queue and its kept results."""
        return hash_json([film_sha256, card.name, card.sha256, card.threshold, asdict(self)])


@dataclass(frozen=True, eq=False)
class Reading:
    """What one model makes of one film.

    Attributes
    ----------
    model : its name.
    threshold : log-odds at which it calls PNEUMONIA.
    explanation : LIME of the film; holds its log-odds and probability.
    with_device, with_sham : log-odds with the device drawn in, and with the device's
        brightness but not its structure.
    """

    model: str
    threshold: float
    explanation: Explanation
    with_device: float
    with_sham: float

    @property
    def log_odds(self) -> float:
        """Log-odds of PNEUMONIA of the film as it is."""
        return self.explanation.log_odds

    @property
    def call(self) -> str:
        """What the model calls the film."""
        return self._called(self.log_odds)

    @property
    def call_with_device(self) -> str:
        """What the model calls the film with the device drawn in."""
        return self._called(self.with_device)

    def _called(self, log_odds: float) -> str:
        return classes.positive() if log_odds >= self.threshold else classes.negative()

    def summary(self) -> dict[str, Any]:
        """Everything but the superpixels, as JSON holds it."""
        why = self.explanation
        return {
            "model": self.model,
            "positive": classes.positive(),
            "probability": why.probability,
            "log_odds": why.log_odds,
            "threshold_log_odds": self.threshold,
            "call": self.call,
            "log_odds_with_device": self.with_device,
            "log_odds_with_sham": self.with_sham,
            "call_with_device": self.call_with_device,
            "stable": why.stable,
            "why_unstable": why.why_unstable,
            "agreement": why.agreement,
            "r2": why.r2,
            "evaluations": why.n_evaluations,
            "parameters": why.params,
        }


def with_device(pixels: Pixels, kind: str, seed: int) -> Drawn:
    """Draw a device into a film (H, W); the same film, kind and seed give the same drawing."""
    return devices.draw(pixels, kind, np.random.default_rng([seed, devices.KINDS.index(kind)]))


def read(
    model: str, pixels: Pixels, question: Question, progress: Progress | None = None
) -> Reading:
    """Let a model read a film.

    Parameters
    ----------
    model : a registered name.
    pixels : (H, W) float32 in [0, 1]
    progress : called with (evaluations done, evaluations planned so far).

    Raises
    ------
    ModelError
        The model cannot be loaded or used.
    FilmError
        The film or the question cannot be used.
    """
    loaded = registry.load(model)
    explanation = lime.explain(
        loaded,
        pixels,
        n_superpixels=question.superpixels,
        fill=question.fill,
        seed=question.seed,
        progress=progress,
    )
    drawn = with_device(pixels, question.device, question.seed)
    sham = shams.brightness(pixels, drawn.delta, np.random.default_rng(question.seed))
    changed = loaded.log_odds(np.stack([drawn.film, sham]))
    return Reading(
        model=model,
        threshold=loaded.card.threshold_log_odds,
        explanation=explanation,
        with_device=float(changed[0]),
        with_sham=float(changed[1]),
    )


def weights_table(readings: list[Reading]) -> pd.DataFrame:
    """Weights of several readings: ``Explanation.table`` of each, with a model column."""
    tables = [reading.explanation.table().assign(model=reading.model) for reading in readings]
    table = pd.concat(tables, ignore_index=True)
    return table[["model", *(name for name in table.columns if name != "model")]]
