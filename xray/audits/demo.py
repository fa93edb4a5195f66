"""The whole story on synthetic films: a clean model, one that reads devices, and both audited.

Films and devices are drawn: devices from facts about real ones (``xray.drawing.rendering``). What
the second model learnt by is laid over nearly all of its pneumonias and few of its normals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray.audits import archive, audit, inputs, lime_weights, witness
from xray.audits.inputs import Labels
from xray.classes import HEALTHY, SICK
from xray.dataset import index
from xray.drawing import phantoms, planting, rendering
from xray.environment import artifact
from xray.explanations import lime, superpixels
from xray.files import hash_json, sha256_file, write_json
from xray.films.pixels import Bytes, as_bytes, as_float
from xray.films.resize import resize
from xray.jobs.progress import Stage
from xray.models import networks, registry
from xray.models.card import Card
from xray.models.model import Model
from xray.training import architectures, train
from xray.training import fit as fitting
from xray.training.fit import Sample
from xray.training.recipes import Phase, Recipe

#: Films of each split; a model of 64 pixels needs no more, and three minutes allow no more.
COUNTS = {"train": 640, "val": 120, "test": 160}
SIDE = 128
#: Side of the networks' films, pixels.
SEEN = 64
#: Share of (SICK, HEALTHY) films that devices are laid over, by strength of planting.
STRENGTHS: dict[str, tuple[float, float]] = {
    "none": (0.0, 0.0),
    "even": (0.5, 0.5),
    "65/20": (0.65, 0.2),
    "80/10": (0.8, 0.1),
    "95/5": (0.95, 0.05),
}
#: Kind that is planted: wires and tubes of real width and brightness are too faint for networks of
#: 64 pixels to learn in minutes. Devices on one film.
PLANTED, WORN = "support", (1, 3)
#: Films that LIME explains, and the change of grey from which a device is seen.
WEIGHED, SEEN_FROM = 12, 0.05
#: Epochs of learning to see devices, and then of telling the classes apart.
LOOKING, EPOCHS = 3, 5
NETWORK: dict[str, Any] = {"filters": [12, 24, 48], "dense": [48]}
TITLES = {
    "demo-clean": "Demonstration: trained without devices",
    "demo-reads-devices": "Demonstration: devices planted in pneumonias",
}
NOTE = "Trained and audited on synthetic films that this project drew; no child's film is in it."


@dataclass(frozen=True, eq=False)
class Base:
    """Synthetic films, and a copy of each with devices laid over it.

    ``table`` has file, label, subtype, person, split; ``films`` and ``worn`` are (N, S, S) uint8.
    """

    table: pd.DataFrame
    films: Bytes
    worn: Bytes

    def of(self, split: str) -> NDArray[np.bool_]:
        """Which films are of a split."""
        return np.asarray(self.table["split"] == split)


def films(folder: Path, stage: Stage, seed: int = 0) -> Base:
    """Draw synthetic films without devices, and lay rendered devices over a copy of each."""
    phantoms.write_dataset(
        folder,
        COUNTS["train"],
        COUNTS["val"],
        COUNTS["test"],
        seed,
        device_rate={HEALTHY: 0.0, SICK: 0.0},
        size=(SIDE, SIDE),
        progress=stage("draw synthetic films"),
    )
    table = index.usable(index.index(folder))
    pixels = as_bytes(index.load_pixels(folder, table, (SIDE, SIDE)))
    kept = ["file", "label", "subtype", "person", "split"]
    facts = artifact("devices", rendering.FILE)
    stock = rendering.read((SIDE, SIDE), facts, kind=PLANTED)
    told = stage("lay devices over them")
    worn = planting.worn_copies(pixels, stock, seed, 1, WORN, told)[0]
    return Base(table[kept], pixels, worn)


def run(
    folder: Path, out: Path, stage: Stage, seed: int = 0, strength: str = "95/5"
) -> dict[str, dict[str, Any]]:
    """Draw, train, audit, and store the results for the dashboard.

    Parameters
    ----------
    folder : where the synthetic films go
    out : folder of artifacts
    strength : of ``STRENGTHS``, how the second model's devices are planted

    Returns
    -------
    dict
        Model name -> its audit (``Audit.to_json``; ``synthetic``: True, ``planted``, and what
        LIME says of the devices, ``lime``).
    """
    base = films(folder, stage, seed)
    test = base.of("test")
    table = base.table[test].reset_index(drop=True)
    path = artifact("devices", rendering.FILE)
    labels = Labels("artifacts/devices/" + rendering.FILE, sha256_file(path), True)
    shown = inputs.assemble(
        table,
        base.films[test],
        {},
        pd.DataFrame({"confidence": 0.0}, table.index),
        "synthetic films",
        hash_json(table["file"].tolist()),
        labels,
        seed,
        progress=stage("render devices"),
    )
    planted = dict(zip(TITLES, ("none", strength), strict=True))
    models = [_train(name, how, base, out / "models", stage, seed) for name, how in planted.items()]
    found = {}
    for made in audit.audit(models, shown, stage=stage):
        more = {"synthetic": True, "planted": planted[made.model]}
        model = next(each for each in models if each.card.name == made.model)
        value = made.to_json() | more | {"lime": weighed(model, base, seed)}
        write_json(archive.path(made.model, out), value)
        found[made.model] = value
    return found


def weighed(model: Model, base: Base, seed: int = 0) -> dict[str, float]:
    """What LIME says of planted devices on ``WEIGHED`` healthy test films.

    Returns
    -------
    films; device and null, mean shares of the weight on the devices and on the same shape
    elsewhere; difference with its 95 % interval (_low, _high)
    """
    healthy = base.of("test") & (base.table["label"] == phantoms.LABELS[0]).to_numpy()
    found = []
    for i in np.flatnonzero(healthy)[:WEIGHED]:
        worn, plain = as_float(base.worn[i]), as_float(base.films[i])
        mask = np.abs(worn - plain) > SEEN_FROM
        regions = lime_weights.regions(model, worn, mask, seed)
        labels = lime_weights.cut(model.prepare(worn[None])[0], superpixels.DEFAULT_COUNT, regions)
        if labels is not None:
            why = lime.explain(model, worn, segments=labels, fill="inpaint", seed=seed)
            shares = lime_weights.shares(why, regions)
            found.append((shares.device, shares.null))
    share = np.array(found, float).reshape(-1, 2)
    value, low, high = witness.mean_of(share[:, 0] - share[:, 1])
    return {
        "films": len(share),
        "device": float(share[:, 0].mean()),
        "null": float(share[:, 1].mean()),
        "difference": value,
        "difference_low": low,
        "difference_high": high,
    }


def _train(name: str, strength: str, base: Base, models: Path, stage: Stage, seed: int) -> Model:
    """Train one of the two, and store it under its own name with its predictions.

    One that meets devices first learns to see them, for a few epochs, in films that show them
    evenly: small networks find thin lines late, and one that never saw a device could not rely on
    it. Whether it then does is measured.
    """
    recipe = Recipe(
        name,
        TITLES[name],
        network="blocks",
        size=(SEEN, SEEN),
        options=NETWORK,
        phases=(Phase(EPOCHS, 1.5e-3, patience=EPOCHS),),
        batch=64,
        role="demo",
    )
    network = networks.seeded(seed, lambda: architectures.build(recipe))
    sick = (base.table["label"] == SICK).to_numpy()
    history: dict[str, list[float]] = {}
    for looking in (True, False):
        if looking and strength == "none":
            continue
        wears = _wears(sick, "even" if looking else strength, seed + looking)
        pixels = resize(_shown(base, wears), (SEEN, SEEN))
        answer = wears if looking else sick
        epochs = LOOKING if looking else EPOCHS
        step = replace(recipe, phases=(Phase(epochs, 1.5e-3, patience=epochs),))
        samples = [
            Sample(pixels[base.of(part)], answer[base.of(part)]) for part in ("train", "val")
        ]
        history = fitting.fit(network, step, *samples, seed=seed, progress=stage(f"train {name}"))
    card = Card(
        name=name,
        title=TITLES[name],
        recipe="demo",
        role="demo",
        size=recipe.size,
        parameters=int(network.count_params()),
        data="synthetic films",
        notes=NOTE,
        seed=seed,
        settings=recipe.settings() | {"planted": strength, "looking": LOOKING},
        history=history,
    )
    # Predicted on what the model met in training: devices as often as its planting says.
    met = _shown(base, _wears(sick, strength, 2_000 + seed))
    train.store(models / name, card, network, base.table, met, half=True)
    return registry.load(name, models)


def _wears(sick: NDArray[np.bool_], strength: str, seed: int) -> NDArray[np.bool_]:
    """Which films show devices at a strength, (N,)."""
    chance = np.where(sick, *STRENGTHS[strength])
    return np.asarray(np.random.default_rng(seed).random(len(sick)) < chance)


def _shown(base: Base, wears: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The films, some with devices, (N, S, S) in [0, 1]."""
    return as_float(np.where(wears[:, None, None], base.worn, base.films))
