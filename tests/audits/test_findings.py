"""What one audit says: which change leads, and what may be shown."""

from __future__ import annotations

import pytest

from tests.helpers import shelf
from xray.audits import findings


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


def test_the_thin_kind_that_changes_most_stands_for_all() -> None:
    audit = shelf.audit("m", {"tube": (0.2, 1.0), "electrode": (-5.0, 1.0), "other": (1.0, 1.0)})
    assert dict(findings.called(audit))["with tubes and wires"] == pytest.approx(6.5)
    audit = shelf.audit("m", {"tube": (0.2, 1.0), "other": (6.0, 1.0)})
    assert dict(findings.called(audit))["with other devices"] == pytest.approx(17.5)


def test_no_call_of_a_model_that_cannot_be_judged_is_shown() -> None:
    audit = shelf.audit("m", {"tube": (1.0, 1.0)}) | {"verdict": "cannot_be_judged", "kinds": []}
    assert not findings.judged(audit) and findings.called(audit) == []
