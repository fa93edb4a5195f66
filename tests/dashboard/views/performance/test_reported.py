"""Figures that others stated, read for what they can have meant."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.visits import alone, words


def test_figures_of_ones_own_are_read(artifacts: Path) -> None:
    app = alone("performance", "What others reported")
    for name, text in (("recall", "0.43"), ("precision", "0.99"), ("accuracy", "0.784")):
        next(box for box in app.text_input if box.label == name).set_value(text)
    app.run()
    assert "Only with NORMAL" in words(app)
    next(box for box in app.text_input if box.label == "recall").set_value("much").run()
    assert not app.exception
    assert "between 0 and 1" in words(app)
