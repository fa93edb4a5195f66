"""Who is given whose device: never a child its own, and every child gives about as often."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.helpers import worn
from xray.audits import insertion
from xray.audits.insertion import Material
from xray.films import lungs
from xray.films.pixels import as_float


def test_no_film_is_given_its_own_childs_device_and_all_give_alike(material: Material) -> None:
    plan, donors = material.plans["line"], material.donors["line"]
    takers = material.table["child"].to_numpy()[plan.film]
    assert (donors.children[plan.layer] != takers).all()
    per_film = pd.Series(plan.film).groupby(plan.film).size()
    assert set(per_film) == {insertion.DRAWS}
    given = pd.Series(donors.children[plan.layer]).value_counts()
    assert given.max() - given.min() <= 3
    bare = np.isin(np.arange(len(material.table)), material.recipients)
    again = insertion._plan(donors, material.table, bare, 3)
    np.testing.assert_array_equal(again.layer, plan.layer)
    assert again.places == plan.places


def test_nulls_are_cut_from_bare_films_of_the_donors_class(material: Material) -> None:
    donors = material.donors["line"]
    assert len(donors.layers) == len(donors.nulls) == worn.CHILDREN
    assert all(len(nulls) == insertion.NULLS for nulls in donors.nulls)
    bare = material.table.iloc[material.recipients].set_index("file")["label"]
    used = {null.file for nulls in donors.nulls for null in nulls}
    assert set(bare[list(used)]) == {"PNEUMONIA"}


def test_devices_are_taken_away_from_the_sick_who_wear_them(material: Material) -> None:
    relief = material.reliefs["line"]
    assert set(material.reliefs) == {"line"}, "all that is worn is not taken away at once"
    assert set(relief.film.tolist()) == set(range(40, 40 + worn.CHILDREN))
    for mask, elsewhere in zip(relief.masks, relief.elsewhere, strict=True):
        assert mask.any() and elsewhere.any() and not (mask & elsewhere).any()


def test_further_layers_are_laid_on_as_far_as_their_kind_is_asked_for(material: Material) -> None:
    some = np.flatnonzero(np.arange(len(material.films)) < 10)
    table = material.table.iloc[some]
    further = material.donors["line"].layers[:3] + material.donors[insertion.AS_WORN].layers[:3]
    found = lungs.estimate_many([as_float(film) for film in material.films[some]])
    everyone = np.ones(len(some), bool)
    told: list[tuple[int, int]] = []
    made = insertion.prepare(
        table,
        material.films[some],
        {},
        everyone,
        everyone,
        kinds=("line",),
        found=found,
        further=further,
        refused={("tube", "too short"): 2},
        progress=lambda *each: told.append(each),
    )
    assert set(made.donors) == set(made.plans) == {"line"}
    assert made.reliefs == {} and made.refused == {("tube", "too short"): 2}
    assert told[-1] == (10, 10)
    given = pd.Series(made.plans["line"].film).value_counts()
    # No film gets more devices than there are children to give them.
    assert {int(given[i]) for i in some} == {3}


def test_what_layers_know_of_their_films_is_text() -> None:
    table = pd.DataFrame({"file": ["a"], "child": [7], "label": ["NORMAL"], "subtype": [None]})
    assert insertion.told(table) == [
        {"file": "a", "child": "7", "label": "NORMAL", "subtype": ""},
    ]
