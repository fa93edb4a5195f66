"""The natural witness: does a model's call follow the device within one child?

Some children were filmed with a device and without one. Compared within the child and the
subtype of its pneumonia, the device is not the only thing that differs (a child without a tube is
better, or not yet as ill), so this is a witness, not the verdict: it is shown beside it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from xray import classes
from xray.labels import devices
from xray.metrics.patients import subtype

if TYPE_CHECKING:
    from xray.audits.judging import Verdict

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
    children, films : how many were filmed with it and without any, and how often
    called_with, called_without : films called PNEUMONIA, of 100, means over children
    calls, calls_low, calls_high : the difference, within the child, 95 %
    log_odds, log_odds_low, log_odds_high : the same in log-odds
    """

    kind: str
    children: int
    films: int
    called_with: float
    called_without: float
    calls: float
    calls_low: float
    calls_high: float
    log_odds: float
    log_odds_low: float
    log_odds_high: float


def told(
    table: pd.DataFrame,
    sure: pd.DataFrame,
    odds: NDArray[np.float64],
    verdict: Verdict,
    judged: NDArray[np.bool_],
) -> dict[str, Any] | None:
    """What an audit's JSON says of the witness; None where too few children give one.

    Parameters
    ----------
    table : file, label, child of the films
    sure : how surely each shows a device, and each kind (``inputs.Materials.sure``)
    odds : (N,) log-odds of the films as they are
    verdict : whose threshold films are called at, and whose answer is compared
    judged : (N,) films that count

    Returns
    -------
    dict with the figures of any device, ``kinds`` (rows of ``Testimony``) and ``agreement``, how
    many kinds' intervals meet those of devices laid on sick films, in words
    """
    if set(devices.KINDS) - set(sure):
        return None
    names = table["file"].str.rpartition("/")[2]
    films = (
        table[["child"]]
        .assign(
            subtype=names.map(subtype),
            label=np.where(classes.is_positive(table["label"]), "PNEUMONIA", "NORMAL"),
        )
        .join(sure)
    )
    found = testify(films[judged], odds[judged], verdict.cut.films[judged])
    if not found:
        return None
    kinds = [each for each in found if each.kind]
    laid = {
        row["kind"]: row
        for row in verdict.effects
        if row["test"] == "insertion" and row["label"] == "PNEUMONIA"
    }
    both = [(each, laid[each.kind]) for each in kinds if each.kind in laid]
    meet = [
        each
        for each, row in both
        if each.calls_low <= row["calls_high"] and row["calls_low"] <= each.calls_high
    ]
    words = (
        f"For {len(meet)} of {len(both)} kinds its interval meets that of devices laid on."
        if both
        else "No kind can be compared with devices laid on."
    )
    return asdict(found[0]) | {"kinds": [asdict(each) for each in kinds], "agreement": words}


def testify(
    films: pd.DataFrame, odds: NDArray[np.float64], threshold: NDArray[np.float64] | float
) -> list[Testimony]:
    """Compare a model's answers within children.

    Parameters
    ----------
    films : child, subtype, label, confidence and a column a kind (the labels' confidence)
    odds : (N,) log-odds along ``films``
    threshold : log-odds from which a film is called PNEUMONIA, one for all or (N,)

    Returns
    -------
    One testimony for any device and one a kind, where at least ``LEAST_CHILDREN`` children
    give one.
    """
    sick = (films["label"] == "PNEUMONIA").to_numpy()
    called = 100.0 * (odds >= threshold)
    rows = films[sick].assign(odds=odds[sick], called=called[sick])
    whose = [rows["child"], rows["subtype"].fillna("")]
    free = rows[rows["confidence"] < BARE]
    without = free.groupby(_of(free, whose))[["odds", "called"]]
    base = without.mean().assign(films=without.size())
    said = []
    for kind in ("", *devices.KINDS):
        worn = rows[rows[kind or "confidence"] >= WORN]
        if worn.empty:
            continue
        groups = worn.groupby(_of(worn, whose))[["odds", "called"]]
        with_it = groups.mean().assign(films=groups.size())
        both = with_it.join(base, how="inner", lsuffix="_with", rsuffix="_without")
        if len(both) < LEAST_CHILDREN:
            continue
        means = float(both["called_with"].mean()), float(both["called_without"].mean())
        # No call changed does not mean that none ever would: as if it had for one child.
        calls = mean_of((both["called_with"] - both["called_without"]).to_numpy(), 100 / len(both))
        log_odds = mean_of((both["odds_with"] - both["odds_without"]).to_numpy())
        films_of = int(both["films_with"].sum() + both["films_without"].sum())
        said.append(Testimony(kind, len(both), films_of, *means, *calls, *log_odds))
    return said


def _of(rows: pd.DataFrame, whose: list[pd.Series]) -> list[pd.Series]:
    """The child and subtype of some rows."""
    return [each.loc[rows.index] for each in whose]


def mean_of(values: NDArray[np.float64], least: float = 0.0) -> tuple[float, float, float]:
    """Mean over children with its 95 % interval (Student's), from a standard error of at least."""
    value, count = float(values.mean()), len(values)
    error = max(least, float(values.std(ddof=1)) / count**0.5)
    reach = float(student.ppf(0.975, count - 1)) * error
    return value, value - reach, value + reach
