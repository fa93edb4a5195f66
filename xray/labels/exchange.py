"""Finished labels out of the database and into it, in the format of the files."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from xray.files import sha256_bytes
from xray.labels import annotation
from xray.labels.annotation import State
from xray.labels.format import Look, Row
from xray.labels.schema import FINAL, LOOK
from xray.labels.store import Store


def rows(store: Store, collection: str, agreed: bool = True) -> list[Row]:
    """Give the finished labels of a collection.

    Parameters
    ----------
    agreed : give the agreed look alone of films that were decided on; without it, every look
        that a labeller made and no agreed one

    Returns
    -------
    list of Row, by film; looks in the order in which they were begun
    """
    found = []
    for file, of_film in groupby(store.finished(collection), key=lambda row: row[0]):
        looks = [(role, state.as_look()) for _, _, role, _, state in of_film]
        final = [look for role, look in looks if role == FINAL]
        blind = [look for role, look in looks if role == LOOK]
        if final and agreed:
            found.append(Row(file, tuple(final), adjudicated=True))
        elif blind:
            found.append(Row(file, tuple(blind)))
    return found


def enter(store: Store, collection: str, found: Sequence[Row], name: str) -> int:
    """Enter labels that were made elsewhere; what is there already stays as it is.

    Parameters
    ----------
    found : rows of a file
    name : whom to name as their maker; the n-th look of each film is by "NAME n", so that the
        same file entered again under the same name adds nothing

    Returns
    -------
    int, looks that were new
    """
    looks: list[tuple[str, str, str, State]] = []
    for row in found:
        for place, each in enumerate(row.passes, start=1):
            who = f"{name} adjudicated" if row.adjudicated else f"{name} {place}"
            role = FINAL if row.adjudicated else LOOK
            looks.append((row.file, who, role, annotation.of_look(each)))
    return store.put(collection, looks)


def fingerprint(lines: Sequence[str]) -> str:
    """A short name for a file without one, so that it is known when it is entered again."""
    return sha256_bytes("\n".join(lines).encode())[:8]


def pairs(store: Store, collection: str) -> dict[str, tuple[Look, Look]]:
    """The first two blind looks of each film that has two, by the film's ``file``."""
    every = rows(store, collection, agreed=False)
    return {row.file: (row.passes[0], row.passes[1]) for row in every if len(row.passes) > 1}
