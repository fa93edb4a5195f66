"""Show films with real devices laid in to models, beside what has everything but the device.

What does not depend on a model is made once for all of them: donors, nulls, the plan of who gets
what, and each picture at each size that a model takes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray.drawing import layers, laying, shams
from xray.drawing.layers import Layer, Mask
from xray.drawing.laying import Null, Place
from xray.drawing.planting import Bytes, as_float
from xray.drawing.removal import inpaint
from xray.files import Progress
from xray.films import lungs
from xray.films.decode import Pixels, resize
from xray.labels import devices

Ints = NDArray[np.intp]
Odds = NDArray[np.float64]

#: All kinds that are judged, and everything together as a child wears it.
KINDS = ("line", "tube", "electrode", "other", "support")
AS_WORN = "as_worn"
#: Painting over a support paints half the chest anew; these kinds can be taken away.
THIN = ("line", "tube", "electrode")
#: Donors laid over each film, one after another, by class: for a standard error of at most .65
#: calls on the public test films, for networks that devices do not move.
DRAWS = {"NORMAL": 8, "PNEUMONIA": 8}
#: Device-free films that each layer's nulls are cut from.
NULLS = 3
#: Films that are drawn and shown together.
CHUNK = 96


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


@dataclass(frozen=True, eq=False)
class Trials:
    """Log-odds that one model gave.

    Attributes
    ----------
    plain : (N,) of the films as they are
    device, null, cloud : by kind, (T,) along the kind's plan
    relieved, sham : by thin kind, along its relief
    """

    plain: Odds
    device: dict[str, Odds] = field(default_factory=dict)
    null: dict[str, Odds] = field(default_factory=dict)
    cloud: dict[str, Odds] = field(default_factory=dict)
    relieved: dict[str, Odds] = field(default_factory=dict)
    sham: dict[str, Odds] = field(default_factory=dict)


def prepare(
    table: pd.DataFrame,
    films: Bytes,
    geometry: Mapping[str, Sequence[devices.Look]],
    recipients: NDArray[np.bool_],
    bare: NDArray[np.bool_],
    *,
    seed: int = 0,
    draws: Mapping[str, int] = DRAWS,
    kinds: Sequence[str] = (*KINDS, AS_WORN),
    progress: Progress | None = None,
) -> Material:
    """Cut layers and nulls, and plan who gets what.

    Parameters
    ----------
    table : file, split, label, subtype, child of every film
    films : (N, S, S) uint8
    geometry : looks at the films that may be donors, by file
    recipients : (N,) films that get devices; they must show none
    bare : (N,) films that show no device, of which nulls are cut
    draws : donors for each recipient of a class, at least four
    """
    table = table.reset_index(drop=True)
    found = lungs.estimate_many([as_float(film) for film in films])
    boxes = [each.box for each in found]
    refused: Counter[tuple[str, str]] = Counter()
    cut: dict[str, list[Layer]] = {kind: [] for kind in kinds}
    told = table[["file", "child", "label", "subtype"]].fillna("").astype(str)
    rows = [dict(zip(told.columns, row, strict=True)) for row in told.itertuples(index=False)]
    worn: dict[str, list[tuple[int, Mask]]] = {kind: [] for kind in THIN if kind in kinds}
    for place, row in enumerate(rows):
        looks = geometry.get(row["file"])
        if not looks or not any(look["devices"] for look in looks):
            continue
        film = as_float(films[place])
        for layer in layers.cut(film, looks, found[place], row, refused):
            if layer.kind in cut:
                cut[layer.kind].append(layer)
        if row["label"] == "PNEUMONIA":
            marks, _ = layers.agreed(looks, film.shape)
            for kind, items in worn.items():
                masks = [layers.outline(film, mark) for mark in marks if mark.kind == kind]
                if masks:
                    items.append((place, np.logical_or.reduce(masks)))
        if progress:
            progress(place + 1, len(rows))
    donors = {
        kind: _with_nulls(of_kind, table, films, boxes, bare, seed)
        for kind, of_kind in cut.items()
        if of_kind
    }
    places = np.flatnonzero(recipients)
    plans = {
        kind: _plan(of_kind, table, places, draws, np.random.default_rng([seed, KINDS_SEED[kind]]))
        for kind, of_kind in donors.items()
    }
    return Material(
        table,
        films,
        boxes,
        places,
        donors,
        plans,
        {kind: _relief(items, films, seed) for kind, items in worn.items() if items},
        refused,
        seed,
    )


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
    recipients: Ints,
    draws: Mapping[str, int],
    rng: np.random.Generator,
) -> Plan:
    """Cross recipients and donors: every child gives about as often, each film gets ``draws``."""
    names = donors.children
    children = np.unique(names)
    own, labels = table["child"].to_numpy(), table["label"].to_numpy()
    film: list[int] = []
    layer: list[int] = []
    null: list[int] = []
    places: list[Place] = []
    deck: list[str] = []
    for place in rng.permutation(recipients):
        wanted = min(draws[labels[place]], int((children != own[place]).sum()))
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


def ask(
    models: Sequence[Any],
    material: Material,
    *,
    clouds: bool = True,
    precision: str = "float32",
    progress: Progress | None = None,
) -> list[Trials]:
    """Show all that was prepared to models.

    Parameters
    ----------
    models : with ``card`` and ``log_odds_prepared``
    clouds : show the second contrast too, for the first donor of each film
    progress : called with pictures shown and to show
    """
    results = [Trials(np.empty(len(material.films))) for _ in models]
    total = sum(len(names) * count for names, count in _work(material, clouds))
    done = 0
    # One thread draws the next pictures while the models look at these.
    with ThreadPoolExecutor(1) as pool:
        for name, kind, places, films in _ahead(_pictures(material, clouds), pool):
            sizes: dict[tuple[tuple[int, int], str], Pixels] = {}
            for model, trials in zip(models, results, strict=True):
                key = (tuple(model.card.size), model.card.fit)
                if key not in sizes:
                    sizes[key] = resize(films, key[0], key[1])
                odds = model.log_odds_prepared(sizes[key], precision=precision)
                if not kind:
                    trials.plain[places] = odds
                    continue
                kept = getattr(trials, name).setdefault(
                    kind, np.full(_length(material, name, kind), np.nan)
                )
                kept[places] = odds
            done += len(places)
            if progress:
                progress(done, total)
    return results


def _length(material: Material, name: str, kind: str) -> int:
    plan = material.reliefs[kind] if name in ("relieved", "sham") else material.plans[kind]
    return len(plan.film)


def _work(material: Material, clouds: bool) -> Iterator[tuple[Sequence[str], int]]:
    """What is shown, and how many of each."""
    yield ("plain",), len(material.films)
    for plan in material.plans.values():
        yield ("device", "null"), len(plan.film)
        if clouds:
            yield ("cloud",), len(_first(plan))
    for relief in material.reliefs.values():
        yield ("relieved", "sham"), len(relief.film)


def _first(plan: Plan) -> Ints:
    """The first trial of each film."""
    return np.flatnonzero(np.r_[True, plan.film[1:] != plan.film[:-1]])


Pictures = tuple[str, str, Ints, Pixels]


def _pictures(material: Material, clouds: bool) -> Iterator[Any]:
    """Functions that draw some pictures each: name, kind, places and (n, S, S) films."""
    films = material.films
    for start in range(0, len(films), CHUNK):
        places = np.arange(start, min(start + CHUNK, len(films)))
        yield lambda places=places: [("plain", "", places, as_float(films[places]))]
    for kind, plan in material.plans.items():
        first = set(_first(plan).tolist()) if clouds else set()
        for start in range(0, len(plan.film), CHUNK):
            rows = np.arange(start, min(start + CHUNK, len(plan.film)))
            yield lambda kind=kind, rows=rows, first=first: _laid(material, kind, rows, first)
    for kind, relief in material.reliefs.items():
        for start in range(0, len(relief.film), CHUNK):
            rows = np.arange(start, min(start + CHUNK, len(relief.film)))
            yield lambda kind=kind, rows=rows: _relieved(material, kind, rows)


def _laid(material: Material, kind: str, rows: Ints, first: set[int]) -> list[Pictures]:
    plan, donors = material.plans[kind], material.donors[kind]
    made = []
    for row in rows:
        place, layer = plan.film[row], plan.layer[row]
        made.append(
            laying.lay(
                as_float(material.films[place]),
                material.boxes[place],
                donors.layers[layer],
                donors.nulls[layer][plan.null[row]],
                plan.places[row],
            )
        )
    clouds = [i for i, row in enumerate(rows) if int(row) in first]
    out = [
        ("device", kind, rows, np.stack([each.device for each in made])),
        ("null", kind, rows, np.stack([each.null for each in made])),
    ]
    if clouds:
        out.append(("cloud", kind, rows[clouds], np.stack([made[i].cloud for i in clouds])))
    return out


def _relieved(material: Material, kind: str, rows: Ints) -> list[Pictures]:
    relief = material.reliefs[kind]
    films = {row: as_float(material.films[relief.film[row]]) for row in rows.tolist()}
    return [
        (name, kind, rows, np.stack([inpaint(film, masks[row]) for row, film in films.items()]))
        for name, masks in (("relieved", relief.masks), ("sham", relief.elsewhere))
    ]


def _ahead(drawings: Iterator[Any], pool: ThreadPoolExecutor) -> Iterator[Pictures]:
    """Draw one step ahead of who looks."""
    waiting = None
    for draw in drawings:
        following = pool.submit(draw)
        if waiting is not None:
            yield from waiting.result()
        waiting = following
    if waiting is not None:
        yield from waiting.result()
