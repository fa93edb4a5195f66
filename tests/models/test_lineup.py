"""Models brought onto the same films."""

from __future__ import annotations

import numpy as np
import pandas as pd

from xray.models import lineup
from xray.models.card import Card


def table(names, split="test", offset=0.0, label="PNEUMONIA"):
    return pd.DataFrame(
        {
            "file": [f"{split}/{label}/person{i}_virus_1.jpeg" for i in names],
            "split": split,
            "label": label,
            "log_odds": [float(i) + offset for i in names],
        }
    )


def card(name, threshold=0.5):
    return Card(name, title=name.title(), size=(8, 8), threshold=threshold)


def test_films_are_in_one_order_whatever_that_of_the_tables():
    one = lineup.line_up(
        [(card("a"), table([3, 1, 2])), (card("b", 0.7), table([2, 3, 1], offset=0.5))]
    )
    a, b = one.entrants
    assert (b.log_odds - a.log_odds == 0.5).all()
    assert one.y.all()
    assert one.files[0].endswith("person1_virus_1.jpeg")
    assert one.thresholds()["b"] == np.log(0.7 / (1 - 0.7))
    assert one.thresholds(0.25) == {"a": 0.25, "b": 0.25}
    assert one.notes == ()


def test_films_that_not_all_were_given_are_left_out_and_it_is_said():
    one = lineup.line_up([(card("a"), table(range(10))), (card("b"), table(range(2, 12)))])
    assert len(one.files) == 8
    assert "8 test films" in one.notes[0]


def test_a_model_judged_on_other_films_does_not_shrink_the_comparison():
    models = [
        (card("a"), table(range(10))),
        (card("odd"), table(range(9, 19))),
        (card("none"), table(range(3), split="val")),
        (card("b"), table(range(10))),
    ]
    one = lineup.line_up(models)
    assert [each.name for each in one.entrants] == ["a", "b"]
    assert len(one.files) == 10
    assert len(one.notes) == 2


def test_validation_comes_along_where_it_holds_both_classes():
    both = pd.concat([table(range(4)), table([1, 2], "val"), table([5], "val", label="NORMAL")])
    one = lineup.line_up([(card("a"), both), (card("b"), table(range(4)))])
    y, log_odds = one.entrants[0].validation
    assert y.tolist() == [True, True, False]
    assert log_odds.tolist() == [1.0, 2.0, 5.0]
    assert one.entrants[1].validation is None


def test_no_models_are_an_empty_line_up():
    assert lineup.line_up([]).entrants == ()
