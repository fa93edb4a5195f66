"""The witness compares films of one child, never of two."""

import numpy as np
import pandas as pd
import pytest

from xray.audits import witness
from xray.audits.judging import Cut, Margin, Verdict
from xray.labels import devices


def films(children: int = 12) -> pd.DataFrame:
    rows = []
    for child in range(children):
        for worn in (0.0, 0.9):
            rows.append(
                {
                    "child": f"c{child}",
                    "subtype": "virus",
                    "label": "PNEUMONIA",
                    "confidence": worn,
                    "tube": worn,
                }
            )
    table = pd.DataFrame(rows)
    return table.assign(**{kind: 0.0 for kind in devices.KINDS if kind != "tube"})


def test_what_differs_between_children_does_not_count() -> None:
    table = films()
    own = np.repeat(np.random.default_rng(0).normal(0, 5, 12), 2)
    found = witness.testify(table, own + 0.5 * (table["tube"].to_numpy() > 0.5), 0.0)
    assert [each.kind for each in found] == ["", "tube"]
    tube = found[1]
    assert tube.children == 12
    assert tube.log_odds == pytest.approx(0.5)
    assert tube.log_odds_high - tube.log_odds_low < 1e-9


def test_children_of_one_subtype_are_not_compared_with_the_other() -> None:
    table = films()
    table.loc[table["tube"] > 0.5, "subtype"] = "bacteria"
    assert witness.testify(table, np.zeros(len(table)), 0.0) == []


def test_an_audit_tells_of_any_device_and_holds_kinds_against_those_laid_on() -> None:
    table = films()
    table["label"] = "PNEUMONIA"
    names = [f"test/PNEUMONIA/person{i // 2}_virus_{i}.jpeg" for i in range(len(table))]
    shown = table[["child", "label"]].assign(file=names)
    sure = table[["confidence", *devices.KINDS]].assign(tech_text=0.0)
    odds = np.where(table["tube"] > 0.5, 1.0, -1.0)
    effect = {"test": "insertion", "kind": "tube", "label": "PNEUMONIA"}
    for low, high, said in ((90.0, 99.0, "For 1 of 1 kinds"), (-1.0, 2.0, "For 0 of 1 kinds")):
        rows = (effect | {"calls_low": low, "calls_high": high},)
        verdict = Verdict(
            "no_reliance",
            "",
            0.0,
            (),
            (0.9, 0.8, 1.0),
            0.5,
            Cut(0.0, np.zeros(len(table))),
            Margin(),
            (),
            rows,
        )
        every = np.ones(len(table), bool)
        found = witness.told(shown, sure, odds, verdict, every)
        assert found is not None and (found["children"], found["films"]) == (12, 24)
        assert (found["calls"], found["called_with"], found["called_without"]) == (100, 100, 0)
        # All children alike is no proof that the next one is.
        assert found["calls_low"] < 90
        assert found["agreement"].startswith(said)
        assert [kind["kind"] for kind in found["kinds"]] == ["tube"]
    assert witness.told(shown, sure[["confidence"]], odds, verdict, every) is None
