"""Recipes train by their phases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.training.test_fit import TINY, _network, _sample
from xray.training import fit, recipes


def test_early_stopping_waits_for_its_patience() -> None:
    recipe = replace(TINY, phases=(recipes.Phase(50, 0.5, patience=2),))
    history = fit.fit(_network(), recipe, _sample(0), _sample(1))
    best = int(np.argmin(history["val_loss"]))
    assert len(history["val_loss"]) == min(50, best + 3)


def test_a_phase_may_show_the_films_as_they_are() -> None:
    heavy = recipes.Augmentation(brightness=0.9, contrast=0.9)
    plain = replace(TINY, augmentation=heavy, phases=(recipes.Phase(2, 3e-3, augmented=False),))
    changed = replace(plain, phases=(recipes.Phase(2, 3e-3),))
    bare = replace(plain, augmentation=recipes.Augmentation())
    losses = [
        fit.fit(_network(), each, _sample(0), _sample(1))["val_loss"]
        for each in (plain, bare, changed)
    ]
    assert losses[0] == losses[1] != losses[2]
