"""How rows come to one of two classes, and what is said of those that do not."""

from __future__ import annotations

import json
import sys
from collections import Counter

import pandas as pd
import pytest

from xray.classes import Classes
from xray.dataset.left_out import Tally
from xray.dataset.tables import labelling
from xray.dataset.tables.labelling import (
    BOTH,
    DOUBTFUL,
    NO_FINDING,
    OTHER_KIND,
    UNLABELLED,
    UNMAPPED,
    UNMENTIONED,
    Rule,
)
from xray.errors import DatasetError

CLASSES = Classes("healthy", "TB")


def applied(rule: Rule, classes: Classes = CLASSES, **columns: list[str]) -> list[str]:
    """The label of each row, or why it has none."""
    rows = pd.DataFrame(columns, dtype=str)
    rows.index += 7
    found = rule.apply(rows, classes)
    assert found.index.equals(rows.index)
    assert ((found["label"] == "") != (found["reason"] == "")).all()
    return (found["label"] + found["reason"]).tolist()


def test_labels_by_the_values_of_a_column() -> None:
    cells = ["tb", "Healthy ", "healthy|tb", "TB|cough", "['tb', 'cough']", "cough", ""]
    expected = ["TB", "healthy", BOTH, "TB", "TB", UNMAPPED, UNLABELLED]
    assert applied(Rule("what"), what=cells) == expected
    # A value that was named as a whole is not taken apart.
    named = Classes("healthy", "TB", {"healthy|tb": "TB", "healthy": "healthy"})
    assert applied(Rule("what"), named, what=["healthy|tb"]) == ["TB"]


def test_several_findings_of_a_cell_by_another_letter() -> None:
    rule = Rule("what", lists="/")
    assert applied(rule, what=["cough/TB", "cough|TB"]) == ["TB", UNMAPPED]


def test_labels_by_a_column_of_the_finding() -> None:
    there = ["1", "1.0", "0", "-1.0", "", "", "1", "maybe"]
    none = ["", "0", "", "", "1.0", "", "1", ""]
    expected = ["TB", "TB", "healthy", DOUBTFUL, "healthy", UNMENTIONED, BOTH, UNMAPPED]
    rule = Rule(finding="Tuberculosis")
    assert applied(rule, Tuberculosis=there, **{NO_FINDING: none}) == expected
    alone = applied(rule, Tuberculosis=there[:6])
    assert alone == [*expected[:4], UNMENTIONED, UNMENTIONED]


@pytest.mark.parametrize(
    ("uncertain", "label"), [("neither", DOUBTFUL), ("positive", "TB"), ("negative", "healthy")]
)
def test_the_uncertain_go_where_it_is_said(uncertain: str, label: str) -> None:
    assert applied(Rule(finding="f", uncertain=uncertain), f=["-1"]) == [label]


def test_labels_by_conditions() -> None:
    rule = Rule(positive=(("a", "yes"), ("b", "1")), negative=(("a", "no"),))
    assert rule.columns == ["a", "b"]
    a = ["Yes", "x", "no", "no", "x", "", "no|yes"]
    b = ["0", "1.0", "0", "1", "0", "", ""]
    expected = ["TB", "TB", "healthy", BOTH, UNMAPPED, UNLABELLED, BOTH]
    assert applied(rule, a=a, b=b) == expected
    rest = Rule(positive=(("b", labelling.ANY),), negative=(("b", "-1"),))
    assert applied(rest, b=["9 5", "-1", " -1.0", "", "0"]) == [
        *("TB", "healthy", "healthy", UNLABELLED, "TB")
    ]
    # Without a condition for it, every other row that says something is negative.
    open_ended = Rule(positive=rule.positive)
    expected = ["TB", "TB", "healthy", "TB", "healthy", UNLABELLED, "TB"]
    assert applied(open_ended, a=a, b=b) == expected


def test_rows_of_another_kind_are_left_out() -> None:
    rule = Rule("what", only=("modality", ("X-ray",)))
    found = applied(rule, what=["TB", "TB", "TB"], modality=["x-RAY", "CT", ""])
    assert found == ["TB", OTHER_KIND, "TB"]
    assert applied(rule, what=["TB"]) == ["TB"], "a table need not have the column"


@pytest.mark.parametrize(
    "rule",
    [
        Rule(),
        Rule("what", only=("modality", ("X-ray", "DX")), lists="/"),
        Rule(finding="f", uncertain="positive"),
        Rule(positive=(("a", "1"),), negative=(("a", "0"), ("b", "no"))),
    ],
)
def test_a_rule_is_kept_as_data(rule: Rule) -> None:
    assert labelling.from_data(json.loads(json.dumps(rule.as_data()))) == rule


def test_data_that_is_no_rule_is_refused() -> None:
    data = Rule().as_data()
    with pytest.raises(ValueError, match="uncertain 'perhaps'"):
        labelling.from_data(data | {"uncertain": "perhaps"})
    with pytest.raises(KeyError):
        labelling.from_data({name: data[name] for name in data if name != "finding"})
    with pytest.raises(TypeError):
        labelling.from_data(data | {"positive": 3})


def test_conditions_are_read_from_an_option() -> None:
    assert labelling.parse_condition(" Diagnosis = a=b ") == ("Diagnosis", "a=b")
    for text in ("", "Diagnosis", "Diagnosis=", "=TB", " = "):
        with pytest.raises(DatasetError, match="write COLUMN=VALUE"):
            labelling.parse_condition(text)


@pytest.mark.parametrize(
    ("rule", "labels"),
    [
        (Rule(finding="Edema"), (NO_FINDING, "Edema")),
        (Rule(positive=(("Diagnosis", "TB"),)), ("no TB", "TB")),
        (Rule(positive=(("TB", "1.0"),)), ("no TB", "TB")),
        (Rule(positive=(("TB", "Yes"),), negative=(("TB", "No"),)), ("no TB", "TB")),
        (Rule(positive=(("d", "TB"),), negative=(("d", "well"),)), ("well", "TB")),
        (Rule(positive=(("a", "ill"),), negative=(("b", "ill"),)), ("no ill", "ill")),
        (Rule(positive=(("mask", "*"),), negative=(("mask", "-1"),)), ("no mask", "mask")),
        # What people say first stays the positive class, whatever it is called.
        (Rule(positive=(("d", "normal"),), negative=(("d", "TB"),)), ("TB", "normal")),
    ],
)
def test_classes_are_named_after_what_is_asked(rule: Rule, labels: tuple[str, str]) -> None:
    assert labelling.classes_of(rule).labels == labels


def test_what_is_left_out_is_told_by_value_or_by_film() -> None:
    rule = Rule("what")
    cells = ["TB", "cough", "cough", "sneeze", "", "TB|healthy"]
    rows = pd.DataFrame({"path": list("abcdef"), "what": cells}, dtype=str)
    tally = Tally("row")
    labelling.leave_out(rows, rule.apply(rows, CLASSES), "path", rule, tally)
    told = {each.reason: (each.count, each.examples) for each in tally.reasons}
    assert told == {
        UNMAPPED: (3, ("cough: 2", "sneeze: 1")),
        UNLABELLED: (1, ("e",)),
        BOTH: (1, ("f",)),
    }


def test_many_rows_of_no_class_are_counted_by_value_and_not_row_by_row() -> None:
    # As VinDr's train.csv without a mapping: every row is of no class, of a few values.
    n = 6_000
    many = [f"finding {at % 15}" for at in range(n)]
    rows = pd.DataFrame({"path": "a", "what": many, "who": "R9"}, dtype=str)
    rule = Rule(positive=(("what", "TB"),), negative=(("who", "R1"),))
    found, tally = rule.apply(rows, CLASSES), Tally("row")
    calls = Counter[str]()
    sys.setprofile(lambda frame, event, _: calls.update([event]))
    try:
        labelling.leave_out(rows, found, "path", rule, tally)
    finally:
        sys.setprofile(None)
    assert tally.total == n
    assert tally.reasons[0].examples[0] == "finding 0, R9: 400" and tally.reasons[0].more
    # Python's own functions: none for each row (joined one by one they were over 300,000).
    assert 0 < calls["call"] < n / 2, calls
