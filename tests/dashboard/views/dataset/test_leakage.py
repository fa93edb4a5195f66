"""Sentences about patients on both sides of a split."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from tests.dashboard.conftest import Opener
from tests.dataset.test_leakage import table_of
from tests.helpers.visits import sections, words
from xray.dashboard import dataset_page
from xray.dashboard.views.dataset import leakage as dashboard_leakage
from xray.dataset import leakage, public_set


def test_numbers_of_the_public_set_go_by_subtype() -> None:
    public = public_set.read()
    use = leakage.number_use(public)
    assert (use["shared"], use["numbers"]) == (170, 202)
    assert (use["shared_by_subtype"], use["by_subtype"]) == (0, 203)
    assert 0 < use["several_subtypes"] < use["other_numbers"]
    train = public[public["split"].eq("train") & public["subtype"].ne("")]
    assert use["other_numbers"] == train["person"].nunique()
    kinds = [set(train.loc[train["subtype"] == kind, "person"]) for kind in ("bacteria", "virus")]
    assert use["several_subtypes"] == len(kinds[0] & kinds[1])
    said = dashboard_leakage.numbers_say(public)
    assert "Of 202 numbers in test, 170 are in train too" in said
    assert "it is 0 of 203" in said
    assert "no proof either way" in said


def test_numbers_shared_within_a_subtype_are_said_otherwise() -> None:
    table = table_of(
        file=["a", "b", "c"],
        person=["person-1", "person-1", "person-2"],
        subtype=["virus", "virus", "bacteria"],
        split=["train", "test", "test"],
    )
    assert leakage.number_use(table) == {
        "numbers": 2,
        "shared": 1,
        "by_subtype": 2,
        "shared_by_subtype": 1,
        "other_numbers": 1,
        "several_subtypes": 0,
    }
    assert "Those 1 may be patients on both sides" in dashboard_leakage.numbers_say(table)
    assert dashboard_leakage.numbers_say(table[table["split"] == "test"]) == ""


def test_known_patients_are_said_where_none_is_of_the_test_films() -> None:
    people = [*(f"P{at}" for at in range(71)), "", ""]
    splits = ["train"] * 71 + ["train", "test"]
    table = table_of(file=[*map(str, range(73))], person=people, split=splits)
    shown = cast(dataset_page.Films, SimpleNamespace(table=table.assign(label="PNEUMONIA")))
    said = dashboard_leakage.say(shown)
    assert said == "71 possible patients are known, none of them of the test films"
    shown.table["person"] = ""
    assert dashboard_leakage.say(shown) == "No possible patient is known, so none is shared"


def test_leakage_counts_numbers_with_and_without_the_subtype(visit: Opener) -> None:
    app = visit("dataset", section="Duplicates and leakage")
    assert app.title[0].value.startswith("170 of 202 possible patients of test pneumonia")
    text = words(app)
    assert "With the subtype as part of the identity it is 0 of 203" in text
    assert "457 in train, 320 in test" in text


def test_identical_films_side_by_side(visit: Opener) -> None:
    app = visit("dataset", section="Duplicates and leakage", view="Byte-identical films", page="2")
    assert "30 groups of byte-identical films, 62 films in all; 0 across splits" in words(app)
    groups = sections(app, "groups")
    assert list(groups) == [f"Group {i}" for i in range(7, 13)]
    assert all(len(films) >= 2 for films in groups.values())
    near = visit("dataset", section="Duplicates and leakage", view="Near-identical films")
    assert "found by their pixels, which are not here" in words(near)
