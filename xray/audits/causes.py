"""Why a model cannot be judged: what was declared wrongly, tried out, and what mends it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xray.audits import judging
from xray.errors import ModelError
from xray.films.decode import Pixels
from xray.models import registry
from xray.models.registry import Card, Model

#: Films of either class that each option is tried on.
TRIED = 100


@dataclass(frozen=True)
class Cause:
    """Why a model ranks these films no better than chance.

    Attributes
    ----------
    name : "reversed", "scale", "reversed and scale" or "untrained"
    option : what mends it on the command line; "" where nothing does
    auroc : (value, low, high) with the option
    """

    name: str
    option: str
    auroc: tuple[float, float, float]

    def sentence(self) -> str:
        """The cause, and what to do."""
        value, low, high = self.auroc
        if not self.option:
            return (
                "No other scale and no other order of its classes helps: it looks untrained, or "
                "trained for something else. Train it, or give another file."
            )
        what = {
            "reversed": "Its classes are the other way round",
            "scale": "It was trained on films of another scale",
            "reversed and scale": "Its classes are the other way round and its scale is another",
        }[self.name]
        return (
            f"{what}: with {self.option} its AUROC is {value:.2f} ({low:.2f} to {high:.2f}). "
            f"Add {self.option} and audit it again."
        )


def find(
    model: Model,
    films: Pixels,
    sick: NDArray[np.bool_],
    children: NDArray[Any],
    seed: int = 0,
) -> Cause:
    """Try what may have been declared wrongly, and say what ranks the films.

    Parameters
    ----------
    films : (N, H, W) float32 in [0, 1]
    sick, children : (N,) truth, and whose film it is
    """
    rng = np.random.default_rng(seed)
    places = np.concatenate(
        [rng.permutation(np.flatnonzero(sick == truth))[:TRIED] for truth in (False, True)]
    )
    grey, truth, whose = model.prepare(films[places]), sick[places], children[places]
    found: list[Cause] = []
    for scale, odds in _scales(model, grey):
        for reverse in (False, True):
            if scale == model.card.scale and not reverse:
                continue
            area = judging.gate(-odds if reverse else odds, truth, whose, seed)
            options = []
            if reverse:
                options.append(f"--positive-index {_other(model.card)}")
            if scale != model.card.scale:
                options.append(f"--scale {scale}")
            name = " and ".join(
                word
                for word, given in (("reversed", reverse), ("scale", scale != model.card.scale))
                if given
            )
            found.append(Cause(name, " ".join(options), area))
    # The simpler one where two do as well.
    best = max(found, key=lambda cause: (round(cause.auroc[0], 2), -len(cause.option)))
    if best.auroc[1] > judging.GATE:
        return best
    return Cause("untrained", "", best.auroc)


def _other(card: Card) -> int:
    """The index that says the other class is PNEUMONIA."""
    if card.output == "softmax":
        return 1 - card.positive_index
    return 1 if card.settings.get("unit_means_normal") else 0


def _scales(model: Model, grey: Pixels) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Log-odds of films under every scale that a network may have been trained on."""
    for scale in registry.SCALES:
        if scale == model.card.scale:
            yield scale, model.log_odds_prepared(grey)
            continue
        # Its last activation was taken off already where it could be.
        output = "logit" if model.exact and model.card.output == "sigmoid" else model.card.output
        other = Model(replace(model.card, scale=scale, output=output), model.network)
        other.exact = model.exact
        try:
            yield scale, other.log_odds_prepared(grey)
        except ModelError:
            continue
