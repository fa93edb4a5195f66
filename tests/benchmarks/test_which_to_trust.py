"""The table of explanations is made anew network by network."""

from __future__ import annotations

import pandas as pd

from benchmarks.which_to_trust import CAST, merged


def test_rows_of_networks_that_were_not_asked_stay_and_the_cast_stands_first() -> None:
    kept = pd.DataFrame(
        {
            "model": ["whole_film", "basic", "known", "basic"],
            "mean": [1.0, 2.0, 3.0, 4.0],
        }
    )
    made = merged(kept, pd.DataFrame({"model": ["basic", "transfer"], "mean": [5.0, 6.0]}), CAST)
    assert made["model"].tolist() == ["basic", "transfer", "whole_film", "known"]
    assert made["mean"].tolist() == [5.0, 6.0, 1.0, 3.0]
