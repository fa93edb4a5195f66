"""A metric on every group of films."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.helpers.visits import alone, words


def test_the_weakest_group_is_named_and_all_are_saved(
    artifacts: Path, exports: dict[str, pd.DataFrame]
) -> None:
    app = alone("robustness", "Where it fails")
    (table,) = exports.values()
    assert list(exports) == ["subgroups-basic-auroc.csv"]
    title = app.title[0].value.replace("\\", "")
    assert any(f"AUROC {value:.3f}" in title for value in table["value"])
    assert f"Of {len(table)} groups" in words(app)
