"""A model is tried on labelled films: wrong options are found, right ones left alone."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from xray import models
from xray.errors import DatasetError
from xray.models import networks, objects, plausibility
from xray.models.card import Card
from xray.models.formats.runtimes import Runtime
from xray.models.inputs import Input
from xray.models.model import Model
from xray.models.outputs import Output

SIDE = 12


class Brightness(Runtime):
    """Calls bright films sick, on numbers of a known scale, as ``rule`` of their mean."""

    def __init__(self, rule: Callable[[np.ndarray], np.ndarray]) -> None:
        super().__init__(Input((SIDE, SIDE), 1), (Output("sick", 1, "sigmoid"),), 1)
        self.rule = rule

    def _call(self, x: np.ndarray, output: int) -> np.ndarray:
        return self.rule(x.mean(axis=(1, 2, 3), dtype=np.float64))[:, None]


def _curve(centre: float, width: float) -> Callable[[np.ndarray], np.ndarray]:
    """A probability that rises around ``centre``."""
    return lambda mean: 0.5 * (1 + np.tanh((mean - centre) / width))


def _films(n: int = 80, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Dark healthy and bright sick films, a little mixed."""
    rng = np.random.default_rng(seed)
    sick = np.arange(n) % 2 == 1
    mean = np.where(sick, 0.58, 0.42) + rng.normal(0, 0.06, n)
    noise = rng.normal(0, 0.05, (n, SIDE, SIDE))
    return np.clip(mean[:, None, None] + noise, 0, 1).astype(np.float32), sick


def _model(
    rule: Callable[[np.ndarray], np.ndarray], scale: str = "unit", **options: object
) -> Model:
    given = {"scale": scale, **options}
    network = Brightness(rule)
    card = networks.complete(Card("bright", **given), network, given)
    return Model(card, network)


def test_right_options_are_left_alone() -> None:
    found = models.check(_model(_curve(0.5, 0.1)), *_films())
    assert found.plausible and not found.refused
    assert (found.problem, found.option) == ("", "")
    assert found.best is found.given
    assert 0.85 < found.given.low < found.given.auroc < found.given.high <= 1


def test_classes_the_wrong_way_round_are_upside_down() -> None:
    films, sick = _films()
    found = models.check(_model(_curve(0.5, 0.1)), films, ~sick)
    assert not found.plausible and found.refused
    assert found.option == "--positive-index 0"
    assert found.best.auroc == pytest.approx(1 - found.given.auroc)
    assert "classes are probably declared otherwise" in found.problem
    mended = _model(_curve(0.5, 0.1), positive_index=(0,))
    again = models.check(mended, films, ~sick)
    assert again.plausible and not again.problem


def test_an_object_of_python_is_checked_as_well() -> None:
    class Calls:
        def predict(self, films: np.ndarray) -> np.ndarray:
            return films.mean(axis=(1, 2))

    films, sick = _films()
    assert models.check(objects.wrap(Calls(), size=(SIDE, SIDE)), films, sick).plausible
    found = models.check(objects.wrap(Calls(), size=(SIDE, SIDE)), films, ~sick)
    assert found.option == "--positive-index 0"
    assert len(found.trials) == 2


def test_a_wrong_scale_is_found_and_mended() -> None:
    rule = _curve(127.5, 25.5)
    found = models.check(_model(rule), *_films())
    assert found.option == "--scale byte"
    assert found.given.called == 0
    assert "scaled otherwise" in found.problem
    assert not models.check(_model(rule, "byte"), *_films()).problem


def test_a_network_that_knows_nothing_is_refused_without_a_remedy() -> None:
    found = models.check(_model(lambda mean: 0.5 + 0 * mean), *_films())
    assert found.refused
    assert found.option == ""
    assert "no better than chance" in found.problem


def test_a_few_films_that_are_ranked_well_are_said_to_be_few() -> None:
    films, sick = _films()
    few = np.concatenate([np.flatnonzero(sick)[:1], np.flatnonzero(~sick)[:2]])
    found = models.check(_model(_curve(0.5, 0.1)), films[few], sick[few])
    assert found.refused and found.given.auroc == 1.0
    assert "So few films do not tell" in found.problem and "(AUROC 1.000" in found.problem
    assert "chance by these options" not in found.problem


def test_synthetic_films_tell_but_do_not_refuse() -> None:
    films, sick = _films()
    found = models.check(_model(_curve(0.5, 0.1)), films, ~sick, real=False)
    assert found.problem and not found.refused
    assert "not checked on real films" in str(found)


def test_the_table_shows_what_was_given_first() -> None:
    films, sick = _films()
    found = models.check(_model(_curve(0.5, 0.1)), films, ~sick)
    table = found.table()
    assert table["options"].tolist()[:2] == ["as given", "--positive-index 0"]
    assert table["auroc"].between(0, 1).all()
    assert "as given" in str(found)


def test_films_of_one_class_cannot_tell() -> None:
    films, _ = _films()
    with pytest.raises(DatasetError, match="both classes"):
        models.check(_model(_curve(0.5, 0.1)), films, np.ones(len(films), bool))


def test_ways_of_resizing_are_counted_in_calls() -> None:
    films, _ = _films()
    model = _model(_curve(0.5, 0.1))
    ways = [("squash", films), ("nearest", films), ("area", np.zeros_like(films))]
    table = plausibility.resizes(model, ways).set_index("resize")["changed"]
    assert table["nearest"] == 0
    assert table["area"] == np.mean(model.log_odds(films) >= 0)


def test_the_best_of_many_on_few_films_is_no_proof() -> None:
    """By chance one of many others is a little better: nothing is named for it."""
    rng = np.random.default_rng(0)
    sick = np.arange(24) % 2 == 1
    named = 0
    for _ in range(40):
        odds = [rng.normal(size=24) * 2 + 2.5 * (2 * sick - 1) for _ in range(12)]
        found = [
            (
                plausibility._trial(f"s{i}", "", (0,), each, sick, 0.0),
                plausibility._losses(each, sick),
            )
            for i, each in enumerate(odds)
        ]
        model: Any = SimpleNamespace(card=Card("a"))
        named += plausibility._judged(model, found[0], found, sick, True).option != ""
    assert named <= 2
