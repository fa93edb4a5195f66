"""One film read by one model: its call, why (LIME), and what devices laid over it change."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xray import classes
from xray.audits import lime_weights, one_film
from xray.audits.lime_weights import Shares
from xray.drawing.marks import Mask
from xray.explanations import lime, methods, perturbation, superpixels
from xray.explanations.lime import Explanation
from xray.explanations.perturbation import Fill
from xray.explanations.result import Heatmap
from xray.files import hash_json
from xray.films import lungs
from xray.films.pixels import Pixels
from xray.films.resize import resize
from xray.jobs.progress import Progress
from xray.labels import devices
from xray.models import precision, registry
from xray.models.card import Card

#: Kind that is laid on when nothing else is asked for.
DEVICE = "electrode"
#: The second opinion beside LIME, of ``methods.METHODS``.
SECOND = "grad_cam"
#: Longest side of a film, and of what is laid over it, as they are shown, in pixels.
SIDE = 560


@dataclass(frozen=True)
class Question:
    """How a film is to be read; the same question to the same model gives the same reading.

    Attributes
    ----------
    superpixels : superpixels wanted.
    fill : what a hidden superpixel shows; one of ``lime.FILLS``.
    device : kind laid over the film; one of ``devices.KINDS``.
    seed : of the perturbations, and of the choice of devices.
    films : folder whose labelled films give devices; "" where they are rendered.
    file : the film's place in that folder, whose labels are used; "" for any other film.
    """

    superpixels: int = lime.Settings().n_superpixels
    fill: Fill = lime.Settings().fill
    device: str = DEVICE
    seed: int = 0
    films: str = ""
    file: str = ""

    def key(self, film_sha256: str, card: Card) -> str:
        """Name of the reading of a film by a model, for the queue and its kept results."""
        told = [film_sha256, card.name, card.as_read, asdict(self)]
        return hash_json([*told, devices.content() if self.films else ""])

    def stock(self) -> one_film.Stock:
        """The devices that are laid over the film."""
        folder = Path(self.films) if self.films else None
        return one_film.stock(self.device, folder, self.seed)

    def marked(self, size: tuple[int, ...]) -> Mask | None:
        """Where labels say that devices are on the film, (H, W) bool; None without labels."""
        looks = devices.load_geometry().get(self.file) if self.file else None
        return None if looks is None else devices.mask(looks, (size[0], size[1]))

    @property
    def own(self) -> str:
        """The child on the film, as far as is known."""
        return one_film.child(self.file) if self.file else ""


@dataclass(frozen=True, eq=False)
class Reading:
    """What one model makes of one film.

    Attributes
    ----------
    model : its name.
    threshold : log-odds at which it calls SICK.
    explanation : LIME of the film; holds its log-odds and probability.
    device, null : log-odds with each device laid over the film, and with its null; empty while
        no device was laid on.
    rendered : whether the devices are rendered, not cut out of films.
    shares : where the explanation's weight lies.
    second : the second opinion on the film, ``small``; None where there is none.
    second_lungs : share of its weight on the lungs.
    no_second : why there is none, in a sentence.
    """

    model: str
    threshold: float
    explanation: Explanation
    device: tuple[float, ...] = ()
    null: tuple[float, ...] = ()
    rendered: bool = True
    shares: Shares | None = None
    second: Heatmap | None = None
    second_lungs: float | None = None
    no_second: str = ""

    @property
    def whole(self) -> bool:
        """Whether devices were laid on, and a second opinion was asked for."""
        return bool(self.device)

    @property
    def with_device(self) -> float:
        """Mean log-odds with devices."""
        return float(np.mean(self.device))

    @property
    def with_null(self) -> float:
        """Mean log-odds with their nulls."""
        return float(np.mean(self.null))

    @property
    def turned(self) -> tuple[int, int]:
        """How many devices, and how many nulls, change the call."""
        devices_, nulls = (
            sum(self._called(value) != self.call for value in values)
            for values in (self.device, self.null)
        )
        return devices_, nulls

    @property
    def log_odds(self) -> float:
        """Log-odds of SICK of the film as it is."""
        return self.explanation.log_odds

    @property
    def call(self) -> str:
        """What the model calls the film."""
        return self._called(self.log_odds)

    @property
    def call_with_device(self) -> str:
        """What the model calls the film at the mean over devices."""
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
            "log_odds_with_device": list(self.device),
            "log_odds_with_null": list(self.null),
            "call_with_device": self.call_with_device,
            "devices_rendered": self.rendered,
            "grad_cam_on_lungs": self.second_lungs,
            "weight_shares": None if self.shares is None else asdict(self.shares),
            "stable": why.stable,
            "why_unstable": why.why_unstable,
            "agreement": why.agreement,
            "r2": why.r2,
            "evaluations": why.n_evaluations,
            "parameters": why.params,
        }


def explained(
    model: str, pixels: Pixels, question: Question, progress: Progress | None = None
) -> Reading:
    """Let a model read a film, and explain why by LIME: what a visitor waits for.

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
    found = lime_weights.regions(loaded, pixels, question.marked(pixels.shape), question.seed)
    grey = loaded.prepare(np.asarray(pixels, np.float32)[None])[0]
    explanation = lime.explain(
        loaded,
        pixels,
        segments=lime_weights.cut(grey, question.superpixels, found),
        n_superpixels=question.superpixels,
        fill=question.fill,
        seed=question.seed,
        progress=progress,
    )
    return Reading(
        model=model,
        threshold=loaded.card.threshold_log_odds,
        explanation=explanation,
        shares=lime_weights.shares(explanation, found),
    )


def completed(
    reading: Reading, pixels: Pixels, question: Question, progress: Progress | None = None
) -> Reading:
    """The same with devices laid over the film, and with a second opinion.

    Parameters
    ----------
    progress : called with (steps done, steps) before each, as in ``explained``
    """
    told = progress or (lambda done, total: None)
    told(0, 3)
    loaded = registry.load(reading.model)
    stock = question.stock()
    # Brought to the model's size one by one: an upload may be large.
    pairs = [
        loaded.prepare(np.stack([worn.device, worn.null]))
        for worn in one_film.wear(pixels, stock, question.seed, question.own)
    ]
    told(1, 3)
    changed = loaded.log_odds_prepared(np.concatenate(pairs)).reshape(-1, 2)
    told(2, 3)
    missing, shown = methods.why_not(SECOND, loaded), small(pixels)
    second = None if missing else methods.explain(SECOND, loaded, shown)
    return replace(
        reading,
        device=tuple(changed[:, 0].tolist()),
        null=tuple(changed[:, 1].tolist()),
        rendered=stock.rendered,
        second=second,
        second_lungs=second.share(lungs.estimate(shown).field) if second else None,
        no_second=missing,
    )


def warm(model: str) -> None:
    """Do ahead what only the first explanation by a model waits for; what fails, fails there again.

    TensorFlow and the network are loaded and compiled, the arithmetic is measured, and the lungs
    and superpixels of a blank film are found.
    """
    loaded = registry.load(model)
    blank = np.linspace(0, 1, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    grey = loaded.prepare(blank[None])
    asked = np.repeat(grey, perturbation.BATCH, axis=0)
    loaded.log_odds_prepared(asked, precision.probe(loaded).choice)
    lungs.estimate(blank)
    superpixels.segment(grey[0], superpixels.DEFAULT_COUNT)


def small(pixels: Pixels, side: int = SIDE) -> Pixels:
    """A film no larger than it is shown, (h, w) float32; its aspect is kept."""
    scale = min(1.0, side / max(pixels.shape))
    height, width = (max(1, round(length * scale)) for length in pixels.shape)
    return resize(pixels, (height, width))


def weights_table(readings: list[Reading]) -> pd.DataFrame:
    """Weights of several readings: ``Explanation.table`` of each, with model and region.

    Regions are numbered by weight, the largest first, as they are on the overlays.
    """
    tables = [reading.explanation.table().assign(model=reading.model) for reading in readings]
    table = pd.concat([each.assign(region=range(1, len(each) + 1)) for each in tables])
    first = ["model", "region"]
    return table.reset_index(drop=True)[first + [name for name in table if name not in first]]
