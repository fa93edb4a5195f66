"""Files of sweeps, and the order in which they run."""

from __future__ import annotations

from pathlib import Path

import pytest

from xray.environment import ROOT
from xray.errors import ModelError
from xray.training import ledger, sweeps


@pytest.mark.parametrize("path", sorted((ROOT / "sweeps").glob("*.toml")), ids=lambda p: p.stem)
def test_committed_sweeps_can_be_run(path: Path) -> None:
    sweep = sweeps.read(path)
    assert sweep.about
    keys = {ledger.run_id(recipe.settings(), "", seed) for recipe, seed in sweep.runs}
    assert len(keys) == len(sweep.runs) >= 6, "every run is another"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "grid = 3",
        "[[grid]]\nsize = 64",
        "[[grid]]\nrecipe = 'nothing'",
        "seeds = ['a']",
        "[[grid]]\nrecipe = 'basic'\nsize = 'x'",
        "hair = 1\n[[grid]]\nrecipe = 'basic'",
        "= =",
    ],
)
def test_a_sweep_that_cannot_be_run_is_refused_before_it_starts(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(ModelError):
        sweeps.read(path)


def test_a_sweep_tries_everything_once_before_it_tries_anything_twice(tmp_path: Path) -> None:
    path = tmp_path / "two.toml"
    path.write_text("seeds = [4, 5]\n[[grid]]\nrecipe = 'small64'\nfraction = [0.1, 0.2]")
    found = [(recipe.fraction, seed) for recipe, seed in sweeps.read(path).runs]
    assert found == [(0.1, 4), (0.2, 4), (0.1, 5), (0.2, 5)]
