"""What was left out of a data set, counted by reason, with examples: nothing goes uncounted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from xray import text

#: Examples that are kept of each reason.
EXAMPLES = 3
#: Values that are named of rows that are left out for their values.
VALUES = 8

HIDDEN = "hidden files, or files in hidden folders"
ARCHIVER = "left by an archiver or file manager"
PAPERS = "tables and texts, no films"
DIRECTORY = "a DICOMDIR, the list of a medium's films and none itself"
#: Left out of every folder, and nothing to worry about.
HARMLESS = (HIDDEN, ARCHIVER, PAPERS, DIRECTORY)
UNPLACED = "in folders that name no class (name them with --classes)"
UNREAD = "films that cannot be read"
LOOKED_AT = "films that its options or threshold were tried on"


@dataclass(frozen=True)
class LeftOut:
    """Files or rows that were left out for one reason.

    Attributes
    ----------
    reason : what they are, to be read after "N of M files": "are hidden files"
    count : how many
    examples : the first of them; of those left out for a value, "value: count" of the commonest
    more : whether there are others
    """

    reason: str
    count: int
    examples: tuple[str, ...]
    more: bool = False

    def sentence(self, unit: str) -> str:
        """Say it: "12 rows name a film that is not there (a.png, b.png, c.png, ...)"."""
        more = ", ..." if self.more else ""
        such = f"({', '.join(self.examples)}{more})"
        return f"{text.count(self.count, unit)} left out: {self.reason} {such}."


@dataclass
class Tally:
    """Count what is left out as it is met.

    Attributes
    ----------
    unit : what is counted: "file" or "row"
    seen : all of them, used and left out
    notes : what else people should know: how something was read
    """

    unit: str = "file"
    seen: int = 0
    notes: list[str] = field(default_factory=list)
    _counts: dict[str, int] = field(default_factory=dict)
    _examples: dict[str, list[str]] = field(default_factory=dict)
    _values: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, reason: str, examples: Iterable[str], count: int | None = None) -> None:
        """Leave some out, all for one reason; ``count`` where not all of them are named."""
        named = list(examples)
        count = len(named) if count is None else count
        if not count:
            return
        self._counts[reason] = self._counts.get(reason, 0) + count
        kept = self._examples.setdefault(reason, [])
        kept += named[: EXAMPLES - len(kept)]

    def add_value(self, reason: str, value: str, count: int) -> None:
        """Leave out rows of one value; the commonest values are the examples."""
        self._counts[reason] = self._counts.get(reason, 0) + count
        values = self._values.setdefault(reason, Counter())
        values[value] += count

    def note(self, sentence: str) -> None:
        """Keep a sentence, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    @property
    def total(self) -> int:
        """All that was left out."""
        return sum(self._counts.values())

    @property
    def reasons(self) -> tuple[LeftOut, ...]:
        """Every reason, the commonest first."""
        order = sorted(self._counts, key=lambda reason: -self._counts[reason])
        return tuple(self._reason(each) for each in order)

    def _reason(self, reason: str) -> LeftOut:
        count = self._counts[reason]
        if values := self._values.get(reason):
            most = values.most_common(VALUES)
            shown = tuple(f"{_shown(value)}: {number:,}" for value, number in most)
            return LeftOut(reason, count, shown, len(values) > len(most))
        shown = tuple(map(_shown, self._examples[reason]))
        return LeftOut(reason, count, shown, count > len(shown))

    def sentences(self) -> tuple[str, ...]:
        """Everything as sentences for people: what was left out, then the notes."""
        return (*(each.sentence(self.unit) for each in self.reasons), *self.notes)


class Looked(Protocol):
    """A data set that was looked at: ``scan.Scan``, ``index.Index``."""

    @property
    def unit(self) -> str:
        """What was looked at."""

    @property
    def seen(self) -> int:
        """How many."""

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What of it was left out."""


def beside(found: Looked, unread: int = 0, looked_at: int = 0) -> str:
    """What stands beside figures over a part of a data set; "" where all films are used.

    Figures are published, so that it names no files; what is no film by nature does not count.

    Parameters
    ----------
    found : the data set
    unread : films that were not left out at first, and then could not be read
    looked_at : films that a model is not judged on, as its options were tried on them
    """
    counts = {each.reason: each.count for each in found.left_out if each.reason not in HARMLESS}
    later = {UNREAD: unread, LOOKED_AT: looked_at}
    counts |= {reason: count for reason, count in later.items() if count}
    if not counts:
        return ""
    why = "; ".join(f"{count:,}: {reason}" for reason, count in counts.items())
    units, left = text.count(found.seen, found.unit), sum(counts.values())
    are = "is" if left == 1 else "are"
    return f"Of {units} of this data set {left:,} {are} left out. {why}."


def as_data(reasons: Iterable[LeftOut]) -> list[dict[str, Any]]:
    """Reasons as JSON-like data."""
    return [
        {"reason": each.reason, "count": each.count, "examples": list(each.examples)}
        for each in reasons
    ]


def _shown(text: str) -> str:
    """A stranger's name as it may stand in a sentence: printable, at most 80 characters."""
    clean = "".join(letter if letter.isprintable() else "_" for letter in text)
    return clean if len(clean) <= 80 else clean[:30] + "..." + clean[-47:]
