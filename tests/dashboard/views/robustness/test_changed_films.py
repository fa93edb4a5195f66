"""Films changed on purpose: what was not measured is said."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.visits import alone, words


def test_models_that_were_not_asked_are_named_with_the_command(artifacts: Path) -> None:
    app = alone("robustness", "Changed films")
    assert app.title[0].value.startswith("Whether these models bear another framing")
    assert "Not asked of Basic, Transfer" in words(app)
    assert "python -m xray evaluate basic transfer --stress" in app.code[0].value
