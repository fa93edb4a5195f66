"""Models side by side: either positive class, either threshold, links, damage."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.helpers.visits import alone, words

VIEWS = ("Right and wrong calls", "Curves", "Validation and test")


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_works_for_either_positive_class(artifacts: Path, view: str) -> None:
    app = alone("performance", "Compare", view=view, positive="NORMAL")
    assert app.segmented_control(key="view").value == view
    assert app.segmented_control(key="positive").value == "NORMAL"
    app.segmented_control(key="positive").set_value("PNEUMONIA").run()
    assert not app.exception
    assert not app.warning


def test_the_positive_class_changes_what_recall_speaks_of(artifacts: Path) -> None:
    app = alone("performance")
    table = app.dataframe[0].value
    app.segmented_control(key="positive").set_value("NORMAL").run()
    other = app.dataframe[0].value

    def value(rows: pd.DataFrame, metric: str) -> float:
        chosen = rows[(rows["metric"] == metric) & (rows["model"] == "Basic")]
        return float(chosen["value"].iloc[0])

    assert value(other, "Recall (sensitivity)") == pytest.approx(value(table, "Specificity"))
    assert value(other, "Accuracy") == pytest.approx(value(table, "Accuracy"))


def test_validation_films_are_said_to_be_the_models_own(artifacts: Path) -> None:
    app = alone("performance", split="validation")
    assert "120 films of the models' own validation, PNEUMONIA positive" in words(app)
    app.segmented_control(key="split").set_value("test").run()
    assert "624 test films, PNEUMONIA positive" in words(app)
