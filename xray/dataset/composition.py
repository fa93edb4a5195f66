"""What a dataset is made of: classes and subtypes by split, baselines, sizes, devices.

Everything is counted from the table of films (``xray.dataset.index``); no film is opened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray import classes as names
from xray.classes import Classes
from xray.labels.devices import KINDS
from xray.metrics import bootstrap
from xray.metrics.bootstrap import wilson

#: Order in which splits are listed; "" is a dataset without splits.
SPLITS = ("train", "val", "test", "")
SPLIT_TITLES = {"train": "train", "val": "validation", "test": "test", "": "all films"}
SUBTYPE_TITLES = {"bacteria": "bacterial", "virus": "viral"}

#: A split in which one film moves accuracy by a percentage point or more steers nobody.
SMALL = 100

#: Burned-in text counts as shown above this; where two looks disagree it does not.
TEXT = 0.5

#: Fewer films than this of a class rank nothing.
FEWEST = 10

#: Resamples of possible patients, drawn in blocks to keep memory small.
_RESAMPLES, _BLOCK = 400, 25


@dataclass(frozen=True)
class Split:
    """One split, counted.

    Attributes
    ----------
    name : "train", "val", "test" or "" (a dataset without splits)
    films : number of films
    counts : label -> films
    majority : the label that most films have
    """

    name: str
    films: int
    counts: dict[str, int]
    majority: str

    @property
    def title(self) -> str:
        """Name for people."""
        return SPLIT_TITLES.get(self.name, self.name)

    @property
    def baseline(self) -> float:
        """Accuracy of always saying ``majority``, 0..1."""
        return self.counts[self.majority] / self.films

    @property
    def baseline_interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the baseline."""
        return wilson(self.counts[self.majority], self.films)

    @property
    def imbalance(self) -> float:
        """Films of the largest class for every film of the smallest; infinite where one is 0."""
        least = min(self.counts.values())
        return self.counts[self.majority] / least if least else float("inf")

    @property
    def one_film(self) -> float:
        """By how much one film moves accuracy, 0..1."""
        return 1 / self.films

    @property
    def small(self) -> bool:
        """Whether the split is too small to steer training by."""
        return self.name != "train" and self.films < SMALL


def splits(table: pd.DataFrame) -> list[Split]:
    """Count the classes of every split that holds a film, in the order of ``SPLITS``."""
    labels = sorted(set(table["label"]))
    found = []
    for name in SPLITS:
        part = table.loc[table["split"] == name, "label"].value_counts()
        if len(part):
            counts = {label: int(part.get(label, 0)) for label in labels}
            majority = max(counts, key=lambda label: counts[label])
            found.append(Split(name, int(part.sum()), counts, majority))
    return found


def warning(split: Split) -> str:
    """Why a small split steers nobody, in a sentence; "" where the split is large enough."""
    if not split.small:
        return ""
    low, high = wilson(round(0.9 * split.films), split.films)
    return (
        f"The dataset's own {split.title} holds {split.films} films: one error moves its "
        f"accuracy by {100 * split.one_film:.0f} points, and a model that is right on 90 % of "
        f"them may be anywhere from {100 * low:.0f} % to {100 * high:.0f} %. "
        "Too small to choose a model by."
    )


def groups(table: pd.DataFrame) -> pd.DataFrame:
    """Count films by split, label and subtype: columns split, label, subtype, films, share.

    ``share`` is of the split, 0..1. Rows in the order of ``SPLITS``, label, subtype.
    """
    counts = table.groupby(["split", "label", "subtype"]).size().rename("films").reset_index()
    counts["order"] = counts["split"].map({name: i for i, name in enumerate(SPLITS)})
    counts = counts.sort_values(["order", "label", "subtype"], ignore_index=True)
    counts["share"] = counts["films"] / counts.groupby("split")["films"].transform("sum")
    return counts.drop(columns="order")


def group_title(label: str, subtype: str) -> str:
    """Class and subtype for people: "NORMAL", "PNEUMONIA, bacterial"."""
    return f"{label}, {SUBTYPE_TITLES.get(subtype, subtype)}" if subtype else label


def sizes(table: pd.DataFrame) -> pd.DataFrame:
    """Summarise image sizes: a row for all films and one a label.

    Returns
    -------
    DataFrame with columns what ("all films" or the label), films (of known size), unknown;
    width, height, aspect (means); and of each the median and the range: width_median,
    width_low, width_high, ...
    """
    known = table[table["width"].notna() & table["height"].notna()]
    rows = []
    parts: list[tuple[str, pd.Series[bool], pd.DataFrame]] = [
        ("all films", pd.Series(True, table.index), known)
    ]
    for label in sorted(set(table["label"])):
        parts.append((label, table["label"] == label, known[known["label"] == label]))
    for what, everyone, part in parts:
        row: dict[str, object] = {"what": what, "films": len(part)}
        row["unknown"] = int(everyone.sum()) - len(part)
        values = {"width": part["width"], "height": part["height"]}
        values["aspect"] = part["width"] / part["height"]
        for name, value in values.items():
            row[name] = float(value.mean())
            row[f"{name}_median"] = float(value.median())
            row[f"{name}_low"], row[f"{name}_high"] = float(value.min()), float(value.max())
        rows.append(row)
    return pd.DataFrame(rows)


def prevalence(table: pd.DataFrame, shown: NDArray[np.bool_]) -> pd.DataFrame:
    """Share of films that show something, by split, class and subtype.

    Parameters
    ----------
    table : films
    shown : (N,) whether each film shows it

    Returns
    -------
    DataFrame with columns split, label, subtype ("" is all of the label), title, films, shown,
    share, low, high (Wilson's 95 % interval); a label without subtypes has one row a split.
    """
    seen = table[["split", "label", "subtype"]].assign(shown=shown)
    return pd.DataFrame(list(_prevalence(seen)))


def _prevalence(seen: pd.DataFrame) -> Iterator[dict[str, object]]:
    for split in SPLITS:
        for label in sorted(set(seen["label"])):
            part = seen[(seen["split"] == split) & (seen["label"] == label)]
            for subtype in ("", *sorted(set(part["subtype"]) - {""})):
                inside = part if not subtype else part[part["subtype"] == subtype]
                n, k = len(inside), int(inside["shown"].sum())
                if n:
                    low, high = wilson(k, n)
                    yield {
                        **{"split": split, "label": label, "subtype": subtype},
                        **{"title": group_title(label, subtype), "films": n, "shown": k},
                        **{"share": k / n, "low": low, "high": high},
                    }


def kinds(table: pd.DataFrame, confidence: float = 0.5) -> pd.DataFrame:
    """Share of films that show each kind of device, by class.

    Parameters
    ----------
    table : films with the columns of ``devices.KINDS``; films without labels are left out
    confidence : from which a kind counts as shown, 0..1

    Returns
    -------
    DataFrame with columns kind, label, films, shown, share, low, high (Wilson's 95 % interval)
    """
    known = table[table["has_device"].notna()]
    rows = []
    for kind in KINDS:
        for label in sorted(set(known["label"])):
            part = known.loc[known["label"] == label, kind]
            n, k = len(part), int((part >= confidence).sum())
            low, high = wilson(k, n)
            values = {"films": n, "shown": k, "share": k / n, "low": low, "high": high}
            rows.append({"kind": kind, "label": label, **values})
    return pd.DataFrame(rows)


def rankings(table: pd.DataFrame, score: NDArray[np.float64], seed: int = 0) -> pd.DataFrame:
    """How well one number ranks the positive class before the rest, split by split.

    Parameters
    ----------
    table : films
    score : (N,) higher should mean the positive class; NaN where unknown
    seed : of the bootstrap

    Returns
    -------
    DataFrame with columns split, title, films, auroc, low, high (95 %, bootstrap by possible
    patient; NaN where every draw gives the same, as for a perfect ranking). A split with fewer
    than ``FEWEST`` films of a class is left out.
    """
    rows = []
    for split in SPLITS:
        mine = ((table["split"] == split) & ~np.isnan(score)).to_numpy()
        y = names.is_positive(table["label"]).to_numpy()[mine]
        if not mine.any() or min(y.sum(), (~y).sum()) < FEWEST:
            continue
        low, high = _interval(table[mine], y, score[mine], seed)
        values = {"auroc": float(bootstrap.auroc(y, score[mine])[0]), "low": low, "high": high}
        rows.append({"split": split, "title": SPLIT_TITLES[split], "films": len(y), **values})
    return pd.DataFrame(rows, columns=["split", "title", "films", "auroc", "low", "high"])


def _interval(
    films: pd.DataFrame, y: NDArray[np.bool_], score: NDArray[np.float64], seed: int
) -> tuple[float, float]:
    """95 % interval of an AUROC, resampling possible patients a few at a time."""
    person = films["person"].where(films["person"] != "", "film " + films["file"]).to_numpy()
    draws = [
        bootstrap.auroc(y, score, bootstrap.resamples(person, _BLOCK, seed + block))
        for block in range(_RESAMPLES // _BLOCK)
    ]
    low, high, _ = bootstrap.percentiles(np.concatenate(draws))
    return low, high


def oddities(table: pd.DataFrame, classes: Classes | None = None) -> tuple[str, ...]:
    """What people should know before they trust a table: damage, one class, tiny splits.

    Parameters
    ----------
    classes : the two classes of the films; :func:`xray.classes.current` when None
    """
    broken = table.loc[table["error"] != "", "file"].tolist()
    present = set(zip(table["split"].tolist(), table["label"].tolist(), strict=True))
    classes = names.current() if classes is None else classes
    return odd(len(table), len(broken), next(iter(broken), ""), present, classes)


def odd(
    films: int, broken: int, first: str, present: Collection[tuple[str, str]], classes: Classes
) -> tuple[str, ...]:
    """As :func:`oddities`, of counted films.

    Parameters
    ----------
    films, broken : how many, and how many of them cannot be read
    first : the first of these
    present : every split and label that a film has
    """
    warnings: list[str] = []
    if broken:
        warnings.append(
            f"{broken:,} of {films:,} films cannot be read and are left out of "
            f"everything that needs pixels; the first is {first}."
        )
    labels = sorted({label for _, label in present})
    if len(labels) == 1:
        warnings.append(
            f"Every film is {labels[0]}: with one class there is nothing to tell apart; check the "
            f"folder names or the class mapping if {classes.other(labels[0])} was to be there."
        )
    for split in sorted({split for split, _ in present}):
        missing = [label for label in labels if (split, label) not in present]
        if missing:
            warnings.append(f"The {split or 'unsplit'} films hold no {' or '.join(missing)}.")
    return tuple(warnings)
