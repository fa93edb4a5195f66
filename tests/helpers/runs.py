"""Rows of a ledger."""

from __future__ import annotations

from pathlib import Path

from xray.training import ledger


def row_of(name: str, **values: object) -> dict[str, object]:
    base = dict.fromkeys(ledger.COLUMNS, 0.5) | {
        "name": name,
        "recipe": "small64",
        "changes": "{}",
        "size": "64 x 64",
        "fit": "squash",
        "augmentation": "none",
        "fraction": 1.0,
        "class_weight": "balanced",
        "epochs": 8,
        "network": '{"network": "blocks", "filters": [8], "dense": [4]}',
        "other": "{}",
        "split": "original",
        "data_hash": "x",
        "seed": 0,
        "train_films": 100,
        "created": "2026-01-01",
        "command": "python -m xray train small64",
        "val_auroc": 0.97,
    }
    return base | values


def put_many(place: str, start: int) -> None:
    """Put twenty rows; here, as a new process imports all of the module that its work is in."""
    for i in range(start, start + 20):
        ledger.put(Path(place), row_of(f"run{i}"))
