"""Links: which view a URL asks for, checked; and the URL of the view that is open.

A page declares its parameters. What a link asks beyond them, or outside their range, is
ignored and said so in a note; a shared link holds declared parameters and nothing else, so
that no upload, path or name of a film can slip into one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode, urlsplit, urlunsplit

#: Longest value that is looked at, and longest excerpt of one that is shown in a note.
LONGEST = 400
SHOWN = 40
#: A number in a link: Python's own float also takes "1_0", "١٠", " 1" and "infinity".
_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")
#: Streamlit's own parameters: they change how the app is embedded, not what it shows.
RESERVED = frozenset({"embed", "embed_options"})

#: Parameter -> words of before -> words of now: links that were given away hold those of before.
RENAMED = {
    "kind": {"Burned-in text": "Bright corner strokes"},
    "odd": {"Burned-in text": "Bright corner strokes"},
    "with": {"odd: burned-in text": "odd: bright corner strokes"},
    "sort": {"burned-in text: most first": "bright corner strokes: most first"},
}


class Parameter(Protocol):
    """A parameter of a link."""

    def problem(self, values: Sequence[str]) -> str:
        """What is wrong with the values, as the end of a sentence; empty when fine."""


@dataclass(frozen=True)
class Choice:
    """One of ``options``, or several when ``several``."""

    options: tuple[str, ...]
    several: bool = False

    def problem(self, values: Sequence[str]) -> str:
        if len(values) > 1 and not self.several:
            return "is given more than once"
        if all(value in self.options or (value == "" and self.several) for value in values):
            return ""
        return "is not offered here"


@dataclass(frozen=True)
class Number:
    """A number in plain digits from ``low`` to ``high``; two of them, in order, when ``pair``."""

    low: float
    high: float
    pair: bool = False

    def problem(self, values: Sequence[str]) -> str:
        if len(values) != (2 if self.pair else 1):
            return "is not a pair of numbers" if self.pair else "is given more than once"
        if not all(_PLAIN.fullmatch(value) for value in values):
            return "is not a plain number"
        numbers = [float(value) for value in values]
        if not all(self.low <= x <= self.high for x in numbers):
            return f"is not between {self.low:g} and {self.high:g}"
        return "" if numbers == sorted(numbers) else "has its ends in the wrong order"


@dataclass(frozen=True)
class Switch:
    """On or off."""

    def problem(self, values: Sequence[str]) -> str:
        return "" if list(values) in (["true"], ["false"]) else "is neither true nor false"


@dataclass(frozen=True)
class Token:
    """A short name made by this app, such as the beginning of a hash; never a file name."""

    pattern: str = r"[0-9a-f]{12}"

    def problem(self, values: Sequence[str]) -> str:
        fine = len(values) == 1 and re.fullmatch(self.pattern, values[0]) is not None
        return "" if fine else "is not a name that this app gives"


Query = Mapping[str, Sequence[str]]


def renamed(query: Query) -> dict[str, list[str]]:
    """Values of now of the parameters of a link that hold words of before."""
    now = {
        name: [RENAMED.get(name, {}).get(value, value) for value in values]
        for name, values in query.items()
    }
    return {name: values for name, values in now.items() if values != list(query[name])}


def check(query: Query, known: Mapping[str, Parameter]) -> tuple[dict[str, list[str]], list[str]]:
    """Split the parameters of a link into usable ones and notes about the others.

    Parameters
    ----------
    query : values of each parameter, as the URL has them.
    known : the page's parameters.

    Returns
    -------
    usable : the parameters that are known and valid.
    notes : one sentence about each parameter that was ignored.
    """
    usable: dict[str, list[str]] = {}
    notes = []
    for name, values in query.items():
        if name in RESERVED:
            continue
        if name not in known:
            notes.append(f"The link's “{excerpt(name)}” is unknown to this page and was ignored.")
            continue
        problem = "is too long" if sum(map(len, values)) > LONGEST else known[name].problem(values)
        if problem:
            shown = excerpt(", ".join(values))
            notes.append(f"The link's {name} “{shown}” {problem} and was ignored.")
        else:
            usable[name] = list(values)
    return usable, notes


def link(address: str, query: Query, known: Mapping[str, Parameter]) -> str:
    """URL of the open view.

    Parameters
    ----------
    address : the page's own URL; user name, password, query and fragment in it are dropped.
    query : the parameters in force.
    known : the page's parameters; only these, and only valid values, enter the link.
    """
    parts = urlsplit(address)
    usable, _ = check(query, known)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, urlencode(usable, doseq=True), ""))


def excerpt(text: str) -> str:
    """Beginning of a text from a stranger, fit to be shown: printable and short."""
    printable = "".join(c if c.isprintable() else " " for c in text[: SHOWN + 1])
    return printable if len(text) <= SHOWN else printable[:SHOWN] + "…"
