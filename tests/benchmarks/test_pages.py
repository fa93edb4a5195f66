"""The benchmark of reruns measures what it says: the views it names, over the tables it makes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import pages
from tests.helpers.visits import SECTIONS
from xray.dataset import leakage, public_set
from xray.labels import devices
from xray.models.card import read_cards, read_predictions


def test_every_section_of_the_dataset_is_measured() -> None:
    sections = {
        view.get("section", "Classes and sizes") for _, view in pages.views(["dataset"], "large")
    }
    assert sections == {*SECTIONS["dataset"], pages.LARGE}
    small = pages.views(["dataset"], "made")
    assert small and all(view.get("section") != pages.LARGE for _, view in small)


def test_the_made_table_is_a_larger_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = 8000
    public = public_set.read()
    monkeypatch.setenv("XRAY_ARTIFACTS", str(pages.made(tmp_path, rows)))
    table = public_set.read()
    assert len(table) == rows and table["file"].is_unique
    assert not table[["sha256", "phash"]].duplicated().any()
    assert set(public["file"]) <= set(table["file"])
    people = public.loc[public["label"] == "PNEUMONIA", "person"].nunique()
    assert table.loc[table["label"] == "PNEUMONIA", "person"].nunique() > people, "of others"
    assert leakage.summary(table, leakage.identical(table))["groups"] > 30
    assert len(devices.load()) == rows
    cards = read_cards(roles=("recipe",))
    assert cards and not any(card.problem for card in cards)
    calls = read_predictions(cards[0].name)
    assert np.isin(calls.loc[calls["split"] == "test", "file"], table["file"]).mean() > 0.9


def test_further_copies_are_films_of_other_possible_patients() -> None:
    assert pages.renamed("train/NORMAL/IM-0115-0001.jpeg", 0) == "train/NORMAL/IM-0115-0001.jpeg"
    assert pages.renamed("NORMAL2-IM-0927-0001.jpeg", 3) == "NORMAL2-IM-90030927-0001.jpeg"
    assert pages.renamed("t/person1_virus_6.jpeg", 12) == "t/person90121_virus_6.jpeg"
    films = pd.DataFrame({"file": ["person1_virus_6.jpeg", "person12_virus_6.jpeg"], "n": [1, 2]})
    larger = pages.enlarged(films, 23, ("file",))
    assert len(larger) == 23 and larger["file"].is_unique
