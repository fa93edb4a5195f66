"""The benchmark of rendered devices pairs each network's kinds, and says how the scores compare."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import rendered
from xray.audits.judging import Cut, KindVerdict, Margin, Verdict

SCORES = {"a": (0.5, 1.0), "b": (2.0, 4.0), "c": (3.0, 5.0)}


def verdict(*kinds: KindVerdict) -> Verdict:
    cut = Cut(0.0, np.zeros(1))
    return Verdict("inconclusive", "", 0.0, (), (0.9, 0.8, 1.0), 0.5, cut, Margin(), kinds)


def test_kinds_are_paired_whatever_their_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def judged(models: list[Any], material: object, name: str) -> dict[str, Verdict]:
        made = {}
        for model in models:
            electrode, support = SCORES[model.card.name]
            kinds = [
                KindVerdict("electrode", "inconclusive", electrode),
                KindVerdict("support", "reads_devices", support),
            ]
            if name == "rendered":
                kinds = [replace(kind, score=kind.score / 2) for kind in reversed(kinds)]
            made[model.card.name] = verdict(*kinds)
        return made

    asked = SimpleNamespace(load=lambda name: SimpleNamespace(card=SimpleNamespace(name=name)))
    monkeypatch.setattr(rendered, "registry", asked)
    monkeypatch.setattr(rendered, "materials", lambda shapes: {"real": 0, "rendered": 1})
    monkeypatch.setattr(rendered, "verdicts", judged)
    path = tmp_path / "rendered.json"
    monkeypatch.setattr("sys.argv", ["rendered", "--models", *SCORES, "--json", str(path)])
    rendered.main()
    found = json.loads(path.read_text())
    first = found["rows"][0]
    assert (first["model"], first["kind"]) == ("a", "electrode")
    assert (first["real"], first["rendered"]) == (0.5, 0.25)
    assert found["support, slope"] == pytest.approx(0.5)
    assert found["electrode, correlation"] == pytest.approx(1.0)
    assert found["electrode, decided"] == 0
    assert found["support, decided"] == 3
    assert "support, difference: -1.67" in capsys.readouterr().out
