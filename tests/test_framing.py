"""Films cut to the lungs: what is cut, that it trains, and that the ledger tells of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xray import cli, dataset, framing, ledger, lungs, overrides, recipes, sweeps
from xray.errors import ModelError
from xray.files import ROOT
from xray.films import STAGE
from xray.lungs import Lungs


def found(height: int, width: int, top: int, bottom: int, left: int, right: int) -> Lungs:
    field = np.zeros((height, width), bool)
    field[top:bottom, left:right] = True
    half = (left + right) // 2
    one, other = field.copy(), field.copy()
    one[:, half:], other[:, :half] = False, False
    return Lungs(one, other, (left, top, right, bottom), float(half), "network")


def test_a_film_is_cut_to_the_lungs_with_a_margin() -> None:
    film = np.arange(100 * 80, dtype=np.float32).reshape(100, 80)
    got = framing.cut(film, found(100, 80, 20, 70, 10, 60))
    assert np.array_equal(got, film[17:73, 7:63])
    edge = framing.cut(film + 1, found(100, 80, 0, 50, 30, 80))
    assert edge.shape == (56, 56)
    assert (edge[:3] == 0).all() and (edge[:, -3:] == 0).all()
    assert np.array_equal(edge[3:, :-3], (film + 1)[:53, 27:])
    nothing = found(100, 80, 0, 0, 0, 0)
    assert framing.cut(film, nothing) is film


def test_where_the_lungs_lie_on_the_film_no_longer_shows(synthetic_folder: Path) -> None:
    table = dataset.usable(dataset.index(synthetic_folder)).head(6)
    got = framing.load_pixels(synthetic_folder, table, (32, 32))
    assert got.shape == (6, 32, 32) and got.dtype == np.float32
    assert got.min() >= 0 and got.max() <= 1
    whole = dataset.load_pixels(synthetic_folder, table, (STAGE, STAGE))
    share = [each.field.mean() for each in lungs.estimate_many(list(whole))]
    again = [each.field.mean() for each in lungs.estimate_many(list(got))]
    assert np.mean(again) > 1.15 * np.mean(share)


@pytest.mark.slow
def test_a_run_on_lungs_keeps_predictions_and_no_weights(
    synthetic_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setenv("XRAY_CACHE", str(tmp_path / "cache"))
    changed = ("framing=lungs", "size=32", "epochs=1", "split=original", "fraction=1")
    line = ["train", "small64", "--data", str(synthetic_folder)]
    line += [word for change in changed for word in ("--set", change)]
    assert cli.main(line) == 0
    assert "Predictions are kept." in capsys.readouterr().out
    home = tmp_path / "artifacts" / ledger.SWEEPS / "small64"
    assert {path.name for path in home.iterdir()} == {
        "card.json", "metrics.csv", "predictions.csv",
    }  # fmt: skip
    row = ledger.read().iloc[0]
    assert "framing=lungs" in row["command"]
    assert cli.main([*line, "--set", "fit=letterbox"]) == 2
    assert "lose their shape" in capsys.readouterr().err


def test_only_a_known_framing_is_taken() -> None:
    with pytest.raises(ModelError, match="choose one of film, lungs"):
        overrides.change(recipes.get("small64"), {"framing": "heart"})


def test_the_committed_sweep_changes_the_framing_only() -> None:
    runs = sweeps.read(ROOT / "sweeps" / "framing.toml").runs
    assert {recipe.framing for recipe, _ in runs} == set(framing.FRAMINGS)
    shown: dict[str, set[str]] = {}
    for recipe, _ in runs:
        alike = str({**recipe.settings(), "framing": ""})
        shown.setdefault(alike, set()).add(recipe.framing)
    assert len(shown) == 3
    assert all(each == set(framing.FRAMINGS) for each in shown.values())
    assert recipes.get("basic").framing == "film"
