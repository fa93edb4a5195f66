"""Groups of films on which a model errs more than their classes explain: found, then confirmed.

Nobody names these groups beforehand. They are looked for on one half of the children, by trees over
what is known of the films and by neighbourhoods and clusters of what they look like, thousands of
them; the few that stand out are tested on the other half, which had no part in the search, and
corrected for how many are tested. What one half shows by chance, the other does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy.stats
from numpy.typing import NDArray

from xray.dataset import listing, outliers
from xray.labels.devices import KINDS
from xray.metrics.bootstrap import Bools, Floats

#: Groups that are tested on the other half; their level is shared among them.
TESTED = 5
#: Chance that anything is shown where nothing is there.
LEVEL = 0.05
#: Fewer films of the half that is searched than this are no group, nor a share below or above.
FEWEST, SMALLEST, LARGEST = 8, 0.01, 0.4
#: Trees that look at the facts, and how deep: conditions of a description at most.
TREES, DEPTH = 60, 3
#: Sizes of neighbourhoods, as shares of the half, and numbers of clusters.
SIZES, CLUSTERS = (0.015, 0.03, 0.06, 0.1), (8, 16, 32)
#: Directions of the embedding that are looked at.
DIRECTIONS = 20
#: Two groups that share more than this of their films are one.
SAME = 0.4
#: Draws of the permutation test.
DRAWS = 20_000
#: Values of a column of words that are facts each, and films that must have one.
MOST_VALUES, RARE = 8, 10


#: Conditions that lead to a node of a tree: (fact, above, threshold).
_Path = tuple[tuple[int, bool, float], ...]


@dataclass(frozen=True, eq=False)
class Group:
    """A group of films on which a model errs more than elsewhere.

    Attributes
    ----------
    words : its description
    how : "facts" or "likeness": what it was found by
    member : (N,) bool
        Its films, of both halves.
    n, errors : films and errors of the half that confirmed it; all numbers below are of that half
    rate, low, high : errors a film, with its interval at the level that is shared among the groups
        tested (Wilson)
    expected : errors a film of others of the same classes
    p : of a permutation of errors within classes, times the groups tested
    """

    words: str
    how: str
    member: Bools
    n: int
    errors: int
    rate: float
    low: float
    high: float
    expected: float
    p: float


@dataclass(frozen=True, eq=False)
class Found:
    """What a search gave.

    Attributes
    ----------
    groups : those that were confirmed, the surest first
    tried : groups that were looked at in the half that was searched
    tested : of these, groups that were tested on the other half
    films, errors : of the half that confirms
    """

    groups: tuple[Group, ...]
    tried: int
    tested: int
    films: int
    errors: int


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A group of films before it is tested: its films, how it was found, how far it stands out."""

    words: str
    how: str
    member: Bools
    score: float


def find(
    errors: Bools,
    classes: Bools,
    children: NDArray[np.str_],
    facts: pd.DataFrame,
    vectors: NDArray[np.float32] | None = None,
    names: Sequence[str] | None = None,
    seed: int = 0,
) -> Found:
    """Find groups of films on which a model errs more than their classes explain.

    Parameters
    ----------
    errors : (N,) whether the model's call is wrong
    classes : (N,) True where the film is of the positive class
    children : (N,) possible patient of each film; one child's films are in one half
    facts : (N, F) numbers (see ``describe``); NaN where unknown
    vectors : (N, D) what the films look like (``embeddings``); None where it is not known
    names : (N,) of films, for descriptions; their numbers when None
    seed : of halves, trees and clusters

    Returns
    -------
    Found
    """
    searched = _half(children, seed)
    surplus = errors - _expected(errors, classes, searched)
    names = [str(i) for i in range(len(errors))] if names is None else names
    made = list(_by_facts(surplus, searched, facts, seed))
    if vectors is not None and len(errors) > 4 * FEWEST:
        made += _by_likeness(surplus, errors, searched, vectors, names, seed)
    scored = [
        _Candidate(words, how, member, _stands_out(member & searched, errors, surplus))
        for words, how, member in made
    ]
    chosen: list[_Candidate] = []
    for each in sorted(scored, key=lambda one: -one.score):
        if each.score <= 0 or len(chosen) == TESTED:
            break
        if all(_overlap(each.member, other.member) <= SAME for other in chosen):
            chosen.append(each)
    rng = np.random.default_rng([seed, 1])
    held = ~searched
    tested = [_tested(each, errors, classes, held, len(chosen), rng) for each in chosen]
    shown = sorted((each for each in tested if each and each.p < LEVEL), key=lambda one: one.p)
    return Found(tuple(shown), len(made), len(chosen), int(held.sum()), int((errors & held).sum()))


def describe(
    files: pd.Series, table: pd.DataFrame, devices: pd.DataFrame | None = None
) -> pd.DataFrame:
    """What is known of films, as numbers with names for people; the classes are no part of it.

    Parameters
    ----------
    files : (N,) keys of the films
    table : of films (``xray.dataset.index``)
    devices : labels as ``devices.load`` gives them

    Returns
    -------
    (N, F) DataFrame; a column "A is B" is 1 where it holds
    """
    at = table.drop_duplicates("file").set_index("file").reindex(files.astype(str))
    found = {
        "height": at["height"],
        "width": at["width"],
        "aspect": at["width"] / at["height"],
        "brightness": at["mean"],
        "contrast": at["contrast"],
        "JPEG quality": at["jpeg_quality"],
    }
    if "lung_fraction" in at:
        found["share of lungs"] = at["lung_fraction"]
    for oddity in outliers.ODDITIES:
        if f"{oddity.name}_score" in at:
            found[f"score of “{oddity.title.lower()}”"] = at[f"{oddity.name}_score"]
    if devices is not None:
        labels = devices.reindex(files.astype(str))
        found |= {kind: labels[kind] for kind in KINDS} | {
            "device": labels["confidence"],
            "text": labels["tech_text"],
        }
    numbers = pd.DataFrame(
        {
            name: pd.to_numeric(column, errors="coerce").to_numpy(float)
            for name, column in found.items()
        }
    )
    words = ["subtype", "mode", *at.columns[at.columns.str.startswith(listing.ABOUT)]]
    for column in words:
        values = at[column].fillna("").astype(str).to_numpy(str)
        title = str(column).removeprefix(listing.ABOUT)
        counts = pd.Series(values[values != ""]).value_counts()
        for value in counts[counts >= RARE].index[:MOST_VALUES] if len(counts) > 1 else ():
            numbers[f"{title} is {value}"] = np.where(values == "", np.nan, values == value)
    keep = [name for name in numbers if numbers[name].nunique() > 1]
    return numbers[keep]


def in_words(found: Found, title: str) -> str:
    """The result in a sentence."""
    if not found.groups:
        return (
            f"No group of films was found on which {title} errs more than their classes explain: "
            f"of {found.tried:,} groups searched, {found.tested} were tested on "
            f"{found.films:,} films that had no part in the search"
        )
    first = found.groups[0]
    return (
        f"{title} errs on {first.rate:.0%} ({first.low:.0%} to {first.high:.0%}) of films with "
        f"{first.words}, against {first.expected:.0%} of others of their classes"
    )


def table(found: Found) -> pd.DataFrame:
    """The groups as a table: words, how, films, errors, rate, low, high, expected, p."""
    columns = ["words", "how", "n", "errors", "rate", "low", "high", "expected", "p"]
    rows = [[getattr(group, column) for column in columns] for group in found.groups]
    return pd.DataFrame(rows, columns=columns)


# --- the search ------------------------------------------------------------------------------


def _half(children: NDArray[np.str_], seed: int) -> Bools:
    """(N,) whether a film is searched: half of the children, drawn."""
    codes = np.unique(children, return_inverse=True)[1]
    return np.asarray(np.random.default_rng(seed).permutation(codes.max() + 1)[codes] % 2 == 0)


def _expected(errors: Bools, classes: Bools, searched: Bools) -> Floats:
    """(N,) chance of an error of a film's class, of the half that is searched."""
    rates = [
        errors[searched & (classes == side)].mean() if (searched & (classes == side)).any() else 0.0
        for side in (False, True)
    ]
    return np.where(classes, rates[1], rates[0])


def _stands_out(inside: Bools, errors: Bools, surplus: Floats) -> float:
    """How far errors in a group exceed what its classes explain: Kulldorff's Poisson statistic."""
    seen = float(errors[inside].sum())
    expected = seen - float(surplus[inside].sum())
    n, searched = int(inside.sum()), len(errors) / 2
    if n < max(FEWEST, SMALLEST * searched) or n > LARGEST * searched or seen <= expected:
        return 0.0
    return seen * float(np.log(seen / max(expected, 1e-9))) - (seen - expected)


def _overlap(one: Bools, other: Bools) -> float:
    """Films in both groups, of the smaller one."""
    return float((one & other).sum()) / max(min(int(one.sum()), int(other.sum())), 1)


def _by_facts(
    surplus: Floats, searched: Bools, facts: pd.DataFrame, seed: int
) -> Iterator[tuple[str, str, Bools]]:
    """Groups that trees over the facts cut; every node is one, described by its path."""
    from sklearn.ensemble import RandomForestRegressor

    if facts.empty:
        return
    values = facts.to_numpy(np.float32)
    least = max(FEWEST, round(SMALLEST * int(searched.sum())))
    forest = RandomForestRegressor(
        TREES, max_depth=DEPTH, min_samples_leaf=least, max_features=0.4, random_state=seed
    ).fit(values[searched], surplus[searched])
    names = [str(name) for name in facts]
    seen: set[bytes] = set()
    for estimator in forest.estimators_:
        tree = estimator.tree_
        reached = estimator.decision_path(values).tocsc()
        for node, conditions in _paths(tree):
            member = np.zeros(len(values), bool)
            member[reached.indices[reached.indptr[node] : reached.indptr[node + 1]]] = True
            key = np.packbits(member).tobytes()
            if conditions and key not in seen:
                seen.add(key)
                yield _path_in_words(conditions, names), "facts", member


def _paths(tree: Any, node: int = 0, so_far: _Path = ()) -> Iterator[tuple[int, _Path]]:
    """Nodes of a tree, each with its conditions (fact, above, threshold)."""
    yield node, so_far
    left, right = int(tree.children_left[node]), int(tree.children_right[node])
    if left < 0:
        return
    fact, limit = int(tree.feature[node]), float(tree.threshold[node])
    yield from _paths(tree, left, (*so_far, (fact, False, limit)))
    yield from _paths(tree, right, (*so_far, (fact, True, limit)))


def _path_in_words(conditions: _Path, names: Sequence[str]) -> str:
    """Conditions of a path as words; of several on one fact the narrowest."""
    ends: dict[tuple[int, bool], float] = {}
    for fact, above, limit in conditions:
        known = ends.get((fact, above), limit)
        ends[fact, above] = max(known, limit) if above else min(known, limit)
    said = []
    for (fact, above), limit in sorted(ends.items()):
        name = names[fact]
        if " is " in name:
            said.append(name if above else name.replace(" is ", " is not "))
        else:
            said.append(f"{name} {'above' if above else 'up to'} {limit:,.4g}")
    return " and ".join(said)


def _by_likeness(
    surplus: Floats,
    errors: Bools,
    searched: Bools,
    vectors: NDArray[np.float32],
    names: Sequence[str],
    seed: int,
) -> list[tuple[str, str, Bools]]:
    """Neighbourhoods of the errors, and clusters, of what the films look like."""
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.decomposition import PCA
    from sklearn.metrics import pairwise_distances
    from sklearn.neighbors import NearestNeighbors

    wide = PCA(min(DIRECTIONS, *vectors.shape), random_state=seed).fit(vectors[searched])
    places = wide.transform(vectors).astype(np.float32)
    made: list[tuple[str, str, Bools]] = []
    inside = np.flatnonzero(searched)
    sizes = sorted({max(FEWEST, round(share * len(inside))) for share in SIZES})
    centres = np.flatnonzero(searched & errors)
    near = NearestNeighbors(n_neighbors=sizes[-1]).fit(places[inside])
    if len(centres):
        far, who = near.kneighbors(places[centres])
        gained = np.cumsum(surplus[inside][who], axis=1)
        for size in sizes:
            # Of each size the neighbourhoods that gain most; the rest cannot stand out.
            for best in np.argsort(-gained[:, size - 1])[: 4 * TESTED]:
                from_centre = pairwise_distances(places, places[centres[best]][None])[:, 0]
                member = from_centre <= far[best, size - 1] + 1e-6
                made.append((f"a look like that of {names[centres[best]]}", "likeness", member))
    for count in CLUSTERS:
        if count * FEWEST > len(inside):
            break
        parts = MiniBatchKMeans(count, random_state=seed, n_init=3).fit(places[inside])
        which = parts.predict(places)
        middle = near.kneighbors(parts.cluster_centers_, 1, return_distance=False)[:, 0]
        made += [
            (
                f"a look like that of {names[inside[middle[one]]]} and its cluster",
                "likeness",
                which == one,
            )
            for one in range(count)
        ]
    return made


# --- the test --------------------------------------------------------------------------------


def _tested(
    one: _Candidate,
    errors: Bools,
    classes: Bools,
    held: Bools,
    tested: int,
    rng: np.random.Generator,
) -> Group | None:
    """A candidate on the half that was not searched; None where it has too few films there."""
    inside = one.member & held
    n, wrong = int(inside.sum()), int(errors[inside].sum())
    if n < FEWEST // 2:
        return None
    drawn, expected = np.zeros(DRAWS), 0.0
    for side in (False, True):
        mine = held & (classes == side)
        films, bad, size = int(mine.sum()), int((errors & mine).sum()), int((mine & inside).sum())
        if size:
            drawn += rng.hypergeometric(bad, films - bad, size, DRAWS)
            others = mine & ~inside
            expected += size * (float(errors[others].mean()) if others.any() else bad / films)
    p = float((1 + (drawn >= wrong).sum()) / (1 + DRAWS))
    ends = scipy.stats.binomtest(wrong, n).proportion_ci(1 - LEVEL / tested, method="wilson")
    return Group(
        one.words,
        one.how,
        one.member,
        n,
        wrong,
        wrong / n,
        float(ends.low),
        float(ends.high),
        expected / n,
        min(1.0, p * tested),
    )
