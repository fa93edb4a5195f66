"""Devices laid over one film, as the audit lays them over many: each beside its null.

Where labelled films are at hand, they are real: cut out of films of other children. Elsewhere, as
for an upload, they are rendered from facts about real ones, and the null is cut from the other side
of the film itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from xray import classes
from xray.audits import inputs
from xray.audits.insertion import Donors
from xray.drawing import layers, laying, rendering
from xray.drawing.layers import Layer
from xray.drawing.laying import Null, Place
from xray.environment import artifact
from xray.films import decode, lungs
from xray.films.lungs import Lungs
from xray.films.pixels import Pixels, as_bytes, as_float
from xray.films.resize import resize
from xray.labels import devices, format
from xray.labels import own as own_labels
from xray.metrics import patients

#: Devices laid over a film, one after another, each of another child; more than an audit lays on
#: one of its hundreds of films, as this film stands alone.
DRAWS = 8
SIZE = (inputs.SIDE, inputs.SIDE)


@dataclass(frozen=True, eq=False)
class Stock:
    """Devices of one kind to lay over a film.

    Attributes
    ----------
    donors : layers, and the nulls of each; no nulls where layers are rendered
    rendered : whether they are
    """

    donors: Donors
    rendered: bool


@dataclass(frozen=True, eq=False)
class Worn:
    """A film with a device, and with its null; (H, W) float32 in [0, 1] each."""

    device: Pixels
    null: Pixels


def child(file: str) -> str:
    """Whose film it is, as far as its name ("split/label/name") says."""
    return patients.person(file.rpartition("/")[2]) or file


def stock(kind: str, folder: Path | None, seed: int = 0) -> Stock:
    """Devices of a kind: of labelled films of the folder, or rendered where these are too few.

    Parameters
    ----------
    kind : of ``findings.KINDS``
    folder : of films; None where there is none
    """
    return _stock(kind, folder, seed, devices.content())


@lru_cache(maxsize=16)
def _stock(kind: str, folder: Path | None, seed: int, _content: str) -> Stock:
    donors = _real(kind, folder, seed) if folder else None
    if donors is not None:
        return Stock(donors, False)
    rendered = rendering.read(SIZE, artifact("devices", rendering.FILE), seed, kind)
    return Stock(Donors(tuple(rendered), ()), True)


def _real(kind: str, folder: Path, seed: int) -> Donors | None:
    """Layers of labelled films, one a child, with a null each; None where there are too few."""
    known = [*devices.stored_geometry(), *(row.file for row in own_labels.rows())]
    there = [file for file in dict.fromkeys(known) if (folder / file).is_file()]
    files = pd.Series(there, dtype=str)
    looks, _, sure = inputs.looks_of(files)
    rng = np.random.default_rng([seed, 29])
    bare = files[(sure["confidence"] < inputs.FREE).to_numpy()]
    made: list[Layer] = []
    nulls: list[tuple[Null, ...]] = []
    children: set[str] = set()
    for file in rng.permutation(files[(sure[kind] >= 0.5).to_numpy()]):
        # One more than is laid on: a film never gets a device of its own child.
        if len(made) > DRAWS:
            break
        sick = classes.side(format.split_key(file)[1])
        alike = [each for each in bare if classes.side(format.split_key(each)[1]) == sick]
        if child(file) in children or not alike:
            continue
        film = read(folder / file)
        told = {"file": file, "child": child(file), "label": "", "subtype": ""}
        cut = layers.cut(film, looks[file], lungs.estimate(film), told)
        for layer in (each for each in cut if each.kind == kind):
            other = read(folder / str(rng.choice(alike)))
            nulls.append((laying.null(layer, other, lungs.estimate(other).box, ""),))
            made.append(layer)
            children.add(layer.child)
    return Donors(tuple(made), tuple(nulls)) if len(made) > DRAWS else None


def read(path: Path) -> Pixels:
    """Read a film as an audit does, (S, S) float32 in [0, 1]."""
    return as_float(as_bytes(resize(decode.read(path).pixels, SIZE)))


def wear(
    film: Pixels,
    given: Stock,
    seed: int = 0,
    own: str = "",
    find: Callable[[Pixels], Lungs] = lungs.estimate,
) -> Iterator[Worn]:
    """Lay ``DRAWS`` devices over a film, one at a time.

    They are laid at ``SIZE``, as in an audit, and what they add is brought to the film's size.

    Parameters
    ----------
    film : (H, W) float32 in [0, 1], at any size
    seed : chooses devices and how they are laid
    own : child on the film, whose own devices are not laid over it
    find : finds the lungs
    """
    small = as_float(as_bytes(resize(film, SIZE)))
    box = find(small).box
    mirrored = np.ascontiguousarray(small[:, ::-1])
    other = (SIZE[1] - box[2], box[1], SIZE[1] - box[0], box[3])
    rng = np.random.default_rng([seed, 31])
    others = np.flatnonzero(given.donors.children != own)
    for number in rng.permutation(others)[:DRAWS]:
        layer, place = given.donors.layers[number], Place.draw(rng)
        if given.donors.nulls:
            null: Null = given.donors.nulls[number][0]
        elif place.mirrored:
            # It is laid on the side that it was not cut from.
            null = laying.null(layer, small, box, "")
        else:
            null = laying.null(layer, mirrored, other, "")
        laid = laying.lay(small, box, layer, null, place)
        yield Worn(_added(film, laid.device - small), _added(film, laid.null - small))


def _added(film: Pixels, change: Pixels) -> Pixels:
    """A film with what a change adds at ``SIZE``."""
    wide = cv2.resize(change, film.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(film + wide, 0, 1), np.float32)
