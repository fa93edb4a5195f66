"""What all Models pages share: which models, which class, which threshold, and what is amiss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.dashboard.conftest import add
from tests.helpers.visits import alone, words
from xray.dashboard import models_page
from xray.models.card import WEIGHTS, Card
from xray.models.lineup import Entrant, Lineup


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


def view() -> models_page.View:
    """Two models on six films: one right on five of them, one on all."""
    y = np.array([False] * 3 + [True] * 3)
    odds = {"good": np.where(y, 2.0, -2.0), "poor": np.array([-1.0, -1, 1, 1, 1, 1])}
    entrants = tuple(
        Entrant(name, name.title(), score, limit, (y, score))
        for (name, score), limit in zip(odds.items(), (0.5, -0.5), strict=True)
    )
    films = Lineup(np.array(list("abcdef")), y, np.array(list("abcdef")), entrants, ())
    cards = {name: Card(name, title=name.title()) for name in odds}
    return models_page.View(films, cards, "PNEUMONIA", "test", "six made-up films")


def test_scores_are_made_once_at_each_model_s_own_threshold_or_a_shared_one() -> None:
    shown = view()
    assert shown.titles == {"good": "Good", "poor": "Poor"}
    assert shown.entrant("poor").threshold == -0.5
    own = models_page.scores(shown)
    accuracy = {name: table.set_index("metric").loc["accuracy"] for name, table in own.items()}
    assert accuracy["good"]["value"] == 1 and accuracy["poor"]["value"] == pytest.approx(5 / 6)
    assert models_page.scores(shown)["poor"] is own["poor"]
    shared = models_page.scores(shown, 1.5)
    assert shared["poor"].set_index("metric").loc["recall", "value"] == 0
    assert shared["good"].set_index("metric").loc["recall", "value"] == 1
    # What no threshold moves is the same.
    areas = [each["poor"].set_index("metric").loc["auroc", "value"] for each in (own, shared)]
    # Of nine pairs of healthy and sick three stand even.
    assert areas == [pytest.approx(7.5 / 9)] * 2


def test_scores_are_saved_as_one_table() -> None:
    shown = view()
    table = models_page.table(shown, models_page.scores(shown))
    assert list(table.columns[:4]) == ["model", "split", "positive", "own_threshold"]
    assert set(table["model"]) == {"good", "poor"} and set(table["split"]) == {"test"}
    limits = table.groupby("model")["own_threshold"].first()
    assert limits["poor"] == pytest.approx(1 / (1 + np.exp(0.5)))


def test_thresholds_to_choose_from_are_probabilities_in_order() -> None:
    steps = [float(step) for step in models_page.STEPS]
    assert steps == sorted(set(steps)) and steps[0] > 0 and steps[-1] < 1
    assert "0.5" in models_page.STEPS


def test_without_any_model_the_page_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path))
    monkeypatch.delenv("XRAY_DATA", raising=False)
    app = alone("performance")
    assert app.title[0].value == "No model to compare yet"
    assert "There are no predictions to compare." in words(app)
    assert "python -m xray train basic" in app.code[0].value


def test_a_model_without_a_network_keeps_its_predictions_and_is_named(artifacts: Path) -> None:
    (artifacts / "models" / "basic" / WEIGHTS).unlink()
    app = alone("performance")
    assert f"{WEIGHTS} of basic is missing" in words(app)
    assert len(app.multiselect(key="models").options) == 2
