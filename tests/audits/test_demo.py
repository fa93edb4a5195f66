"""The demonstration's films: drawn, with devices on a copy of each; LIME sees those it reads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.helpers.fakes import Fake, cloudy_lungs, thin_and_bright
from xray.audits import demo
from xray.models.card import Card


def test_devices_are_planted_as_often_as_a_strength_says() -> None:
    sick = np.arange(4_000) % 2 == 0
    for strength, (among_sick, among_healthy) in demo.STRENGTHS.items():
        wears = demo._wears(sick, strength, 0)
        assert wears[sick].mean() == pytest.approx(among_sick, abs=0.03)
        assert wears[~sick].mean() == pytest.approx(among_healthy, abs=0.03)


class Stage:
    """Counts what is done under each heading."""

    def __init__(self) -> None:
        self.told: dict[str, tuple[int, int]] = {}

    def __call__(self, heading: str) -> Any:
        return lambda done, total: self.told.update({heading: (done, total)})


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, stage: Stage) -> demo.Base:
    """A few films of each split."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "COUNTS", {"train": 4, "val": 2, "test": 8})
        return demo.films(tmp_path_factory.mktemp("demo"), stage, seed=1)


def test_each_film_has_a_copy_with_devices(base: demo.Base, stage: Stage) -> None:
    assert base.films.shape == base.worn.shape == (14, demo.SIDE, demo.SIDE)
    assert base.films.dtype == base.worn.dtype == np.uint8
    changed = np.abs(base.worn.astype(int) - base.films).max(axis=(1, 2))
    assert (changed > 255 * demo.SEEN_FROM).all()
    counts = {split: int(base.of(split).sum()) for split in demo.COUNTS}
    assert counts == {"train": 4, "val": 2, "test": 8}
    assert set(base.table["label"]) == {"NORMAL", "PNEUMONIA"}
    assert len(stage.told) == 2 and all(done == total for done, total in stage.told.values())


def test_lime_lays_its_weight_on_devices_that_are_read(
    base: demo.Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "WEIGHED", 3)
    card = Card("m", size=(demo.SEEN, demo.SEEN))
    reads, blind = (
        demo.weighed(Fake(rule, card), base) for rule in (thin_and_bright, cloudy_lungs)
    )  # type: ignore[arg-type]
    for found in (reads, blind):
        assert found["films"] == 3
        assert found["difference"] == pytest.approx(found["device"] - found["null"])
        assert found["difference_low"] <= found["difference"] <= found["difference_high"]
    assert reads["difference"] > blind["difference"]
