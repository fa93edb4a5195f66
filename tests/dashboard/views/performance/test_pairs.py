"""Two models on the same films."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.visits import alone, words

PAIR = "Pairwise comparison"


def test_one_model_alone_is_no_pair(artifacts: Path) -> None:
    app = alone("performance", PAIR)
    app.multiselect(key="models").set_value(["Basic"]).run()
    assert not app.exception
    assert "at least two models" in words(app)


def test_a_pair_without_second_trainings_is_said_to_be_unknown(artifacts: Path) -> None:
    told = words(alone("performance", PAIR))
    assert "Ranking, other films." in told and "Calls, another training." in told
    assert told.count("holds no second training of Basic and of Transfer") == 2


def test_the_films_behind_a_cell_are_listed(artifacts: Path) -> None:
    app = alone("performance", PAIR)
    cell = next(each for each in app.segmented_control if each.label == "Films of")
    assert cell.value == "only basic"
    assert "furthest apart first" in words(app)
