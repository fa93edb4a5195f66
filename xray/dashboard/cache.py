"""What pages made once for all sessions: tables, sentences, and figures as they are sent.

Streamlit's own caches take a tenth of a millisecond to look at their arguments, which a page pays
many times, and copy what they give; these do neither.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, TypeVar, cast

import numpy as np
import plotly.graph_objects as go

from xray.figures import base
from xray.files import sha256_bytes
from xray.films.pixels import Pixels

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


def figure(name: str, make: Callable[[], go.Figure], *key: Hashable) -> go.Figure:
    """Remember a figure, ready to be sent; see ``remember``."""
    return remember(name, lambda: ready(make()), *key)
