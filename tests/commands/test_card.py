"""A card speaks of the model's own classes, and of its audit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.helpers import shelf
from xray.commands.main import main
from xray.environment import ROOT
from xray.files import write_json, write_table
from xray.models.card import WEIGHTS, Card, write_card


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model that ranks all films rightly, whose positive class comes first by name."""
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path))
    monkeypatch.delenv("XRAY_DATA", raising=False)
    home = tmp_path / "models" / "one"
    home.mkdir(parents=True)
    (home / WEIGHTS).write_bytes(b"no network")
    write_card(Card("one", size=(8, 8), positive="Befund", negative="Gesund"), home)
    odds = np.linspace(-2, 2, 40)
    table = pd.DataFrame({"file": [f"{i}.png" for i in range(40)], "split": "test"})
    table["label"] = np.where(odds > 0, "Befund", "Gesund")
    write_table(home / "predictions.csv", table.assign(log_odds=odds))
    return home


def test_classes_are_those_of_the_card_whatever_their_names(
    german: Path, tmp_path: Path, capsys: Any
) -> None:
    assert main(["card", "one"]) == 0
    said = capsys.readouterr().out
    assert "Befund is the positive class" in said and r"| AUROC | 1\.0000" in said
    assert main(["evaluate", "one", "--json", str(tmp_path / "m.json")]) == 0
    (entry,) = json.loads((tmp_path / "m.json").read_text())
    assert (entry["positive"], entry["auroc"], entry["accuracy"]) == ("Befund", 1.0, 1.0)
    assert main(["evaluate", "one", "--store"]) == 0
    assert set(pd.read_csv(german / "metrics.csv")["positive"]) == {"Befund"}


@pytest.mark.parametrize("form", ["markdown", "huggingface"])
def test_the_audit_stands_on_it(german: Path, tmp_path: Path, form: str, capsys: Any) -> None:
    assert main(["card", "one", "--format", form]) == 0
    assert "Not audited yet" in capsys.readouterr().out
    write_json(tmp_path / "audits" / "one.json", shelf.world("one reader")["basic"])
    assert main(["card", "one", "--format", form]) == 0
    said = capsys.readouterr().out
    assert "Not audited yet" not in said and "support" in said


def test_a_stored_model_tells_its_verdict(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(ROOT / "artifacts"))
    assert main(["card", "whole_film"]) == 0
    assert "Reads 3 kinds" in capsys.readouterr().out
