"""Log-odds and probabilities, each from the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from xray.metrics.bootstrap import Floats


def to_probability(log_odds: ArrayLike) -> Floats:
    """Log-odds to probabilities in [0, 1]."""
    return np.asarray(expit(np.asarray(log_odds, dtype=np.float64)))


def to_log_odds(probability: ArrayLike) -> Floats:
    """Probabilities to log-odds; 0 and 1 become minus and plus infinity."""
    return np.asarray(logit(np.asarray(probability, dtype=np.float64)))
