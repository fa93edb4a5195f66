"""Rows of a table to the two classes, and why a row is in neither."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from xray import classes as names
from xray.classes import Classes, fold
from xray.dataset.left_out import Tally
from xray.errors import DatasetError

#: How -1 of CheXpert's and MIMIC-CXR's columns is taken.
UNCERTAIN = ("neither", "positive", "negative")
#: Column of such tables that says that nothing was found, and NIH's word for it.
NO_FINDING = "No Finding"

UNMAPPED = "have a label that maps to no class (map it with --classes)"
UNLABELLED = "have no label"
BOTH = "say both classes"
DOUBTFUL = "are uncertain (-1)"
UNMENTIONED = "do not mention the finding, and do not say that there is none"
OTHER_KIND = "are no X-rays"

#: As a condition's value: every other one.
ANY = "*"
#: (column, value); "a|b" in a cell holds both a and b.
Condition = tuple[str, str]


@dataclass(frozen=True)
class Rule:
    """How rows come to their class. Of the four ways the first that is filled in holds.

    Attributes
    ----------
    positive, negative : conditions of which one must hold; every other row that says something is
        negative where ``negative`` is empty; "*" is every value that the other class does not name
    finding : column of 1 (there), 0 (not there), -1 (uncertain) and nothing (not mentioned)
    label : column whose values the class names map
    uncertain : one of ``UNCERTAIN``
    only : (column, words): rows of another value are left out
    lists : letter between several findings of one cell
    """

    label: str = "label"
    finding: str = ""
    positive: tuple[Condition, ...] = ()
    negative: tuple[Condition, ...] = ()
    uncertain: str = "neither"
    only: tuple[str, tuple[str, ...]] | None = None
    lists: str = "|"

    @property
    def columns(self) -> list[str]:
        """Columns that it reads."""
        if self.positive:
            needed = [column for column, _ in (*self.positive, *self.negative)]
        elif self.finding:
            needed = [self.finding]
        else:
            needed = [self.label]
        return list(dict.fromkeys(needed))

    def apply(self, rows: pd.DataFrame, classes: Classes) -> pd.DataFrame:
        """Find the class of each row.

        Returns
        -------
        DataFrame
            label ("" of a row that is in neither class) and reason ("" of the others)
        """
        if self.positive:
            found = self._by_conditions(rows, classes)
        elif self.finding:
            found = self._by_finding(rows, classes)
        else:
            found = self._by_value(rows, classes)
        table = pd.DataFrame(found, index=rows.index, columns=["label", "reason"])
        if self.only and self.only[0] in rows:
            kinds = rows[self.only[0]].str.casefold()
            wrong = ~kinds.isin([word.casefold() for word in (*self.only[1], "")])
            table.loc[wrong] = ["", OTHER_KIND]
        return table

    def _by_conditions(self, rows: pd.DataFrame, classes: Classes) -> list[tuple[str, str]]:
        says = {
            column: [_parts(cell, self.lists) for cell in rows[column]] for column in self.columns
        }

        def holds(at: int, conditions: Sequence[Condition]) -> bool:
            return any(_same_value(value, says[column][at]) for column, value in conditions)

        found = []
        for at in range(len(rows)):
            sick = holds(at, self.positive)
            if any(value == ANY and says[column][at] for column, value in self.positive):
                sick = sick or not holds(at, self.negative)
            if not any(says[column][at] for column in self.columns):
                found.append(("", UNLABELLED))
            elif sick and self.negative and holds(at, self.negative):
                found.append(("", BOTH))
            elif sick:
                found.append((classes.positive, ""))
            elif not self.negative or holds(at, self.negative):
                found.append((classes.negative, ""))
            else:
                found.append(("", UNMAPPED))
        return found

    def _by_finding(self, rows: pd.DataFrame, classes: Classes) -> list[tuple[str, str]]:
        nothing = rows[NO_FINDING] if NO_FINDING in rows else [""] * len(rows)
        found = []
        for cell, none in zip(rows[self.finding], nothing, strict=True):
            value, clear = _number(cell), _number(none) == "1"
            if value == "1":
                found.append(("", BOTH) if clear else (classes.positive, ""))
            elif value == "-1":
                label = {"positive": classes.positive, "negative": classes.negative}
                said = label.get(self.uncertain, "")
                found.append((said, "" if said else DOUBTFUL))
            elif value == "0" or (not value and clear):
                found.append((classes.negative, ""))
            else:
                found.append(("", UNMAPPED if value else UNMENTIONED))
        return found

    def _by_value(self, rows: pd.DataFrame, classes: Classes) -> list[tuple[str, str]]:
        known: dict[str, tuple[str, str]] = {}
        for cell in rows[self.label].unique().tolist():
            # Whoever names the whole cell means it so, whatever its parts say.
            parts = [cell] if classes.label(cell) else _parts(cell, self.lists)
            labels = sorted({classes.label(part) for part in parts} - {""})
            if len(labels) == 1:
                known[cell] = (labels[0], "")
            else:
                known[cell] = ("", BOTH if labels else UNMAPPED if cell else UNLABELLED)
        return [known[cell] for cell in rows[self.label].tolist()]

    def as_data(self) -> dict[str, Any]:
        """As JSON-like data; :func:`from_data` reads it."""
        return {
            "label": self.label,
            "finding": self.finding,
            "uncertain": self.uncertain,
            "positive": [list(each) for each in self.positive],
            "negative": [list(each) for each in self.negative],
            "only": None if self.only is None else [self.only[0], list(self.only[1])],
            "lists": self.lists,
        }


def from_data(value: Any) -> Rule:
    """Read what :meth:`Rule.as_data` gave; raises ``KeyError``, ``TypeError``, ``ValueError``."""
    only = value["only"]
    if value["uncertain"] not in UNCERTAIN:
        raise ValueError(f"uncertain {value['uncertain']!r}")
    return Rule(
        str(value["label"]),
        str(value["finding"]),
        tuple((str(column), str(wanted)) for column, wanted in value["positive"]),
        tuple((str(column), str(wanted)) for column, wanted in value["negative"]),
        str(value["uncertain"]),
        None if only is None else (str(only[0]), tuple(map(str, only[1]))),
        str(value["lists"])[0],
    )


def _parts(cell: str, between: str) -> list[str]:
    """What a cell says: "a|b" holds both, and so does "['a', 'b']"."""
    if cell.startswith("[") and cell.endswith("]"):
        cell = re.sub(r"['\"\[\]]", "", cell).replace(",", between)
    return [part.strip() for part in cell.split(between) if part.strip()]


def _number(cell: str) -> str:
    """1, 0 or -1 however it is written; other words as they are."""
    text = cell.strip()
    try:
        value = float(text)
    except ValueError:
        return text
    return str(int(value)) if value in (1, 0, -1) else text


def _same_value(wanted: str, said: list[str]) -> bool:
    return any(fold(part) == fold(wanted) or _number(part) == _number(wanted) for part in said)


def parse_condition(text: str) -> Condition:
    """Read ``COLUMN=VALUE``.

    Raises
    ------
    DatasetError
        It is none.
    """
    column, _, value = text.partition("=")
    if not column.strip() or not value.strip():
        raise DatasetError(
            f"{text!r} is no condition; write COLUMN=VALUE, such as Diagnosis=tuberculosis."
        )
    return column.strip(), value.strip()


def classes_of(rule: Rule) -> Classes:
    """Name the classes of a question after what it asks: the finding, or the value."""

    def name(condition: Condition) -> str:
        column, value = condition
        return column if _number(value) in ("1", "0", ANY) or _yes(value) else value

    if rule.finding:
        return names.named([NO_FINDING, rule.finding])
    positive = name(rule.positive[0])
    healthy = rule.negative and not _bare(rule.negative[0][1])
    negative = rule.negative[0][1] if healthy else ""
    if negative in ("", positive):
        negative = f"no {positive}"
    return replace(names.named([negative, positive]), negative=negative, positive=positive)


def _yes(value: str) -> bool:
    return value.casefold() in ("yes", "true", "y", "positive", "pos")


def _bare(value: str) -> bool:
    return _number(value) in ("0", "1", "-1") or value.casefold() in ("no", "false", "n")


def leave_out(rows: pd.DataFrame, found: pd.DataFrame, path: str, rule: Rule, tally: Tally) -> None:
    """Count the rows that are in neither class, by reason."""
    out = found.loc[found["reason"] != "", "reason"]
    for reason, group in out.groupby(out):
        if reason != UNMAPPED:
            tally.add(str(reason), rows.loc[group.index, path])
            continue
        # Which values they have tells more than which films they are.
        says = zip(*(rows.loc[group.index, each].tolist() for each in rule.columns), strict=True)
        for values, count in Counter(says).items():
            tally.add_value(UNMAPPED, ", ".join(values), count)
