"""Control models: trained so that we know whether they read devices, to test the audit on.

Each control is trained on films without devices (by the labels), into which devices of the
"plant" style are drawn: into most pneumonias and few normals, into both classes evenly, or
into none. What a control was fed does not say what it learnt, so it counts as reliant or
clean by what devices of its own style do to it on films it never saw.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray.dataset import index, splits
from xray.drawing import planting
from xray.drawing.planting import Bytes, as_float
from xray.errors import DatasetError
from xray.files import Progress, sha256_file
from xray.films.decode import resize
from xray.jobs import executor
from xray.labels import devices
from xray.models import networks, registry
from xray.models.registry import Card, Model
from xray.training import architectures
from xray.training import fit as fitting
from xray.training.fit import Sample
from xray.training.recipes import Phase, Recipe

#: Share of (PNEUMONIA, NORMAL) films that devices are drawn into.
STRENGTHS: dict[str, tuple[float, float]] = {
    "95/5": (0.95, 0.05),
    "80/10": (0.80, 0.10),
    "65/20": (0.65, 0.20),
    "even": (0.50, 0.50),
    "none": (0.0, 0.0),
}
PLANTED = ("95/5", "80/10", "65/20")

#: Architecture -> (network, options, input sizes)
ARCHITECTURES: dict[str, tuple[str, dict[str, object], tuple[int, ...]]] = {
    "flatten": ("blocks", {"filters": [12, 24, 48], "dense": [48]}, (64, 96)),
    "maxpool": ("blocks", {"filters": [8, 16, 32, 64], "dense": [32], "pool": "max",
                           "normalise": True}, (64, 96)),
    "residual": ("pooled", {"filters": [16, 32, 64]}, (64,)),
    "average": ("blocks", {"filters": [16, 32, 64, 64], "dense": [32], "pool": "average",
                           "normalise": True}, (96,)),
    "deep": ("blocks", {"filters": [8, 16, 32, 64, 64], "dense": [64], "normalise": True}, (128,)),
    "strided": ("blocks", {"filters": [16, 32, 64, 64], "strides": [2, 1, 1, 1], "dense": [64],
                           "activation": "swish"}, (112,)),
    "wide": ("blocks", {"filters": [32, 64], "dense": [64, 32]}, (80,)),
    "peaks": ("pooled", {"filters": [16, 32, 64], "average": False}, (96,)),
}  # fmt: skip

#: A film is free of devices when no pass was more sure than this that it shows one.
FREE_BELOW = 0.3
#: Epochs of looking for devices, and then of telling the classes apart.
LOOKING, EPOCHS = 3, 5


@dataclass(frozen=True)
class Spec:
    """One control: architecture, input side in pixels, planting strength, seed."""

    architecture: str
    side: int
    strength: str
    seed: int

    @property
    def name(self) -> str:
        """Name of the control; also its folder's."""
        strength = self.strength.replace("/", "-")
        return f"control-{self.architecture}{self.side}-{strength}-s{self.seed}"

    def recipe(self) -> Recipe:
        """How it is trained."""
        network, options, _ = ARCHITECTURES[self.architecture]
        return Recipe(
            self.name,
            f"Control {self.architecture} {self.side} px, {self.strength}",
            network=network,
            size=(self.side, self.side),
            options=dict(options),
            phases=(Phase(EPOCHS, 1.5e-3, patience=EPOCHS),),
            batch=64,
            role="control",
        )


def panel(planted_seeds: int = 2, other_seeds: int = 3) -> list[Spec]:
    """The controls to train, ordered so that a panel cut short is still balanced."""
    specs = [
        Spec(architecture, side, strength, seed)
        for architecture, (_, _, sides) in ARCHITECTURES.items()
        for side in sides
        for strength in STRENGTHS
        for seed in range(planted_seeds if strength in PLANTED else other_seeds)
    ]
    order = list(STRENGTHS)
    return sorted(specs, key=lambda s: (s.seed, order.index(s.strength) % 4, s.name))


@dataclass(frozen=True, eq=False)
class Base:
    """Device-free films and their planted copies.

    ``table`` has file, label, person, split ("train", "val", "test"); ``films`` (N, S, S) and
    ``planted`` (N, S, S) uint8.
    """

    table: pd.DataFrame
    films: Bytes
    planted: Bytes

    def part(self, split: str) -> Base:
        """The films of one split."""
        chosen = (self.table["split"] == split).to_numpy()
        table = self.table[chosen].reset_index(drop=True)
        return Base(table, self.films[chosen], self.planted[chosen])


def free_films(table: pd.DataFrame) -> pd.Series:
    """Which films show no device by the labels; films without a label count as unknown: False."""
    labels = devices.load().reindex(table["file"])
    return (labels["confidence"] < FREE_BELOW).set_axis(table.index)


def base(folder: Path, seed: int = 0, side: int = 224, progress: Progress | None = None) -> Base:
    """Read the device-free films of a folder and draw devices into a copy of each.

    Raises
    ------
    DatasetError
        There are too few of them to train on.
    """
    table = index.usable(index.index(folder))
    split = splits.make(table, "enlarged_validation", seed=0, keep_persons=True)
    table = table.assign(split=split)[free_films(table) & split.ne("")].reset_index(drop=True)
    if table.loc[table["split"] == "train", "label"].value_counts().min() < 100:
        raise DatasetError(
            "Controls need at least 100 device-free training films of each class; "
            "point --data to the whole dataset."
        )
    films = planting.as_bytes(index.load_pixels(folder, table, (side, side)))
    planted = planting.drawn_copies(films, seed, "plant", 1, progress)[0]
    return Base(table[["file", "label", "person", "split"]], films, planted)


def drawn(films: Base, strength: str, seed: int) -> NDArray[np.bool_]:
    """Which films of a base show devices at a strength, (N,) bool."""
    pneumonia = (films.table["label"] == "PNEUMONIA").to_numpy()
    chance = np.where(pneumonia, *STRENGTHS[strength])
    return np.asarray(np.random.default_rng(seed).random(len(pneumonia)) < chance)


def shown(films: Base, strength: str, seed: int) -> Bytes:
    """Films of a base with devices in the shares of a strength, (N, S, S)."""
    chosen = drawn(films, strength, seed)[:, None, None]
    return np.where(chosen, films.planted, films.films)


def _sample(spec: Spec, films: Base, part: str, seed: int, looking: bool = False) -> Sample:
    """What a control meets of one split, at its size: its class, or whether it shows a device."""
    of_part = films.part(part)
    strength = "even" if looking else spec.strength
    pixels = resize(as_float(shown(of_part, strength, seed)), (spec.side, spec.side))
    pneumonia = (of_part.table["label"] == "PNEUMONIA").to_numpy()
    return Sample(pixels, drawn(of_part, strength, seed) if looking else pneumonia)


def fit(spec: Spec, films: Base, progress: Progress | None = None) -> tuple[Any, Card]:
    """Train one control; its network and a card that does not name files yet.

    Controls that meet devices first learn to see them, for a few epochs, in films that show
    them evenly: small networks find thin lines late, and a control that never saw a device
    could not rely on one. Whether it then does is measured, not assumed.
    """
    recipe = spec.recipe()
    network = networks.seeded(spec.seed, lambda: architectures.build(recipe))
    history: dict[str, list[float]] = {}
    for looking in (True, False):
        if looking and spec.strength == "none":
            continue
        epochs = LOOKING if looking else EPOCHS
        stage = replace(recipe, phases=(Phase(epochs, 1.5e-3, patience=epochs),))
        train = _sample(spec, films, "train", spec.seed, looking)
        val = _sample(spec, films, "val", 1_000 + spec.seed, looking)
        history = fitting.fit(network, stage, train, val, seed=spec.seed, progress=progress)
    card = Card(
        name=spec.name,
        title=recipe.title,
        recipe="control",
        role="control",
        size=recipe.size,
        parameters=int(network.count_params()),
        settings=recipe.settings() | {"planted": spec.strength, "looking": LOOKING},
        seed=spec.seed,
        history=history,
    )
    return network, card


def train(spec: Spec, films: Base, out: Path, progress: Progress | None = None) -> Model:
    """Train one control and store it in ``out``, or load it where it was trained before."""
    folder = out / spec.name
    if not (folder / "card.json").is_file():
        network, card = fit(spec, films, progress)
        path = folder / registry.WEIGHTS
        networks.save(network, path, half=True)
        files = {registry.WEIGHTS: sha256_file(path)}
        registry.write_card(replace(card, files=files, bytes=path.stat().st_size), folder)
    return registry.load(spec.name, out)


def trained(
    specs: list[Spec], films: Base, out: Path, progress: Progress | None = None
) -> Iterator[tuple[Spec, Model]]:
    """Train the controls one after another; those trained before are loaded."""
    done = executor.over(_train_some, specs, progress=progress, films=films, out=out.resolve())
    for spec, _ in zip(specs, done, strict=True):
        yield spec, registry.load(spec.name, out)


def _train_some(batch: Sequence[Spec], films: Base, out: Path) -> list[str]:
    """Train some controls; what travels back are their names."""
    return [train(spec, films, out).card.name for spec in batch]
