"""Who is given whose device: layers, their nulls, and the plan that crosses films and donors.

Nothing here depends on a model; it is made once for all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray.classes import SICK
from xray.drawing import layers, laying, marks, shams
from xray.drawing.layers import Layer
from xray.drawing.laying import Null, Place
from xray.drawing.marks import Mask
from xray.films import lungs
from xray.films.pixels import Bytes, as_float
from xray.jobs.progress import Progress
from xray.labels import devices

Ints = NDArray[np.intp]
Odds = NDArray[np.float64]

#: All kinds that are judged, and everything together as a child wears it.
KINDS = ("line", "tube", "electrode", "other", "support")
AS_WORN = "as_worn"
#: Painting over a support paints half the chest anew; these kinds can be taken away.
THIN = ("line", "tube", "electrode")
#: Donors laid over each film, one after another. Eight showed 1.5 times as many films, and on
#: eleven stored networks intervals of calls were as wide (mean ratio 1.00; of AUROC 1.18, median
#: 1.02): what counts is how many films and donors there are, not how often they meet.
DRAWS = 5
#: Device-free films that each layer's nulls are cut from.
NULLS = 3


@dataclass(frozen=True, eq=False)
class Donors:
    """The layers of one kind, and their nulls."""

    layers: tuple[Layer, ...]
    nulls: tuple[tuple[Null, ...], ...]

    @property
    def children(self) -> NDArray[np.str_]:
        """The child of each layer, (L,)."""
        return np.array([layer.child for layer in self.layers])


@dataclass(frozen=True, eq=False)
class Plan:
    """Who is laid over whom, a row a trial, (T,) each.

    Attributes
    ----------
    film : place of the recipient
    layer, null : places of the layer and of its null
    places : how it is laid
    """

    film: Ints
    layer: Ints
    null: Ints
    places: tuple[Place, ...]


@dataclass(frozen=True, eq=False)
class Relief:
    """Films that wear a kind, with it painted over, and with the same shape painted elsewhere."""

    film: Ints
    masks: tuple[Mask, ...]
    elsewhere: tuple[Mask, ...]


@dataclass(frozen=True, eq=False)
class Material:
    """Everything that an audit by real devices needs but the models.

    Attributes
    ----------
    table : rows of all films: file, split, label, subtype, child
    films : (N, S, S) uint8
    boxes : box of each film's lungs, pixels
    recipients : places of the device-free films that get devices
    donors, plans : by kind
    reliefs : by thin kind
    refused : (kind, reason) -> devices that gave no layer
    seed : of all choices
    """

    table: pd.DataFrame
    films: Bytes
    boxes: list[lungs.Box]
    recipients: Ints
    donors: Mapping[str, Donors]
    plans: Mapping[str, Plan]
    reliefs: Mapping[str, Relief]
    refused: Mapping[tuple[str, str], int]
    seed: int


def prepare(
    table: pd.DataFrame,
    films: Bytes,
    geometry: Mapping[str, Sequence[devices.Look]],
    recipients: NDArray[np.bool_],
    bare: NDArray[np.bool_],
    *,
    seed: int = 0,
    kinds: Sequence[str] = (*KINDS, AS_WORN),
    found: Sequence[lungs.Lungs] | None = None,
    further: Sequence[Layer] = (),
    refused: Mapping[tuple[str, str], int] | None = None,
    progress: Progress | None = None,
) -> Material:
    """Cut layers and nulls, and plan who gets what.

    Parameters
    ----------
    table : file, split, label, subtype, child of every film
    films : (N, S, S) uint8
    geometry : looks at the films that may be donors, by file
    recipients : (N,) films that get devices; they must show none: whoever wears other kinds is
        less moved by one more, which would hide what it does
    bare : (N,) films that show no device, of which nulls are cut
    found : lungs of every film, where they are known already
    further : layers of other films, or rendered ones, laid on beside those that ``geometry`` gives
    refused : (kind, reason) -> devices of other films that gave no layer
    """
    table = table.reset_index(drop=True)
    found = found or lungs.estimate_many([as_float(film) for film in films])
    boxes = [each.box for each in found]
    refused = Counter(refused or {})
    cut: dict[str, list[Layer]] = {kind: [] for kind in kinds}
    worn: dict[str, list[tuple[int, Mask]]] = {kind: [] for kind in THIN if kind in kinds}
    for place, row in enumerate(told(table)):
        looks = geometry.get(row["file"]) or ()
        _cut_film(films[place], place, looks, found[place], row, cut, worn, refused)
        if progress:
            progress(place + 1, len(table))
    for layer in further:
        if layer.kind in cut:
            cut[layer.kind].append(layer)
    donors = {
        kind: _with_nulls(of_kind, table, films, boxes, bare, seed)
        for kind, of_kind in cut.items()
        if of_kind
    }
    plans = {kind: _plan(of_kind, table, recipients, seed) for kind, of_kind in donors.items()}
    return Material(
        table,
        films,
        boxes,
        np.flatnonzero(recipients),
        donors,
        plans,
        {kind: _relief(items, films, seed) for kind, items in worn.items() if items},
        refused,
        seed,
    )


def told(table: pd.DataFrame) -> list[dict[str, str]]:
    """What layers know of the films they come from: file, child, label and subtype of each."""
    rows = table[["file", "child", "label", "subtype"]].fillna("").astype(str)
    return [dict(zip(rows.columns, row, strict=True)) for row in rows.itertuples(index=False)]


def _cut_film(
    shown: Bytes,
    place: int,
    looks: Sequence[devices.Look],
    found: lungs.Lungs,
    row: Mapping[str, str],
    cut: dict[str, list[Layer]],
    worn: dict[str, list[tuple[int, Mask]]],
    refused: Counter[tuple[str, str]],
) -> None:
    """Add one film's layers, and what can be painted over on it where it is a sick child's."""
    if not any(look["devices"] for look in looks):
        return
    film = as_float(shown)
    for layer in layers.cut(film, looks, found, row, refused):
        if layer.kind in cut:
            cut[layer.kind].append(layer)
    if row["label"] != SICK:
        return
    marked, _ = marks.agreed(looks, film.shape)
    for kind, items in worn.items():
        masks = [marks.outline(film, mark) for mark in marked if mark.kind == kind]
        if masks:
            items.append((place, np.logical_or.reduce(masks)))


KINDS_SEED = {kind: number for number, kind in enumerate((*KINDS, AS_WORN))}


def _with_nulls(
    of_kind: Sequence[Layer],
    table: pd.DataFrame,
    films: Bytes,
    boxes: Sequence[lungs.Box],
    bare: NDArray[np.bool_],
    seed: int,
) -> Donors:
    """Cut nulls for layers, from device-free films of the donor's class and subtype."""
    made = []
    labels, subtypes = table["label"].to_numpy(), table["subtype"].fillna("").to_numpy()
    children = table["child"].to_numpy()
    for number, layer in enumerate(of_kind):
        rng = np.random.default_rng([seed, KINDS_SEED[layer.kind], number])
        same = bare & (labels == layer.label) & (children != layer.child)
        alike = same & (subtypes == layer.subtype)
        pool = np.flatnonzero(alike if alike.any() else same if same.any() else bare)
        made.append(
            tuple(
                laying.null(layer, as_float(films[i]), boxes[i], str(table["file"].iloc[i]))
                for i in rng.choice(pool, min(NULLS, len(pool)), replace=False)
            )
        )
    return Donors(tuple(of_kind), tuple(made))


def _plan(
    donors: Donors,
    table: pd.DataFrame,
    takers: NDArray[np.bool_],
    seed: int,
) -> Plan:
    """Cross recipients and donors: every child gives about as often, each film gets ``DRAWS``."""
    recipients = np.flatnonzero(takers)
    rng = np.random.default_rng([seed, KINDS_SEED[donors.layers[0].kind]])
    names = donors.children
    children = np.unique(names)
    own = table["child"].to_numpy()
    film: list[int] = []
    layer: list[int] = []
    null: list[int] = []
    places: list[Place] = []
    deck: list[str] = []
    for place in rng.permutation(recipients):
        wanted = min(DRAWS, int((children != own[place]).sum()))
        taken: list[str] = []
        # Dealt like cards; who cannot serve here goes back under the deck.
        while len(taken) < wanted:
            if not deck:
                deck = list(rng.permutation(children))
            card = next((c for c in deck if c != own[place] and c not in taken), None)
            if card is None:
                deck += list(rng.permutation(children))
                continue
            deck.remove(card)
            taken.append(card)
        for child in taken:
            chosen = int(rng.choice(np.flatnonzero(names == child)))
            film.append(int(place))
            layer.append(chosen)
            null.append(int(rng.integers(len(donors.nulls[chosen]))))
            places.append(Place.draw(rng))
    order = np.argsort(film, kind="stable")
    return Plan(
        np.array(film, int)[order],
        np.array(layer, int)[order],
        np.array(null, int)[order],
        tuple(places[i] for i in order),
    )


def _relief(items: Sequence[tuple[int, Mask]], films: Bytes, seed: int) -> Relief:
    """Where devices are taken away, and where the same shape is painted over instead."""
    elsewhere = []
    for place, mask in items:
        rng = np.random.default_rng([seed, place])
        elsewhere.append(shams.moved(mask, rng, mask, as_float(films[place])) & ~mask)
    return Relief(
        np.array([place for place, _ in items], int),
        tuple(mask for _, mask in items),
        tuple(elsewhere),
    )
