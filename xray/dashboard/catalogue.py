"""Finding films in a table: filters, orders, pages and neighbours; quick at 100,000 rows.

A catalogue holds everything that films are filtered by as small arrays, built once a content.
A wish says which films and in what order; ``find`` answers with row numbers. Films are named in
links by tokens, the beginnings of hashes, so that no file name ever enters a link.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray import classes
from xray.dataset import outliers
from xray.dataset.composition import SPLIT_TITLES, TEXT
from xray.labels.devices import KINDS
from xray.metrics.odds import to_probability
from xray.text import percent

Rows = NDArray[np.int32]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

_KIND_WORDS = ("a line", "a tube", "an electrode", "a support", "a clip")

#: Confidence from which a kind of device counts as shown.
SHOWN = 0.5

#: Outcome of a call at the model's threshold; the place is the code.
OUTCOMES = ("", "TP", "FP", "FN", "TN")
OUTCOME_WORDS = ("", "found", "false alarm", "missed", "cleared")
OUTCOME_TITLES = {
    "TP": "positive, found (TP)",
    "FP": "false alarm (FP)",
    "FN": "positive, missed (FN)",
    "TN": "negative, cleared (TN)",
}

#: Ways in which films can belong together, each a column ``group_<way>`` of the table.
WAYS = ("identical", "leaked")

#: What films can be asked to be, name -> for people.
TRAITS = {
    "device": "shows a device",
    "no-device": "shows no device",
    **{kind: f"shows {words}" for kind, words in zip(KINDS, _KIND_WORDS, strict=True)},
    "text": "shows burned-in text",
    **{f"odd-{oddity.name}": f"odd: {oddity.title.lower()}" for oddity in outliers.ODDITIES},
    "identical": "has a byte-identical double",
    "leaked": "possible patient in two splits",
    "disagree": "the models disagree",
}

#: Orders for people; those that need a model come last, then a score of each oddity.
SORTS = {
    "file": "file name",
    "large": "largest first",
    "small": "smallest first",
    "bright": "brightest first",
    "dark": "darkest first",
    "device": "surest device first",
    **{f"odd-{oddity.name}": f"{oddity.title.lower()}: most first" for oddity in outliers.ODDITIES},
    "high": "highest probability first",
    "low": "lowest probability first",
    "sure": "surest call first",
    "unsure": "nearest to the threshold first",
    "wrong": "most wrong first",
}
MODEL_SORTS = ("high", "low", "sure", "unsure", "wrong")


@dataclass(frozen=True)
class Call:
    """What a model needs to tell before its calls can be looked for: threshold as log-odds."""

    threshold: float
    predictions: pd.DataFrame


@dataclass(frozen=True)
class Wish:
    """Which films, and in what order; an empty field asks for nothing.

    Attributes
    ----------
    splits : some of train, val, test
    classes : "LABEL" or "LABEL/subtype"
    traits : some of ``TRAITS``; a film must be all of them
    model : the model that outcomes and orders are about
    outcomes : some of "TP", "FP", "FN", "TN"
    person : films of this possible patient
    name : part of the file's name, in any case
    sort : one of ``SORTS``
    """

    splits: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    model: str = ""
    outcomes: tuple[str, ...] = ()
    person: str = ""
    name: str = ""
    sort: str = "file"


@dataclass(frozen=True, eq=False)
class Catalogue:
    """A table of films, made ready for finding.

    Attributes
    ----------
    table : films sorted by ``file``, rows 0..N-1, with the columns of ``xray.dataset.index``,
        scores and flags of ``xray.dataset.outliers``, ``has_device`` (1, 0, NaN unknown),
        ``confidence`` and the kinds of ``xray.labels.devices``, ``tech_text``, and
        ``group_<way>`` for ``WAYS`` (number of the group, -1 none)
    log_odds : model -> (N,) of the positive class, NaN where the model did not see the film
    thresholds : model -> log-odds from which it calls a film positive
    outcome : model -> (N,) place in ``OUTCOMES``
    compared : models whose calls are compared
    disagree : (N,) whether these models' calls differ
    judged : films of which two of them or more have a call
    tokens : (N,) name of each film in links
    """

    table: pd.DataFrame
    log_odds: dict[str, Floats]
    thresholds: dict[str, float]
    outcome: dict[str, NDArray[np.int8]]
    compared: list[str]
    disagree: Bools
    judged: int
    tokens: NDArray[np.str_]
    _rows: dict[str, int] = field(repr=False)
    _codes: dict[str, tuple[list[str], NDArray[np.int16]]] = field(repr=False)

    def row(self, token: str) -> int | None:
        """Row of the film that a link names; None when there is no such film."""
        return self._rows.get(token)

    def values(self, column: str) -> list[str]:
        """Values of "split", "label" or "class" (label/subtype) that occur, sorted."""
        return self._codes[column][0]

    def is_one_of(self, column: str, values: Sequence[str]) -> Bools:
        """(N,) whether a film's "split", "label" or "class" is one of ``values``."""
        names, codes = self._codes[column]
        return np.isin(names, list(values))[codes]


def build(
    table: pd.DataFrame,
    devices: pd.DataFrame | None = None,
    calls: Mapping[str, Call] | None = None,
    groups: Mapping[str, NDArray[np.int64]] | None = None,
    compared: Sequence[str] = (),
) -> Catalogue:
    """Make a table of films ready for finding.

    Parameters
    ----------
    table : see ``xray.dataset.index``
    devices : labels as ``devices.load`` gives them; films they do not know are unknown
    calls : model -> its threshold and predictions
    groups : way of ``WAYS`` -> (N,) number of the group of each row of ``table``, -1 none
    compared : models that agree or not; every one where fewer than two of these have calls
    """
    order = np.argsort(table["file"].to_numpy(dtype=object), kind="stable")
    films = outliers.flag(outliers.score(table.iloc[order].reset_index(drop=True)))
    known = ["has_device", "confidence", *KINDS, "tech_text"]
    if devices is not None and len(films):
        at = devices.index.get_indexer(pd.Index(films["file"]))
        labels = devices[known].astype(float).to_numpy()
        taken = np.where((at >= 0)[:, None], labels[np.maximum(at, 0)], np.nan)
    else:
        taken = np.full((len(films), len(known)), np.nan)
    films[known] = taken
    for way in WAYS:
        given = (groups or {}).get(way)
        films[f"group_{way}"] = -1 if given is None else np.asarray(given)[order]
    log_odds, outcome = {}, {}
    positive = classes.is_positive(films["label"]).to_numpy()
    for model, call in (calls or {}).items():
        log_odds[model] = _align(films["file"], call.predictions)
        outcome[model] = _outcomes(positive, log_odds[model], call.threshold)
    named = [model for model in compared if (outcome.get(model, np.zeros(0)) > 0).any()]
    named = named if len(named) > 1 else list(outcome)
    judged, disagree = _compared([outcome[model] for model in named], len(films))
    tokens = [token(file) for file in films["file"]]
    subtype = ("/" + films["subtype"]).where(films["subtype"] != "", "")
    return Catalogue(
        table=films,
        log_odds=log_odds,
        thresholds={model: call.threshold for model, call in (calls or {}).items()},
        outcome=outcome,
        compared=named,
        disagree=disagree,
        judged=judged,
        tokens=np.array(tokens, dtype="U12"),
        _rows={name: i for i, name in enumerate(tokens)},
        _codes={
            "split": _encode(films["split"]),
            "label": _encode(films["label"]),
            "class": _encode(films["label"] + subtype),
        },
    )


def token(file: str) -> str:
    """Name of a film in links: 12 hexadecimal digits that tell nothing of its file."""
    return hashlib.sha256(file.encode(errors="surrogateescape")).hexdigest()[:12]


def _align(files: pd.Series, predictions: pd.DataFrame) -> Floats:
    """Log-odds of each file; NaN where there is no prediction."""
    known = predictions.drop_duplicates("file").set_index("file")["log_odds"]
    at = known.index.get_indexer(pd.Index(files))
    values = np.append(known.to_numpy(dtype=np.float64), np.nan)
    found: Floats = values[at]
    return found


def _outcomes(positive: Bools, log_odds: Floats, threshold: float) -> NDArray[np.int8]:
    called = log_odds >= threshold
    code = np.where(positive, np.where(called, 1, 3), np.where(called, 2, 4))
    return np.where(np.isnan(log_odds), 0, code).astype(np.int8)


def _compared(outcomes: Sequence[NDArray[np.int8]], n: int) -> tuple[int, Bools]:
    """How many films several models have a call of, and of which these calls differ."""
    codes = np.array(outcomes, np.int8).reshape(len(outcomes), n)
    yes, no = np.isin(codes, (1, 2)).sum(axis=0), np.isin(codes, (3, 4)).sum(axis=0)
    return int((yes + no > 1).sum()), (yes > 0) & (no > 0)


def _encode(column: pd.Series) -> tuple[list[str], NDArray[np.int16]]:
    names, codes = np.unique(column.to_numpy(dtype=str), return_inverse=True)
    return [str(name) for name in names], codes.astype(np.int16)


def find(catalogue: Catalogue, wish: Wish) -> Rows:
    """Rows of the films that a wish asks for, in its order."""
    keep = np.ones(len(catalogue.table), bool)
    for condition in _conditions(catalogue, wish):
        keep &= condition
    rows = np.flatnonzero(keep).astype(np.int32)
    key = sort_key(catalogue, wish)
    if key is None:
        return rows
    # Unknown values come last, ties stay in the order of the files.
    values = key[rows]
    found: Rows = rows[np.argsort(np.where(np.isnan(values), np.inf, values), kind="stable")]
    return found


def _conditions(catalogue: Catalogue, wish: Wish) -> Iterator[Bools]:
    table = catalogue.table
    if wish.splits:
        yield catalogue.is_one_of("split", wish.splits)
    if wish.classes:
        # A label asks for all of its subtypes.
        yield catalogue.is_one_of("class", wish.classes) | catalogue.is_one_of(
            "label", wish.classes
        )
    for trait in wish.traits:
        yield has(catalogue, trait)
    if wish.outcomes and wish.model in catalogue.outcome:
        codes = [OUTCOMES.index(name) for name in wish.outcomes]
        yield np.isin(catalogue.outcome[wish.model], codes)
    if wish.person:
        yield (table["person"] == wish.person).to_numpy()
    if wish.name:
        yield table["name"].str.contains(wish.name, case=False, regex=False).to_numpy(dtype=bool)


def has(catalogue: Catalogue, trait: str) -> Bools:
    """(N,) whether a film is one of ``TRAITS``; a film of which it is unknown is not."""
    table = catalogue.table
    if trait in KINDS:
        found = table[trait] >= SHOWN
    elif trait in ("device", "no-device"):
        found = table["has_device"] == (1.0 if trait == "device" else 0.0)
    elif trait == "text":
        found = table["tech_text"] > TEXT
    elif trait in WAYS:
        found = table[f"group_{trait}"] >= 0
    elif trait == "disagree":
        return catalogue.disagree
    else:
        found = table[f"is_{trait.removeprefix('odd-')}"]
    return found.to_numpy(dtype=bool)


def sort_key(catalogue: Catalogue, wish: Wish) -> Floats | None:
    """Key by which a wish sorts, ascending; None where films stay in the order of their files."""
    table, sort = catalogue.table, wish.sort
    if sort in ("large", "small"):
        area = (table["width"] * table["height"]).to_numpy(dtype=np.float64)
        return area if sort == "small" else -area
    if sort in ("bright", "dark"):
        mean = table["mean"].to_numpy(dtype=np.float64)
        return mean if sort == "dark" else -mean
    if sort == "device":
        return -table["confidence"].to_numpy(dtype=np.float64)
    if sort.startswith("odd-"):
        return -table[f"{sort.removeprefix('odd-')}_score"].to_numpy(dtype=np.float64)
    if sort in MODEL_SORTS and wish.model in catalogue.log_odds:
        above = catalogue.log_odds[wish.model] - catalogue.thresholds[wish.model]
        toward = np.where(classes.is_positive(table["label"]).to_numpy(), above, -above)
        keys = {"high": -above, "low": above, "sure": -np.abs(above), "unsure": np.abs(above)}
        return keys.get(sort, toward)
    return None


def pages(films: int, each: int) -> int:
    """Pages of ``each`` films, at least one."""
    return max(1, math.ceil(films / each))


def page(rows: Rows, number: int, each: int) -> Rows:
    """Rows of page ``number`` (from 1); a number beyond the last gives the last page."""
    last = pages(len(rows), each)
    start = (min(max(number, 1), last) - 1) * each
    return rows[start : start + each]


def beside(rows: Rows, row: int) -> tuple[int | None, int | None]:
    """Rows before and after a film in a list; None at its ends, or where it is not in it."""
    at = np.flatnonzero(rows == row)
    if not len(at):
        return None, None
    i = int(at[0])
    before = int(rows[i - 1]) if i else None
    return before, int(rows[i + 1]) if i + 1 < len(rows) else None


def related(catalogue: Catalogue, row: int) -> dict[str, Rows]:
    """Other films that may show the same: by way of ``WAYS``, and "person"; empty left out."""
    table = catalogue.table
    found: dict[str, NDArray[np.int64]] = {}
    for way in WAYS:
        groups = table[f"group_{way}"].to_numpy()
        if way != "leaked" and groups[row] >= 0:
            found[way] = np.flatnonzero(groups == groups[row])
    person = table["person"].iat[row]
    if person:
        found["person"] = np.flatnonzero((table["person"] == person).to_numpy())
    others = {way: rows[rows != row].astype(np.int32) for way, rows in found.items()}
    return {way: rows for way, rows in others.items() if len(rows)}


def note(catalogue: Catalogue, row: int, model: str = "") -> str:
    """A short line about a film: its split and subtype, or what a model calls it."""
    film = catalogue.table.iloc[row]
    parts = [SPLIT_TITLES.get(film["split"], film["split"]), film["subtype"]]
    if model in catalogue.log_odds and catalogue.outcome[model][row]:
        probability = percent(float(to_probability(catalogue.log_odds[model][row])))
        # Of what came as training films, models call those alone that they kept to validate.
        parts[0] = parts[0] if film["split"] != "train" else "models' validation"
        parts[1:] = [probability, OUTCOME_WORDS[catalogue.outcome[model][row]]]
    return ", ".join(part for part in parts if part)


def facts(catalogue: Catalogue, row: int) -> list[tuple[str, str]]:
    """What is known of a film, as (name, value) for people; unknown facts are left out."""
    film = catalogue.table.iloc[row]
    known = [("Class", f"{film['label']} {film['subtype']}".strip()), ("Split", film["split"])]
    known.append(("Possible patient", film["person"]))
    if _is_known(film["width"]) and _is_known(film["height"]):
        ratio = film["width"] / film["height"]
        known.append(
            ("Original size", f"{film['width']:.0f} × {film['height']:.0f}, aspect {ratio:.2f}")
        )
    known.append(("Colour mode", "grey" if film["mode"] == "L" else film["mode"]))
    if _is_known(film["bytes"]) and film["bytes"] >= 0:
        known.append(("File size", f"{film['bytes'] / 1024:,.0f} KiB"))
    if _is_known(film["jpeg_quality"]):
        known.append(("JPEG quality", f"about {film['jpeg_quality']:.0f}"))
    if _is_known(film["mean"]):
        known.append(("Brightness", f"{film['mean']:.2f}, contrast {film['contrast']:.2f}"))
    if _is_known(film["has_device"]):
        kinds = [kind for kind in KINDS if film[kind] >= SHOWN]
        known.append(("Devices", ", ".join(kinds) or ("yes" if film["has_device"] else "none")))
        known.append(("Burned-in text", "yes" if film["tech_text"] > TEXT else "none"))
    odd = [o.title.lower() for o in outliers.ODDITIES if film[f"is_{o.name}"]]
    known.append(("Odd", ", ".join(odd)))
    known.append(("Problem", film["error"]))
    return [(name, str(value)) for name, value in known if value]


def _is_known(value: Any) -> bool:
    return value is not None and bool(pd.notna(value))
