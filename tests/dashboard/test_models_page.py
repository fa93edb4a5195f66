"""What all Models pages share: which models, which class, which threshold, and what is amiss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tests.dashboard.conftest import add
from tests.helpers.visits import alone, words


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
