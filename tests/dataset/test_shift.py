"""How test films differ from the others: found where it was put, and only there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from xray.dataset import public_set, shift
from xray.environment import ROOT
from xray.errors import DatasetError
from xray.figures import base
from xray.figures import generalization as generalization_
from xray.labels import devices
from xray.metrics import generalization


def test_films_drawn_by_chance_are_in_no_order() -> None:
    facts = public_set.read()
    table = shift.order(facts)
    normal = facts[facts["label"] == "NORMAL"]
    assert len(table) == normal["width"].notna().sum()
    assert table["test"].sum() == (normal["split"] == "test").sum() == 234
    for _, rows in table.groupby("series"):
        assert rows.loc[rows["test"], "number"].max() < rows.loc[~rows["test"], "number"].min()
    said = base.title(generalization_.order(table))
    shape = normal.groupby(normal["split"] == "test").apply(
        lambda rows: (rows["width"] / rows["height"]).median(), include_groups=False
    )
    assert f"{shape[True]:.2f} against {shape[False]:.2f}" in said
    # One test film among the later ones, and the numbers tell nothing any more.
    last = normal["person"].map(lambda name: int(name.split("-")[1])).idxmax()
    assert shift.order(facts.assign(split=facts["split"].where(facts.index != last, "test"))).empty
    assert shift.order(facts.assign(person="")).empty


def test_what_facts_tell_is_as_scikit_learn_says() -> None:
    facts = public_set.read()
    table = shift.carried(facts, devices.load()).set_index(["what", "group"])
    assert set(table.index.get_level_values("what")) == set(generalization.FACTS) - {"log_odds"}
    part = facts[(facts["split"] == "test") & facts["lung_fraction"].notna()]
    row = table.loc[("lungs", "test")]
    sick = part["label"] == "PNEUMONIA"
    assert row["auroc"] == pytest.approx(roc_auc_score(sick, part["lung_fraction"]))
    assert row["low"] < row["auroc"] < row["high"]
    assert (row["n"], row["n_positive"]) == (len(part), sick.sum())
    bare = shift.carried(facts.drop(columns="lung_fraction"))
    assert not {"lungs", "device"} & set(bare["what"])


@pytest.mark.parametrize("offset", [0.0, 0.2])
def test_marked_films_are_told_apart_where_they_differ(offset: float) -> None:
    """Patients with two films each, of whom every third is marked; marked films are lighter."""
    rng = np.random.default_rng(0)
    people = np.repeat([f"p{i}" for i in range(150)], 2)
    marked = np.repeat(np.arange(150) % 3 == 0, 2)
    each = np.repeat(rng.random((150, 12, 12), dtype=np.float32), 2, axis=0)
    pixels = 0.5 * each + 0.3 * rng.random(each.shape, dtype=np.float32)
    pixels[marked, :6] += offset
    score = shift.tell_apart(pixels, marked, people)
    area = roc_auc_score(marked, score)
    # A patient's two films are alike: whoever had seen one of them would know the other.
    assert area > 0.95 if offset else 0.3 < area < 0.65
    assert np.array_equal(score, shift.tell_apart(pixels, marked, people))


def test_too_few_test_films_are_refused(synthetic_folder: Path) -> None:
    table = public_set.read().assign(split="train")
    with pytest.raises(DatasetError, match="too few NORMAL films"):
        shift.strangers(synthetic_folder, table)


def test_what_is_stored_follows_from_the_stored_facts() -> None:
    stored = shift.stored()
    again = shift.carried(public_set.read(), devices.load()).round(4)
    kept = stored[stored["look"] == "classes"].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, again, check_dtype=False)
    chance = stored[stored["what"] == "chance"]
    assert (chance["low"] < 0.5).all() and (chance["high"] > 0.5).all()
    said = base.title(generalization_.carried(stored))
    assert "share of the film that lungs fill" in said.lower()
    row = stored[(stored["what"] == "squash") & (stored["group"] == "NORMAL")].iloc[0]
    assert f"AUROC {row['auroc']:.2f}" in base.title(generalization_.strangers(stored))


@pytest.mark.films
@pytest.mark.slow
def test_the_pixels_say_what_is_stored(real_films: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One class, one shape; the whole look takes a minute."""
    monkeypatch.setenv("XRAY_ARTIFACTS", str(ROOT / "artifacts"))
    monkeypatch.setattr(shift, "SHAPES", {"squash": ""})
    monkeypatch.setattr(shift, "LABELS", ("NORMAL",))
    found = shift.strangers(real_films, public_set.read()).iloc[0]
    stored = shift.stored().set_index(["what", "group"]).loc[("squash", "NORMAL")]
    # Other processors add in another order.
    assert found["auroc"] == pytest.approx(stored["auroc"], abs=0.01)
