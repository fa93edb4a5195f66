"""All sentences that state a result, read together against the made-up worlds.

Those of the Overview, Devices, Other shortcuts, Explain, the report and the cards of models: each
follows the world, none is long, none speaks the experts' language.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.helpers import shelf
from xray.audits import findings
from xray.audits.lime_weights import Shares
from xray.audits.reading import Reading
from xray.figures import audits as figures
from xray.figures import base, overview, readings
from xray.models.card import Card
from xray.reports import film_words, first_page, headlines, model_card, sentences

CARDS = [Card(name, title=f"Model {name}") for name in shelf.GOOD]
EXPERTS = re.compile("log-odds|sham|standard dev|clean control|bootstrap|TOST", re.IGNORECASE)


def rich(name: str, value: dict[str, Any]) -> dict[str, Any]:
    """An audit with all that it may hold beside devices: other suspects, LIME, children twice."""
    size = 38.0 if value["verdict"] == "reads_devices" else 0.4
    suspect = {
        "test": "aspect",
        "kind": "aspect",
        "label": "NORMAL",
        "calls": size,
        "calls_low": size - 1,
        "calls_high": size + 1,
    }
    return value | {
        "effects": [*value["effects"], suspect],
        "lungs": {
            "weight_share": 0.31,
            "weight_share_low": 0.3,
            "weight_share_high": 0.33,
            "area_share": 0.37,
        },
        "witness": {
            "children": 27,
            "called_without": 90,
            "called_with": 95,
            "calls_low": -4,
            "calls_high": 11,
            "agreement": "For 4 of 4 kinds its interval meets it.",
        },
        "sanity": [{"measure": "deletion_passed", "mean": 0.9, "low": 0.8, "high": 1, "n": 12}],
        "reasons": [*value["reasons"], f"What decided about {name}."],
    }


def told(world: str) -> dict[str, str]:
    """Every sentence of a world, by where it stands."""
    audits = {name: rich(name, value) for name, value in shelf.world(world).items()}
    shown = [(card.name, card.title, audits[card.name]) for card in CARDS]
    judged = [entry for entry in shown if findings.judged(entry[2])]
    page = first_page.build(CARDS, audits, {})
    said = {
        "title": headlines.title(CARDS, audits),
        "report": page["title"],
        "hidden": headlines.hidden(shown),
        "record": sentences.record(shelf.quality()),
        "quality": figures.quality_says(shelf.quality()),
        **{f"to do {names}": advice for names, advice in page["advice"]},
    }
    if judged:
        said["effects"] = base.title(overview.calls(judged))
        said["lungs hidden"] = base.title(figures.strata(judged, "auroc", figures.HIDDEN))
        said["suspects"] = base.title(figures.suspects(judged))
    for card in CARDS:
        audit = audits[card.name]
        said |= {
            f"{card.name} chip": sentences.chip(audit)[1],
            f"{card.name} why": sentences.why(audit),
            f"{card.name} finding": sentences.finding(audit),
            f"{card.name} advice": sentences.advice(audit),
            f"{card.name} suspects": sentences.suspects(audit),
            f"{card.name} witness": sentences.witness(audit),
            f"{card.name} lungs": sentences.lungs(audit),
            f"{card.name} sanity": sentences.sanity_overall(audit),
            f"{card.name} notes": " ".join(sentences.notes(audit)),
        }
        if findings.judged(audit):
            said[f"{card.name} calls"] = base.title(figures.calls(audit, card.title))
            said[f"{card.name} auroc"] = base.title(figures.auroc(audit, card.title))
    return said


#: World -> where -> what stands there.
SAID: dict[str, dict[str, str | None]] = {
    "all clean": {
        "title": "Devices change fewer than 3 of 100 calls of all 3 models",
        "hidden": "With the lungs hidden Model basic still tells sick from healthy: AUROC 0.88 "
        "(0.80 to 0.95)",
        "suspects": "Of all else the aspect of the film changes most, but not clearly. Model "
        "basic: +0.4 of 100 healthy people called sick (-0.6 to 1.4)",
        "basic suspects": "Nothing else that was tried changes more than 3 of 100 calls.",
        "effects": "Supports change most: +1 of 100 healthy people called sick, with Model "
        "basic; inside the band: too little to matter",
        "transfer calls": "Model transfer: supports change most, +0.6 of 100 healthy people "
        "called sick",
        "basic notes": "A sentence on basic.",
        "to do Model basic": None,
    },
    "one reader": {
        "title": "1 of 3 models reads devices: a support makes Model basic call 9 more of 100 "
        "healthy people sick",
        "to do Model basic": "Do not rely on calls of people with supports.",
        "to do Model augmented": "Audit on more films before relying on calls of people with "
        "devices.",
        "to do Model transfer": None,
        "basic suspects": "More than any device, the aspect of the film moves it. Made as in the "
        "other class, 38 more of 100 healthy people are called sick (37 to 39).",
        "augmented notes": "A sentence on augmented. What decided about augmented.",
        "basic calls": "Model basic: supports change most, +9.1 of 100 healthy people called sick",
        "effects": "Supports change most: +9 of 100 healthy people called sick, with Model "
        "basic; inside the band: too little to matter",
    },
    "nothing judged": {
        "title": "None of 3 models can be judged",
        "hidden": "Whether models need the lungs is not measured yet",
        "to do Model basic, Model augmented and Model transfer": "Check classes, scale and "
        "threshold, and audit again.",
        "effects": None,
        "basic calls": None,
    },
}


@pytest.mark.parametrize("world", shelf.WORLDS)
def test_what_is_said_follows_the_world(world: str) -> None:
    said = told(world)
    assert {where: said.get(where) for where in SAID[world]} == SAID[world]


@pytest.mark.parametrize("world", shelf.WORLDS)
def test_no_sentence_is_long_or_for_experts(world: str) -> None:
    for where, text in told(world).items():
        for sentence in re.split(r"(?<=[.?!]) ", text):
            assert len(sentence.split()) <= 20, (where, sentence)
            assert not EXPERTS.search(sentence), (where, sentence)


@pytest.mark.parametrize("world", shelf.WORLDS)
def test_a_models_card_tells_what_the_page_does(world: str) -> None:
    for name, audit in shelf.world(world).items():
        text = model_card.markdown(Card(name, title=name), None, [], audit).replace("\\", "")
        assert sentences.finding(audit) in " ".join(text.split())


class _Why:
    """Only what a reading asks of an explanation."""

    def __init__(self, log_odds: float) -> None:
        self.log_odds = log_odds


@pytest.mark.parametrize(
    ("log_odds", "device", "title", "blue"),
    [
        (
            2.0,
            (-1.0, 3.0),
            "1 of 1 calls it pneumonia; a tube changes 1 of 2 calls, its match 0",
            "without it the model would be surer",
        ),
        (
            -2.0,
            (1.0, 3.0),
            "None of 1 calls it pneumonia; a tube changes 2 of 2 calls, its match 2",
            "as the model's call does",
        ),
    ],
)
def test_what_is_said_of_a_film_follows_its_readings(
    log_odds: float, device: tuple[float, ...], title: str, blue: str
) -> None:
    why: Any = _Why(log_odds)
    read = Reading("m", 0.0, why, device, (1.0, 1.0), second_lungs=0.4)
    assert base.title(readings.calls([read], {"m": "M"}, "tube")) == title
    shares = film_words.weight_shares(Shares(0.42, 0.3, 0.2, 0.05, False))
    said = [
        film_words.blue(read),
        film_words.devices_laid(read, "tube"),
        *shares,
        film_words.second_opinion(read),
    ]
    assert blue in said[0] and "42 % of the weight" in said[2] and "lays 40 %" in said[4]
    for sentence in re.split(r"(?<=[.?!]) ", " ".join(said)):
        assert len(sentence.split()) <= 20, sentence
