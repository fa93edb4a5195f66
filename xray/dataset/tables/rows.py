"""Rows of the tables of a folder to films: each once, and every row accounted for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray.dataset.left_out import Tally
from xray.dataset.listing import ABOUT, Listing
from xray.dataset.tables import labelling, text
from xray.dataset.tables.asking import column as column_of
from xray.dataset.tables.labelling import NO_FINDING
from xray.dataset.tables.places import EMPTY, Places
from xray.dataset.tables.presets import Columns
from xray.dataset.tables.split_names import split_of
from xray.text import count

NIH_TEST = "test_list.txt"
#: Beside MIMIC-CXR's labels lies a table with the split of each study.
MIMIC_SPLIT = re.compile(r"mimic-cxr-.*split\.csv(\.gz)?$")

#: No table has a column of this name.
_LABEL = "\0label"

TWO_LABELS = "name a film to which another row gives the other class; it is in neither"
TWO_SPLITS = "name a film that another row puts into another split; it is in neither"
REPEATED = "name a film again that an earlier row names"


def read(folder: Path, listing: Listing, tally: Tally) -> Iterator[pd.DataFrame]:
    """Read a listing, a few thousand films at a time; each film once.

    The tables are read twice: the first time to see which films stand in several rows.

    Parameters
    ----------
    tally : counts the rows, and those left out by reason

    Yields
    ------
    DataFrame
        path (in the folder), label, split, person, and ``about_<column>`` for further ones.
    """
    places = Places(folder, Path(next(iter(listing.tables))).parent.as_posix())
    other_label, other_split, repeated = _repeats(_rows(folder, listing, places, Tally("row")))
    places.moved = places.respelt = 0
    seen: set[int] = set()
    for rows in _rows(folder, listing, places, tally):
        keep = np.ones(len(rows), bool)
        for at, path in enumerate(rows["path"]):
            key = hash(path)
            reason = ""
            if key in other_label:
                reason = TWO_LABELS
            elif key in other_split:
                reason = TWO_SPLITS
            elif key in seen:
                reason = REPEATED
            elif key in repeated:
                seen.add(key)
            if reason:
                keep[at] = False
                tally.add(reason, [path])
        yield rows[keep].reset_index(drop=True)
    for note in listing.notes:
        tally.note(note)
    if places.moved:
        tally.note(
            f"{count(places.moved, 'film')} found by name or by the last parts of a path, "
            "elsewhere in the folder than the table says."
        )
    if places.respelt:
        tally.note(f"{count(places.respelt, 'film')} with another ending than the table says.")


def _repeats(batches: Iterator[pd.DataFrame]) -> tuple[set[int], set[int], set[int]]:
    """Hashes of the films of several rows: of two classes, of two splits, and all others."""
    hashes, labels, splits = [np.empty(0, np.int64)], [np.empty(0)], [np.empty(0)]
    codes: dict[str, int] = {}
    for rows in batches:
        hashes.append(np.fromiter(map(hash, rows["path"]), np.int64, len(rows)))
        for column, into in (("label", labels), ("split", splits)):
            into.append(np.array([codes.setdefault(v, len(codes)) for v in rows[column]], float))
    keys, at, count = np.unique(np.concatenate(hashes), return_inverse=True, return_counts=True)

    def differ(parts: Sequence[NDArray[np.float64]]) -> NDArray[np.bool_]:
        low, high = np.full(len(keys), np.inf), np.full(len(keys), -np.inf)
        values = np.concatenate(parts)
        np.minimum.at(low, at, values)
        np.maximum.at(high, at, values)
        return np.asarray(low != high)

    label, split = differ(labels), differ(splits)
    return (
        set(keys[label].tolist()),
        set(keys[split & ~label].tolist()),
        set(keys[(count > 1) & ~label & ~split].tolist()),
    )


def _rows(folder: Path, listing: Listing, places: Places, tally: Tally) -> Iterator[pd.DataFrame]:
    """Rows of a class whose films are there; as :func:`read`, but a film may come again."""
    columns, rule = listing.columns, listing.rule
    by_list = _lists(folder, listing)
    for name, split in listing.tables.items():
        table = text.opened(folder / name, tally)
        needed = [columns.path, *rule.columns, columns.split, columns.patient]
        named = [column_of(table, column) for column in dict.fromkeys(filter(None, needed))]
        optional = [*columns.further, NO_FINDING if rule.finding else "", *(rule.only or ())[:1]]
        more = [each for each in dict.fromkeys(optional) if each in table.columns]
        wanted = list(dict.fromkeys([*named, *map(str, more)]))
        for batch in text.batches(table, wanted, tally, len(named)):
            found = rule.apply(batch, listing.classes)
            labelling.leave_out(batch, found, columns.path, rule, tally)
            chosen = batch.assign(**{_LABEL: found["label"]})[found["label"] != ""]
            films = _places(chosen, listing, places, tally)
            rows = chosen.iloc[[at for at, _ in films]]
            made = pd.DataFrame({"path": [path for _, path in films]}, dtype=str)
            made["label"] = rows[_LABEL].to_numpy()
            made["split"] = split or _splits(rows, columns, by_list, tally)
            made["person"] = _people(rows, made["path"], listing)
            for column in columns.further:
                if column in rows:
                    made[ABOUT + column] = rows[column].to_numpy()
            yield made


def _places(
    rows: pd.DataFrame, listing: Listing, places: Places, tally: Tally
) -> list[tuple[int, str]]:
    """Films of rows: (row, path); rows whose film is not there are left out."""
    films: list[tuple[int, str]] = []
    for at, name in enumerate(rows[listing.columns.path]):
        if listing.study:
            paths = places.of_study(name)
            films += [(at, path) for path in paths]
            # A study is as many rows as it has films.
            tally.seen += max(len(paths) - 1, 0)
            problem = "" if paths else "name a study that is not in the folder"
            path = name
        else:
            path, problem = places.find(name)
            if not problem:
                films.append((at, path))
        if problem:
            tally.add(problem, ["a row without a name" if problem is EMPTY else path])
    return films


def _lists(folder: Path, listing: Listing) -> dict[str, str] | None:
    """Split of each film or study by a list beside the table; None where there is none."""
    if listing.kind == "NIH ChestX-ray14" and (folder / NIH_TEST).is_file():
        tested = (folder / NIH_TEST).read_text(encoding="utf-8", errors="replace").split()
        return dict.fromkeys(tested, "test") | {"": "train"}
    if listing.study:
        for path in sorted(folder.iterdir()):
            if MIMIC_SPLIT.match(path.name):
                table = text.opened(path)
                parts = text.batches(table, ["study_id", "split"], Tally())
                rows = pd.concat([pd.DataFrame(columns=["study_id", "split"]), *parts])
                return dict(zip(rows["study_id"], rows["split"].map(split_of), strict=True))
    return None


def _splits(
    rows: pd.DataFrame, columns: Columns, by_list: Mapping[str, str] | None, tally: Tally
) -> list[str]:
    """Split of each row."""
    if by_list is not None:
        rest = by_list.get("", "")
        return [by_list.get(name, rest) for name in rows[columns.path]]
    if not columns.split:
        return [""] * len(rows)
    found = [split_of(value) for value in rows[columns.split]]
    for value in {
        v for v, split in zip(rows[columns.split], found, strict=True) if v and not split
    }:
        tally.note(
            f"The split {value!r} is none that is known (train, val, test); it counts as none."
        )
    return found


_CHEXPERT_PATIENT = re.compile(r"patient\d+")


def _people(rows: pd.DataFrame, paths: pd.Series, listing: Listing) -> list[str]:
    """Patient of each row; "" where none is known."""
    if listing.kind == "CheXpert" and not listing.columns.patient:
        matches = [_CHEXPERT_PATIENT.search(path) for path in paths]
        return [match[0] if match else "" for match in matches]
    if not listing.columns.patient:
        return [""] * len(rows)
    start = "" if listing.kind == "table" else "patient-"
    return [who and start + who for who in rows[listing.columns.patient]]
