"""The Models pages in the states a visitor meets, run by Streamlit's own test harness."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from xray.dataset import public_set
from xray.files import sha256_file, write_table
from xray.metrics.odds import to_probability
from xray.models.card import WEIGHTS, Card

ROOT = Path(__file__).parents[2]
PAGES = (
    *("models", "operating_points", "decisions", "compare_pairs", "calibration", "weak_spots"),
    *("validation_gap", "stress"),
    *("model_cards", "writeups"),
)
HISTORY = {
    "loss": [0.5, 0.2],
    "val_loss": [0.4, 0.3],
    "auroc": [0.9, 0.99],
    "val_auroc": [0.9, 0.95],
}


def add(folder, name, log_odds, rows, **facts):
    """Register a model that only has predictions."""
    home = folder / "models" / name
    home.mkdir(parents=True)
    table = rows.assign(log_odds=np.round(log_odds, 5))
    table["probability"] = to_probability(table["log_odds"]).round(6)
    write_table(home / "predictions.csv", table)
    (home / WEIGHTS).write_bytes(b"no network")
    files = {"predictions.csv": sha256_file(home / "predictions.csv")}
    card = Card(name, title=facts.pop("title", name.title()), size=(64, 64), files=files, **facts)
    (home / "card.json").write_text(json.dumps(asdict(card)))


@pytest.fixture(scope="module")
def facts():
    table = public_set.read()
    test = table[table["split"] == "test"]
    val = table[table["split"] == "train"].sample(120, random_state=0).assign(split="val")
    return pd.concat([test, val])[["file", "split", "label"]].reset_index(drop=True)


@pytest.fixture
def artifacts(tmp_path, monkeypatch, facts):
    """Artifacts with the public set's facts, and two models."""
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path))
    monkeypatch.delenv("XRAY_DATA", raising=False)
    for part in ("dataset", "devices"):
        (tmp_path / part).symlink_to(ROOT / "artifacts" / part)
    rng = np.random.default_rng(0)
    y = (facts["label"] == "PNEUMONIA").to_numpy()
    for name, gap in (("basic", 1.0), ("transfer", 2.5)):
        log_odds = rng.normal(np.where(y, gap, -gap), 1.5)
        add(tmp_path, name, log_odds, facts, role="recipe", recipe=name, history=HISTORY)
    return tmp_path


def visit(page, **query):
    test = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=120)
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception, test.exception
    return test


def words(test):
    return " ".join(
        each.value for each in [*test.markdown, *test.caption, *test.info, *test.warning]
    )


@pytest.mark.parametrize("page", PAGES)
def test_every_page_shows_a_finding_and_says_what_it_is_not_for(artifacts, page):
    test = visit(page)
    assert len(test.title[0].value) > 20
    assert "Not for clinical use" in words(test)
    assert not test.warning


@pytest.mark.parametrize("page", PAGES)
def test_without_models_every_page_says_what_to_do(tmp_path, monkeypatch, page):
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path))
    monkeypatch.delenv("XRAY_DATA", raising=False)
    test = visit(page)
    assert any("python -m xray train" in block.value for block in test.code)


@pytest.mark.parametrize("page", PAGES)
def test_a_broken_model_is_named_and_the_others_go_on(artifacts, page):
    home = artifacts / "models" / "broken"
    home.mkdir()
    (home / "card.json").write_text("no JSON")
    test = visit(page)
    if page == "model_cards":
        test.segmented_control(key="card").set_value("broken").run()
    assert "broken" in words(test)
    assert not test.exception


VIEWS = [
    *(("models", view) for view in ("Right and wrong calls", "Curves", "Validation and test")),
    ("operating_points", "Hold one error down"),
    *(("decisions", view) for view in ("Predictive values", "Decision curve")),
]


@pytest.mark.parametrize(("page", "view"), VIEWS)
@pytest.mark.parametrize("positive", ["PNEUMONIA", "NORMAL"])
def test_every_view_works_for_either_positive_class(artifacts, page, view, positive):
    test = visit(page)
    test.segmented_control(key="view").set_value(view)
    test.segmented_control(key="positive").set_value(positive)
    test.run()
    assert not test.exception
    assert not test.warning
    assert test.segmented_control(key="view").value == view


def test_the_positive_class_changes_what_recall_speaks_of(artifacts):
    test = visit("models")
    table = test.dataframe[0].value
    test.segmented_control(key="positive").set_value("NORMAL").run()
    other = test.dataframe[0].value

    def value(rows, metric):
        chosen = rows[(rows["metric"] == metric) & (rows["model"] == "Basic")]
        return chosen["value"].iloc[0]

    assert value(other, "Recall (sensitivity)") == pytest.approx(value(table, "Specificity"))
    assert value(other, "Accuracy") == pytest.approx(value(table, "Accuracy"))


def test_a_shared_threshold_moves_every_model(artifacts):
    test = visit("models")
    own = test.dataframe[0].value
    test.segmented_control(key="limit").set_value("one for all").run()
    test.select_slider(key="threshold").set_value("0.99").run()
    shared = test.dataframe[0].value
    recall = own["metric"] == "Recall (sensitivity)"
    assert (shared.loc[recall, "value"].to_numpy() < own.loc[recall, "value"].to_numpy()).all()
    free = own["metric"] == "AUROC"
    assert shared.loc[free, "value"].tolist() == own.loc[free, "value"].tolist()


def test_a_link_restores_the_view(artifacts):
    test = visit("models", view="Curves", positive="NORMAL")
    assert test.segmented_control(key="view").value == "Curves"
    assert test.segmented_control(key="positive").value == "NORMAL"


def test_a_model_that_gives_one_call_is_named(artifacts, facts):
    add(artifacts, "collapsed", np.full(len(facts), 4.0), facts, role="user")
    test = visit("model_cards")
    test.segmented_control(key="card").set_value("Collapsed").run()
    assert "Degenerate" in words(test)
    assert f"{len(facts)} of {len(facts)} films PNEUMONIA" in words(test)
    for page in PAGES:
        assert not visit(page).exception


def test_one_model_alone_is_no_pair(artifacts):
    test = visit("compare_pairs")
    test.pills(key="models").set_value(["Basic"]).run()
    assert not test.exception
    assert "at least two models" in words(test)


def test_a_pair_without_second_trainings_is_said_to_be_unknown(artifacts):
    told = words(visit("compare_pairs"))
    assert "Ranking, other films." in told and "Calls, another training." in told
    assert told.count("holds no second training of Basic and of Transfer") == 2


def test_no_model_chosen_is_no_error(artifacts):
    test = visit("models")
    test.pills(key="models").set_value([]).run()
    assert not test.exception
    assert "at least one model" in words(test)


def test_predictions_that_were_changed_are_refused(artifacts):
    path = artifacts / "models" / "basic" / "predictions.csv"
    path.write_text(path.read_text().replace("0", "1", 1))
    test = visit("models")
    assert "were changed after they were made" in words(test)
    assert "Transfer" in test.title[0].value


def test_the_films_behind_a_cell_are_listed(artifacts):
    test = visit("compare_pairs")
    cell = next(each for each in test.segmented_control if each.label == "Films of")
    assert cell.value == "only basic"
    assert "furthest apart first" in words(test)


def test_figures_of_ones_own_are_read(artifacts):
    test = visit("writeups")
    for name, text in (("recall", "0.43"), ("precision", "0.99"), ("accuracy", "0.784")):
        next(box for box in test.text_input if box.label == name).set_value(text)
    test.run()
    assert "Only with NORMAL" in words(test)
    next(box for box in test.text_input if box.label == "recall").set_value("much").run()
    assert not test.exception
    assert "between 0 and 1" in words(test).replace("\\", "")
