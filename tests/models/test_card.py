"""Cards: what is broken is a row with its reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.helpers import tiny
from xray.errors import ArtifactError, ModelError
from xray.files import sha256_file, write_table
from xray.models import registry
from xray.models.card import read_card, read_cards, read_predictions, write_card

keras = pytest.importorskip("keras")
layers = keras.layers


def test_broken_models_are_rows_with_a_reason_and_others_go_on(tmp_path: Path) -> None:
    tiny.store(tmp_path, tiny.network())
    for name, content in {"nojson": "{", "nothing": "{}", "list": "[]"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "card.json").write_text(content)
    found = {card.name: card for card in read_cards(tmp_path)}
    assert found["tiny"].problem == ""
    assert all(found[name].problem for name in ("nojson", "nothing", "list"))
    with pytest.raises(ModelError):
        registry.load("nojson", tmp_path)


def test_predictions_that_were_changed_are_refused(tmp_path: Path) -> None:
    import pandas as pd

    tiny.store(tmp_path, tiny.network())
    path = tmp_path / "tiny" / "predictions.csv"
    columns = {"file": ["a"], "split": ["test"], "label": ["NORMAL"]}
    write_table(path, pd.DataFrame(columns | {"log_odds": [0.0], "probability": [0.5]}))
    card = read_card(tmp_path / "tiny")
    write_card(
        replace(card, files={**card.files, "predictions.csv": sha256_file(path)}), tmp_path / "tiny"
    )
    assert len(read_predictions("tiny", tmp_path)) == 1
    path.write_text(path.read_text().replace("0.5", "0.9"))
    with pytest.raises(ArtifactError, match="changed"):
        read_predictions("tiny", tmp_path)
