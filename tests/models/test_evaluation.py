"""Predictions of a model: which films are taken, what is recorded, how two runs agree."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

from xray.metrics.odds import to_probability
from xray.models import evaluation
from xray.models.card import Card


def test_a_folder_without_splits_is_judged_whole(synthetic_folder):
    rows = evaluation.choose(synthetic_folder / "test", "test")
    assert len(rows) == 16
    assert set(rows["split"]) == {"test"}


def test_the_films_a_model_was_validated_on_are_found_again(synthetic_folder):
    """Its validation films lie in the folder's train split; that is where they are taken from."""
    own = evaluation.choose(synthetic_folder, "train")
    stored = own.head(5).assign(split="val")
    chosen = evaluation.choose(synthetic_folder, "val", stored)
    assert chosen["file"].tolist() == stored["file"].tolist()
    assert len(evaluation.choose(synthetic_folder, "val")) == 8


def test_scores_without_an_interval_are_null_in_json():
    """A perfect AUROC has no spread to show; JSON has no NaN."""
    rows = pd.DataFrame(
        {
            "file": [f"test/NORMAL/{i}.png" for i in range(12)],
            "split": "test",
            "label": ["NORMAL"] * 6 + ["PNEUMONIA"] * 6,
            "log_odds": [-3.0] * 6 + [3.0] * 6,
        }
    )
    (entry,) = evaluation.record("m", evaluation.score(rows, 0.0))
    assert entry["auroc"] == 1
    assert entry["auroc_low"] is None
    json.dumps(entry, allow_nan=False)


def test_agreement_counts_calls_at_the_models_threshold():
    card = replace(Card("m", size=(8, 8)), threshold=0.5)
    stored = pd.DataFrame({"file": ["a", "b", "c"], "log_odds": [0.001, 2.0, -2.0]})
    fresh = pd.DataFrame({"file": ["b", "a", "z"], "log_odds": [2.0, -0.001, 9.0]})
    for table in (stored, fresh):
        table["probability"] = to_probability(table["log_odds"])
    got = evaluation.compare(card, stored, fresh)
    assert (got.n, got.calls, got.metrics_exact) == (2, 1, None)
    assert got.largest == pytest.approx(0.0005, abs=1e-5)
    assert evaluation.compare(card, stored, fresh.assign(file="other")) is None
