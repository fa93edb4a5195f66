"""The whole story on synthetic films: a clean model, one that reads devices, and both audited."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from xray.audits import archive, audit, controls, inputs, verdict
from xray.audits.controls import Base, Spec
from xray.dataset import index
from xray.drawing import phantoms, planting
from xray.drawing.planting import as_bytes, as_float
from xray.errors import ArtifactError
from xray.files import hash_json, write_json
from xray.models import registry
from xray.training import train
from xray.training.train import Stage

#: Films of each split; a model of 64 pixels needs no more, and three minutes allow no more.
COUNTS = {"train": 640, "val": 120, "test": 160}
SIDE = 128
SPECS = {
    "demo-clean": Spec("flatten", 64, "none", 0),
    "demo-reads-devices": Spec("flatten", 64, "95/5", 0),
}
TITLES = {
    "demo-clean": "Demonstration: trained without devices",
    "demo-reads-devices": "Demonstration: devices planted in pneumonias",
}
NOTE = "Trained and audited on synthetic films that this project drew; no child's film is in it."


def films(folder: Path, stage: Stage, seed: int = 0) -> Base:
    """Draw synthetic films without devices, and a copy of each with devices of the plant style."""
    phantoms.write_dataset(
        folder, COUNTS["train"], COUNTS["val"], COUNTS["test"], seed,
        device_rate={"NORMAL": 0.0, "PNEUMONIA": 0.0}, size=(SIDE, SIDE),
        progress=stage("draw synthetic films"),
    )  # fmt: skip
    table = index.usable(index.index(folder))
    pixels = as_bytes(index.load_pixels(folder, table, (SIDE, SIDE)))
    planted = planting.drawn_copies(pixels, seed, "plant", 1, stage("plant devices"))[0]
    return Base(table[["file", "label", "person", "split"]], pixels, planted)


def run(folder: Path, out: Path, stage: Stage, seed: int = 0) -> dict[str, dict[str, Any]]:
    """Draw, train, audit, and store the results for the dashboard.

    Parameters
    ----------
    folder : where the synthetic films go
    out : folder of artifacts

    Returns
    -------
    dict
        Model name -> its audit (``Audit.to_json`` and ``synthetic``: True).
    """
    base = films(folder, stage, seed)
    test = base.part("test")
    table = test.table.assign(has_device=pd.array([False] * len(test.table), "boolean"), free=True)
    prepared = inputs.assemble(
        table, test.films, {}, "synthetic films", hash_json(test.table["file"].tolist()), seed,
        stage("draw devices to test with"),
    )  # fmt: skip
    try:
        scale = verdict.load()
    except ArtifactError:
        scale = None
    found = {}
    for name, spec in SPECS.items():
        model = _train(name, spec, base, out / "models", stage)
        value = audit.audit(model, prepared, scale, stage=stage).to_json() | {"synthetic": True}
        write_json(archive.path(name, out), value)
        found[name] = value
    return found


def _train(name: str, spec: Spec, base: Base, models: Path, stage: Stage) -> registry.Model:
    """Train one of the two, and store it under its own name with its predictions."""
    network, card = controls.fit(spec, base, stage(f"train {name}"))
    card = replace(
        card, name=name, title=TITLES[name], role="demo", data="synthetic films", notes=NOTE
    )
    # Predicted on what the model met in training: devices as often as its planting says.
    pixels = as_float(controls.shown(base, spec.strength, 2_000))
    train.store(models / name, card, network, base.table, pixels, half=True)
    return registry.load(name, models)
