"""What one audit says: which change leads, and what may be shown."""

from __future__ import annotations

import pytest

from tests.helpers import shelf
from xray.audits import findings
from xray.reports import sentences


def test_a_calls_change_beyond_the_margin_goes_before_a_larger_one_of_auroc() -> None:
    audit = shelf.world("one reader")["basic"]
    for row in audit["effects"]:
        if row["test"] == "swap" and row["kind"] == "support":
            row |= {"auroc_drop": 0.2, "auroc_drop_low": 0.1, "auroc_drop_high": 0.3}
    top = findings.strongest(audit, ["support"])
    assert top is not None and (top.unit, top.value) == ("calls", 9.1)
    audit["effects"] = [row for row in audit["effects"] if row["label"] != "NORMAL"]
    top = findings.strongest(audit, ["support"])
    assert top is not None and (top.unit, top.value) == ("auroc_drop", 0.2)


def test_the_kind_that_changes_most_stands_under_its_own_name_beside_supports() -> None:
    audit = shelf.audit("m", {"tube": (0.2, 1.0), "electrode": (-5.0, 1.0), "other": (1.0, 1.0)})
    # Beyond what the same shape changes: 11 as they are, 5 fewer.
    assert findings.called(audit) == pytest.approx({"": 11.0, "electrode": 6.0})
    audit = shelf.audit("m", {"tube": (0.2, 1.0), "other": (6.0, 1.0), "support": (-20.0, 1.0)})
    assert findings.called(audit) == pytest.approx({"": 11.0, "other": 17.0, "support": 0.0})
    alone = shelf.audit("m", {"support": (9.0, 1.0)})
    assert findings.called(alone) == pytest.approx({"": 11.0, "support": 20.0})


def test_no_call_of_a_model_that_cannot_be_judged_is_shown() -> None:
    audit = shelf.audit("m", {"tube": (1.0, 1.0)}) | {"verdict": "cannot_be_judged", "kinds": []}
    audit["effects"].append({"test": "aspect", "kind": "", "label": "NORMAL", "calls": 38.0})
    assert not findings.judged(audit) and findings.called(audit) == {}
    assert findings.others(audit) == [] and sentences.suspects(audit) == ""


def test_other_suspects_are_ranked_and_told_by_the_largest() -> None:
    audit = shelf.audit("m", {"support": (9.1, 4.0)})
    assert findings.others(audit) == [] and sentences.suspects(audit) == ""
    for test, label, value in (("aspect", "NORMAL", 38.0), ("jpeg", "PNEUMONIA", -0.5)):
        row = {"test": test, "kind": "", "label": label, "calls": value}
        audit["effects"].append(row | {"calls_low": value - 3, "calls_high": value + 3})
    assert [each.kind for each in findings.others(audit)] == ["aspect", "jpeg"]
    said = sentences.suspects(audit)
    assert said.startswith("More than any device, the aspect of the film moves it")
    assert "38 more of 100 healthy people are called sick (35 to 41)" in said
    assert "Made as in the other class, 38" in said
    elsewhere = audit | {"labels": {"rendered": True}}
    assert "Made as in the other class of the public set, 38" in sentences.suspects(elsewhere)
    for row in audit["effects"]:
        if row["test"] in findings.SUSPECTS:
            row |= {"calls": 0.4, "calls_low": -1.0, "calls_high": 2.0}
    assert sentences.suspects(audit) == (
        "Nothing else that was tried changes more than 3 of 100 calls."
    )


def test_the_witness_is_told_with_its_interval() -> None:
    audit = shelf.audit("m", {"support": (9.1, 4.0)})
    assert sentences.witness(audit) == ""
    audit["witness"] = {
        "children": 27,
        "called_with": 95.0,
        "called_without": 97.0,
        "calls_low": -9.0,
        "calls_high": 5.0,
        "agreement": "For 3 of 4 kinds its interval meets that of devices.",
    }
    said = sentences.witness(audit)
    assert "27 people" in said and "95 are called sick with it and 97 without" in said
    assert "-9 to 5" in said and "3 of 4 kinds" in said
