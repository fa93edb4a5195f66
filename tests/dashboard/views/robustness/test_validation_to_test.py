"""What a drop from validation to test comes from; only what is asked for is computed."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.visits import alone, words


def test_the_model_and_the_films_are_views_of_their_own(artifacts: Path) -> None:
    app = alone("robustness", "Validation to test")
    model = words(app)
    assert "Another threshold?" in model and "like the others?" not in model
    app.segmented_control(key="view").set_value("Whatever the model").run()
    films = words(app)
    assert not app.exception
    assert "like the others?" in films and "Another threshold?" not in films


def test_the_title_is_about_the_model_that_is_shown(artifacts: Path) -> None:
    app = alone("robustness", "Validation to test", model="transfer")
    assert app.title[0].value.startswith("Transfer ")
    app.segmented_control(key="model").set_value("Basic").run()
    assert app.title[0].value.startswith("Basic ")
