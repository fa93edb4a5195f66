"""Results of the public API: plain data in, files out, nothing that can be changed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.helpers import shelf
from tests.helpers.linear import Linear, film
from xray.errors import FilmError
from xray.explanations import lime
from xray.metrics import scores
from xray.results import AuditResult, EvaluationResult, ExplanationResult, Films, Report


def test_films_are_counted_in_words() -> None:
    table = pd.DataFrame({"label": ["NORMAL", "PNEUMONIA", "NORMAL"]})
    films = Films(Path("x"), "val", table, ("One is damaged.",))
    assert str(films) == "3 val films: 2 NORMAL, 1 PNEUMONIA. One is damaged."
    assert str(Films(Path("x"), "", table)).startswith("3 films:")


def test_an_audit_gives_its_parts_and_its_file(tmp_path: Path) -> None:
    value = shelf.audit("mine", {"tube": (0.5, 1.0)}) | {"reasons": ["Because."]}
    result = AuditResult(value)
    assert (result.model, result.verdict, result.reasons) == (
        "mine",
        "no_reliance",
        ["Because."],
    )
    assert str(result) == "mine: no reliance\n  Because."
    assert result.effects["calls"].tolist()[:2] == [0.5, 0.05]
    result.save(tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == [value]


def test_an_evaluation_without_an_interval_is_written_as_unknown(tmp_path: Path) -> None:
    truth, log_odds = np.array([True, False, True]), np.array([1.0, -1.0, 2.0])
    metrics = scores.scores(truth, log_odds, 0.0)
    predictions = pd.DataFrame({"label": ["PNEUMONIA", "NORMAL", "PNEUMONIA"]})
    result = EvaluationResult("mine", "test", "PNEUMONIA", 0.5, metrics, predictions)
    result.save(tmp_path / "e.json")
    (entry,) = json.loads((tmp_path / "e.json").read_text())
    assert entry["accuracy"] == 1.0 and entry["n"] == 3
    assert entry["auroc_low"] is None
    assert "3 test films, PNEUMONIA positive, called PNEUMONIA from a probability of 0.500" in str(
        result
    )


def test_a_call_follows_from_the_threshold(tmp_path: Path) -> None:
    model, pixels = Linear(), film()
    found = lime.explain(model, pixels, segments=model.segments)
    at = ExplanationResult("linear", pixels, found.probability, found)
    above = replace(at, threshold=float(np.nextafter(found.probability, 1)))
    assert (at.call, above.call) == ("PNEUMONIA", "NORMAL")
    assert "calls it NORMAL" in str(above)
    at.save(tmp_path / "w.png")
    assert (tmp_path / "w.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(FilmError, match=r"\.png"):
        at.save(tmp_path / "w.jpeg")
    assert not (tmp_path / "w.jpeg").exists()


def test_a_report_is_made_once_and_saved(tmp_path: Path) -> None:
    report = Report("Mine", (AuditResult(shelf.audit("m", {"tube": (2.0, 3.0)})).section(),))
    assert report.html is report.html
    report.save(tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == report.html
    assert "<h1>Mine</h1>" in report.html
