"""Films that devices moved most: only calls that turn, and the same pictures made again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.helpers.fakes import Fake
from tests.helpers.worn import few_layers
from xray.audits import inputs, moved, one_film, showing
from xray.audits.inputs import Labels, Materials
from xray.dataset import index
from xray.errors import DatasetError
from xray.films.pixels import as_bytes
from xray.models.card import Card

MODEL = Fake(lambda film: float(40 * film.std() - 9), Card("spread", size=(64, 64)))


@pytest.fixture(scope="module")
def shown(synthetic_folder: Path) -> Materials:
    table = index.usable(index.index(synthetic_folder))
    table = table[table["split"] == "test"].reset_index(drop=True)
    pixels = as_bytes(index.load_pixels(synthetic_folder, table, one_film.SIZE))
    sure = pd.DataFrame({"confidence": np.nan}, table.index)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inputs.rendering, "read", few_layers)
        return inputs.assemble(
            table,
            pixels,
            {},
            sure,
            "films",
            "hash",
            Labels("facts", "hash", True),
        )


def test_the_pictures_of_a_row_are_made_again(
    shown: Materials, synthetic_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = showing.ask([MODEL], shown.material)[0]
    limits = np.full(len(shown.films), float(np.median(trials.plain)))
    rows = moved.most(shown.material, trials, limits, np.ones(len(shown.films), bool))
    assert 0 < len(rows) <= moved.MOST
    assert len({row["file"] for row in rows}) == len(rows)
    sizes = [abs(row["device"] - row["null"]) for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    monkeypatch.setattr(
        moved.rendering,
        "read",
        lambda size, path, kind: [x for x in few_layers(size) if x.kind == kind],
    )
    row = rows[0]
    film, laid = moved.again(synthetic_folder, row)
    said = MODEL.log_odds(np.stack([film, laid.device, laid.null]))
    np.testing.assert_allclose(said, [row["original"], row["device"], row["null"]], atol=1e-3)


def test_a_film_that_is_not_there_is_told(tmp_path: Path) -> None:
    row = {
        "file": "../secret.png",
        "kind": "line",
        "donor": "shape 1",
        "null_film": "a.png",
        "place": {},
    }
    with pytest.raises(DatasetError, match="not in the folder"):
        moved.again(tmp_path, row)
