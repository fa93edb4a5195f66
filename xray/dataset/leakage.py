"""The same film twice, and the same possible patient on both sides of a line.

Groups are arrays aligned to a table: the number of the group of each film, -1 for none, numbers
in the order of the first film (by ``file``) of each group.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from xray.metrics import bootstrap
from xray.metrics.bootstrap import Bools, Floats

Groups = NDArray[np.int64]
Pairs = NDArray[np.int64]

#: Correlation of the grey values of near-identical films, at least.
CORRELATION = 0.98


def identical(table: pd.DataFrame) -> Groups:
    """Group films of the same bytes.

    By ``identical_to`` where the table has it (facts about the files as distributed), and by
    ``sha256``.
    """
    links = [_same_value(table["sha256"])]
    if "identical_to" in table:
        row = {file: i for i, file in enumerate(table["file"])}
        named = [
            (i, row[twin])
            for i, twins in enumerate(table["identical_to"])
            for twin in str(twins).split(";")
            if twin in row
        ]
        links.append(np.array(named, dtype=np.int64).reshape(-1, 2))
    return _groups(table, np.concatenate(links))


def near_identical(table: pd.DataFrame, pairs: Pairs) -> Groups:
    """Group films that look the same: saved again, resized, brighter; identical ones too.

    Parameters
    ----------
    table : with ``sha256``
    pairs : rows of films whose grey values correlate (``models.embeddings.near_identical``)
    """
    return _groups(table, np.concatenate([pairs, _same_value(table["sha256"])]))


def unit(films: NDArray[np.float32]) -> NDArray[np.float32]:
    """Films (N, ...) as vectors (N, D) of mean 0 and length 1: their products are correlations."""
    vectors = films.reshape(len(films), int(np.prod(films.shape[1:])))
    vectors = vectors - vectors.mean(1, keepdims=True)
    return np.asarray(
        vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6), np.float32
    )


def shared_persons(
    table: pd.DataFrame, split: pd.Series[str] | None = None, by_subtype: bool = False
) -> pd.DataFrame:
    """List the possible patients with films in more than one part of a split.

    Parameters
    ----------
    table : films
    split : which film is used for what; the table's own when None; "" is not used
    by_subtype : take the same number under two subtypes for two patients. In the public set
        "person1_bacteria_1" is a train film and "person1_virus_6" a test film; no number of
        one subtype is on both sides of the line, which is what one would see if the numbers
        were given out for each subtype by itself, and hard to explain otherwise.

    Returns
    -------
    DataFrame with person, train, val, test (number of films), sorted by person.
    """
    used = table.assign(split=table["split"] if split is None else split)
    used = used[(used["person"] != "") & (used["split"] != "")]
    person = used["person"]
    if by_subtype:
        person = person + "-" + used["subtype"]
    counts = pd.crosstab(person.rename("person"), used["split"])
    counts = counts.reindex(columns=["train", "val", "test"], fill_value=0)
    shared = counts[(counts > 0).sum(axis=1) > 1]
    return shared.rename_axis(columns=None).reset_index()


def number_use(table: pd.DataFrame, part: str = "test", other: str = "train") -> dict[str, int]:
    """Count how far the numbers of possible patients with a subtype go by that subtype.

    Parameters
    ----------
    table : films; those without a possible patient or a subtype are left out
    part, other : two parts of the table's split

    Returns
    -------
    numbers : possible patients of ``part``
    shared : of these, those who are in ``other`` too
    by_subtype, shared_by_subtype : the same, the subtype taken as part of the identity
    other_numbers : possible patients of ``other``
    several_subtypes : of these, those whose number names films of more than one subtype
    """
    used = table[(table["person"] != "") & (table["subtype"] != "")]
    both = used["person"] + "-" + used["subtype"]
    mine, theirs = (used["split"] == part).to_numpy(), (used["split"] == other).to_numpy()
    numbers, others = set(used["person"][mine]), set(used["person"][theirs])
    kinds = used[theirs].groupby("person")["subtype"].nunique()
    return {
        "numbers": len(numbers),
        "shared": len(numbers & others),
        "by_subtype": both[mine].nunique(),
        "shared_by_subtype": len(set(both[mine]) & set(both[theirs])),
        "other_numbers": len(others),
        "several_subtypes": int((kinds > 1).sum()),
    }


def persons(table: pd.DataFrame, split: pd.Series[str] | None = None) -> Groups:
    """Group the films of every possible patient who has films in more than one part."""
    shared = shared_persons(table, split)["person"]
    number = pd.Series(np.arange(len(shared)), index=pd.Index(shared))
    found = number.reindex(table["person"]).fillna(-1).to_numpy(dtype=np.int64)
    used = (table["split"] if split is None else split) != ""
    return _in_order(table, np.where(used, found, -1))


def leaked(
    groups: Groups, split: pd.Series[str], part: str = "test", others: tuple[str, ...] = ("train",)
) -> pd.Series[bool]:
    """Films of ``part`` whose group also has a film in ``others``: seen before, in a sense."""
    other = set(groups[split.isin(others).to_numpy() & (groups >= 0)].tolist())
    return split.eq(part) & np.isin(groups, list(other))


def members(
    table: pd.DataFrame, groups: Groups, split: pd.Series[str] | None = None
) -> pd.DataFrame:
    """List grouped films: group, file, split, label, person; sorted by group and file."""
    shown = table[["file", "label", "person"]].assign(
        group=groups, split=table["split"] if split is None else split
    )
    shown = shown.loc[groups >= 0, ["group", "file", "split", "label", "person"]]
    return shown.sort_values(["group", "file"], ignore_index=True)


def summary(
    table: pd.DataFrame, groups: Groups, split: pd.Series[str] | None = None
) -> dict[str, int]:
    """Count groups, films in them, groups across parts of the split, and across labels."""
    listed = members(table, groups, split)
    listed = listed[listed["split"] != ""] if split is not None else listed
    by_group = listed.groupby("group")
    return {
        "groups": len(by_group),
        "films": len(listed),
        "across_splits": int((by_group["split"].nunique() > 1).sum()),
        "across_labels": int((by_group["label"].nunique() > 1).sum()),
    }


def _same_value(values: pd.Series[str]) -> Pairs:
    """Pairs that chain the rows of every value but ""."""
    rows = np.flatnonzero(values.to_numpy() != "")
    order = rows[np.argsort(values.to_numpy(dtype=str)[rows], kind="stable")]
    sorted_values = values.to_numpy(dtype=str)[order]
    same = sorted_values[1:] == sorted_values[:-1]
    return np.stack([order[:-1][same], order[1:][same]], axis=1)


def _groups(table: pd.DataFrame, pairs: Pairs) -> Groups:
    """Number the connected components of pairs; -1 for films that no pair names."""
    n = len(table)
    links = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, component = connected_components(links, directed=False)
    named = np.zeros(n, bool)
    named[pairs.ravel()] = True
    return _in_order(table, np.where(named, component, -1))


def _in_order(table: pd.DataFrame, groups: NDArray[np.integer]) -> Groups:
    """Number groups from 0 in the order of their first film."""
    order = np.argsort(table["file"].to_numpy(dtype=str), kind="stable")
    order = order[groups[order] >= 0]
    _, first, number = np.unique(groups[order], return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    renumbered = np.full(len(groups), -1, np.int64)
    renumbered[order] = rank[number]
    return renumbered


#: Metrics that are compared, for people: those that do not move with the share of the positive
#: class, which is another one without the leaked films.
METRICS = ("balanced accuracy", "sensitivity", "specificity", "AUROC")


def compare(
    y: Bools, log_odds: Floats, threshold: float, groups: object, leaked: Bools, seed: int = 0
) -> pd.DataFrame:
    """Compare metrics of all films with those of the films that did not leak.

    Both are computed on the same resamples of possible patients, so that the interval is that
    of their difference.

    Parameters
    ----------
    y : (N,) whether a film is of the positive class
    log_odds : (N,) of the positive class
    threshold : log-odds from which a film is called positive
    groups : (N,) possible patient of each film
    leaked : (N,) films to leave out
    seed : of the bootstrap

    Returns
    -------
    DataFrame with columns metric, with_all, without, difference (without - with_all), low, high
    (95 %; NaN where too few films are left), films, left
    """
    truth, score = bootstrap.checked(y, log_odds)
    once = bootstrap.single(len(truth))
    drawn = bootstrap.resamples(np.asarray(groups), seed=seed)
    rows = []
    for metric in METRICS:
        value = _metric(metric, truth, score, threshold)
        both = float(value(once)[0]), float(value(once * ~leaked)[0])
        low, high, _ = bootstrap.percentiles(value(drawn * ~leaked) - value(drawn))
        rows.append(
            {"metric": metric, "with_all": both[0], "without": both[1]}
            | {"difference": both[1] - both[0], "low": low, "high": high}
            | {"films": len(truth), "left": int((~leaked).sum())}
        )
    return pd.DataFrame(rows)


def _metric(name: str, y: Bools, score: Floats, threshold: float) -> Callable[[Floats], Floats]:
    """The metric as a function of weights (B, N), giving (B,)."""

    def value(weights: Floats) -> Floats:
        # Some weightings leave no film of a class; their value is undefined, not a warning.
        with np.errstate(invalid="ignore", divide="ignore"):
            if name == "AUROC":
                return bootstrap.auroc(y, score, weights)
            tp, fp, fn, tn = bootstrap.counts(y, score >= threshold, "", weights)
            if name == "balanced accuracy":
                return bootstrap.balanced_accuracy(tp, fp, fn, tn)
            sensitive = name == "sensitivity"
            return bootstrap.ratio(*((tp, tp + fn) if sensitive else (tn, tn + fp)))

    return value
