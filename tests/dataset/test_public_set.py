"""The stored facts of the public set against the films."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from xray.dataset import index, public_set
from xray.environment import artifacts_dir


@pytest.mark.films
def test_real_films_are_those_of_the_stored_facts(real_films: Path) -> None:
    table = index.index(real_films)
    stored = public_set.read()
    assert table["file"].tolist() == stored["file"].tolist()
    computed = public_set.computed_facts(table)
    kept = pd.read_csv(artifacts_dir() / "dataset" / public_set.COMPUTED_FILE)
    pd.testing.assert_frame_equal(
        computed.reset_index(drop=True), kept, check_dtype=False, atol=1e-3
    )
