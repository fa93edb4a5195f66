"""Titles and the first page's sentences, read against made-up worlds."""

from __future__ import annotations

import re

import pytest

from tests.helpers import shelf
from xray.audits import stored
from xray.audits.showcase import Example
from xray.models.card import Card
from xray.reports import headlines
from xray.training import recipes

CARDS = [Card(name, title=f"Model {name}") for name in shelf.GOOD]
TITLES = {
    "all clean": "Devices change fewer than 3 of 100 calls of all 3 models",
    "one reader": "1 of 3 models reads devices: a support makes Model basic call 9 more of 100 "
    "healthy people sick",
    "nothing judged": "None of 3 models can be judged",
}
#: What hiding the lungs leaves, by world.
HIDDEN = (
    "With the lungs hidden Model basic still tells sick from healthy: AUROC 0.88 (0.80 to 0.95)"
)


@pytest.mark.parametrize("world", shelf.WORLDS)
def test_every_title_of_a_world_is_computed_and_short(world: str) -> None:
    audits = shelf.world(world)
    said = headlines.title(CARDS, audits)
    models = [(card.name, card.title, audits[card.name]) for card in CARDS]
    assert said == TITLES[world]
    judged = world != "nothing judged"
    assert headlines.hidden(models) == (
        HIDDEN if judged else "Whether models need the lungs is not measured yet"
    )
    for sentence in (said, headlines.hidden(models)):
        assert len(sentence.split()) <= 24
        assert not re.search("log-odds|sham|standard dev|control", sentence)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            9.1,
            0.4,
            "A support makes Whole call 9 more of 100 healthy people sick (5 to 13). The "
            "remedy, to crop films to the lungs, leaves under 1 more (-1 to 1).",
        ),
        (
            9.1,
            7.0,
            "A support makes Whole call 9 more of 100 healthy people sick (5 to 13). The "
            "remedy, to crop films to the lungs, leaves 7 more (6 to 8).",
        ),
        (0.2, 0.4, ""),
    ],
)
def test_what_was_done_about_it_is_told_as_it_is(before: float, after: float, said: str) -> None:
    cards = [Card("whole_film", title="Whole"), Card("basic", title="Lungs")]
    audits = {
        "whole_film": shelf.audit("whole_film", {"support": (before, 4.0 if before > 1 else 1.0)}),
        "basic": shelf.audit("basic", {"support": (after, 1.0)}),
    }
    assert headlines.remedy(cards, audits) == said
    assert headlines.remedy(cards, {}) == ""
    assert {*stored.LUNGS_ALONE, *stored.LUNGS_ALONE.values()} <= set(recipes.RECIPES)


@pytest.mark.parametrize(
    ("whole", "alone", "said"),
    [
        (
            (9.1, 0.2),
            (0.4, 0.4),
            "Shown whole films, 1 of 2 models reads devices; cropped to the lungs, "
            "none is found to",
        ),
        (
            (9.1, 9.1),
            (0.4, 7.0),
            "Shown whole films, 2 of 2 models read devices; cropped to the lungs, 1",
        ),
        (
            (9.1, 0.2),
            (0.4, 2.5),
            "Shown whole films, 1 of 2 models reads devices; cropped to the lungs, "
            "none is found to (for 1, more films must tell)",
        ),
        ((0.2, 0.2), (0.4, 0.4), "Devices change fewer than 3 of 100 calls of both models"),
    ],
)
def test_the_answer_tells_before_and_now(
    whole: tuple[float, float], alone: tuple[float, float], said: str
) -> None:
    names = ("whole_film", "whole_film_transfer", "basic", "transfer")
    told = [Card(name, title=name) for name in names]
    audits = {
        name: shelf.audit(name, {"support": (change, 1.0)})
        for name, change in zip(names, (*whole, *alone), strict=True)
    }
    assert headlines.answer(told[2:], told, audits) == said
    # Of any other models the answer is of all rows of the table: theirs, and what was mended.
    rows = [card for card in told if card.name in ("basic", "whole_film" * (whole[0] > 3))]
    assert headlines.answer(told[2:3], told, audits) == headlines.title(rows, audits)
    assert headlines.answer(told[2:], told[2:], audits) == headlines.title(told[2:], audits)


def test_hidden_lungs_that_leave_nothing_are_said_so() -> None:
    audit = shelf.world("all clean")["basic"] | {
        "strata": [
            {"stratum": "lungs hidden", "metric": "auroc", "value": 0.55, "low": 0.5, "high": 0.6}
        ]
    }
    assert headlines.hidden([("m", "M", audit)]) == (
        "With the lungs hidden no model does much better than chance: at most AUROC 0.55 "
        "(0.50 to 0.60)"
    )
    assert headlines.hidden([("m", "M", {})]) == "Whether models need the lungs is not measured yet"


def test_the_picture_is_told_with_how_it_was_chosen() -> None:
    shown = Example("m", "support", 180, 27, 1, 2, 0.0, 2.0, -1.0)
    assert headlines.picture(shown, "Whole") == (
        "A support (sandbag, hand) changes the call of Whole"
    )
    said = headlines.example(shown, 0.8)
    assert "calls sick from 80 % on" in said and ": 27 %. Of 180 such films 27 change" in said


def test_what_is_open_is_named_beside_what_is_clear() -> None:
    audits = {
        "basic": shelf.audit("basic", {"line": (0.1, 1.0), "support": (2.0, 2.0)}),
        "augmented": shelf.audit("augmented", {"line": (0.1, 1.0)}),
    }
    assert headlines.title(CARDS[:2], audits) == (
        "Devices change fewer than 3 of 100 calls of 1 of 2 models; for Model basic "
        "more films must tell about supports"
    )


@pytest.mark.parametrize(
    ("kinds", "title"),
    [
        (
            ({"line": (9.0, 1.0)}, {"line": (8.0, 1.0)}),
            "2 of 2 models read devices: a wire makes Model basic call 9 more of 100 healthy "
            "people sick",
        ),
        (
            ({"line": (2.0, 2.0)}, {}),
            "More films must tell whether devices change the calls of 1 of 2 models",
        ),
        (
            ({"line": (1.0, 1.0)}, {}),
            "Devices change nothing that matters in 1 of 2 models; 1 cannot be judged",
        ),
        (
            ({"line": (1.0, 1.0)}, {"line": (1.0, 1.0)}),
            "Devices change fewer than 3 of 100 calls of both models",
        ),
    ],
)
def test_titles_of_two_models(
    kinds: tuple[dict[str, tuple[float, float]], ...], title: str
) -> None:
    audits = {
        card.name: shelf.audit(card.name, found)
        for card, found in zip(CARDS[:2], kinds, strict=True)
    }
    assert headlines.title(CARDS[:2], audits) == title


def test_titles_of_one_model_and_of_none() -> None:
    reader = {"basic": shelf.world("one reader")["basic"]}
    assert headlines.title(CARDS, reader) == (
        "Model basic reads devices: a support makes it call 9 more of 100 healthy people sick"
    )
    unknown = {"basic": shelf.audit("basic", {})}
    assert headlines.title(CARDS, unknown) == "This model cannot be judged"
    assert headlines.title(CARDS, {}) == "Do these models read lungs, or the devices on the chest?"


def test_the_widest_margin_of_those_it_speaks_of_stands_in_the_title() -> None:
    cards = [Card(name, title=name) for name in ("a", "b")]
    audits = {name: shelf.audit(name, {"support": (0.2, 0.5)}) for name in ("a", "b")}
    audits["b"]["margin"] = {"calls": 10.0, "auroc": 0.02}
    assert "fewer than 10 of 100" in headlines.title(cards, audits)
    audits["a"] = shelf.audit("a", {"support": (2.5, 1.0)})
    assert "fewer than 10 of 100 calls of 1 of 2" in headlines.title(cards, audits)
