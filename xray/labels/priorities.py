"""Which films to label first, and on which two labellers differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray.labels import devices, format
from xray.labels.format import KINDS, Look

Floats = NDArray[np.float64]

#: What the parts of a priority weigh: doubt whether a device is there counts most, since it is
#: what labels are for.
WEIGHTS = {"labels": 2.0, "models": 1.0, "calls": 1.0}
#: Overlap of the masks of two looks below which somebody has to decide; half of the overlap that
#: the two looks at the public test films reach.
LEAST_OVERLAP = 0.33
#: Kinds apart, and any of them, as agreement is counted while people label.
GROUPS: Mapping[str, tuple[str, ...]] = {"any device": KINDS, **{kind: (kind,) for kind in KINDS}}


def priorities(
    confidence: pd.Series, log_odds: Mapping[str, Floats], thresholds: Mapping[str, float]
) -> pd.Series:
    """How much a film's label is worth: high where the audit is unsure.

    The weighted mean (``WEIGHTS``) of three doubts, each 0..1, as far as they are known:
    *labels*, 1 - |2c - 1| of the confidence c that a device is there (1 where nobody has looked);
    *models*, the mean of 1 - |2p - 1| over models, p the probability shifted so that the model's
    own threshold is at 0.5; *calls*, 4s(1 - s) of the share s of models that call it positive.

    Parameters
    ----------
    confidence : (N,) by ``file``, 0..1; NaN unlabelled
    log_odds : model -> (N,) of the positive class, NaN where the model did not see the film
    thresholds : model -> log-odds from which it calls a film positive

    Returns
    -------
    (N,) Series by ``file``, 0..1
    """
    parts = {"labels": 1 - np.abs(2 * confidence.to_numpy(dtype=float) - 1)}
    parts["labels"] = np.where(np.isnan(parts["labels"]), 1.0, parts["labels"])
    if log_odds:
        above = np.stack([log_odds[name] - thresholds[name] for name in log_odds])
        seen = ~np.isnan(above)
        n = seen.sum(axis=0)
        doubt = 1 - np.abs(np.tanh(np.where(seen, above, np.inf) / 2))
        unknown = np.where(n > 0, 0.0, np.nan)
        parts["models"] = unknown + doubt.sum(axis=0) / np.maximum(n, 1)
        share = (np.where(seen, above, -1.0) >= 0).sum(axis=0) / np.maximum(n, 1)
        parts["calls"] = unknown + 4 * share * (1 - share)
    values = np.stack(list(parts.values()))
    weights = np.array([WEIGHTS[name] for name in parts])[:, None] * ~np.isnan(values)
    mean = np.nansum(values * weights, axis=0) / weights.sum(axis=0)
    return pd.Series(mean, index=confidence.index, name="priority")


def agreement(pairs: Sequence[Sequence[Look]]) -> pd.DataFrame:
    """Agreement of two labellers so far, for any device and each kind; see ``device_labels``."""
    return devices.agreement(pairs, groups=GROUPS)


def difference(pair: Sequence[Look]) -> str:
    """Say on what two looks at a film differ; "" where they agree well enough."""
    seen = [format.presence([look]) for look in pair]
    words = [kind for kind in KINDS if (seen[0][kind] >= 0.5) != (seen[1][kind] >= 0.5)]
    if words:
        return f"whether {' and '.join(words)} {'are' if len(words) > 1 else 'is'} there"
    masks = [devices.mask([look], (224, 224)) for look in pair]
    either = (masks[0] | masks[1]).sum()
    overlap = (masks[0] & masks[1]).sum() / either if either else 1.0
    return f"where it lies (overlap {overlap:.2f})" if overlap < LEAST_OVERLAP else ""
