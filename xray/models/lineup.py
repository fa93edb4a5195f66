"""The models that are compared, on the same films."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray import classes as names
from xray.metrics import patients
from xray.metrics.bootstrap import Bools, Floats
from xray.models.card import Card

#: A model that was judged on fewer than this share of the first model's films is left out,
#: so that one odd model does not shrink the comparison of the others to a handful of films.
SHARED = 0.5


@dataclass(frozen=True, eq=False)
class Entrant:
    """One model of a line-up.

    Attributes
    ----------
    name, title : str
    log_odds : (N,) float
        Of the positive class, of the line-up's films.
    threshold : float
        The model's own, on the log-odds scale.
    validation : (y, log_odds) or None
        Truth and log-odds on its validation films, where they are stored.
    """

    name: str
    title: str
    log_odds: Floats
    threshold: float
    validation: tuple[Bools, Floats] | None


@dataclass(frozen=True, eq=False)
class Lineup:
    """Models with their predictions of the same films.

    Attributes
    ----------
    files : (N,) str
        Keys of the films.
    y : (N,) bool
        True where the film is of the positive class.
    groups : (N,) str
        Possible patient of each film.
    entrants : tuple of Entrant
    notes : tuple of str
        What was left out, of films and of models, and why; sentences for people.
    classes : Classes
        The two classes of its films.
    """

    files: NDArray[np.str_]
    y: Bools
    groups: NDArray[np.str_]
    entrants: tuple[Entrant, ...]
    notes: tuple[str, ...]
    classes: names.Classes = names.DEFAULT

    @property
    def titles(self) -> dict[str, str]:
        """Name -> title of the models."""
        return {entrant.name: entrant.title for entrant in self.entrants}

    def thresholds(self, shared: float | None = None) -> dict[str, float]:
        """Name -> threshold (log-odds): each model's own, or the one that all share."""
        return {e.name: e.threshold if shared is None else shared for e in self.entrants}


def line_up(models: Iterable[tuple[Card, pd.DataFrame]], split: str = "test") -> Lineup:
    """Bring models' predictions of a split into one order.

    Parameters
    ----------
    models : (card, predictions)
        As ``card.cards`` and ``card.predictions`` give them.
    split : "test" or "val"

    Returns
    -------
    Lineup
        Of the films that all of its models predicted; without entrants where none has any.
    """
    notes: list[str] = []
    kept: list[tuple[Card, pd.DataFrame]] = []
    common: pd.Index | None = None
    for card, table in models:
        rows = table[table["split"] == split].set_index("file")
        here = rows.index if common is None else common.intersection(rows.index, sort=False)
        if not len(rows):
            notes.append(f"{card.title or card.name} has no predictions of the {split} films.")
        elif common is not None and len(here) < SHARED * len(common):
            notes.append(
                f"{card.title or card.name} is left out: it was judged on other {split} films."
            )
        else:
            kept.append((card, table))
            notes += filter(None, [card.part(split)])
            common = here
    if common is None:
        empty = np.array([], dtype=str)
        return Lineup(empty, np.array([], dtype=bool), empty, (), tuple(notes))
    most = max(int((table["split"] == split).sum()) for _, table in kept)
    if len(common) < most:
        notes.append(f"Compared on the {len(common)} {split} films that all of them were given.")
    files = common.sort_values()
    first = kept[0][1]
    rows = first[first["split"] == split].set_index("file").loc[files].reset_index()
    entrants = tuple(_entrant(card, table, split, files) for card, table in kept)
    return Lineup(
        rows["file"].to_numpy(dtype=str),
        names.is_positive(rows["label"]).to_numpy(dtype=bool),
        patients.patients(rows),
        entrants,
        tuple(notes),
        names.fitting(rows["label"].unique()),
    )


def _entrant(card: Card, table: pd.DataFrame, split: str, files: pd.Index) -> Entrant:
    rows = table[table["split"] == split].set_index("file").loc[files]
    val = table[table["split"] == "val"]
    labels = names.is_positive(val["label"]).to_numpy(dtype=bool)
    # A threshold or temperature cannot be set on films of one class.
    usable = len(val) and labels.any() and not labels.all()
    return Entrant(
        card.name,
        card.title or card.name,
        rows["log_odds"].to_numpy(dtype=np.float64),
        card.threshold_log_odds,
        (labels, val["log_odds"].to_numpy(dtype=np.float64)) if usable else None,
    )
