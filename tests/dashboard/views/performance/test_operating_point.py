"""Holding one error down: either class, and the model of a link by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.visits import alone, words


@pytest.mark.parametrize("positive", ["PNEUMONIA", "NORMAL"])
def test_one_error_is_held_down_for_either_class(artifacts: Path, positive: str) -> None:
    app = alone("performance", "Operating point", view="Hold one error down", positive=positive)
    said = words(app)
    assert not app.warning
    assert said.count("Nobody could have known that threshold") == 2, "one sentence a model"


def test_a_link_names_the_model_by_its_name(artifacts: Path) -> None:
    app = alone("performance", "Operating point", model="transfer")
    assert app.segmented_control(key="model").value == "Transfer"
    assert not app.info
    assert "for Transfer" in words(app)


def test_the_title_is_about_the_view_that_is_open(artifacts: Path) -> None:
    app = alone("performance", "Operating point")
    assert app.title[0].value.replace("\\", "").startswith("Basic, threshold 0.500: recall")
    app.segmented_control(key="model").set_value("Transfer").run()
    app.select_slider(key="threshold").set_value("0.9").run()
    assert app.title[0].value.replace("\\", "").startswith("Transfer, threshold 0.900: recall")
    app.segmented_control(key="view").set_value("Hold one error down").run()
    assert app.title[0].value.startswith("Held at specificity 90% on validation")
    app.segmented_control(key="held").set_value("recall").run()
    app.select_slider(key="target").set_value("0.95").run()
    assert app.title[0].value.startswith("Held at recall 95% on validation")
