"""The witness compares films of one child, never of two."""

import numpy as np
import pandas as pd
import pytest

from xray.audits import witness
from xray.labels import devices


def films(children: int = 12) -> pd.DataFrame:
    rows = []
    for child in range(children):
        for worn in (0.0, 0.9):
            rows.append({"child": f"c{child}", "subtype": "virus", "label": "PNEUMONIA",
                         "confidence": worn, "tube": worn})  # fmt: skip
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
