"""A shelf of artifacts for page tests: cards and predictions of models that need no Keras."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xray.errors import ModelError
from xray.files import ROOT, sha256_file, write_bytes, write_json, write_table
from xray.films.decode import Pixels, resize
from xray.metrics import odds
from xray.models import registry

#: Models of the shelf; the last one is broken.
GOOD = ("basic", "augmented", "transfer")
BROKEN = "mine"


def build(folder: Path) -> Path:
    """Fill a folder of artifacts: stored tables of the repository, models, one audit."""
    for part in ("dataset", "devices"):
        shutil.copytree(ROOT / "artifacts" / part, folder / part)
    labels = pd.read_csv(folder / "dataset" / "films.csv").query("split == 'test'")
    rng = np.random.default_rng(0)
    for strength, name in enumerate((*GOOD, BROKEN), start=1):
        _model(folder / "models" / name, name, labels, strength, rng)
    write_bytes(folder / "models" / BROKEN / registry.WEIGHTS, b"this is no Keras file")
    write_json(folder / "audits" / "basic.json", audit("basic", "reads_devices", 0.42))
    write_json(folder / "audits" / "transfer.json", audit("transfer", "no_reliance_shown", 0.05))
    return folder


def _model(
    home: Path, name: str, labels: pd.DataFrame, strength: int, rng: np.random.Generator
) -> None:
    sick = (labels["label"] == "PNEUMONIA").to_numpy()
    rows = labels[["file", "split", "label"]].assign(
        log_odds=(np.where(sick, 1.0, -1.0) * strength + rng.normal(0, 1.5, len(labels))).round(5)
    )
    rows["probability"] = odds.to_probability(rows["log_odds"].to_numpy()).round(6)
    halves = [rows.assign(split="val", file=rows["file"].str.replace("test/", "val/")), rows]
    write_table(home / "predictions.csv", pd.concat(halves))
    write_bytes(home / registry.WEIGHTS, name.encode())
    card = registry.Card(
        name=name,
        title=f"Model {name}",
        recipe=name,
        role="user" if name == BROKEN else "recipe",
        size=(32, 32),
        threshold=0.6,
        history={"loss": [0.5, 0.3], "val_loss": [0.6, 0.4]},
        files={
            registry.WEIGHTS: sha256_file(home / registry.WEIGHTS),
            "predictions.csv": sha256_file(home / "predictions.csv"),
        },
    )
    registry.write_card(card, home)


def audit(name: str, verdict: str, effect: float) -> dict[str, Any]:
    """An audit as ``audit --json`` writes it."""
    ends = {
        **{"ci_low": effect - 0.1, "ci_high": effect + 0.1, "n": 120, "family": "device"},
        **{"probability_change": 0.02, "called_before": 0.5, "called_after": 0.6},
        "called_sham": 0.5,
    }
    return {
        "model": name,
        "verdict": verdict,
        "score": effect,
        "score_low": effect - 0.1,
        "score_high": effect + 0.1,
        "score_threshold": 0.2,
        "minimum_detectable_effect": 0.25,
        "reasons": [],
        "effects": [
            {"test": "insertion", "device": "all kinds", "label": "", "net_log_odds": effect}
            | ends,
            {"test": "lime_drawn", "device": "all kinds", "label": "", "net_log_odds": effect}
            | ends,
        ],
        "strata": [
            {"stratum": stratum, "metric": metric, "value": 0.9, "low": 0.8, "high": 0.95, "n": 90}
            for stratum in ("all films", "with devices", "without devices")
            for metric in ("auroc", "sensitivity", "specificity")
        ],
        "lungs": {},
        "most_moved": [],
        "seed": 0,
        "versions": {},
        "data_hash": "",
    }


@dataclass(frozen=True)
class Linear:
    """A model that weighs pixels: quick, exact, and wholly linear in the mask."""

    card: registry.Card

    def prepare(self, films: Pixels) -> Pixels:
        return resize(films, self.card.size, self.card.fit)

    def log_odds_prepared(self, grey: Pixels, precision: str = "float32") -> registry.LogOdds:
        height, width = self.card.size
        weights = np.outer(np.linspace(-1, 1, height), np.linspace(1, 2, width)).ravel()
        scale = 1 + len(self.card.name) / 10
        return grey.reshape(len(grey), -1).astype(np.float64) @ weights * scale / 20

    def log_odds(self, films: Pixels, precision: str = "float32") -> registry.LogOdds:
        return self.log_odds_prepared(self.prepare(films))


def load(name: str, folder: Path | None = None, **options: Any) -> Linear:
    """Stands in for ``registry.load``."""
    if name == BROKEN:
        raise ModelError(f"{name} does not load as a Keras model; save it with Keras 3.")
    return Linear(next(card for card in registry.cards() if card.name == name))
