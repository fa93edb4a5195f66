"""Changes of a recipe: read, written, told."""

from __future__ import annotations

import json

import pytest

from xray.training import overrides, recipes

CHANGES = [
    {},
    {"size": 64, "fraction": 0.2, "augmentation": "moderate"},
    {"epochs": 3, "learning_rate": 0.01, "patience": 2, "class_weight": "1.2:1"},
    {"options.rgb": True, "options.dense": [256, 256], "fit": "crop", "split": "original"},
    {"augmentation": {"flip": True, "shift": 0.2}, "size": [64, 96], "batch": 8},
]


@pytest.mark.parametrize("changes", CHANGES)
def test_changes_are_read_back_as_they_were_written(changes: dict[str, object]) -> None:
    assert overrides.parse(overrides.show(changes)) == changes


@pytest.mark.parametrize("changes", CHANGES)
def test_a_recipe_tells_how_it_was_changed(changes: dict[str, object]) -> None:
    made = overrides.change(recipes.get("basic"), changes)
    told = overrides.difference(json.loads(json.dumps(made.settings())))
    assert overrides.change(recipes.get("basic"), told) == made
