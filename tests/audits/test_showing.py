"""Pictures are shown once to every model, each at its own size, and answers find their place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.fakes import Fake
from xray.audits import insertion, showing
from xray.audits.insertion import Material, Plan, Relief
from xray.drawing import laying
from xray.films.pixels import Pixels, as_float
from xray.films.resize import resize
from xray.models.card import Card


def mean(film: Pixels) -> float:
    return float(film.mean())


@pytest.fixture(scope="module")
def little(material: Material) -> Material:
    """The first films of the material, a few of its trials and all that it takes away."""
    plan, relief = material.plans["line"], material.reliefs["line"]
    some = np.flatnonzero(plan.film < 3)
    return replace(
        material,
        plans={
            "line": Plan(
                plan.film[some],
                plan.layer[some],
                plan.null[some],
                tuple(plan.places[i] for i in some),
            )
        },
        reliefs={"line": Relief(relief.film[:2], relief.masks[:2], relief.elsewhere[:2])},
    )


@pytest.fixture(scope="module")
def trials(little: Material) -> list[showing.Trials]:
    """What two models of different sizes say."""
    cards = [Card("own", size=(96, 96)), Card("small", size=(32, 48))]
    return showing.ask([Fake(mean, card) for card in cards], little)


def test_films_as_they_are_stand_in_their_order(
    little: Material, trials: list[showing.Trials]
) -> None:
    own, small = trials
    films = as_float(little.films)
    assert own.plain == pytest.approx([mean(film) for film in films], abs=1e-6)
    assert small.plain == pytest.approx([mean(resize(f, (32, 48))) for f in films], abs=1e-6)


def test_each_trial_is_the_film_with_its_device_and_with_its_null(
    little: Material, trials: list[showing.Trials]
) -> None:
    plan, donors = little.plans["line"], little.donors["line"]
    (own, _) = trials
    assert len(own.device["line"]) == len(own.null["line"]) == len(plan.film) > 8
    for row in (0, len(plan.film) - 1):
        place, layer = plan.film[row], plan.layer[row]
        laid = laying.lay(
            as_float(little.films[place]),
            little.boxes[place],
            donors.layers[layer],
            donors.nulls[layer][plan.null[row]],
            plan.places[row],
        )
        assert own.device["line"][row] == pytest.approx(mean(laid.device), abs=1e-6)
        assert own.null["line"][row] == pytest.approx(mean(laid.null), abs=1e-6)


def test_the_first_trial_of_each_film_has_a_cloud(
    little: Material, trials: list[showing.Trials]
) -> None:
    plan = little.plans["line"]
    first = showing.first(plan)
    assert list(plan.film[first]) == sorted(set(plan.film.tolist()))
    cloud = trials[0].cloud["line"]
    assert list(np.flatnonzero(np.isfinite(cloud))) == list(first)
    (without,) = showing.ask([Fake(mean)], little, clouds=False)
    assert without.cloud == {}
    assert without.device["line"] == pytest.approx(trials[0].device["line"])


def test_devices_are_taken_away_where_they_are_and_beside(
    little: Material, trials: list[showing.Trials]
) -> None:
    relief = little.reliefs["line"]
    plain = trials[0].plain[relief.film]
    assert len(trials[0].relieved["line"]) == len(trials[0].sham["line"]) == 2
    # The wires are bright: without them a film is darker, and less so with a piece of lung gone.
    assert (trials[0].relieved["line"] < plain).all()
    assert (trials[0].relieved["line"] < trials[0].sham["line"]).all()
    assert set(trials[0].relieved) == set(insertion.THIN) & set(little.reliefs)


def test_how_many_are_drawn_at_once_changes_nothing(
    little: Material, trials: list[showing.Trials], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(showing, "CHUNK", 5)
    told: list[tuple[int, int]] = []
    (again,) = showing.ask([Fake(mean)], little, progress=lambda *each: told.append(each))
    for name in ("device", "null", "cloud", "relieved", "sham"):
        assert getattr(again, name)["line"] == pytest.approx(
            getattr(trials[0], name)["line"], nan_ok=True
        )
    plan = little.plans["line"]
    shown = len(little.films) + 2 * len(plan.film) + len(showing.first(plan)) + 2 * 2
    assert told[-1] == (shown, shown)


class Precise(Fake):
    """A model that answers with the arithmetic it was asked in."""

    def log_odds_prepared(
        self, grey: Pixels, precision: str = "float32", batch: int | None = None
    ) -> np.ndarray:
        return np.full(len(grey), float(precision.removeprefix("float")))


def test_each_model_is_asked_in_its_own_arithmetic(little: Material) -> None:
    bare = replace(little, plans={}, reliefs={})
    both = [Precise(mean), Precise(mean)]
    one, other = showing.ask(both, bare, precision=["float32", "float16"])
    assert (set(one.plain), set(other.plain)) == ({32.0}, {16.0})
    one, other = showing.ask(both, bare, precision="float16")
    assert set(one.plain) == set(other.plain) == {16.0}
