"""Every way gets the evaluations it is said to get, and shapiq is asked across processes."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import equal_evaluations
from xray.explanations.designs import Masks
from xray.explanations.surrogate import Floats

WEIGHTS = np.array([3.0, -2.0, 1.0, 0.5, -0.25, 0.0, 4.0, -1.0])

#: Stands in for shapiq: asks for each player alone, a few at a time.
STAND_IN = """
import numpy as np

class LeverageSHAP:
    def __init__(self, n, random_state, **more):
        self.n, self.seed = n, random_state

    def approximate(self, budget, game):
        alone = np.eye(self.n, dtype=bool)
        told = np.concatenate([game(alone[:5]), game(alone[5:])]) + 100 * self.seed + budget
        return {(i,): value for i, value in enumerate(told)}

OddSHAP = ProxySHAP = LeverageSHAP
"""


class Game:
    """Adds weights up, and counts."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, masks: Masks) -> Floats:
        self.asked += len(masks)
        return np.asarray(masks @ WEIGHTS)


@pytest.mark.parametrize("evaluations", [9, 18, 36])
def test_ours_and_the_packages_get_so_many_evaluations(evaluations: int) -> None:
    count = len(WEIGHTS)
    game = Game()
    found = equal_evaluations.ours(count, evaluations, 1, game)
    assert game.asked == evaluations
    # The package's ridge makes weights smaller, and leaves their order.
    assert np.corrcoef(found, WEIGHTS)[0, 1] > (0.8 if evaluations == 9 else 0.95)
    one = equal_evaluations.flips(count, evaluations, 1)
    assert one.shape == (evaluations, count)
    assert one[0].all()
    np.testing.assert_array_equal(one, equal_evaluations.flips(count, evaluations, 1))
    assert (one != equal_evaluations.flips(count, evaluations, 2)).any()


def test_shapiq_asks_this_process_for_what_the_network_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "shapiq"
    home.mkdir()
    (home / "__init__.py").write_text("")
    (home / "approximator.py").write_text(STAND_IN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    game = Game()
    with equal_evaluations.shapiq(Path(sys.executable)) as peers:
        for seed, way in enumerate(equal_evaluations.SHAPIQ):
            found = peers.values(way, len(WEIGHTS), 7, seed, game)
            np.testing.assert_allclose(found, WEIGHTS + 100 * seed + 7)
    assert game.asked == len(WEIGHTS) * len(equal_evaluations.SHAPIQ)


def test_shapiq_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shapiq.py").write_text("raise ImportError('not here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with (
        equal_evaluations.shapiq(Path(sys.executable)) as peers,
        pytest.raises((RuntimeError, BrokenPipeError)),
    ):
        peers.values("OddSHAP", 3, 4, 0, Game())
