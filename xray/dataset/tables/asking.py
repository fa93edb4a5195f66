"""What a command asks of a table: its columns, its classes, which finding is the question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xray import classes as names
from xray.classes import Classes, fold
from xray.dataset.left_out import Tally
from xray.dataset.listing import Listing, find, renamed
from xray.dataset.tables import labelling, presets, text
from xray.dataset.tables.labelling import NO_FINDING, Condition, Rule
from xray.dataset.tables.places import Places
from xray.dataset.tables.presets import Columns
from xray.errors import DatasetError

#: Further columns at most.
MOST_COLUMNS = 12

#: What people call these columns, the likeliest first.
_USUAL = {
    "path": (
        *("path", "file", "filename", "file name", "filepath", "file path", "image path"),
        *("imagepath", "img path", "image", "image name", "image id", "imageid", "image index"),
        *("img", "dicom id", "x ray image name", "name", "id"),
    ),
    "label": (
        *("label", "labels", "class", "class name", "diagnosis", "target", "category"),
        *("finding", "findings", "finding labels", "status", "disease"),
    ),
    "split": ("split", "subset", "partition", "dataset type"),
    "patient": ("patient", "patient id", "patientid", "subject", "subject id", "subjectid"),
}


@dataclass(frozen=True)
class Question:
    """What a command asks of a table; what is empty is found out, or stays as it was published.

    Attributes
    ----------
    columns : of ``--columns``: path, label, split, patient
    classes : of ``--classes``
    positive, negative : of ``--positive`` and ``--negative``
    finding : of ``--finding``: which of several findings is the positive class
    uncertain : of ``--uncertain``
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    classes: Classes | None = None
    positive: tuple[Condition, ...] = ()
    negative: tuple[Condition, ...] = ()
    finding: str = ""
    uncertain: str = ""

    def __post_init__(self) -> None:
        if self.negative and not self.positive:
            column, value = self.negative[0]
            raise DatasetError(
                f"--negative needs --positive: --positive {column}=* is every value but {value}."
            )

    @property
    def asks(self) -> bool:
        """Whether it asks anything."""
        return self != Question()


def listing(folder: Path, table: str, question: Question) -> Listing | None:
    """How the films of a folder are listed, read for what a question asks.

    Parameters
    ----------
    table : file in the folder; "" for the one that was remembered, has a known form, or is the
        only one there

    Returns
    -------
    Listing, or None of a folder without a table, or with several and nothing that tells which

    Raises
    ------
    DatasetError
        There is no such table, or it lacks what is needed; the sentence says what it has.
    """
    if table:
        return ask(folder, table, question)
    known = find(folder)
    if known is not None:
        opened = text.opened(folder / next(iter(known.tables)))
        return answered(opened, _with_columns(opened, known, question), question)
    asks = question.columns or question.positive or question.finding or question.uncertain
    tables = [path.name for path in sorted(folder.iterdir()) if text.is_table(path)]
    return ask(folder, tables[0], question) if asks and len(tables) == 1 else None


def ask(folder: Path, table: str, question: Question) -> Listing:
    """Find out how to read a table.

    Parameters
    ----------
    table : file in the folder

    Raises
    ------
    DatasetError
        There is no such table, or it lacks what is needed; the sentence says what it has.
    """
    inside = not Path(table).is_absolute() and ".." not in Path(table).parts
    if not inside or not (folder / table).is_file():
        raise DatasetError(f"There is no {table} in {folder}; --table names a file in the folder.")
    opened = text.opened(folder / table)
    preset = None if set(question.columns) & {"path", "label"} else presets.of(opened.columns)
    if preset is not None:
        known = Listing(
            preset.kind,
            {table: preset.split(Path(table).name)},
            preset.columns,
            preset.rule,
            preset.classes,
            preset.study,
            (f"{table} has the columns of {preset.kind} and is read as such.",),
        )
        return answered(opened, _with_columns(opened, known, question), question)
    plain = Listing("table", {table: ""}, Columns(), Rule(), names.DEFAULT)
    return answered(opened, _looked_at(folder, opened, plain, question), question)


def _with_columns(table: text.TextTable, known: Listing, question: Question) -> Listing:
    own: dict[str, Any] = {part: column(table, name) for part, name in question.columns.items()}
    rule = replace(known.rule, label=own["label"]) if "label" in own else known.rule
    return replace(known, columns=replace(known.columns, **own), rule=rule)


def answered(table: text.TextTable, known: Listing, question: Question) -> Listing:
    """A known read for what a question asks."""
    preset = presets.by_kind(known.kind, table.columns)
    if question.positive:
        if both := set(question.positive) & set(question.negative):
            raise DatasetError(
                f"--positive and --negative both name {'='.join(min(both))}; leave one out."
            )
        rule = Rule(
            positive=tuple((column(table, name), value) for name, value in question.positive),
            negative=tuple((column(table, name), value) for name, value in question.negative),
            lists=known.rule.lists,
        )
        known = replace(known, rule=rule, classes=labelling.classes_of(rule))
    elif question.finding and preset is not None and preset.several:
        found = Classes(NO_FINDING, question.finding)
        known = replace(known, classes=found)
    elif question.finding:
        name = column(table, question.finding)
        rule = replace(known.rule, finding=name, positive=(), negative=())
        known = replace(known, rule=rule, classes=labelling.classes_of(rule))
    if question.uncertain:
        known = replace(known, rule=replace(known.rule, uncertain=question.uncertain))
    if question.classes and not question.positive and not question.finding:
        return renamed(known, question.classes)
    if question.classes:
        # They name what was asked for in another way.
        own = question.classes
        return replace(known, classes=replace(own, values=_renamed(known.classes, own)))
    return known


def _renamed(before: Classes, now: Classes) -> dict[str, str]:
    swap = dict(zip(before.labels, now.labels, strict=True))
    values = before.values or {label: label for label in before.labels}
    return {value: swap[label] for value, label in values.items()}


def column(table: text.TextTable, wanted: str) -> str:
    found = text.locate(table, wanted)
    if not found:
        shown = ", ".join(table.columns[:20])
        raise DatasetError(
            f"{table.path.name} has no column {wanted}; it has: {shown}. Name its columns with "
            f"--columns, such as path={table.columns[0]}."
        )
    return found


def _looked_at(folder: Path, table: text.TextTable, plain: Listing, question: Question) -> Listing:
    """Find the columns of a table of no known form, by what is said, by names, by content."""
    given = {part: column(table, name) for part, name in question.columns.items()}
    notes = []
    for part, usual in _USUAL.items():
        # Who names columns and no split means none; whose films they are is never lost by that.
        if part in given or (question.columns and part == "split"):
            continue
        by_name = {fold(name): name for name in reversed(table.columns)}
        found = next((by_name[name] for name in usual if name in by_name), "")
        if part == "path" and (not found or fold(found) in ("name", "id", "image")):
            found = _by_content(folder, table) or found
        if found:
            given[part] = found
            if found != part:
                notes.append(f"The column {found!r} of {table.path.name} is taken as the {part}.")
    if "path" not in given:
        column(table, "path")
    if "label" not in given and not question.positive and not question.finding:
        raise DatasetError(
            f"{table.path.name} has no column label; it has: {', '.join(table.columns[:20])}. Say "
            "which is the class with --columns label=COLUMN, or with --positive COLUMN=VALUE."
        )
    for name in given.values():
        text.locate(table, name)
    named = set(given.values())
    rest = tuple(name for name in table.columns if name and name not in named)[:MOST_COLUMNS]
    columns = Columns(**{"label": ""} | given, further=rest)
    classes = names.configured() or plain.classes
    return replace(
        plain, columns=columns, rule=Rule(columns.label), notes=tuple(notes), classes=classes
    )


def _by_content(folder: Path, table: text.TextTable) -> str:
    """The column whose first values are films of the folder; "" where most of none are."""
    columns = list(dict.fromkeys(name for name in table.columns if name))[:50]
    if not columns:
        return ""
    first = next(text.batches(table, columns, Tally()), pd.DataFrame(columns=columns))
    places = Places(folder)
    share = {
        name: np.mean([float(not places.find(value)[1]) for value in first[name].head(50)] or [0.0])
        for name in columns
    }
    best = max(share, key=lambda name: share[name], default="")
    return best if best and share[best] >= 0.5 else ""


def parse_columns(text: str) -> dict[str, str]:
    """Read ``path=File,label=Class,split=Part,patient=ID``.

    Raises
    ------
    DatasetError
        It names something else.
    """
    parts = (part.partition("=") for part in text.split(",") if part.strip())
    pairs = {part.strip(): column.strip() for part, _, column in parts}
    if not pairs or set(pairs) - {"path", "label", "split", "patient"} or not all(pairs.values()):
        raise DatasetError(
            f"{text!r} names no columns; write such as path=File,label=Class,split=Part,patient=ID."
        )
    return pairs
