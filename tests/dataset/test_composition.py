"""What a table of films is made of, counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from xray.classes import Classes
from xray.dataset import composition
from xray.dataset.composition import Split
from xray.metrics.bootstrap import wilson


def films(**columns: object) -> pd.DataFrame:
    """Ten films: six of train, four of test."""
    made = {
        "file": [f"{i}.png" for i in range(10)],
        "split": ["train"] * 6 + ["test"] * 4,
        "label": ["NORMAL", "NORMAL", *["PNEUMONIA"] * 4, "NORMAL", *["PNEUMONIA"] * 3],
        "subtype": ["", "", "bacteria", "bacteria", "virus", "virus", "", "virus", "virus", ""],
        "person": "",
        "error": "",
    }
    return pd.DataFrame(made | columns)


def test_splits_are_counted_in_their_order() -> None:
    train, test = composition.splits(films().iloc[::-1])
    assert train == Split("train", 6, {"NORMAL": 2, "PNEUMONIA": 4}, "PNEUMONIA")
    assert test == Split("test", 4, {"NORMAL": 1, "PNEUMONIA": 3}, "PNEUMONIA")
    assert (train.baseline, test.baseline) == (4 / 6, 3 / 4)
    assert test.baseline_interval == wilson(3, 4)
    assert (train.imbalance, test.imbalance) == (2, 3)
    assert (train.title, Split("", 1, {"a": 1}, "a").title) == ("train", "all films")
    assert composition.splits(films().head(0)) == []


def test_a_class_that_a_split_lacks_counts_none() -> None:
    table = films(split=["val"] * 2 + ["train"] * 8)
    train, val = composition.splits(table)
    assert (train.name, val.counts) == ("train", {"NORMAL": 2, "PNEUMONIA": 0})
    assert val.baseline == 1 and val.imbalance == math.inf


def test_small_splits_steer_nobody() -> None:
    val = Split("val", 20, {"NORMAL": 10, "PNEUMONIA": 10}, "NORMAL")
    assert val.small and val.one_film == 0.05
    low, high = wilson(18, 20)
    assert composition.warning(val) == (
        "The dataset's own validation holds 20 films: one error moves its accuracy by 5 points, "
        f"and a model that is right on 90 % of them may be anywhere from {100 * low:.0f} % to "
        f"{100 * high:.0f} %. Too small to choose a model by."
    )
    enough = Split("val", composition.SMALL, {"NORMAL": 50, "PNEUMONIA": 50}, "NORMAL")
    train = Split("train", 20, {"NORMAL": 10, "PNEUMONIA": 10}, "NORMAL")
    assert composition.warning(enough) == composition.warning(train) == ""


def test_groups_are_shares_of_their_split() -> None:
    rows = composition.groups(films())
    assert rows.to_numpy().tolist() == [
        ["train", "NORMAL", "", 2, 2 / 6],
        ["train", "PNEUMONIA", "bacteria", 2, 2 / 6],
        ["train", "PNEUMONIA", "virus", 2, 2 / 6],
        ["test", "NORMAL", "", 1, 1 / 4],
        ["test", "PNEUMONIA", "", 1, 1 / 4],
        ["test", "PNEUMONIA", "virus", 2, 2 / 4],
    ]


def test_groups_have_names_for_people() -> None:
    assert composition.group_title("NORMAL", "") == "NORMAL"
    assert composition.group_title("PNEUMONIA", "bacteria") == "PNEUMONIA, bacterial"
    assert composition.group_title("PNEUMONIA", "fungi") == "PNEUMONIA, fungi"


def test_sizes_of_all_films_and_of_each_class() -> None:
    table = pd.DataFrame(
        {
            "label": ["NORMAL", "NORMAL", "covid", "covid"],
            "width": [100.0, 300.0, 200.0, np.nan],
            "height": [100.0, 100.0, 400.0, 100.0],
        }
    )
    rows = composition.sizes(table).set_index("what")
    assert rows.index.tolist() == ["all films", "NORMAL", "covid"]
    assert rows["films"].tolist() == [3, 2, 1] and rows["unknown"].tolist() == [1, 0, 1]
    whole = rows.loc["all films"]
    assert (whole["width"], whole["width_median"]) == (200, 200)
    assert (whole["width_low"], whole["width_high"]) == (100, 300)
    # Mean of 1, 3 and 0.5; not the ratio of the means.
    assert whole["aspect"] == pytest.approx(1.5) and whole["aspect_median"] == 1
    nothing = composition.sizes(table.assign(width=np.nan)).set_index("what")
    assert nothing.loc["all films", "films"] == 0 and np.isnan(nothing.loc["covid", "width"])


def test_prevalence_by_split_class_and_subtype() -> None:
    shown = np.array([True, False, True, True, True, False, False, True, False, False])
    rows = composition.prevalence(films(), shown)
    told = rows[["split", "title", "films", "shown"]].to_numpy().tolist()
    assert told == [
        ["train", "NORMAL", 2, 1],
        ["train", "PNEUMONIA", 4, 3],
        ["train", "PNEUMONIA, bacterial", 2, 2],
        ["train", "PNEUMONIA, viral", 2, 1],
        ["test", "NORMAL", 1, 0],
        ["test", "PNEUMONIA", 3, 1],
        ["test", "PNEUMONIA, viral", 2, 1],
    ]
    assert rows["share"].tolist() == [0.5, 0.75, 1, 0.5, 0, 1 / 3, 0.5]
    assert (rows["low"][1], rows["high"][1]) == wilson(3, 4)


def test_kinds_of_devices_by_class() -> None:
    table = films(has_device=1.0, line=0.0, tube=0.0, electrode=0.0, support=0.0, other=0.0)
    table["line"] = [0.5, 0.4, 1.0, 0.6, *[0.0] * 6]
    table.loc[9, "has_device"] = np.nan
    rows = composition.kinds(table).set_index(["kind", "label"])
    assert rows.loc[("line", "NORMAL"), ["films", "shown"]].tolist() == [3, 1]
    # The film without labels is in neither count.
    assert rows.loc[("line", "PNEUMONIA"), ["films", "shown"]].tolist() == [6, 2]
    assert rows.loc[("tube", "PNEUMONIA"), "share"] == 0
    surer = composition.kinds(table, 0.9).set_index(["kind", "label"])
    assert surer.loc[("line", "NORMAL"), "shown"] == 0


def test_rankings_of_a_number() -> None:
    half = composition.FEWEST
    table = pd.DataFrame(
        {
            "file": [f"{i}" for i in range(2 * half + 4)],
            "split": ["test"] * 2 * half + ["val"] * 4,
            "label": ["NORMAL"] * half + ["PNEUMONIA"] * half + ["NORMAL", "PNEUMONIA"] * 2,
            "person": "",
        }
    )
    score = np.r_[np.zeros(half), np.ones(half), [0, 1, 0, 1]].astype(float)
    score[half] = 0
    (row,) = composition.rankings(table, score).to_dict("records")
    assert (row["split"], row["title"], row["films"]) == ("test", "test", 2 * half)
    # Nine tenths of the pairs are in order, one tenth is tied.
    assert row["auroc"] == pytest.approx(0.95)
    assert 0.5 < row["low"] < 0.95 < row["high"] <= 1
    (turned,) = composition.rankings(table, -score).to_dict("records")
    assert turned["auroc"] == pytest.approx(0.05)
    score[0] = np.nan
    few = composition.rankings(table, score)
    assert few.empty and few.columns.tolist() == list(row), "nine films of a class rank nothing"


def test_films_of_one_patient_widen_the_interval() -> None:
    """Forty films of four patients a class say less than those of forty patients."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "file": [f"{i}" for i in range(80)],
            "split": "",
            "label": ["NORMAL"] * 40 + ["PNEUMONIA"] * 40,
            "person": "",
        }
    )
    score = rng.normal(size=80) + np.repeat([0, 0, 1, 1, 1, 1, 2, 2], 10)
    alone = composition.rankings(table, score).loc[0]
    shared = composition.rankings(table.assign(person=np.repeat(list("abcdefgh"), 10)), score).loc[
        0
    ]
    assert alone["auroc"] == shared["auroc"]
    assert shared["high"] - shared["low"] > alone["high"] - alone["low"] > 0


def test_a_perfect_ranking_has_no_interval() -> None:
    table = pd.DataFrame(
        {
            "file": [f"{i}" for i in range(20)],
            "split": "train",
            "label": ["NORMAL"] * 10 + ["PNEUMONIA"] * 10,
            "person": "",
        }
    )
    row = composition.rankings(table, np.arange(20.0)).loc[0]
    assert row["auroc"] == 1 and np.isnan([row["low"], row["high"]]).all()


def test_oddities_are_told() -> None:
    assert composition.oddities(films()) == ()
    broken = films(error=["torn", *[""] * 9])
    assert composition.oddities(broken) == (
        "1 of 10 films cannot be read and are left out of everything that needs pixels; the first "
        "is 0.png.",
    )
    (lacks,) = composition.oddities(films(split=["", "", *["test"] * 8]))
    assert lacks == "The unsplit films hold no PNEUMONIA."


def test_one_class_is_nothing_to_tell_apart() -> None:
    classes = Classes("healthy", "TB")
    (said,) = composition.oddities(films(label="healthy"), classes)
    assert said.startswith("Every film is healthy: with one class")
    assert said.endswith("the class mapping if TB was to be there.")
