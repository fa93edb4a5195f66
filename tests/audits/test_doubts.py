"""A calm verdict of a stranger's model is taken back where other options would not give it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from xray.audits import doubts, judging, showing
from xray.audits.judging import Cut, Margin, Verdict
from xray.audits.showing import Trials
from xray.films.pixels import as_bytes
from xray.models import networks
from xray.models.card import NOBODY, Card, of_options
from xray.models.formats.runtimes import Runtime
from xray.models.inputs import Input
from xray.models.model import Model
from xray.models.outputs import Output

SIDE, EVERY = 12, np.ones(80, bool)
#: What a model said that calls every second film, and would at any threshold near its own.
TRIALS = Trials(np.where(np.arange(80) % 2 == 1, 5.0, -5.0))


class Rough(Runtime):
    """Calls rough films sick: how rough a film is depends on how it was brought to its size."""

    def __init__(self, steep: float, side: int | None = SIDE) -> None:
        super().__init__(Input((side, side), 1), (Output("sick", 1, "sigmoid"),), 1)
        self.steep = steep

    def _call(self, x: np.ndarray, output: int) -> np.ndarray:
        rough = np.abs(np.diff(x, axis=2)).mean(axis=(1, 2, 3), dtype=np.float64)
        return 1 / (1 + np.exp(-self.steep * (rough - 0.1)))[:, None]


def model(fit: str, steep: float = 15, side: int | None = SIDE, **fields: Any) -> Model:
    network, given = Rough(steep, side), {"scale": "unit", "fit": fit, "size": (SIDE, SIDE)}
    card = networks.complete(Card("rough", **given), network, given)
    return Model(replace(card, **fields), network)


@pytest.fixture(scope="module")
def materials() -> Any:
    """Smooth healthy films and rough sick ones, of twice the model's size."""
    rng = np.random.default_rng(0)
    sick = np.arange(80) % 2 == 1
    depth = np.where(sick, 0.16, 0.05) + rng.normal(0, 0.01, 80)
    films = as_bytes(np.clip(0.5 + rng.normal(0, 1, (80, 24, 24)) * depth[:, None, None], 0, 1))
    table = pd.DataFrame({"label": np.where(sick, "PNEUMONIA", "NORMAL")})
    return SimpleNamespace(films=films, material=SimpleNamespace(table=table), seed=0)


def verdict(word: Any = "no_reliance", *reasons: str) -> Verdict:
    return Verdict(word, "", 0.0, reasons, (0.9, 0.8, 1.0), 0.5, Cut(0.0, np.zeros(80)), Margin())


def settled(one: Model, given: Verdict, materials: Any) -> Verdict:
    return doubts.settled([one], [given], [TRIALS], materials, EVERY, ["float32"])[0]


def options(found: dict[doubts.Otherwise, float]) -> set[str]:
    return {way.option for way in found}


def test_ways_that_change_calls_stay_open_and_alike_ones_are_one(
    materials: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the mean of four pixels most rough films look smooth: fewer are called."""
    found, sure = doubts.open_ways(model("nearest"), materials, EVERY)
    assert not sure and any(each.startswith("--scale") for each in options(found))
    assert len(options(found) & {"--resize area", "--resize bilinear-plain"}) == 1
    assert min(found.values()) > 0.03
    monkeypatch.setattr(doubts, "CHANGED", 0.99)
    assert doubts.open_ways(model("nearest"), materials, EVERY) == ({}, False)


def test_a_way_that_is_surely_better_is_named(materials: Any) -> None:
    """Of a steep model that was given the wrong way."""
    found, sure = doubts.open_ways(model("area", 150), materials, EVERY)
    assert sure and len(found) == 1
    back = settled(model("area", 150), verdict(), materials)
    assert back.verdict == "inconclusive" and "much better" in back.reasons[0]
    # The right way leaves those open that are not surely worse.
    assert "--resize area" not in options(
        doubts.open_ways(model("nearest", 150), materials, EVERY)[0]
    )


def test_options_that_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes where a network takes any; units of a softmax that may be positive together."""
    film = np.zeros((1, 24, 24), np.float32)

    def said(one: Model) -> set[str]:
        return {way.option for way in doubts.ways(one, film)}

    assert {"--size 64x64", "--resize area", "--scale torch"} <= said(model("nearest", side=None))
    assert not any(option.startswith("--size") for option in said(model("nearest")))
    three = model("nearest", output="softmax", positive_index=(0,))
    monkeypatch.setattr(three, "raw", lambda x: np.full((len(x), 3), 1 / 3))
    assert {"--positive-index 0,2", "--positive-index 2"} <= said(three)


@pytest.mark.parametrize("other", ["no_reliance", "inconclusive", "reads_devices"])
def test_calm_is_what_every_open_way_calls_calm(
    materials: Any, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    monkeypatch.setattr(showing, "ask", lambda ways, *_, **__: [TRIALS for _ in ways])
    monkeypatch.setattr(judging, "judge", lambda *_: verdict(other, "With tubes it calls more."))
    found = settled(model("nearest"), verdict(), materials)
    if other == "no_reliance":
        assert found.verdict == "no_reliance" and not found.reasons
    else:
        assert found.verdict == "inconclusive" and "With tubes it calls more." in found.reasons[0]


def test_a_way_that_cannot_answer_is_none_to_doubt(
    materials: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = replace(TRIALS, problem="It gave outputs that are not numbers.")
    monkeypatch.setattr(showing, "ask", lambda ways, *_, **__: [failed for _ in ways])
    monkeypatch.setattr(judging, "judge", lambda *_: verdict("inconclusive", "It calls more."))
    assert settled(model("nearest"), verdict(), materials).verdict == "no_reliance"


def test_ways_of_several_models_are_asked_at_once_and_each_judged_for_its_own(
    materials: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[list[doubts.Otherwise], list[str]]] = []
    moved = replace(TRIALS, plain=TRIALS.plain + 1)

    def ask(ways: list[doubts.Otherwise], *_: Any, precision: list[str], **__: Any) -> list[Trials]:
        asked.append((ways, precision))
        return [moved if way.model is large else TRIALS for way in ways]

    monkeypatch.setattr(showing, "ask", ask)
    monkeypatch.setattr(
        judging,
        "judge",
        lambda _, trials, *__: verdict(*(("reads_devices", "Why.") if trials is moved else ())),
    )
    small, large = model("nearest"), model("nearest")
    large.card = replace(large.card, parameters=doubts.LARGE)
    found = doubts.settled(
        [small, large], [verdict()] * 2, [TRIALS] * 2, materials, EVERY, ["float32", "bfloat16"]
    )
    assert [each.verdict for each in found] == ["no_reliance", "inconclusive"]
    ((ways, precision),) = asked
    arithmetic = {id(small): "float32", id(large): "bfloat16"}
    assert precision == [arithmetic[id(way.model)] for way in ways]
    assert {id(way.model) for way in ways} == set(arithmetic)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        # Ranks films as well, and fits them much better.
        (lambda sick, noise: np.where(sick, 3.0, -3.0) + noise, "better"),
        # Fits them better, but ranks them surely worse: calls fewer, that is all.
        (lambda sick, noise: np.where(sick, 0.4, -0.4) + noise, "ruled out"),
        # Cannot be told from the given one by its ranks, and not much by its loss.
        (lambda sick, noise: np.where(sick, 3.0, -3.0) + 4.5 - noise, "open"),
        (lambda sick, noise: np.full(len(sick), np.nan), "ruled out"),
    ],
)
def test_who_learnt_by_a_way_ranks_films_by_it(
    materials: Any, monkeypatch: pytest.MonkeyPatch, other: Any, said: str
) -> None:
    """Of a model that ranks films well and calls too many of them."""

    def answers(odds: Any) -> Any:
        def told(films: Any) -> Any:
            rough = np.abs(np.diff(films, axis=2)).mean(axis=(1, 2))
            noise = np.random.default_rng(4).normal(0, 1, len(films))
            return odds(rough > 0.1, noise)

        one = model("nearest")
        one.prepare = lambda films: films  # type: ignore[method-assign]
        one.log_odds_prepared = told  # type: ignore[method-assign]
        return one

    given = answers(lambda sick, noise: np.where(sick, 3.0, -3.0) + 5.0 + noise)
    monkeypatch.setattr(doubts, "ways", lambda *_: [answers(other)])
    found, sure = doubts.open_ways(given, materials, EVERY)
    assert (sure, bool(found)) == {
        "better": (True, True),
        "open": (False, True),
        "ruled out": (False, False),
    }[said]


def test_large_models_are_counted_on_fewer_films(
    materials: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubts, "FEWER", 2)
    counted: list[int] = []
    one = model("nearest")
    plain = one.prepare
    monkeypatch.setattr(one, "prepare", lambda films: counted.append(len(films)) or plain(films))
    doubts.open_ways(one, materials, EVERY)
    assert counted[0] > 4
    counted.clear()
    one.card = replace(one.card, parameters=doubts.LARGE)
    doubts.open_ways(one, materials, EVERY)
    assert counted[0] == 4, "two of each class"


def test_only_calm_verdicts_of_strangers_are_doubted(
    materials: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubts, "open_ways", None)
    for one, word in ((model("nearest"), "reads_devices"), (model("nearest", role="panel"), "")):
        given = verdict(word or "no_reliance")
        assert settled(one, given, materials) is given


def test_the_best_threshold_is_tried_where_nobody_chose_one() -> None:
    material: Any = SimpleNamespace(
        table=pd.DataFrame({"label": np.where(TRIALS.plain > 0, "PNEUMONIA", "NORMAL")})
    )
    nobody = Card("a", threshold_from=NOBODY)
    assert doubts._threshold(TRIALS.plain, nobody, material, EVERY) is None
    # All are called at 0.5, and half of them rightly.
    high = TRIALS.plain + 6
    found = doubts._threshold(high, nobody, material, EVERY)
    assert found is not None and found[0] == 0.5 and 1 < found[1] <= 11
    assert doubts._threshold(high, Card("a"), material, EVERY) == found, "a file's default"
    for given in (of_options("a", threshold=0.5), of_options("a", threshold=0.6)):
        assert doubts._threshold(high, given, material, EVERY) is None, "a threshold that was given"


def test_a_calm_verdict_by_a_threshold_nobody_chose_is_taken_back(
    materials: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubts, "open_ways", lambda *_: ({}, False))
    monkeypatch.setattr(doubts, "_threshold", lambda *_: (0.25, 1.0))
    monkeypatch.setattr(judging, "judge", lambda *_: verdict("inconclusive", "With tubes more."))
    found = settled(model("nearest"), verdict(), materials)
    assert found.verdict == "inconclusive"
    assert found.reasons[0].startswith("At a threshold of 0.73 it calls 25 of 100 films otherwise")
