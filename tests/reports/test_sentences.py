"""Every sentence that states a result is computed: read against made-up worlds."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.helpers import shelf
from xray import classes
from xray.audits import stored
from xray.audits.findings import Change
from xray.models.card import Card
from xray.reports import overview, sentences

CARDS = [Card(name, title=f"Model {name}") for name in shelf.GOOD]

#: World -> model -> words of the chip, why, finding.
SAID = {
    "all clean": {
        name: (
            ("no_reliance", ""),
            "every change under 3 of 100",
            "No device changes its calls by 3 or more of 100 people. The largest change: "
            "supports, 1 more of 100 healthy people called sick (0 to 2).",
        )
        for name in shelf.GOOD
    },
    "one reader": {
        "basic": (
            ("reads_devices", "reads supports"),
            "supports: 9 more of 100 healthy called sick (5 to 13)",
            "A support makes it call 9 more of 100 healthy people sick (5 to 13). Wires, tubes, "
            "electrodes and clips change nothing that matters.",
        ),
        "augmented": (
            ("inconclusive", ""),
            "supports: perhaps 2 more of 100 healthy called sick (-1 to 5)",
            "Wires, tubes and electrodes change nothing that matters. More films must tell whether "
            "supports change its calls. The largest change seen: supports, 2 more of 100 healthy "
            "people called sick (-1 to 5).",
        ),
        "transfer": (
            ("no_reliance", ""),
            "every change under 3 of 100",
            "No device changes its calls by 3 or more of 100 people. The largest change: wires, "
            "under 1 more of 100 healthy people called sick (-1 to 1).",
        ),
    },
    "nothing judged": {
        name: (
            ("cannot_be_judged", ""),
            "AUROC 0.52: no better than guessing",
            "It cannot be judged: its AUROC on these films is 0.52 (0.49 to 0.55). It must lie "
            "above 0.6.",
        )
        for name in shelf.GOOD
    },
}


@pytest.mark.parametrize("world", shelf.WORLDS)
def test_every_sentence_of_a_world(world: str) -> None:
    audits = shelf.world(world)
    for name, audit in audits.items():
        said = (sentences.chip(audit), sentences.why(audit), sentences.finding(audit))
        assert said == SAID[world][name]


@pytest.mark.parametrize("world", shelf.WORLDS)
def test_sentences_are_short_and_plain(world: str) -> None:
    audits = shelf.world(world)
    told = [sentences.finding(audit) for audit in audits.values()]
    for sentence in re.split(r"(?<=\.) ", " ".join(told)):
        assert len(sentence.split()) <= 20, sentence
        assert not re.search("log-odds|sham|standard dev|control", sentence)


def test_notes_and_advice_follow_the_verdict() -> None:
    world = shelf.world("one reader")
    for audit in world.values():
        audit["reasons"] = ["It is judged elsewhere.", "What decided."]
    notes = {name: sentences.notes(audit) for name, audit in world.items()}
    assert notes["basic"] == notes["transfer"] == ["It is judged elsewhere."]
    assert notes["augmented"] == ["It is judged elsewhere.", "What decided."]
    said = {name: sentences.advice(audit) for name, audit in world.items()}
    assert said == {
        "basic": "Do not rely on calls of people with supports.",
        "augmented": "Audit on more films before relying on calls of people with devices.",
        "transfer": "",
    }
    unknown = shelf.audit("m", {})
    assert sentences.notes(unknown) == []
    part = {"verdict": "no_reliance", "reasons": ["It is calm."], "notes": ["A part of the films."]}
    assert sentences.notes(part) == part["notes"]
    assert "audit again" in sentences.advice(unknown)


def test_raw_calls_stand_in_a_row_of_facts() -> None:
    audits = shelf.world("one reader")
    assert overview.facts_of(audits["basic"]) == [
        [
            "Healthy films called sick, of 100",
            "as they are 11; with electrodes 12; with supports 20",
        ],
        ["AUROC with the lungs hidden", "0.88 (0.80 to 0.95)"],
    ]
    bare: dict[str, Any] = {"effects": [], "kinds": []}
    assert overview.facts_of(bare) == []


def test_fewer_calls_keep_their_interval_the_right_way_round() -> None:
    audit = shelf.audit("m", {"tube": (-9.0, 3.0)})
    assert sentences.finding(audit) == (
        "A tube makes it call 9 fewer of 100 healthy people sick (6 to 12)."
    )
    assert sentences.why(audit) == "tubes: 9 fewer of 100 healthy called sick (6 to 12)"


def test_a_model_that_reads_two_kinds_or_more_names_them() -> None:
    two = {"tube": (8.0, 1.0), "support": (9.0, 1.0)}
    assert sentences.chip(shelf.audit("m", two))[1] == "reads supports and tubes"
    three = two | {"line": (7.0, 1.0)}
    audit = shelf.audit("m", three)
    assert sentences.chip(audit)[1] == "reads 3 kinds"
    said = sentences.finding(audit)
    assert said.index("A support") < said.index("A tube") < said.index("A wire")


def test_where_auroc_alone_decides_it_is_said() -> None:
    audit = shelf.audit("m", {"line": (8.0, 1.0)})
    audit["effects"] = [row for row in audit["effects"] if row["test"] == "swap"]
    audit["effects"][0] |= {"auroc_drop": 0.041, "auroc_drop_low": 0.03, "auroc_drop_high": 0.05}
    assert sentences.finding(audit) == (
        "A wire makes it tell sick from healthy worse: AUROC falls by 0.041 (0.030 to 0.050)."
    )
    assert sentences.why(audit) == "wires: AUROC falls by 0.041 (0.030 to 0.050)"
    audit["effects"] = []
    assert sentences.finding(audit) == "A sentence on m."


def test_audits_speak_of_the_classes_they_were_made_with() -> None:
    audit = shelf.world("one reader")["basic"]
    said = sentences.finding(audit), overview.facts_of(audit)
    with classes.using(classes.parse("clear=Clear,covid=COVID-19")):
        assert (sentences.finding(audit), overview.facts_of(audit)) == said
        for row in audit["effects"]:
            names = {"NORMAL": "Clear", "PNEUMONIA": "COVID-19"}
            row["label"] = names.get(row["label"], row["label"])
        assert (sentences.finding(audit), overview.facts_of(audit)) == said


def test_the_margin_of_an_audit_is_the_one_that_is_told() -> None:
    audit = shelf.audit("m", {"line": (1.0, 1.0)}) | {"margin": {"calls": 5.0, "auroc": 0.05}}
    assert sentences.why(audit) == "every change under 5 of 100"
    assert "by 5 or more of 100" in sentences.finding(audit)


@pytest.mark.parametrize(
    ("value", "chip"),
    [
        ({"verdict": 3}, "audit damaged"),
        ({"verdict": "clean"}, "audit of an earlier version"),
        (shelf.audit("m", {}) | {"model_hash": "other"}, "audit of other weights"),
    ],
)
def test_an_audit_that_is_not_believed_says_why_and_what_to_do(value: object, chip: str) -> None:
    gap = stored.why_not(value, Card("m"))
    assert sentences.chip(None, gap) == ("not_audited", chip)
    assert sentences.why(None, gap) == gap
    assert "run 'python -m xray audit m'" in gap
    (row,) = overview.completed([{"name": "m", "why": "", "chip": ["not_audited", ""]}], {"m": gap})
    assert row["chip"] == ("not_audited", chip) and row["why"] == gap
    told = {"name": "m", "why": "every change", "chip": ["no_reliance", ""]}
    assert overview.completed([told], {}) == [told]


@pytest.mark.parametrize(
    ("area", "said"),
    [
        (0.1, "AUROC 0.10: classes seem reversed"),
        (0.5, "AUROC 0.50: no better than guessing"),
        (None, "its answers cannot be read"),
    ],
)
def test_why_a_model_cannot_be_judged(area: float | None, said: str) -> None:
    audit = shelf.audit("m", {}) | {"auroc": area}
    assert sentences.why(audit) == said


def test_what_lime_alone_would_have_said_stands_beside_the_verdict() -> None:
    audit = shelf.world("one reader")["basic"]
    limits = {"support": 0.1, "line": 0.1}

    def told(**share: float) -> str:
        rows = [{"test": "lime", "kind": kind, "share": value} for kind, value in share.items()]
        return sentences.lime(audit | {"effects": [*audit["effects"], *rows]}, limits)

    assert told(support=0.3) == "LIME alone points at supports, as the audit found."
    assert told(line=0.3) == "LIME alone points at wires, which the audit did not confirm."
    assert told(line=0.0, support=0.05).startswith("LIME alone would not have found it")
    assert told(tube=0.9) == told() == ""
    clean = shelf.world("all clean")["basic"]
    rows = [{"test": "lime", "kind": "line", "share": 0.0}]
    said = sentences.lime(clean | {"effects": [*clean["effects"], *rows]}, limits)
    assert said == "LIME alone points at no kind of device either."


def test_a_bound_near_the_margin_does_not_look_like_the_margin() -> None:
    near = Change("support", "PNEUMONIA", "calls", 1.49, -0.01, 2.97, 3.0)
    assert sentences.how_much(near) == "1.49 (-0.01 to 2.97)"
    some = Change("support", "NORMAL", "calls", 6.0, 3.2, 8.8, 3.0)
    assert sentences.how_much(some) == "6.0 (3.2 to 8.8)"
    assert sentences.how_much(Change("support", "", "calls", 9.2, 5.1, 13.1, 3.0)) == "9 (5 to 13)"
