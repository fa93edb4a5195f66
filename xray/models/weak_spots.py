"""Where a model is weak: its metrics on groups of films, the worst first.

Conventions as in ``xray.metrics.scores``. A mean over all films hides the group on which a model
fails.
A group that holds one class only (bacterial pneumonia) is ranked against all films of the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from xray import classes
from xray.dataset import listing, outliers
from xray.metrics import bootstrap
from xray.metrics.bootstrap import Bools, Floats, wilson
from xray.metrics.scores import TITLES

METRICS = ("recall", "specificity", "auroc")
#: Fewer films than this in a group (of the class that the metric counts) are too few to judge.
FEW = 10
#: Values of a collection's further column that are groups each; a number of more goes in thirds.
MOST_VALUES = 8


@dataclass(frozen=True, eq=False)
class Stratum:
    """A group of films.

    Attributes
    ----------
    kind : str
        What divides the films: "Subtype", "Devices", "Size", ...
    name : str
        The group, for people.
    member : (N,) bool
    known : (N,) bool
        Films of which it is known whether they belong; the rest of the comparison is among them.
    """

    kind: str
    name: str
    member: Bools
    known: Bools


def divide(
    files: pd.Series, facts: pd.DataFrame, devices: pd.DataFrame | None = None
) -> list[Stratum]:
    """Divide films into groups by what is known of them.

    Parameters
    ----------
    files : (N,) Series of str
        Keys of the films, "split/label/name".
    facts : DataFrame
        Table of films (``xray.dataset.index``) that holds them and the training films; a film that
        it does not hold belongs to no group.
    devices : DataFrame, optional
        Labels as ``devices.load`` gives them: indexed by ``file``, with ``has_device``.

    Returns
    -------
    list of Stratum
        By subtype; devices; native size, brightness and the share of the film that lungs fill, in
        thirds; possible patient also among the training films; outliers. Groups without a film,
        or with all of them, are left out.
    """
    at = facts.set_index("file").reindex(files.astype(str))
    found = [*_subtypes(at), *_devices(files, devices)]
    sizes = ("smaller originals", "middling originals", "larger originals")
    found += _thirds("Size", at["height"], sizes)
    found += _thirds("Brightness", at["mean"], ("darker films", "middling films", "brighter films"))
    if "lung_fraction" in at:
        fill = ("lungs fill little", "lungs fill a middling share", "lungs fill much")
        found += _thirds("Lungs", at["lung_fraction"], fill)
    found += _patients(files, at, facts)
    found += _outliers(at)
    found += _further(at)
    return [each for each in found if 0 < each.member.sum() < len(files)]


def _subtypes(at: pd.DataFrame) -> Iterator[Stratum]:
    subtype = at["subtype"].fillna("").to_numpy()
    known = subtype != ""
    for key, name in (("bacteria", "bacterial pneumonia"), ("virus", "viral pneumonia")):
        yield Stratum("Subtype", name, subtype == key, known)


def _devices(files: pd.Series, devices: pd.DataFrame | None) -> Iterator[Stratum]:
    if devices is None:
        return
    shown = devices["has_device"].reindex(files.astype(str))
    known = shown.notna().to_numpy()
    has = shown.eq(True).to_numpy()
    yield Stratum("Devices", "devices visible", has & known, known)
    yield Stratum("Devices", "no devices visible", ~has & known, known)


def _thirds(kind: str, values: pd.Series, names: tuple[str, str, str]) -> Iterator[Stratum]:
    value = values.to_numpy(dtype=np.float64)
    known = np.isfinite(value)
    if not known.any():
        return
    place = np.searchsorted(np.quantile(value[known], [1 / 3, 2 / 3]), value, side="left")
    for third, name in enumerate(names):
        yield Stratum(kind, name, known & (place == third), known)


def _patients(files: pd.Series, at: pd.DataFrame, facts: pd.DataFrame) -> Iterator[Stratum]:
    training = facts[(facts["split"] == "train") & ~facts["file"].isin(files)]
    seen = set(training["person"]) - {""}
    person = at["person"].fillna("")
    known = (person != "").to_numpy()
    also = person.isin(seen).to_numpy() & known
    yield Stratum("Possible patient", "patient number also in training", also, known)
    yield Stratum("Possible patient", "patient number only here", ~also & known, known)


def _further(at: pd.DataFrame) -> Iterator[Stratum]:
    """Groups by further columns of a collection: a value each, or thirds of a number."""
    for column in at.columns[at.columns.str.startswith(listing.ABOUT)]:
        title = str(column).removeprefix(listing.ABOUT)
        words = at[column].fillna("").astype(str)
        known = (words != "").to_numpy()
        values = sorted(set(words) - {""})
        if len(values) <= MOST_VALUES:
            for value in values:
                yield Stratum(title, f"{title} {value}", (words == value).to_numpy(), known)
            continue
        numbers = pd.to_numeric(words, errors="coerce")
        if numbers.notna().sum() >= 0.9 * known.sum():
            low = title[:1].lower() + title[1:]
            yield from _thirds(title, numbers, (f"lowest {low}", f"middle {low}", f"highest {low}"))


def _outliers(at: pd.DataFrame) -> Iterator[Stratum]:
    flags = outliers.flag(outliers.score(at.reset_index()))
    for oddity in outliers.ODDITIES:
        known = flags[f"{oddity.name}_score"].notna().to_numpy()
        odd = flags[f"is_{oddity.name}"].to_numpy(dtype=bool)
        yield Stratum("Outliers", oddity.title.lower(), odd, known)
    if "identical_to" in at:
        twin = at["identical_to"].fillna("").to_numpy() != ""
        yield Stratum("Outliers", "has a byte-identical twin", twin, at["label"].notna().to_numpy())


def by_stratum(
    films: tuple[Bools, Floats, Floats],
    strata: list[Stratum],
    metric: str,
    threshold: float,
    positive: str = "",
) -> pd.DataFrame:
    """One metric on every group, the worst first, and its gap to the comparable other films.

    The worst is the group whose interval ends lowest, not the one of the lowest value: among
    many groups a small one is low by chance. Groups with too few films come last.

    Parameters
    ----------
    films : (y, log_odds, drawn)
        (N,) truth, (N,) log-odds, and (B, N) draws of all films from ``bootstrap.resamples``.
    strata : list of Stratum
    metric : "recall", "specificity" or "auroc"
        Recall and specificity are of the class ``positive``.
    threshold : float
        On the log-odds scale; AUROC does not depend on it.
    positive : name of a class; the positive one when empty

    Returns
    -------
    DataFrame
        kind, stratum, metric, value, low, high (Wilson, or bootstrap by possible patient for
        AUROC), n (films the value is of: for AUROC those of the group), against (AUROC of a
        one-class group: the films it is ranked against, in words), few (bool), gap (value less
        that of the other films that could have belonged), gap_low, gap_high (bootstrap).
        Groups in which the metric does not exist are left out.
    """
    rows = []
    for stratum in strata:
        part = _parts(films[0], stratum, metric, positive)
        if not part.n:
            continue
        many = _draws(films, metric, threshold, part.inside)
        gap = many - _draws(films, metric, threshold, part.outside)
        if metric == "auroc":
            low, high, _ = bootstrap.percentiles(many[1:])
        else:
            low, high = wilson(round(many[0] * part.n), part.n)
        gap_low, gap_high, _ = bootstrap.percentiles(gap[1:])
        row = (stratum.kind, stratum.name, metric, many[0], low, high, part.n, part.against)
        rows.append((*row, part.smallest < FEW, gap[0], gap_low, gap_high))
    columns = ["kind", "stratum", "metric", "value", "low", "high", "n", "against"]
    table = pd.DataFrame(rows, columns=[*columns, "few", "gap", "gap_low", "gap_high"])
    table["most"] = table["high"].fillna(table["value"])
    order = table.sort_values(["few", "most", "value"], kind="stable", ignore_index=True)
    return order.drop(columns="most")


@dataclass(frozen=True, eq=False)
class _Parts:
    """The films a metric takes inside and outside a group; how many, and in the smaller class."""

    inside: Bools
    outside: Bools
    n: int
    smallest: int
    against: str = ""


def _parts(y: Bools, stratum: Stratum, metric: str, positive: str) -> _Parts:
    inside, outside = stratum.member, stratum.known & ~stratum.member
    if metric != "auroc":
        counted = y == ((metric == "recall") == classes.side(positive))
        n = int((inside & counted).sum())
        return _Parts(inside & counted, outside & counted, n, n)
    n, sick = int(inside.sum()), int(y[inside].sum())
    if 0 < sick < n:
        return _Parts(inside, outside, n, min(sick, n - sick))
    opposite = ~y if sick else y
    words = f"all {classes.negative() if sick else classes.positive()}"
    return _Parts(inside | opposite, outside | opposite, n, n, words)


def _draws(
    films: tuple[Bools, Floats, Floats], metric: str, threshold: float, part: Bools
) -> Floats:
    """The metric on a part of the films: its value first, then one a resample."""
    y, log_odds, drawn = films[0][part], films[1][part], films[2][:, part]
    weights = np.vstack([bootstrap.single(len(y)), drawn])
    if not len(y):
        return np.full(len(weights), np.nan)
    if metric == "auroc":
        return bootstrap.auroc(y, log_odds, weights)
    right = (log_odds >= threshold) == y
    return bootstrap.ratio(weights @ right.astype(np.float64), weights.sum(axis=1))


def weakest(table: pd.DataFrame, title: str) -> str:
    """Say in a sentence where a model is weakest.

    Parameters
    ----------
    table : DataFrame
        Of :func:`by_stratum`.
    title : str
        The model, for people.
    """
    judged = table[~table["few"] & table["value"].notna()]
    if judged.empty:
        return f"There are too few films in any group to say where {title} is weak"
    row = judged.iloc[0]
    metric = TITLES[row["metric"]].partition(" (")[0]
    metric = metric if metric.isupper() else metric.lower()
    sentence = f"{title} is weakest on {row['stratum']}: {metric} {row['value']:.3f}"
    if np.isfinite(row["low"]):
        sentence += f" (95 % {row['low']:.3f} to {row['high']:.3f})"
    apart = row["gap_high"] < 0 or row["gap_low"] > 0
    if not np.isfinite(row["gap_low"]):
        return sentence
    if apart:
        return f"{sentence}, {abs(row['gap']):.3f} below the other films"
    return f"{sentence}; the gap to the other films may be chance"
