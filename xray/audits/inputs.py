"""What an audit shows to models: a folder's films and devices, put together once for any number.

Devices come from the labels of the folder's films: those committed with the project for the
public test films, or one's own. Where no film is labelled, they are rendered from facts about
real ones (``xray.drawing.rendering``), and the audit says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray import classes
from xray.audits import insertion
from xray.audits.insertion import KINDS, Material
from xray.classes import HEALTHY, SICK
from xray.dataset import index
from xray.dataset.left_out import beside
from xray.drawing import layers, rendering
from xray.drawing.layers import Layer
from xray.environment import artifact
from xray.errors import DatasetError
from xray.files import hash_json, sha256_file
from xray.films import lungs
from xray.films.pixels import Bytes, as_bytes, as_float
from xray.jobs.progress import Progress
from xray.labels import devices, format
from xray.labels import own as own_labels
from xray.labels.devices import Look

#: Side of the films that devices are laid over, pixels.
SIDE = 224
#: Films an audit needs at least before it says anything.
LEAST_FILMS = 20
#: Films of a folder that are shown at most; device-free ones of each class that get devices.
MOST_FILMS, MOST_RECIPIENTS = 2_000, 250
#: A film is free of devices when no look was surer than this that it shows one.
FREE = 0.1


@dataclass(frozen=True)
class Labels:
    """Where an audit's devices come from.

    Attributes
    ----------
    source : the files of labels, or of facts about devices, in words
    sha256 : of what they say
    rendered : whether devices were drawn from facts instead of cut out of labelled films
    """

    source: str
    sha256: str
    rendered: bool


@dataclass(frozen=True, eq=False)
class Materials:
    """Everything an audit needs but the models.

    Attributes
    ----------
    source : what the films are, in words
    content : hash of the films and their labels
    table : DataFrame
        All films that are judged: file, split, label (the folder's names), person, child,
        has_device (True, False or missing).
    material : the films with layers, nulls and plan; its labels are HEALTHY and SICK
    lungs : (N, S, S) bool
    labels : where the devices come from
    seed : of all choices
    sure : DataFrame
        How surely each film shows a device (``confidence``), each kind, and burned-in text
        (``tech_text``), 0..1; missing where nobody looked.
    out_of : films there were to choose from; 0 where these are all
    part : what was left out of the films, and what stands for a split that is too small
    """

    source: str
    content: str
    table: pd.DataFrame
    material: Material
    lungs: NDArray[np.bool_]
    labels: Labels
    seed: int
    sure: pd.DataFrame
    out_of: int = 0
    part: tuple[str, ...] = ()

    @property
    def films(self) -> Bytes:
        """All films, (N, S, S) uint8."""
        return self.material.films

    @property
    def has_text(self) -> pd.Series:
        """How surely each film shows burned-in text, (N,); missing where nobody looked."""
        return self.sure.get("tech_text", pd.Series(np.nan, self.sure.index))

    def elsewhere(self) -> set[str]:
        """Films that gave devices and are not among those that are judged."""
        given = (layer for of_kind in self.material.donors.values() for layer in of_kind.layers)
        judged = set(self.table["file"])
        return {layer.file for layer in given if not self.labels.rendered} - judged

    def about(self) -> dict[str, Any]:
        """What an audit's JSON says of films and labels."""
        films = {"source": self.source, "sha256": self.content, "n": len(self.table)}
        if self.out_of:
            films["out_of"] = self.out_of
        return {"labels": asdict(self.labels), "films": films, "part": " ".join(self.part)}


def prepare(
    folder: Path,
    seed: int = 0,
    split: str = "test",
    progress: Progress | None = None,
    table: pd.DataFrame | None = None,
    device_labels: Path | None = None,
    left_out: str = "",
) -> Materials:
    """Choose films of a folder, and devices to lay over them.

    Parameters
    ----------
    split : audited on where the folder has enough films of it; otherwise, or for "all", all are
    table : films of the folder to choose from, as ``index.index`` gives them; all when None
    device_labels : file of labels, as the workbench exports them, to use instead of all others
    left_out : what is not in ``table`` (``left_out.beside``)

    Raises
    ------
    DatasetError
        The folder has no films, or fewer than an audit can say anything about.
    LabelError
        The labels cannot be read, or name no film of the folder.
    """
    if table is None:
        made_of = index.build_index(folder)
        left_out = beside(made_of, int((made_of.table["error"] != "").sum()))
        table = made_of.table
    every = table = index.usable(table)
    part = [left_out] if left_out else []
    table = _of_split(table, split, part)
    if len(table) < LEAST_FILMS:
        raise DatasetError(
            f"{len(table)} films are too few to audit a model on; give a folder of at least "
            f"{LEAST_FILMS}."
        )
    table = table.sort_values("file").reset_index(drop=True)
    out_of = len(table) if len(table) > MOST_FILMS else 0
    if out_of:
        chosen = np.random.default_rng([seed, 3]).permutation(len(table))[:MOST_FILMS]
        table = table.iloc[np.sort(chosen)].reset_index(drop=True)
    films = as_bytes(index.load_pixels(folder, table, (SIDE, SIDE)))
    looks, labels, sure = looks_of(table["file"], device_labels, every["file"])
    elsewhere = every[every["file"].isin(set(looks) - set(table["file"]))]
    further, refused = _cut(folder, elsewhere, looks)
    made = assemble(
        table,
        films,
        looks,
        sure,
        index.describe(folder),
        index.data_hash(table),
        labels,
        seed,
        further=further,
        refused=refused,
        progress=progress,
    )
    return replace(made, out_of=out_of, part=tuple(part))


def _of_split(table: pd.DataFrame, split: str, part: list[str]) -> pd.DataFrame:
    """Films of a split, or all where it is "all" or has too few, which is added to ``part``."""
    if split == "all":
        return table
    own = table["split"] == split
    held = sorted(set(table["split"]) - {""})
    if held and not own.any():
        raise DatasetError(
            f"The folder holds no {split} films, but: {', '.join(held)}; choose with --split."
        )
    if own.sum() >= LEAST_FILMS:
        return table[own]
    if own.any():
        part.append(f"The {own.sum()} {split} films are too few: films of all splits are judged.")
    return table


def looks_of(
    files: pd.Series, device_labels: Path | None = None, every: pd.Series | None = None
) -> tuple[dict[str, Sequence[Look]], Labels, pd.DataFrame]:
    """What is known of devices on films.

    Parameters
    ----------
    files : the films that are judged
    every : all films of the folder; those of other splits may give devices too

    Returns
    -------
    looks : at the films that have geometry, by file
    labels : where they come from; ``rendered`` where no film shows a device that was drawn
    sure : along ``files``, how surely each shows a device (``confidence``), each kind, and text
        (``tech_text``), 0..1; missing where unknown
    """
    rows = format.read(device_labels) if device_labels else list(own_labels.rows())
    sources: dict[str, Mapping[str, Sequence[Look]]] = {}
    if not device_labels:
        sources = {devices.FIRST: devices.stored_geometry(), devices.SECOND: devices.second()}
    told = [*devices.KINDS, "confidence", "tech_text"]
    committed = pd.DataFrame(columns=told) if device_labels else devices.stored()[told]
    own = {row.file: row.passes for row in rows if row.passes}
    known = {file: looks for of in sources.values() for file, looks in of.items()} | own
    # The judged films' own come first: what is asked of their films keeps its order.
    asked = dict.fromkeys([*files, *(() if every is None else every)])
    looks = {file: known[file] for file in asked if file in known}
    found = committed.reindex(files).astype(float).reset_index(drop=True)
    for place, file in enumerate(files):
        if file in own:
            found.loc[place, told] = format.presence(own[file])
    named = []
    if any(file in own for file in looks):
        named.append(device_labels.name if device_labels else own_labels.VARIABLE)
    named += [
        f"artifacts/devices/{name}"
        for name, of in sources.items()
        if any(file in of and file not in own for file in looks)
    ]
    if device_labels and not named:
        raise DatasetError(
            f"{device_labels.name} names no film of the folder; its lines name a film's split, "
            "label and file as they lie there."
        )
    shown = any(look["devices"] for passes in looks.values() for look in passes)
    if not shown:
        path = artifact("devices", rendering.FILE)
        facts = Labels("artifacts/devices/" + rendering.FILE, sha256_file(path), True)
        return {}, facts, found
    content = hash_json([[file, list(looks[file])] for file in sorted(looks)])
    return looks, Labels(" and ".join(named), content, False), found


def assemble(
    table: pd.DataFrame,
    films: Bytes,
    looks: Mapping[str, Sequence[Look]],
    sure: pd.DataFrame,
    source: str,
    content: str,
    labels: Labels,
    seed: int = 0,
    further: Sequence[Layer] = (),
    refused: Mapping[tuple[str, str], int] | None = None,
    progress: Progress | None = None,
) -> Materials:
    """Cut or render layers for films already read, and plan who gets what.

    Films of which nothing is known count as free of devices: laying on another one still asks
    the question.

    Parameters
    ----------
    table : file, split, label, subtype, person
    looks, labels, sure : from ``looks_of``
    further, refused : devices of other films of the folder, and how many gave no layer (``_cut``)
    """
    plain = _plain(table)
    table = table.reset_index(drop=True).assign(child=plain["child"])
    sick = (plain["label"] == SICK).to_numpy()
    worn = sure["confidence"]
    bare = ~(worn >= FREE).to_numpy()
    if not labels.rendered and (worn < FREE).any():
        bare = (worn < FREE).to_numpy()
    found = lungs.estimate_many([as_float(film) for film in films])
    path = artifact("devices", rendering.FILE)
    material = insertion.prepare(
        plain,
        films,
        looks,
        _chosen(bare, sick, seed),
        bare,
        seed=seed,
        kinds=KINDS,
        found=found,
        further=rendering.read(films.shape[1:], path) if labels.rendered else further,
        refused=refused,
        progress=progress,
    )
    has = (worn >= 0.5).astype("boolean").mask(worn.isna()).array
    return Materials(
        source,
        content,
        table[["file", "split", "label", "person", "child"]].assign(has_device=has),
        material,
        np.stack([each.field for each in found]),
        labels,
        seed,
        sure.reset_index(drop=True),
    )


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """What the audit knows of films: file, split, subtype, child, and HEALTHY or SICK."""
    table = table.reset_index(drop=True)
    person = table["person"].fillna("").astype(str)
    sick = classes.is_positive(table["label"]).to_numpy(bool)
    return table[["file", "split", "subtype"]].assign(
        child=person.where(person != "", table["file"]),
        label=np.where(sick, SICK, HEALTHY),
    )


def _cut(
    folder: Path, table: pd.DataFrame, looks: Mapping[str, Sequence[Look]]
) -> tuple[list[Layer], Counter[tuple[str, str]]]:
    """Devices of films that are not judged, and (kind, reason) -> how many gave no layer."""
    refused: Counter[tuple[str, str]] = Counter()
    if table.empty:
        return [], refused
    films = index.load_pixels(folder, table, (SIDE, SIDE))
    made = [
        layer
        for film, found, row in zip(
            films, lungs.estimate_many(list(films)), insertion.told(_plain(table)), strict=True
        )
        for layer in layers.cut(as_float(as_bytes(film)), looks[row["file"]], found, row, refused)
    ]
    return made, refused


def _chosen(bare: NDArray[np.bool_], sick: NDArray[np.bool_], seed: int) -> NDArray[np.bool_]:
    """Device-free films that get devices: all, or ``MOST_RECIPIENTS`` of a class at random."""
    rng = np.random.default_rng([seed, 1])
    chosen = np.zeros(len(bare), bool)
    for truth in (False, True):
        chosen[rng.permutation(np.flatnonzero(bare & (sick == truth)))[:MOST_RECIPIENTS]] = True
    return chosen
