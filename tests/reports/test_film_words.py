"""Sentences on one film: what blue means, where weight lies, and where devices come from."""

from __future__ import annotations

from xray.audits.lime_weights import Shares
from xray.audits.reading import Reading
from xray.models.card import Card
from xray.reports import film_words


class Why:
    """Only what a reading asks of an explanation."""

    def __init__(self, log_odds: float) -> None:
        self.log_odds = log_odds


def reading(log_odds: float, rendered: bool = True) -> Reading:
    why: object = Why(log_odds)
    return Reading("m", 0.0, why, (1.0, 2.0, -1.0), (0.5, -0.2, -0.1), rendered)  # type: ignore[arg-type]


def test_blue_is_told_by_the_call() -> None:
    assert "surer of its call" in film_words.blue(reading(1.0))
    assert "as the model's call does" in film_words.blue(reading(-1.0))


def test_where_devices_come_from_is_told() -> None:
    assert "rendered from facts" in film_words.devices_laid(reading(1.0), "tube")
    real = film_words.devices_laid(reading(1.0, rendered=False), "support")
    assert real.startswith("3 supports of other people, cut out of their films")


def test_shares_are_told_beside_what_says_nothing() -> None:
    lungs, devices = film_words.weight_shares(Shares(0.42, 0.3, 0.2, 0.05, True))
    assert "42 % of the weight" in lungs and "30 % of the film" in lungs
    assert "a guess" in lungs
    assert "20 %" in devices and "5 %" in devices
    (alone,) = film_words.weight_shares(Shares(0.42, 0.3, None, None, False))
    assert "guess" not in alone
    assert film_words.weight_shares(None) == []


def test_warnings_are_those_of_the_card() -> None:
    assert film_words.warnings(Card("m")) == []
    assert film_words.warnings(Card("m", warning="Odd.")) == ["Odd."]


def test_limes_word_on_planted_devices_has_its_interval() -> None:
    found = {
        "films": 12,
        "device": 0.21,
        "null": 0.06,
        "difference": 0.15,
        "difference_low": 0.09,
        "difference_high": 0.21,
    }
    said = film_words.lime_of_planted(found, "support")
    assert "21 % of its weight on supports and 6 %" in said
    assert "in 12 films. The difference is +15 points (9 to 21)." in said
