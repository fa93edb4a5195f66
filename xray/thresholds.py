"""Choosing the threshold of a model: on validation films as they are, or as they might have been.

Validation films are drawn from the films that trained the model and share what gives these away:
a threshold fitted to them sits where nothing else will. Under the rule "perturbed" every
validation film is shown shifted, scaled, stretched, lighter and darker, as another room would
have taken it, and the threshold is the best over all of these. Test films have no part in either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from xray import metrics, recipes, registry
from xray.errors import ModelError
from xray.films import Pixels

#: Rule -> what it is, in words for people.
RULES: Mapping[str, str] = {
    "plain": "validation films as they are",
    "perturbed": "validation films, each shown four times: shifted, scaled, stretched, mirrored, "
    "lighter or darker",
}
#: Times that a film is shown under the rule "perturbed".
DRAWS = 4
#: How films are changed; the same for every model, whatever it met while it trained.
CHANGE = recipes.AUGMENTATIONS["moderate"]
#: Films that are changed as one batch.
PIECE = 128


class Scorer(Protocol):
    """What is needed of a model."""

    @property
    def card(self) -> registry.Card:
        """Its card."""

    def log_odds(self, films: Pixels, /) -> registry.LogOdds:
        """Log-odds of PNEUMONIA of films (N, H, W)."""


def perturb(films: Pixels, seed: int) -> Pixels:
    """Change every film at random by ``CHANGE``; the same seed changes them the same way.

    Parameters
    ----------
    films : (N, h, w) float32 in [0, 1]

    Returns
    -------
    (N, h, w) float32 in [0, 1]
    """
    import keras

    parts = []
    for place, start in enumerate(range(0, len(films), PIECE)):
        x: Any = keras.ops.convert_to_tensor(films[start : start + PIECE, ..., None])
        for layer in recipes.augmentation_layers(CHANGE, 10_007 * seed + 10 * place):
            x = layer(x, training=True)
        parts.append(np.asarray(keras.ops.convert_to_numpy(x))[..., 0])
    return np.clip(np.concatenate(parts), 0.0, 1.0).astype(np.float32, copy=False)


def choose(
    model: Scorer, films: Pixels, labels: NDArray[np.bool_], rule: str, seed: int = 0
) -> registry.Card:
    """Choose a model's threshold on validation films: that of greatest balanced accuracy.

    Parameters
    ----------
    films : (N, h, w) float32 in [0, 1], of the model's size
    labels : (N,) True where the film is PNEUMONIA
    rule : key of ``RULES``
    seed : of the changes

    Returns
    -------
    Card
        The model's, with the threshold of the rule, and with ``thresholds`` that hold what
        "plain" gives as well.

    Raises
    ------
    ModelError
        There is no such rule.
    ArtifactError
        The films are of one class.
    """
    if rule not in RULES:
        raise ModelError(f"{rule!r} chooses no threshold; take one of {', '.join(RULES)}.")
    found = {"plain": metrics.choose_threshold(labels, model.log_odds(films))}
    if rule == "perturbed":
        shown = [model.log_odds(perturb(films, DRAWS * seed + draw)) for draw in range(DRAWS)]
        found[rule] = metrics.choose_threshold(np.tile(labels, DRAWS), np.concatenate(shown))
    chances = {
        name: float(np.clip(metrics.to_probability(cut), 1e-9, 1 - 1e-9))
        for name, cut in found.items()
    }
    settings = model.card.settings | {"threshold": rule}
    return replace(model.card, threshold=chances[rule], thresholds=chances, settings=settings)


def other(card: registry.Card) -> float | None:
    """Log-odds that validation films as they are would have given; None where those gave it."""
    plain = card.thresholds.get("plain")
    if plain is None or card.settings.get("threshold", "plain") == "plain":
        return None
    return float(metrics.to_log_odds(plain))


def said(card: registry.Card) -> str:
    """How a model's threshold came about, in words; nothing is known of a user's own."""
    rule = RULES.get(str(card.settings.get("threshold", "plain")), "")
    if not rule or (card.role == "user" and not card.thresholds):
        return "as it was given"
    return f"chosen on {rule}"
