"""The natural witness: does a model's call follow the device within one child?

Some children were filmed with a device and without one. Compared within the child and the
subtype of its pneumonia, the device is not the only thing that differs (a child without a tube is
better, or not yet as ill), so this is a witness, not the verdict: it is shown beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from xray.labels import devices

#: A film is without devices below, and wears a kind from here on, by the labels' confidence.
BARE, WORN = 0.1, 0.5
#: Fewer children tell nothing.
LEAST_CHILDREN = 8


@dataclass(frozen=True)
class Testimony:
    """What children filmed with and without a kind say of one model.

    Attributes
    ----------
    kind : of device; "" for any
    children : how many were filmed with it and without any
    calls, calls_low, calls_high : calls of 100 with it less without, within the child, 95 %
    log_odds, log_odds_low, log_odds_high : the same in log-odds
    """

    kind: str
    children: int
    calls: float
    calls_low: float
    calls_high: float
    log_odds: float
    log_odds_low: float
    log_odds_high: float


def testify(films: pd.DataFrame, odds: NDArray[np.float64], threshold: float) -> list[Testimony]:
    """Compare a model's answers within children.

    Parameters
    ----------
    films : child, subtype, label, confidence and a column a kind (the labels' confidence)
    odds : (N,) log-odds along ``films``
    threshold : log-odds above which a film is called PNEUMONIA

    Returns
    -------
    One testimony for any device and one a kind, where at least ``LEAST_CHILDREN`` children
    give one.
    """
    sick = (films["label"] == "PNEUMONIA").to_numpy()
    rows = films[sick].assign(odds=odds[sick], called=100.0 * (odds[sick] > threshold))
    whose = [rows["child"], rows["subtype"].fillna("")]
    without = rows[rows["confidence"] < BARE].groupby(whose_of(rows, whose))[["odds", "called"]]
    base = without.mean()
    said = []
    for kind in ("", *devices.KINDS):
        worn = rows[rows[kind or "confidence"] >= WORN]
        if worn.empty:
            continue
        with_it = worn.groupby(whose_of(worn, whose))[["odds", "called"]].mean()
        both = with_it.join(base, how="inner", lsuffix="_with", rsuffix="_without")
        if len(both) < LEAST_CHILDREN:
            continue
        calls = _mean((both["called_with"] - both["called_without"]).to_numpy())
        log_odds = _mean((both["odds_with"] - both["odds_without"]).to_numpy())
        said.append(Testimony(kind, len(both), *calls, *log_odds))
    return said


def whose_of(rows: pd.DataFrame, whose: list[pd.Series]) -> list[pd.Series]:
    """The child and subtype of some rows."""
    return [each.loc[rows.index] for each in whose]


def _mean(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean over children with its 95 % interval (Student's)."""
    value = float(values.mean())
    reach = float(student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5)
    return value, value - reach, value + reach
