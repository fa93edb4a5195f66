"""Models side by side: either positive class, either threshold, links, damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.dashboard.views.conftest import add
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


def test_a_shared_threshold_moves_every_model(artifacts: Path) -> None:
    app = alone("performance")
    own = app.dataframe[0].value
    app.segmented_control(key="limit").set_value("one for all").run()
    app.select_slider(key="threshold").set_value("0.99").run()
    shared = app.dataframe[0].value
    recall = own["metric"] == "Recall (sensitivity)"
    assert (shared.loc[recall, "value"].to_numpy() < own.loc[recall, "value"].to_numpy()).all()
    free = own["metric"] == "AUROC"
    assert shared.loc[free, "value"].tolist() == own.loc[free, "value"].tolist()


def test_no_model_chosen_is_no_error(artifacts: Path) -> None:
    app = alone("performance")
    app.multiselect(key="models").set_value([]).run()
    assert not app.exception
    assert "at least one model" in words(app)


def test_predictions_that_were_changed_are_refused(artifacts: Path) -> None:
    path = artifacts / "models" / "basic" / "predictions.csv"
    path.write_text(path.read_text().replace("0", "1", 1))
    app = alone("performance")
    assert "were changed after they were made" in words(app)
    assert "Transfer" in app.title[0].value


def test_references_stand_by_until_they_are_asked_for(artifacts: Path, facts: pd.DataFrame) -> None:
    add(artifacts, "whole_film", np.linspace(-3, 3, len(facts)), facts, role="cure")
    app = alone("performance")
    assert app.multiselect(key="models").options == ["Basic", "Transfer", "Whole_Film"]
    assert app.multiselect(key="models").value == ["Basic", "Transfer"]
