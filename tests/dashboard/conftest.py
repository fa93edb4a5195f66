"""Artifacts that pages and their sections are shown with."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from tests.helpers import shelf
from tests.helpers.visits import FAILED, through_app, words
from xray.dataset import public_set
from xray.environment import ROOT
from xray.files import sha256_file, write_table
from xray.metrics.odds import to_probability
from xray.models import registry
from xray.models.card import WEIGHTS, Card

Opener = Callable[..., AppTest]
HISTORY = {
    "loss": [0.5, 0.2],
    "val_loss": [0.4, 0.3],
    "auroc": [0.9, 0.99],
    "val_auroc": [0.9, 0.95],
}


def add(folder: Path, name: str, log_odds: Any, rows: pd.DataFrame, **facts: Any) -> None:
    """Register a model that only has predictions."""
    home = folder / "models" / name
    home.mkdir(parents=True)
    table = rows.assign(log_odds=np.round(log_odds, 5))
    table["probability"] = to_probability(table["log_odds"]).round(6)
    write_table(home / "predictions.csv", table)
    (home / WEIGHTS).write_bytes(b"no network")
    files = {"predictions.csv": sha256_file(home / "predictions.csv")}
    card = Card(name, title=facts.pop("title", name.title()), size=(64, 64), files=files, **facts)
    (home / "card.json").write_text(json.dumps(asdict(card)))


@pytest.fixture(scope="module")
def facts() -> pd.DataFrame:
    table = public_set.read()
    test = table[table["split"] == "test"]
    val = table[table["split"] == "train"].sample(120, random_state=0).assign(split="val")
    return pd.concat([test, val])[["file", "split", "label"]].reset_index(drop=True)


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, facts: pd.DataFrame) -> Path:
    """Artifacts with the public set's facts, and two models; no films."""
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path))
    monkeypatch.delenv("XRAY_DATA", raising=False)
    for part in ("dataset", "devices"):
        (tmp_path / part).symlink_to(ROOT / "artifacts" / part)
    rng = np.random.default_rng(0)
    y = (facts["label"] == "PNEUMONIA").to_numpy()
    for name, gap in (("basic", 1.0), ("transfer", 2.5)):
        log_odds = rng.normal(np.where(y, gap, -gap), 1.5)
        add(tmp_path, name, log_odds, facts, role="recipe", recipe=name, history=HISTORY)
    return tmp_path


@pytest.fixture(scope="package")
def shelf_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shelf of artifacts, only read."""
    return shelf.build(tmp_path_factory.mktemp("shelf"))


@pytest.fixture
def on_shelf(shelf_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shelf in use, without films."""
    monkeypatch.setenv("XRAY_ARTIFACTS", str(shelf_folder))
    monkeypatch.delenv("XRAY_DATA", raising=False)
    monkeypatch.setattr(registry, "load", shelf.load)
    return shelf_folder


@pytest.fixture
def exports(monkeypatch: pytest.MonkeyPatch) -> dict[str, pd.DataFrame]:
    """What the buttons of the page that is open would save: name of the file -> table."""
    from xray.dashboard import page

    taken: dict[str, pd.DataFrame] = {}

    def download(label: str, table: Any, name: str) -> None:
        taken[name] = table() if callable(table) else table

    monkeypatch.setattr(page, "download", download)
    return taken


@pytest.fixture(scope="module")
def public() -> pd.DataFrame:
    return public_set.read().reset_index(drop=True)


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch, shelf_folder: Path) -> Opener:
    """Open a view of a page by its link; ``data`` are the folders that the server is told of."""

    def open_(name: str, /, *data: Path, **query: Any) -> AppTest:
        monkeypatch.setenv("XRAY_ARTIFACTS", str(shelf_folder))
        monkeypatch.setenv("XRAY_DATA", os.pathsep.join(map(str, data)))
        app = through_app(name, **query)
        assert not app.exception, app.exception[0].value
        assert FAILED not in words(app)
        return app

    return open_
