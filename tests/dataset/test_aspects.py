"""The shape that films had before they were squashed, given back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from xray.dataset import aspects, index
from xray.films.decode import Film, read
from xray.films.resize import resize
from xray.models import evaluation
from xray.models.card import Card

#: Distributed as 1857 x 1317.
KNOWN = "test/NORMAL/IM-0001-0001.jpeg"


def film(height: int, width: int) -> Film:
    return Film(np.zeros((height, width), np.float32), "x", "", "PNG", "L", 0)


def test_the_facts_know_the_shape_of_public_films_only() -> None:
    found = aspects.native(pd.Series([KNOWN, "test/NORMAL/mine.jpeg"]))
    assert found == [pytest.approx(1857 / 1317), None]


def test_only_a_squashed_film_gets_a_shape_back() -> None:
    assert aspects.lost(film(224, 224), 1.4) == 1.4
    assert aspects.lost(film(1317, 1857), 1.4) is None
    assert aspects.lost(film(224, 224), None) is None


def test_without_facts_films_keep_the_shape_they_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path))
    assert aspects.native(pd.Series([KNOWN])) == [None]


@pytest.mark.parametrize("fit", ["letterbox", "crop"])
def test_training_and_evaluation_see_the_same_restored_film(tmp_path: Path, fit: str) -> None:
    path = tmp_path / KNOWN
    path.parent.mkdir(parents=True)
    noise = np.random.default_rng(0).integers(1, 255, (64, 64), dtype=np.uint8)
    Image.fromarray(noise).save(path.with_suffix(".png"))
    path.with_suffix(".png").rename(path)
    rows = pd.DataFrame({"file": [KNOWN], "path": [KNOWN], "label": ["NORMAL"], "split": ["test"]})
    trained = index.load_pixels(tmp_path, rows, (32, 32), fit)
    wanted = resize(read(path).pixels, (32, 32), fit, aspect=1857 / 1317)
    assert np.array_equal(trained[0], wanted)
    assert not np.array_equal(trained[0], resize(read(path).pixels, (32, 32)))

    class Sees:
        card = Card("sees", size=(32, 32), fit=fit)

        def log_odds_prepared(self, films: np.ndarray) -> np.ndarray:
            assert np.array_equal(films, trained)
            return np.zeros(len(films))

    found, damaged = evaluation.predict(Sees(), tmp_path, rows)
    assert len(found) == 1 and not damaged
    bars = (trained[0] == 0).all(axis=1).sum()
    assert bars == (32 - round(32 * 1317 / 1857) if fit == "letterbox" else 0)
