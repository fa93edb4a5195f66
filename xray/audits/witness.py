"""What films say as they are: with devices and without, between children and within one.

The natural witness: does a model's call follow the device within one child?

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
from xray.audits import judging
from xray.audits.showing import CHUNK
from xray.classes import HEALTHY, SICK
from xray.films.pixels import as_float
from xray.labels import devices
from xray.metrics import bootstrap
from xray.metrics.patients import subtype
from xray.models.model import LogOdds

if TYPE_CHECKING:
    from xray.audits.inputs import Materials
    from xray.audits.judging import Verdict

#: A film is without devices below, and wears a kind from here on, by the labels' confidence.
BARE, WORN = 0.1, 0.5
#: Columns of ``strata``.
STRATA = ("stratum", "metric", "value", "low", "high", "n")
#: Fewer children tell nothing.
LEAST_CHILDREN = 8


@dataclass(frozen=True)
class Testimony:
    """What children filmed with and without a kind say of one model.

    Attributes
    ----------
    kind : of device; "" for any
    children, films : how many were filmed with it and without any, and how often
    called_with, called_without : films called SICK, of 100, means over children
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
            label=np.where(classes.is_positive(table["label"]), SICK, HEALTHY),
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
        if row["test"] == "insertion" and row["label"] == SICK
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
    threshold : log-odds from which a film is called SICK, one for all or (N,)

    Returns
    -------
    One testimony for any device and one a kind, where at least ``LEAST_CHILDREN`` children
    give one.
    """
    sick = (films["label"] == SICK).to_numpy()
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


def strata(model: Any, plain: LogOdds, materials: Materials, precision: str) -> pd.DataFrame:
    """Sensitivity, specificity and AUROC with and without devices, and with lungs hidden."""
    hidden = _hiding(model, materials, materials.lungs, precision)
    only = _hiding(model, materials, ~materials.lungs, precision)
    has = materials.table["has_device"]
    every = np.ones(len(materials.films), bool)
    views = [("all films", plain, every)]
    if has.notna().any():
        views.append(("with a device", plain, has.eq(True).fillna(False).to_numpy(bool)))
        views.append(("without a device", plain, has.eq(False).fillna(False).to_numpy(bool)))
    views += [("lungs hidden", hidden, every), ("all but lungs hidden", only, every)]
    rows = []
    for name, log_odds, chosen in views:
        own = model.card.threshold_log_odds
        rows += _metrics(name, log_odds[chosen], materials, chosen, own)
    return pd.DataFrame(rows, columns=list(STRATA))


def _hiding(
    model: Any, materials: Materials, mask: NDArray[np.bool_], precision: str
) -> NDArray[np.float64]:
    """Log-odds of films of which a part (N, H, W) shows their mean grey; some at a time."""
    parts = []
    for start in range(0, len(mask), CHUNK):
        films = as_float(materials.films[start : start + CHUNK])
        level = films.mean(axis=(1, 2), keepdims=True)
        shown = model.prepare(np.where(mask[start : start + CHUNK], level, films))
        parts.append(model.log_odds_prepared(shown, precision=precision))
    return np.concatenate(parts)


def _metrics(
    name: str, log_odds: LogOdds, materials: Materials, chosen: NDArray[np.bool_], threshold: float
) -> list[dict[str, Any]]:
    """AUROC (bootstrap by child), sensitivity and specificity (Wilson)."""
    rows = materials.material.table[chosen]
    truth = (rows["label"] == SICK).to_numpy()
    made: list[dict[str, Any]] = []
    if truth.any() and not truth.all():
        children = rows["child"].to_numpy().astype(str)
        value, low, high = judging.gate(log_odds, truth, children, materials.seed)
        made.append({"metric": "auroc", "value": value, "low": low, "high": high, "n": len(rows)})
    called = log_odds >= threshold
    for metric, of, right in (("sensitivity", truth, called), ("specificity", ~truth, ~called)):
        n = int(of.sum())
        if n:
            low, high = bootstrap.wilson(int((of & right).sum()), n)
            value = float((of & right).sum() / n)
            made.append({"metric": metric, "value": value, "low": low, "high": high, "n": n})
    return [{"stratum": name} | row for row in made]
