"""Finished labels out of the database and into it, in the format of the files."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from itertools import groupby

from xray.errors import LabelError
from xray.labels import annotation
from xray.labels.format import Look, Row
from xray.labels.schema import FINAL, LOOK
from xray.labels.store import New, Store

log = logging.getLogger(__name__)

#: More looks than this come in several files.
MOST_LOOKS = 50_000
#: Looks that are entered at a time, and seconds between, in which others write.
BATCH, BREATH = 100, 0.05


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


@dataclass(frozen=True)
class Imported:
    """What came of a file of labels.

    Attributes
    ----------
    looks, decisions : entered that were not there before
    left_out : sentences on what was not entered
    """

    looks: int
    decisions: int
    left_out: tuple[str, ...]


def enter(
    store: Store,
    collection: str,
    found: Sequence[Row],
    labeller: int,
    known: Container[str],
    decisions: bool = False,
    others: Callable[[int], int] | None = None,
) -> Imported:
    """Enter labels that were made elsewhere; what is there already stays as it is.

    In batches, each whole or not at all, so that others can write meanwhile; the same file entered
    again goes on where it broke off and doubles nothing. All is in the history of its look.

    Parameters
    ----------
    found : rows of a file
    labeller : the number of who enters them. The first look of each film counts as theirs: whoever
        enters a file is one labeller, however many looks it holds
    known : the films of the collection
    decisions : enter the agreed looks as well, which then stand as agreed
    others : number of the labeller who made the n-th look of each film, from 1, where it is known
        that several people did; ``labeller`` made the first where it is None, and the rest is
        left out

    Raises
    ------
    LabelError
        The file is too long, or names films that are not in the collection; nothing was entered.
    """
    if sum(len(row.passes) for row in found) > MOST_LOOKS:
        raise LabelError(f"The file holds more than {MOST_LOOKS:,} looks; split it.")
    unknown = [row.file for row in found if row.file not in known]
    if unknown:
        raise LabelError(
            f"{len(unknown):,} of the file's {len(found):,} films are not in this collection, one "
            f"of them {unknown[0]!r:.120}; take them out, or enter the file where its films are."
        )
    blind = [row for row in found if not row.adjudicated]
    agreed = [row for row in found if row.adjudicated]
    looks: list[New] = []
    for row in blind:
        for place, each in enumerate(row.passes if others else row.passes[:1], start=1):
            who = others(place) if others else labeller
            looks.append(New(row.file, who, LOOK, annotation.of_look(each)))
    final = [New(r.file, labeller, FINAL, annotation.of_look(p)) for r in agreed for p in r.passes]
    said = []
    if further := sum(len(row.passes) for row in blind) - len(looks):
        said.append(
            f"{further:,} further looks at the same films were left out: who enters a file counts "
            "as one labeller."
        )
    if final and not decisions:
        said.append(f"{len(final):,} agreed looks were left out: decisions are not asked for.")
        final = []
    made = _batches(store, collection, looks), _batches(store, collection, final)
    if final and (own := len(final) - made[1]):
        said.append(
            f"{own:,} agreed looks were left out: there is one already, or who enters them "
            "labelled the film."
        )
    log.warning("labels: %d entered %d looks and %d decisions of a file", labeller, *made)
    return Imported(*made, tuple(said))


def _batches(store: Store, collection: str, looks: Sequence[New]) -> int:
    """Enter looks a batch at a time; gives how many were new."""
    new = 0
    for start in range(0, len(looks), BATCH):
        if start:
            time.sleep(BREATH)
        new += store.put(collection, looks[start : start + BATCH])
    return new


def pairs(store: Store, collection: str) -> dict[str, tuple[Look, Look]]:
    """The first two blind looks of each film that has two, by the film's ``file``."""
    every = rows(store, collection, agreed=False)
    return {row.file: (row.passes[0], row.passes[1]) for row in every if len(row.passes) > 1}
