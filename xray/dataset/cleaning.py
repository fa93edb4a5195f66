"""Cleaning lists: criteria to a list of films to leave out, with the reason of each.

A list is a CSV with a column ``file`` (and, where made here, the reason). Nothing is deleted:
``train --exclude FILE`` leaves the films out of training and validation, never out of test.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from xray.dataset import leakage, outliers
from xray.errors import DatasetError

#: Of films that are the same, one of the split that matters most is kept.
_KEEP_FIRST = ("test", "val", "train", "")

#: Unknown films that a warning names.
_SHOWN = 3


@dataclass(frozen=True, eq=False)
class Criteria:
    """What makes a film go.

    Attributes
    ----------
    damaged : it cannot be read
    odd : names of ``outliers.ODDITIES``: it is odd in one of these ways
    thresholds : name of an oddity -> threshold in place of the default
    same : groups of films that are the same (``leakage.identical`` or ``near_identical``): all
        but one go; the one in test stays, else the one in validation, else the first by name
    persons : a train or validation film of a possible patient who also has test films
    devices : (N,) whether a film shows a device, aligned to the table; those that do go
    """

    damaged: bool = True
    odd: tuple[str, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    same: leakage.Groups | None = None
    persons: bool = False
    devices: pd.Series[bool] | None = None


def exclusions(table: pd.DataFrame, criteria: Criteria) -> pd.DataFrame:
    """List the films that criteria leave out.

    Returns
    -------
    DataFrame with file, split, label, subtype and reason ("; " between several), sorted by file

    Raises
    ------
    DatasetError
        A criterion names an oddity that there is none of.
    """
    unknown = set(criteria.odd) - set(outliers.BY_NAME)
    if unknown:
        raise DatasetError(
            f"{sorted(unknown)[0]!r} is no oddity; choose from {', '.join(outliers.BY_NAME)}."
        )
    reasons = pd.Series("", index=table.index)
    for reason, gone in _reasons(table, criteria).items():
        reasons = reasons.mask(gone & (reasons != ""), reasons + "; " + reason)
        reasons = reasons.mask(gone & (reasons == ""), reason)
    listed = table.loc[reasons != "", ["file", "split", "label", "subtype"]]
    return listed.assign(reason=reasons[reasons != ""]).sort_values("file", ignore_index=True)


def counts(table: pd.DataFrame, excluded: Collection[str]) -> pd.DataFrame:
    """Count what goes and what stays: split, label, films, gone, left, share (gone, 0..1)."""
    gone = table["file"].isin(list(excluded))
    counted = (
        table.assign(gone=gone)
        .groupby(["split", "label"], sort=True)["gone"]
        .agg(films="size", gone="sum")
        .reset_index()
    )
    counted["left"] = counted["films"] - counted["gone"]
    counted["share"] = counted["gone"] / counted["films"]
    return counted


def read_exclusions(path: Path) -> frozenset[str]:
    """Read the files that a cleaning list names.

    Raises
    ------
    DatasetError
        The list cannot be read, or has no column ``file``.
    """
    try:
        # Spreadsheets begin their CSV files with a byte-order mark.
        table = pd.read_csv(path, encoding="utf-8-sig", dtype=str, keep_default_na=False)
    except FileNotFoundError as error:
        raise DatasetError(f"There is no list {path}; check the path.") from error
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"{path} cannot be read as a CSV list ({error}); export it again."
        ) from error
    if "file" not in table:
        raise DatasetError(
            f"{path} has no column named file; a list names films in it, such as "
            "train/healthy/film.png."
        )
    return frozenset(name.strip() for name in table["file"] if name.strip())


def unknown_films(excluded: Collection[str], table: pd.DataFrame) -> str:
    """One sentence about films on a list that the table does not hold; "" when there are none."""
    unknown = sorted(set(excluded) - set(table["file"]))
    if not unknown:
        return ""
    named = ", ".join(unknown[:_SHOWN]) + (", ..." if len(unknown) > _SHOWN else "")
    return (
        f"{len(unknown):,} of {len(set(excluded)):,} films on the list are not in this dataset "
        f"and were ignored ({named}); films are named like {table['file'].iloc[0]}."
    )


def _reasons(table: pd.DataFrame, criteria: Criteria) -> dict[str, pd.Series[bool]]:
    """Reason -> films that go for it."""
    found: dict[str, pd.Series[bool]] = {}
    if criteria.damaged:
        found["damaged"] = table["error"] != ""
    if criteria.odd:
        flags = outliers.flag(outliers.score(table), criteria.thresholds)
        found |= {
            outliers.BY_NAME[name].title.lower(): flags[f"is_{name}"] for name in criteria.odd
        }
    if criteria.same is not None:
        found["the same as another film"] = _doubles(table, criteria.same)
    if criteria.persons:
        tested = set(table.loc[table["split"] == "test", "person"]) - {""}
        found["possible patient of test"] = table["person"].isin(tested) & table["split"].isin(
            ["train", "val"]
        )
    if criteria.devices is not None:
        found["shows a device"] = criteria.devices.eq(True)
    return found


def _doubles(table: pd.DataFrame, groups: leakage.Groups) -> pd.Series[bool]:
    """Every film of a group but the one that is kept."""
    rank = table["split"].map({split: i for i, split in enumerate(_KEEP_FIRST)})
    order = pd.DataFrame({"group": groups, "rank": rank, "file": table["file"]})
    order = order[groups >= 0].sort_values(["group", "rank", "file"])
    doubles = order.index[order.duplicated("group")]
    return pd.Series(np.isin(table.index, doubles), index=table.index)
