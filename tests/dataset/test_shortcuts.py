"""Giveaways: known answers on made tables and on the public set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from xray.dataset import public_set, shortcuts


def made(n: int = 400, seed: int = 0) -> pd.DataFrame:
    """Films whose height, and nothing else, tells the class; quality known of a few."""
    rng = np.random.default_rng(seed)
    sick = np.arange(n) % 3 > 0
    return pd.DataFrame(
        {
            "file": [f"train/{i}.jpeg" for i in range(n)],
            "label": np.where(sick, "PNEUMONIA", "NORMAL"),
            "person": [f"person-{i // 2}" for i in range(n)],
            "width": 1000.0,
            "height": rng.normal(800, 50, n) - 60 * sick,
            "bytes": rng.integers(1000, 9000, n),
            "jpeg_quality": np.where(np.arange(n) < 40, 75.0, np.nan),
            "mode": "L",
            "mean": rng.random(n),
            "contrast": rng.random(n),
            "text_score": rng.random(n),
        }
    )


def test_only_what_tells_the_class_is_a_shortcut() -> None:
    table = made()
    result = shortcuts.measure(table).set_index("name")
    plain = roc_auc_score(table["label"] == "PNEUMONIA", -table["height"])
    assert result.loc["height", "auroc"] == pytest.approx(plain, abs=0.04)
    assert result.loc["height", "low"] < plain < result.loc["height", "high"] + 0.03
    assert result.loc[["height", "aspect", "together"], "is_shortcut"].all()
    assert not result.loc[["bytes", "brightness", "text"], "is_shortcut"].any()
    assert result.loc["mode", "note"] == "the same for every film"
    assert "fewer than" in result.loc["jpeg_quality", "note"]
    assert result.loc["jpeg_quality", "n"] == 40 and np.isnan(result.loc["width", "auroc"])
    assert result.loc["together", "note"].startswith("of width, height, aspect ratio, file size")
    assert "JPEG quality" not in result.loc["together", "note"]


def test_a_possible_patient_is_never_on_both_sides() -> None:
    # Random labels a patient, and a number that names the patient: a model that meets the
    # patient again would score well above chance.
    rng = np.random.default_rng(0)
    table = made(600)
    person = np.arange(600) // 6
    table["person"] = [f"person-{i}" for i in person]
    table["label"] = np.where(rng.random(100)[person] < 0.5, "PNEUMONIA", "NORMAL")
    table["height"] = 500.0 + rng.permutation(100)[person]
    result = shortcuts.measure(table).set_index("name")
    assert result.loc["height", "auroc"] < 0.65


def test_same_seed_same_result_and_labels_of_text() -> None:
    table = made(300)
    text = (table["label"] == "PNEUMONIA").astype(float) * (np.arange(300) % 2)
    seen: list[tuple[int, int]] = []
    first = shortcuts.measure(table, text, seed=3, progress=lambda *step: seen.append(step))
    pd.testing.assert_frame_equal(first, shortcuts.measure(table, text, seed=3))
    assert seen[-1] == (len(first), len(first))
    labelled = first.set_index("name").loc["text"]
    assert labelled["auroc"] == pytest.approx(0.75, abs=0.03)
    assert labelled["title"] == "burned-in text"
    (strokes,) = (each for each in shortcuts.suspects(table) if each.name == "text")
    assert strokes.title == "bright corner strokes", "another measurement, another name"


def test_one_class_has_no_value_but_a_reason() -> None:
    result = shortcuts.measure(made().assign(label="NORMAL"))
    assert result["auroc"].isna().all() and not result["is_shortcut"].any()
    assert (result["note"].str.len() > 10).all()


def test_large_tables_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shortcuts, "MOST_FILMS", 200)
    result = shortcuts.measure(made(600)).set_index("name")
    assert result.loc["height", "n"] == 200


def test_known_truth_of_the_public_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = shortcuts.stored()
    train = stored[stored["split"] == "train"].set_index("name")
    assert train.loc["height", "auroc"] == pytest.approx(0.92, abs=0.01)
    assert train.loc["jpeg_quality", "auroc"] > 0.99 and train.loc["jpeg_quality", "n"] == 1566
    assert set(stored["split"]) == {"train", "test"}
    table = public_set.read()
    again = shortcuts.measure(table[table["split"] == "test"].reset_index(drop=True))
    kept = stored[(stored["split"] == "test") & (stored["name"] != "text")]
    again = again[again["name"].isin(set(kept["name"]) - {"together"})]
    np.testing.assert_allclose(
        again["auroc"], kept.set_index("name").loc[again["name"], "auroc"], atol=2e-3
    )
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path))
    shortcuts.store({"train": again})
    assert shortcuts.stored()["split"].eq("train").all()
