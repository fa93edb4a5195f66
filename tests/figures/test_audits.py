"""Figures of audits: at most five rows, healthy and sick apart, titles that say what is drawn."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from tests.figures.test_composition import sound
from tests.helpers import shelf
from xray.audits import findings, stored
from xray.figures import audits
from xray.models.card import Card
from xray.reports import sentences

READER = shelf.world("one reader")["basic"]


def test_calls_of_either_class_stand_apart_in_five_rows() -> None:
    figure = audits.calls(READER, "Model basic")
    assert sound(figure) == (
        "Model basic: supports change most, +9.1 of 100 healthy people called sick"
    )
    names = {trace.name: trace for trace in figure.data}
    assert set(names) == {"healthy films", "sick films"}
    assert list(names["healthy films"].x) == [0.4, -0.3, 0.9, 0.1, 9.1]
    assert names["healthy films"].error_x.array[-1] == pytest.approx(4.0)
    assert len(figure.layout.yaxis.ticktext) == 5
    (band,) = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert (band.x0, band.x1) == (-3, 3)


def test_the_fall_of_auroc_has_its_own_band() -> None:
    figure = audits.auroc(READER, "Model basic")
    assert sound(figure) == "Model basic: AUROC falls most by supports, 0.009"
    (band,) = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert (band.x0, band.x1) == (-0.02, 0.02)


def test_nothing_measured_is_said() -> None:
    empty = shelf.audit("m", {})
    assert sound(audits.calls(empty, "M")) == "M: no calls were measured"
    assert sound(audits.auroc(empty, "M")) == "M: no fall of AUROC was measured"


def test_the_record_says_how_many_readers_are_found_and_of_which_kinds_it_cannot_know() -> None:
    table = shelf.quality()
    figure = audits.quality(table)
    assert sound(figure) == (
        "It finds 26 of 30 readings of devices (87 to 100 %). "
        "It accuses 0 of 30 clean answers (0 to 15 %)"
    )
    assert audits.quality_gaps(table) == ""
    few = table.assign(n=table["n"].where(table["kind"] != "tube", 3))
    assert audits.quality_gaps(few).endswith("tubes (3).")
    assert len(figure.data) == 3, "what is counted in networks"
    assert "is not known" in audits.quality_says(table.head(0))


def test_explanations_alone_stand_beside_the_audit_on_the_same_networks() -> None:
    columns = list(stored.METHODS)
    rows = [
        ("lime", "", None, 0.4, 0.2, 0.6, 20, 0.1, 0.03, 0.3, 40, 30),
        ("lime", "line", 0.2, 0.5, 0.2, 0.8, 10, 0.1, 0.03, 0.3, 20, 30),
        ("audit", "", None, 0.9, 0.7, 0.97, 20, 0.0, 0.0, 0.1, 40, 30),
        ("occlusion", "", None, None, None, None, 0, 0.1, 0.03, 0.3, 40, 30),
    ]
    figure = audits.methods(pd.DataFrame(rows, columns=columns))
    assert sound(figure) == (
        "Of 20 readings LIME alone finds 8, this audit 18; of 40 clean answers they accuse 4 and 0"
    )
    assert list(figure.layout.yaxis.ticktext) == ["LIME", "this audit"]
    assert [list(trace.x) for trace in figure.data] == [[40, 90], [10, 0]]
    nothing = audits.methods(pd.DataFrame(rows[:1], columns=columns))
    assert "not known" in sound(nothing)


def test_other_suspects_share_five_rows() -> None:
    def audit(**calls: float) -> dict[str, Any]:
        rows = [
            {
                "test": test,
                "kind": "",
                "label": label,
                "calls": value,
                "calls_low": value - 1,
                "calls_high": value + 1,
            }
            for test, value in calls.items()
            for label in ("NORMAL", "PNEUMONIA")
        ]
        return {"effects": rows}

    one = audit(marker=1.0, text=-2.0, aspect=-6.0, framing=0.5, jpeg=1.5, brightness=0.1)
    figure = audits.suspects([("m", "M", one), ("n", "N", audit(jpeg=3.0))])
    assert sound(figure) == (
        "Of all else the aspect of the film changes most. M: -6.0 of 100 healthy people "
        "called sick (-7.0 to -5.0)"
    )
    assert list(figure.layout.yaxis.ticktext) == [
        *("side marker, text", "aspect of the film", "framing", "JPEG quality", "brightness"),
    ]
    assert [len(trace.x) for trace in figure.data] == [5, 1]
    lettering = dict(zip(figure.data[0].y, figure.data[0].x, strict=True))
    assert min(lettering.items())[1] == -2.0, "the one that changes more stands for both"


def test_healthy_and_sick_films_are_ranked_together_and_what_may_be_nothing_is_called_so() -> None:
    rows = [
        {"test": test, "kind": "", "label": label, "calls": value}
        | {"calls_low": value - 2, "calls_high": value + 3}
        for test, label, value in (
            *(("brightness", "NORMAL", -0.6), ("marker", "NORMAL", 0.2)),
            ("marker", "PNEUMONIA", 0.9),
        )
    ]
    audit = {"effects": rows}
    figure = audits.suspects([("m", "M", audit)])
    assert sound(figure) == (
        "Of all else the side marker changes most, but not clearly. M: +0.9 of 100 sick "
        "people called sick (-1.1 to 3.9)"
    )
    assert list(figure.data[0].x) == [0.9, -0.6]
    said = sentences.suspects(audit)
    assert said.startswith("Of all else the side marker changes most, but not clearly."), said


def test_cures_are_compared_in_calls() -> None:
    cards = [Card(name, title=name) for name in ("whole_film", "device_matched")]
    kinds = ({"support": (9.1, 4.0)}, {"tube": (-1.0, 1.0)})
    stored_audits = {
        card.name: shelf.audit(card.name, k) for card, k in zip(cards, kinds, strict=True)
    }
    good = {card.name: pd.Series({"value": 0.9, "low": 0.8, "high": 0.95}) for card in cards}
    figure = audits.cures(stored.cures(cards, stored_audits, good))
    assert sound(figure) == "device_matched: accuracy 90.0 %, against 90.0 % before"
    assert audits.cures_says(stored.cures(cards, stored_audits, good)) == (
        "device_matched is moved least: 1 fewer of 100 healthy called sick, against 9 more by "
        "whole_film"
    )


def test_strata_say_what_hidden_lungs_leave() -> None:
    models = [("basic", "Model basic", READER)]
    figure = audits.strata(models, "auroc", audits.HIDDEN)
    assert sound(figure) == "Model basic: AUROC 0.90; with the lungs hidden still 0.88"
    worn = audits.strata(models, "sensitivity", audits.WORN)
    assert "was not measured" in sound(worn), "of films without a device nothing is stored"
    both = READER | {
        "strata": [
            {"stratum": part, "metric": "sensitivity", "value": value, "low": None, "high": None}
            for part, value in (("with a device", 0.98), ("without a device", 0.9))
        ]
    }
    figure = audits.strata([("basic", "Model basic", both)], "sensitivity", audits.WORN)
    assert sound(figure) == "Model basic finds 98 of 100 with a device, 90 without"


def test_words_for_every_kind() -> None:
    assert set(findings.PLURAL) == set(findings.ONE) == set(findings.KINDS)
