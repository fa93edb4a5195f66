"""Sanity checks of explanations: shuffled weights, and deletion against random order.

An explanation that stays the same when the network's weights are shuffled shows the film, not
the network (Adebayo et al. 2018). Hiding superpixels in the order of their weights must move
the prediction faster than hiding them in random order (Samek et al. 2017).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import scipy.stats
from numpy.typing import NDArray

from xray.explanations import surrogate
from xray.explanations.lime import Settings, explain, take_apart
from xray.explanations.perturbation import Parts
from xray.explanations.result import Explanation
from xray.explanations.surrogate import Floats
from xray.films.pixels import Pixels
from xray.jobs.progress import Progress
from xray.models.model import Model, Predictor

#: Rank correlation of weights from which shuffling counts as having changed too little.
SAME_CORRELATION = 0.5
#: Shares of the film's area at which the deletion curve is read.
STEPS = 12
RANDOM_ORDERS = 8

#: Model -> seed -> its copy with shuffled weights.
_SHUFFLED: WeakKeyDictionary[Model, dict[int, Model]] = WeakKeyDictionary()
_LOCK = threading.Lock()


@dataclass(frozen=True)
class Randomisation:
    """An explanation against that of the same network with shuffled weights.

    Attributes
    ----------
    correlation : float in [-1, 1]
        Spearman correlation of the weights; 0 where one of the networks answers every
        film alike.
    overlap : float in [0, 1]
        Share of the five leading superpixels in common.
    passed : bool
        The correlation is below ``SAME_CORRELATION``.
    """

    correlation: float
    overlap: float
    passed: bool


@dataclass(frozen=True, eq=False)
class Deletion:
    """Log-odds of the called class while superpixels are hidden one after another.

    Attributes
    ----------
    removed : (S,) float64 in [0, 1]
        Share of the film's area hidden, from 0 to 1.
    by_weight : (S,) float64
        Hidden in the order of the explanation's weights, what speaks most for the call first.
    random : (R, S) float64
        Hidden in R random orders.
    score : float
        Mean of (random - by weight) over ``removed``, as a share of the range of all curves:
        above 0 when the weights find what matters.
    low, high : float
        95 % interval of the score over random orders (Student's t).
    """

    removed: Floats
    by_weight: Floats
    random: Floats
    score: float
    low: float
    high: float

    @property
    def passed(self) -> bool:
        """The weights do better than random order, beyond its scatter."""
        return self.low > 0


@dataclass(frozen=True, eq=False)
class Sanity:
    """Both checks of one explanation; ``randomisation`` is None for a model without weights."""

    randomisation: Randomisation | None
    deletion: Deletion


def check(
    model: Predictor,
    film: Pixels,
    explanation: Explanation,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> Sanity:
    """Run both checks on one explanation.

    Parameters
    ----------
    model : the model that was explained.
    film : (H, W) float32 in [0, 1]
    explanation : of this film by this model.
    progress : called with (checks done, checks in all).
    """
    shuffled = shuffle_weights(model, seed) if isinstance(model, Model) and model.keras else None
    total = 1 + (shuffled is not None)
    curve = deletion(model, film, explanation, seed=seed)
    if progress is not None:
        progress(1, total)
    if shuffled is None:
        return Sanity(None, curve)
    random = randomisation(shuffled, film, explanation)
    if progress is not None:
        progress(2, total)
    return Sanity(random, curve)


def shuffle_weights(model: Model, seed: int = 0) -> Model:
    """A copy of a model in which every weight tensor is permuted at random.

    The copy is kept as long as the model is, because compiling it takes longer than explaining
    a film by it.
    """
    from xray.models import networks

    with _LOCK:
        kept = _SHUFFLED.setdefault(model, {})
        if seed in kept:
            return kept[seed]
    rng = np.random.default_rng(seed)
    network = networks.clone(model.network)
    network.set_weights(
        [rng.permutation(weight.ravel()).reshape(weight.shape) for weight in network.get_weights()]
    )
    copy = Model(model.card, network)
    # What the network gives (logits or probabilities) is as in the original.
    copy.exact = model.exact
    with _LOCK:
        # One seed at a time: another one is asked for seldom, and a copy is as large as the model.
        kept.clear()
        kept[seed] = copy
    return copy


def randomisation(shuffled: Predictor, film: Pixels, explanation: Explanation) -> Randomisation:
    """Explain a film by the shuffled network and compare, on the same superpixels.

    With as many evaluations as the explanation took: most shuffled networks never settle.
    """
    settings = _settings(explanation, ceiling=explanation.n_evaluations)
    other = explain(shuffled, film, settings, segments=explanation.segments)
    one, two = explanation.weights, other.weights
    varies = np.ptp(one) > 1e-9 and np.ptp(two) > 1e-9
    correlation = float(scipy.stats.spearmanr(one, two).statistic) if varies else 0.0
    return Randomisation(correlation, surrogate.overlap(one, two), correlation < SAME_CORRELATION)


def deletion(
    model: Predictor,
    film: Pixels,
    explanation: Explanation,
    *,
    seed: int = 0,
    orders: int = RANDOM_ORDERS,
    fill: str | None = None,
) -> Deletion:
    """Hide superpixels by weight and in random orders, and follow the called class.

    What the model calls is decided by its own threshold.

    Parameters
    ----------
    orders : random orders, at least 2.
    fill : what hides them; as in the explanation when None. One that differs from it judges
        explanations of different fills by the same measure.
    """
    settings = _settings(explanation, fill=fill)
    parts = take_apart(model, film, settings, explanation.segments)
    sign = 1.0 if explanation.log_odds >= model.card.threshold_log_odds else -1.0
    rng = np.random.default_rng(seed)
    sequences = [np.argsort(-sign * explanation.weights, kind="stable")]
    sequences += [rng.permutation(parts.count) for _ in range(orders)]
    removed = np.linspace(0.0, 1.0, STEPS)
    masks = np.concatenate([shown_after(parts, order, removed) for order in sequences])
    curves = sign * parts.log_odds(model, masks, settings.precision).reshape(-1, STEPS)
    span = max(float(np.ptp(curves)), 1e-12)
    scores = np.trapezoid(curves[1:] - curves[0], removed, axis=1) / span
    half = scipy.stats.t.ppf(0.975, orders - 1) * scores.std(ddof=1) / np.sqrt(orders)
    mean = float(scores.mean())
    return Deletion(removed, curves[0], curves[1:], mean, mean - half, mean + half)


def shown_after(parts: Parts, order: NDArray[np.int64], removed: Floats) -> NDArray[np.bool_]:
    """Masks (S, K) in which the first superpixels of an order are hidden up to shares of area."""
    area = np.bincount(parts.labels.ravel())[order]
    covered = np.cumsum(area) / area.sum()
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    hidden = np.array([np.searchsorted(covered, share + 1e-9, "right") for share in removed])
    return np.asarray(place[None, :] >= hidden[:, None])


def _settings(explanation: Explanation, **changes: Any) -> Settings:
    """Settings of an explanation, from its parameters."""
    known = {name: explanation.params[name] for name in Settings.__dataclass_fields__}
    return Settings(**known | {name: value for name, value in changes.items() if value})
