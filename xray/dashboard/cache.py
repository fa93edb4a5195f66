"""What pages made once for all sessions: tables, sentences, and figures as they are sent.

Streamlit's own caches take a tenth of a millisecond to look at their arguments, which a page pays
many times, and copy what they give; these do neither. What is remembered is shared by all
sessions: nobody may change it.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
import plotly.graph_objects as go

from xray import classes
from xray.figures import base
from xray.files import harmless, sha256_bytes
from xray.films.pixels import Pixels
from xray.reports import html

if TYPE_CHECKING:
    # For types only: see tests/reports/test_overview.py for what the first page does without.
    import pandas as pd

Made = TypeVar("Made")


class _Recipe:
    """How to make something, told apart by its key; the maker is let go once it was used."""

    def __init__(self, key: Hashable, make: Callable[[], Any]) -> None:
        self.key, self.make = key, make

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Recipe) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def remember(name: str, make: Callable[[], Made], *key: Hashable) -> Made:
    """Make something once for all sessions; the same ``name`` and ``key`` give it again.

    Sessions share the object itself, not a copy: nobody may change it.
    """
    return cast(Made, _remember(_Recipe((name, *key), make)))


@lru_cache(maxsize=600)
def _remember(recipe: _Recipe) -> Any:
    made = recipe.make()
    recipe.make = _used
    return made


def _used() -> None:
    """Stand in for a maker that was let go."""


class _Call(_Recipe):
    """A call, told apart by what it is given; it keeps that, so that no other takes its place."""

    def __init__(self, function: Callable[..., Any], given: tuple[Any, ...]) -> None:
        super().__init__((function, classes.current().labels, _named(given)), lambda: None)
        self.given = given


def made(function: Callable[..., Made], *given: Any) -> Made:
    """Call a function once for all sessions on the very same things.

    Words and numbers are the same where they are equal, and so are small lists of them. Tables,
    arrays and other objects are the same where they are one object: give what is remembered, and
    it costs nothing to look; what is made anew at every run is never found again.
    """
    call = _Call(function, given)
    call.make = lambda: function(*given)
    return cast(Made, _call(call))


@lru_cache(maxsize=400)
def _call(call: _Call) -> Any:
    found = call.make()
    call.make = _used
    return found


#: Entries of a list or mapping that is looked into; a longer one is the same if it is one object.
_SMALL = 20


def _named(value: Any, depth: int = 3) -> Hashable:
    """A key of a thing: its value where that is plain, its parts to a depth, else which it is."""
    if value is None or isinstance(value, str | int | float | np.generic):
        # One, 1.0 and True are equal, and words of them are not.
        return type(value), value
    if depth and isinstance(value, Mapping | list | tuple) and len(value) <= _SMALL:
        if isinstance(value, Mapping):
            return tuple((name, _named(part, depth - 1)) for name, part in value.items())
        return tuple(_named(part, depth - 1) for part in value)
    return type(value), id(value)


#: Seconds for which a look at files holds: clicks do not wait for a disk.
HOLD = 1.5
#: Variables that benchmarks change while they run; the others a server has until it ends.
_VARIABLES = ("XRAY_ARTIFACTS", "XRAY_DATA")
_lately: dict[Hashable, tuple[float, Any]] = {}
#: Looks that are kept; beyond these all are forgotten, as they are soon made again.
_MOST = 500


def lately(look: Callable[..., Made], *given: Hashable) -> Made:
    """What a look at files found, by any session's look of a moment ago (``HOLD``) or by one now.

    Parameters
    ----------
    look : of what it is given; what it raises is not kept
    """
    key = (look, given, *map(os.environ.get, _VARIABLES))
    now = time.monotonic()
    made, found = _lately.get(key, (-HOLD, None))
    if now - made >= HOLD:
        found = look(*given)
        if len(_lately) >= _MOST:
            _lately.clear()
        _lately[key] = now, found
    return cast(Made, found)


def content_of(pixels: Pixels) -> str:
    """Hash of a film (H, W), for keys of what is made of it."""
    return sha256_bytes(np.ascontiguousarray(pixels).tobytes())


class _Ready(go.Figure):  # type: ignore[misc]  # plotly comes without types
    """A figure whose form on the wire is made once, not at every rerun of the page.

    Making it is most of what a figure costs a page: plotly copies the figure and turns its
    arrays into text each time. ``says`` is its title (see ``base.title``).
    """

    says: str

    def to_dict(self) -> dict[str, Any]:
        wire: dict[str, Any] = self._wire
        return wire


def ready(figure: go.Figure) -> go.Figure:
    """Make a figure ready to be sent many times; it is never to be changed after that."""
    if isinstance(figure, _Ready):
        return figure
    made = _Ready(figure)
    # Plotly's figures take no attributes of others' by the usual way.
    made.__dict__ |= {"_wire": _unlinked(figure.to_dict()), "says": base.title(figure)}
    return made


#: The one tag of plotly's texts that leads elsewhere; our figures have none.
_LINK = re.compile(r"<(?=\s*a\b)", re.IGNORECASE)


def _unlinked(value: Any) -> Any:
    """A figure's parts with every link in a text as plain text: names come from files."""
    if isinstance(value, str):
        return _LINK.sub("&lt;", value) if "<" in value else value
    if isinstance(value, dict):
        return {name: _unlinked(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_unlinked(part) for part in value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "OU":
        return np.array([_unlinked(part) for part in value.ravel()], object).reshape(value.shape)
    return value


def drawn(function: Callable[..., go.Figure], *given: Any) -> go.Figure:
    """Make a figure of the very same things once, ready to be sent; see ``made``."""
    return made(_drawn, function, *given)


def _drawn(function: Callable[..., go.Figure], *given: Any) -> go.Figure:
    return ready(function(*given))


def figure(name: str, make: Callable[[], go.Figure], *key: Hashable) -> go.Figure:
    """Remember a figure, ready to be sent; see ``remember``."""
    return remember(name, lambda: ready(make()), *key)


def wire(table: pd.DataFrame) -> Any:
    """A table without its index as Streamlit sends it; as it is where Arrow cannot hold it.

    Streamlit's own button saves what it was sent as CSV: nothing in it may be a formula there.
    """
    import pyarrow as pa

    table = harmless(table, html.JOINER)
    try:
        return pa.Table.from_pandas(table, preserve_index=False)
    except pa.ArrowException:
        # A column of numbers and words: Streamlit makes words of all.
        return table
