"""A film on its way into a model."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.visits import alone, words


def test_without_films_a_synthetic_one_stands_in(on_shelf: Path) -> None:
    app = alone("cards", "What the model sees", model="augmented")
    assert app.segmented_control(key="model").value == "Model augmented"
    said = words(app)
    assert "a synthetic one" in said
    assert "32 × 32 pixels" in said
