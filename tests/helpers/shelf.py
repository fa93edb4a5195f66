"""A shelf of artifacts for page tests: cards and predictions of models that need no Keras."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xray.audits import findings, stored
from xray.environment import ROOT
from xray.errors import ModelError
from xray.files import sha256_file, write_bytes, write_json, write_table
from xray.films.pixels import Pixels
from xray.films.resize import resize
from xray.metrics import odds
from xray.models.card import WEIGHTS, Card, read_cards, write_card
from xray.models.model import LogOdds

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
    write_bytes(folder / "models" / BROKEN / WEIGHTS, b"this is no Keras file")
    for name in ("basic", "transfer"):
        kinds = WORLDS["one reader"][name]
        write_json(folder / "audits" / f"{name}.json", audit(name, kinds))
    return folder


#: Made-up worlds: model -> kind -> change of 100 healthy children's calls and its half interval.
#: A model without kinds knows nothing: its AUROC is that of guessing.
WORLDS: dict[str, dict[str, dict[str, tuple[float, float]]]] = {
    "all clean": {
        name: {kind: (0.2 + i / 10, 1.0) for i, kind in enumerate(findings.KINDS)} for name in GOOD
    },
    "one reader": {
        "basic": {
            "line": (0.4, 1.2),
            "tube": (-0.3, 1.1),
            "electrode": (0.9, 1.3),
            "other": (0.1, 1.0),
            "support": (9.1, 4.0),
        },
        "augmented": {
            "line": (0.4, 1.2),
            "tube": (0.2, 1.1),
            "electrode": (0.9, 1.3),
            "support": (2.1, 3.2),
        },
        "transfer": {kind: (0.3, 1.0) for kind in findings.KINDS},
    },
    "nothing judged": {name: {} for name in GOOD},
}


def world(name: str) -> dict[str, dict[str, Any]]:
    """Audits of one of ``WORLDS``, by model."""
    return {model: audit(model, kinds) for model, kinds in WORLDS[name].items()}


def move_in(folder: Path, name: str) -> Path:
    """Replace the audits of a shelf by those of one of ``WORLDS``."""
    for path in (folder / "audits").glob("*.json"):
        path.unlink()
    for model, value in world(name).items():
        write_json(folder / "audits" / f"{model}.json", value)
    return folder


def quality() -> pd.DataFrame:
    """A made-up record of the panel."""
    rows = [
        (kind, measure, value - i / 50, max(value - 0.1, 0), min(value + 0.05, 1), 30, always)
        for i, kind in enumerate((*findings.KINDS, ""))
        for measure, value, always in (
            ("auroc", 0.98, 0.5),
            ("detection", 0.97, 1.0),
            ("false_alarms", 0.1, 1.0),
            ("undecided", 0.1, 0.0),
        )
    ]
    return pd.DataFrame(rows, columns=list(stored.QUALITY))


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
    write_bytes(home / WEIGHTS, name.encode())
    card = Card(
        name=name,
        title=f"Model {name}",
        recipe=name,
        role="user" if name == BROKEN else "recipe",
        size=(32, 32),
        threshold=0.6,
        history={"loss": [0.5, 0.3], "val_loss": [0.6, 0.4]},
        files={
            WEIGHTS: sha256_file(home / WEIGHTS),
            "predictions.csv": sha256_file(home / "predictions.csv"),
        },
    )
    write_card(card, home)


def audit(name: str, kinds: dict[str, tuple[float, float]]) -> dict[str, Any]:
    """An audit as ``audit --json`` writes it.

    Parameters
    ----------
    kinds : change of 100 healthy children's calls by kind, and half of its interval; none for a
        model that knows nothing
    """
    verdicts = {kind: _verdict(*found) for kind, found in kinds.items()}
    order = [
        word
        for word in ("reads_devices", "inconclusive", "no_reliance")
        if word in verdicts.values()
    ]
    worst = order[0] if order else "cannot_be_judged"
    of_worst = [kind for kind, word in verdicts.items() if word == worst]
    lead = max(of_worst, key=lambda kind: abs(kinds[kind][0]), default="")
    area = 0.93 if kinds else 0.52
    return {
        "model": name,
        "positive": "PNEUMONIA",
        "threshold": 0.6,
        **{"auroc": area, "auroc_low": area - 0.03, "auroc_high": area + 0.03},
        "called": 0.64,
        "verdict": worst,
        "kind": lead,
        "score": kinds[lead][0] / 3 if lead else 0.0,
        "reasons": [f"A sentence on {name}."] if kinds else ["It must lie above 0.6."],
        "margin": {"calls": 3.0, "auroc": 0.02},
        "kinds": [
            {"kind": kind, "verdict": word, "score": kinds[kind][0] / 3}
            for kind, word in verdicts.items()
        ],
        "effects": [row for kind, found in kinds.items() for row in _effects(kind, *found)],
        "lime_flag": False,
        "labels": {"file": "devices.csv", "hash": "a" * 64},
        "films": {"folder": "films224", "hash": "f" * 64},
        "strata": [
            {
                "stratum": stratum,
                "metric": metric,
                "value": value,
                "low": 0.8,
                "high": 0.95,
                "n": 90,
            }
            for stratum, value in (
                ("all films", 0.9),
                ("with a device", 0.9),
                ("lungs hidden", 0.88),
            )
            for metric in ("auroc", "sensitivity", "specificity")
        ],
        "seed": 0,
        "versions": {},
        "model_hash": None,
    }


def _verdict(calls: float, half: float) -> str:
    if abs(calls) - half > 3:
        return "reads_devices"
    return "no_reliance" if abs(calls) + half < 3 else "inconclusive"


def _effects(kind: str, calls: float, half: float) -> list[dict[str, Any]]:
    """Rows of one kind: calls of either class, and AUROC in the swap test."""
    nothing = {
        f"{unit}{end}": None for unit in ("calls", "auroc_drop") for end in ("", "_low", "_high")
    }
    rows = []
    for label, size, before in (("NORMAL", calls, 11.0), ("PNEUMONIA", calls / 10, 95.0)):
        rows.append(
            {
                "test": "insertion",
                "kind": kind,
                "label": label,
                "called_before": before,
                "called_after": before + size + 0.5,
                "called_null": before + 0.5,
                **nothing,
                "calls": size,
                "calls_low": size - half,
                "calls_high": size + half,
                "net_log_odds": size / 5,
                "ci_low": None,
                "ci_high": None,
                "films": 200,
                "donors": 40,
            }
        )
    drop = {
        "auroc_drop": calls / 1000,
        "auroc_drop_low": (calls - half) / 1000,
        "auroc_drop_high": (calls + half) / 1000,
    }
    swap = dict.fromkeys(("called_before", "called_after", "called_null", "net_log_odds"))
    rows.append(
        {
            "test": "swap",
            "kind": kind,
            "label": "",
            **swap,
            **nothing,
            **drop,
            "ci_low": None,
            "ci_high": None,
            "films": 400,
            "donors": 40,
        }
    )
    return rows


def earlier(name: str) -> dict[str, Any]:
    """An audit as the program's first version wrote it."""
    return {
        "model": name,
        "verdict": "no_reliance_shown",
        "score": 0.1,
        "score_low": 0.0,
        "score_high": 0.2,
        "score_threshold": 0.2,
        "reasons": ["It stands low."],
        "effects": [],
        "strata": [],
        "seed": 0,
    }


@dataclass(frozen=True)
class Linear:
    """A model that weighs pixels: quick, exact, and wholly linear in the mask."""

    card: Card

    def prepare(self, films: Pixels) -> Pixels:
        return resize(films, self.card.size, self.card.fit)

    def log_odds_prepared(self, grey: Pixels, precision: str = "float32") -> LogOdds:
        height, width = self.card.size
        weights = np.outer(np.linspace(-1, 1, height), np.linspace(1, 2, width)).ravel()
        scale = 1 + len(self.card.name) / 10
        return grey.reshape(len(grey), -1).astype(np.float64) @ weights * scale / 20

    def log_odds(self, films: Pixels, precision: str = "float32") -> LogOdds:
        return self.log_odds_prepared(self.prepare(films))


def load(name: str, folder: Path | None = None, **options: Any) -> Linear:
    """Stands in for ``registry.load``."""
    if name == BROKEN:
        raise ModelError(f"{name} does not load as a Keras model; save it with Keras 3.")
    return Linear(next(card for card in read_cards() if card.name == name))
