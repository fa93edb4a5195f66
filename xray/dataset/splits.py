"""Splits as data: which film is used for what, drawn with a seed, never by moving files.

A split is a Series aligned to a table of films (``xray.dataset.index``) with the values "train",
"val", "test" and "" (not used). It depends on the films and the seed, never on the order of
the rows. Films that cannot be read are in no split.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from xray.errors import DatasetError
from xray.labels import devices

#: Name -> what it is, in words for people.
NAMES: Mapping[str, str] = {
    "original": "the folders as they came",
    "enlarged_validation": "a tenth of train joins validation; test untouched",
    "stratified_70_15_15": "all films drawn anew, 70/15/15 by class and subtype",
    "device_free": "enlarged validation, and no train film that shows a device",
}

#: Share of the original train films that joins validation.
VALIDATION_SHARE = 0.1


def make(
    table: pd.DataFrame, name: str, seed: int = 0, keep_persons: bool = False
) -> pd.Series[str]:
    """Split a table of films.

    Parameters
    ----------
    table : films with file, split, label, subtype, person (and error)
    name : one of ``NAMES``
    seed : of the draw; "original" ignores it
    keep_persons : films of one possible patient never end up on two sides of a line that is
        drawn here. Lines that came with the data (test of the first two and the last) stay
        where they are; ``leakage.shared_persons`` counts who sits on both sides of them.

    Returns
    -------
    Series of "train", "val", "test" or "", aligned to ``table``

    Raises
    ------
    DatasetError
        Unknown name, or the table lacks what the split needs.
    """
    if name not in NAMES:
        raise DatasetError(f"{name!r} is not a split; choose one of {', '.join(NAMES)}.")
    readable = table["error"].eq("") if "error" in table else pd.Series(True, index=table.index)
    split = table["split"].where(readable, "")
    if name == "original":
        return split
    if name == "stratified_70_15_15":
        everything = pd.Series("train", index=table.index).where(readable, "")
        share = 0.15
        count = math.ceil(share * int(readable.sum()))
        how = {"seed": seed, "keep_persons": keep_persons}
        split = _draw(everything, table, "test", count, **how)
        return _draw(split, table, "val", count, **how)
    if not split.eq("train").any():
        raise DatasetError(
            f"The split {name} draws validation from train, but no film lies in a train folder; "
            "use stratified_70_15_15."
        )
    split = _enlarge(split, table, seed, keep_persons)
    return _without_devices(split, table) if name == "device_free" else split


def thin(
    split: pd.Series[str], table: pd.DataFrame, other: pd.Series[str], seed: int
) -> pd.Series[str]:
    """Drop train films at random until train counts as many of each class as in ``other``.

    The control for a split that leaves films out for a reason: as few films, no reason.
    """
    out = split.copy()
    for label in sorted(set(table["label"])):
        ours = table["label"].eq(label) & split.eq("train")
        wanted = int((table["label"].eq(label) & other.eq("train")).sum())
        out = _keep(out, table, ours, wanted, seed)
    return out


def subset(
    split: pd.Series[str], table: pd.DataFrame, fraction: float, seed: int
) -> pd.Series[str]:
    """Keep a random share of train, the same of each class; validation and test stay whole."""
    if not 0 < fraction <= 1:
        raise DatasetError(f"A share of the train films is in (0, 1], not {fraction}.")
    out = split.copy()
    for label in sorted(set(table["label"])):
        ours = table["label"].eq(label) & split.eq("train")
        out = _keep(out, table, ours, round(fraction * int(ours.sum())), seed)
    return out


def counts(split: pd.Series[str], table: pd.DataFrame) -> pd.DataFrame:
    """Count films: a row for train, val, test and "" (where any), a column for each label."""
    order = [part for part in ("train", "val", "test", "") if split.eq(part).any()]
    return pd.crosstab(split.rename("split"), table["label"]).reindex(order)


def export(split: pd.Series[str], table: pd.DataFrame) -> pd.DataFrame:
    """Give a split as a table to save: file, label, original_split, split; unused films too."""
    columns = {"file": table["file"], "label": table["label"], "original_split": table["split"]}
    return pd.DataFrame({**columns, "split": split}).sort_values("file", ignore_index=True)


def _keep(
    split: pd.Series[str], table: pd.DataFrame, ours: pd.Series[bool], wanted: int, seed: int
) -> pd.Series[str]:
    """Leave a random ``wanted`` of the films ``ours`` where they are, the others out."""
    files = table.loc[ours, "file"].sort_values()
    rows = files.index[np.random.default_rng(seed).permutation(len(files))[wanted:]]
    out = split.copy()
    out[rows] = ""
    return out


def _enlarge(
    split: pd.Series[str], table: pd.DataFrame, seed: int, keep_persons: bool
) -> pd.Series[str]:
    """Draw a tenth of train into validation."""
    count = round(VALIDATION_SHARE * int(split.eq("train").sum()))
    if keep_persons:
        # Possible patients of the validation films that came with the data follow them.
        person = _persons(table)
        followers = split.eq("train") & person.isin(set(person[split.eq("val")]))
        split = split.mask(followers, "val")
        count -= int(followers.sum())
    return _draw(split, table, "val", count, seed=seed, keep_persons=keep_persons)


def _without_devices(split: pd.Series[str], table: pd.DataFrame) -> pd.Series[str]:
    """Leave out train films that show a device, or of which nobody knows."""
    labels = devices.load()["has_device"]
    train = split.eq("train")
    shown = table["file"].map(labels.to_dict())
    if shown[train].isna().all():
        raise DatasetError(
            "None of these train films has a device label, so device_free cannot be drawn; the "
            "labels are of the public set, with files in its train, val and test folders."
        )
    return split.mask(train & ~shown.eq(False), "")


def _persons(table: pd.DataFrame) -> pd.Series[str]:
    """Possible patient a film; a film whose name tells nothing is a patient of its own."""
    return table["person"].where(table["person"] != "", "file-" + table["file"])


def _draw(
    split: pd.Series[str], table: pd.DataFrame, part: str, count: int, **how: Any
) -> pd.Series[str]:
    """Move ``count`` train films to ``part``, in the proportions of class and subtype.

    Whole possible patients (``keep_persons``) are taken in random order (``seed``) while all
    their films still fit.
    """
    pool = table[split.eq("train")].sort_values("file")
    left = _quotas(pool, max(count, 0))
    group = _persons(pool) if how["keep_persons"] else pool["file"]
    films: dict[str, list[tuple[Any, str]]] = defaultdict(list)
    for row, key, stratum in zip(
        pool.index, group, pool["label"] + "/" + pool["subtype"], strict=True
    ):
        films[key].append((row, stratum))
    keys = sorted(films)
    taken: list[Any] = []
    for i in np.random.default_rng(how["seed"]).permutation(len(keys)):
        need = Counter(stratum for _, stratum in films[keys[i]])
        if all(left[stratum] >= n for stratum, n in need.items()):
            left -= need
            taken.extend(row for row, _ in films[keys[i]])
    out = split.copy()
    out.loc[taken] = part
    return out


def _quotas(pool: pd.DataFrame, count: int) -> Counter[str]:
    """Share out ``count`` films over labels, then over the subtypes of each."""
    quotas: Counter[str] = Counter()
    for label, n in _share(Counter(pool["label"]), count).items():
        inside = Counter(pool.loc[pool["label"] == label, "subtype"])
        quotas.update({f"{label}/{name}": k for name, k in _share(inside, n).items()})
    return quotas


def _share(sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """Split ``count`` in proportion to ``sizes`` by largest remainder (Hamilton's method)."""
    total = sum(sizes.values())
    whole = {name: count * n // total for name, n in sorted(sizes.items())}
    # In whole numbers, so that no rounding decides; ties fall to the first by name.
    by_rest = sorted(whole, key=lambda name: (-(count * sizes[name] % total), name))
    for name in by_rest[: count - sum(whole.values())]:
        whole[name] += 1
    return whole
