"""Figures of the Models pages: what they draw, and what their titles claim."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from xray.figures import base, palette, scores
from xray.figures import calibration as figures_calibration
from xray.figures import comparison as figures_pairs
from xray.figures import decision as figures_decision
from xray.figures import training as training_
from xray.metrics import bootstrap, calibration, comparison, decision
from xray.metrics import scores as metrics
from xray.models import evaluation, weak_spots
from xray.models.card import Card
from xray.models.lineup import Entrant
from xray.reports import model_card
from xray.training.diagnosis import Sign

N = 300
TITLES = {"basic": "Basic CNN", "transfer": "VGG19"}


@pytest.fixture(scope="module")
def films():
    """Truth, and log-odds of a weak and a strong model."""
    rng = np.random.default_rng(0)
    y = np.arange(N) % 3 > 0
    weak, strong = (rng.normal(np.where(y, gap, -gap), 1.5) for gap in (0.6, 2.5))
    return y, {"basic": weak, "transfer": strong}


@pytest.fixture(scope="module")
def entrants(films):
    y, log_odds = films
    return [Entrant(name, TITLES[name], score, 0.0, (y, score)) for name, score in log_odds.items()]


def scored(films, positive="PNEUMONIA", threshold=0.0):
    y, log_odds = films
    return {n: metrics.scores(y, s, threshold, positive) for n, s in log_odds.items()}


def sound(figure):
    """A figure that can be sent, has a title, and leaves the theme's colours alone."""
    json.loads(figure.to_json())
    assert base.title(figure)
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.font.color is None
    return figure


def test_the_scoreboard_draws_every_value_with_its_interval(films):
    tables = scored(films)
    figure = sound(scores.scoreboard(tables, TITLES))
    assert [trace.name for trace in figure.data] == ["Basic CNN", "VGG19"]
    for trace, (name, table) in zip(figure.data, tables.items(), strict=True):
        row = table.set_index("metric").loc["accuracy"]
        place = scores.SHOWN.index("accuracy")
        assert trace.x[place] == pytest.approx(row["value"])
        assert trace.error_x.array[place] == pytest.approx(row["high"] - row["value"])
        assert trace.error_x.arrayminus[place] == pytest.approx(row["value"] - row["low"])
        mark = palette.model(name)
        assert (trace.marker.color, trace.marker.symbol) == (mark.colour, mark.symbol)
    # Models differ by symbol too, never by colour alone.
    assert len({trace.marker.symbol for trace in figure.data}) == 2
    assert base.title(figure).startswith("VGG19 has the best balanced accuracy")
    assert "clear of every other" in base.title(figure)


def test_an_overlap_is_said_and_a_missing_interval_is_no_overlap(films):
    tables = scored(films)
    twice = {"basic": tables["transfer"], "transfer": tables["transfer"]}
    assert "overlaps that of VGG19" in scores.leader(twice, TITLES)
    y, _ = films
    constant = metrics.scores(y, np.full(N, 3.0), 0.0)
    said = scores.leader(
        {"basic": constant, "transfer": tables["transfer"]}, TITLES, "balanced_accuracy"
    )
    assert "clear of every other" in said


def test_less_is_better_for_losses(films):
    tables = scored(films)
    losses = {name: t.set_index("metric").loc["brier", "value"] for name, t in tables.items()}
    best = min(losses, key=losses.get)
    assert scores.leader(tables, TITLES, "brier").startswith(TITLES[best])


@pytest.mark.parametrize("positive", metrics.LABELS)
def test_the_confusion_figure_says_who_is_missed(films, positive):
    y, log_odds = films
    counts = metrics.confusion(y, log_odds["basic"], 0.0, positive)
    figure = sound(scores.confusion(counts, "Basic CNN"))
    assert f"misses {counts.fn} of {counts.tp + counts.fn} {positive}" in base.title(figure)
    cells = figure.data[0]
    words = {(y, x): cells.text[i][j] for i, y in enumerate(cells.y) for j, x in enumerate(cells.x)}
    other = metrics.other(positive)
    assert f"<b>{counts.fn}</b><br>missed" in words[f"is {positive}", f"called {other}"]
    assert f"<b>{counts.fp}</b><br>false alarm" in words[f"is {other}", f"called {positive}"]


def test_white_words_read_on_every_cell_of_a_confusion_matrix():
    assert all(palette.contrast("#FFFFFF", colour) >= 4.5 for _, colour in palette.CELLS)


def test_the_roc_marks_the_operating_point(films, entrants):
    y, _ = films
    tables = scored(films)
    figure = sound(scores.roc(y, entrants, tables))
    spots = [trace for trace in figure.data if trace.mode == "markers"]
    for spot, table in zip(spots, tables.values(), strict=True):
        value = table.set_index("metric")["value"]
        assert spot.x[0] == pytest.approx(1 - value["specificity"])
        assert spot.y[0] == pytest.approx(value["recall"])
    curves = [trace for trace in figure.data if trace.mode == "lines" and trace.name != "chance"]
    assert len({trace.line.dash for trace in curves}) == 2
    assert "VGG19 strikes the best balance" in base.title(figure)
    # The whisker of specificity is mirrored on an axis of false alarms.
    row = tables["basic"].set_index("metric").loc["specificity"]
    assert spots[0].error_x.array[0] == pytest.approx(row["value"] - row["low"])


def test_precision_recall_knows_what_guessing_gives(films, entrants):
    y, _ = films
    figure = sound(scores.precision_recall(y, entrants, scored(films, "NORMAL"), "NORMAL"))
    assert f"guessing: {np.mean(~y):.3f}" in base.title(figure)


def test_the_gap_from_validation_to_test_is_named(films):
    y, log_odds = films
    rows = pd.DataFrame(
        {
            "file": [f"x/{i}.png" for i in range(2 * N)],
            "split": np.repeat(["val", "test"], N),
            "label": np.where(np.tile(y, 2), "PNEUMONIA", "NORMAL"),
            "log_odds": np.r_[log_odds["transfer"], log_odds["basic"]],
        }
    )
    table = evaluation.score(rows, 0.0)
    figure = sound(training_.carried({"basic": table}, TITLES, "accuracy"))
    value = table[table["metric"] == "accuracy"].set_index("split")["value"]
    assert f"falls by {value['val'] - value['test']:.3f}" in base.title(figure)
    assert list(figure.data[0].x) == pytest.approx([value["val"], value["test"]])


def test_training_curves_mark_the_kept_epoch():
    history = {
        "loss": [0.5, 0.2],
        "val_loss": [0.4, 0.3],
        "auroc": [0.9, 0.99],
        "val_auroc": [0.9, 0.95],
    }
    figure = sound(training_.training(Card("basic", title="Basic CNN", history=history), 1))
    assert "weights of epoch 2" in base.title(figure)
    assert [list(trace.y) for trace in figure.data] == [
        history[key] for key in ("loss", "val_loss", "auroc", "val_auroc")
    ]
    assert {trace.line.dash for trace in figure.data} == {"solid", "dash"}


def test_the_sweep_says_what_the_threshold_in_force_does(films):
    y, log_odds = films
    points = decision.sweep(y, log_odds["basic"])
    counts = metrics.confusion(y, log_odds["basic"], 0.4)
    figure = sound(figures_decision.sweep(points, 0.4, counts, "Basic CNN"))
    recall = np.mean(log_odds["basic"][y] >= 0.4)
    assert f"recall {recall:.2f}" in base.title(figure)


def test_what_test_keeps_of_a_promise_is_in_the_title(films):
    y, log_odds = films
    promised = (y, log_odds["transfer"])
    broken = (y, log_odds["transfer"] + 2)
    point, kept = (
        decision.operating_point(promised, test, "specificity", 0.9, groups=np.arange(N))
        for test in (broken, promised)
    )
    figure = sound(figures_decision.held({"transfer": point}, TITLES))
    assert f"VGG19 keeps {point.specificity:.0%} on test" in base.title(figure)
    assert "every model keeps it" in figures_decision.kept({"transfer": kept}, TITLES)


def test_the_cost_figure_names_the_cheapest(films):
    y, log_odds = films
    steps = {name: decision.sweep(y, score) for name, score in log_odds.items()}
    chosen = {"basic": (0.0, 30.0), "transfer": (0.1, 12.3)}
    figure = sound(figures_decision.cost(steps, TITLES, chosen, 0.2, 10))
    assert base.title(figure).startswith("VGG19 costs least, 12.3")
    # Calling all costs 80 false alarms a hundred films, calling none 200.
    assert "calling every film costs 80.0" in base.title(figure)


def test_predictive_values_and_benefit_can_be_drawn(films):
    y, log_odds = films
    drawn = bootstrap.resamples(np.arange(N), 100)
    values = {
        name: decision.at_prevalences((y, s), 0.0, "PNEUMONIA", [0.05, 0.2, 0.5], drawn)
        for name, s in log_odds.items()
    }
    figure = sound(figures_decision.predictive_values(values, TITLES, 0.2, "PNEUMONIA"))
    assert f"{values['basic']['ppv'].iloc[1]:.0%} by Basic CNN" in base.title(figure)
    curves = {
        name: decision.decision_curve(y, s, [0.1, 0.3, 0.5], 0.3, drawn=drawn)
        for name, s in log_odds.items()
    }
    figure = sound(figures_decision.benefit(curves, TITLES, "PNEUMONIA"))
    assert "VGG19 from" in base.title(figure)


def test_calibration_is_drawn_before_and_after(films):
    y, log_odds = films
    raw, scaled = (calibration.reliability(y, log_odds["basic"] / t) for t in (1.0, 2.0))
    figure = sound(figures_calibration.reliability(raw, scaled, "basic", "Basic CNN"))
    assert list(figure.data[1].y) == pytest.approx(raw["observed"].tolist())
    table = calibration.summary(y, log_odds["basic"], 2.0, np.arange(N))
    figure = sound(figures_calibration.calibration_errors(table, "basic", "Basic CNN"))
    ece = table[table["metric"] == "ece"].iloc[0]
    assert f"calibration error {ece['value']:.3f}" in base.title(figure)
    hot = calibration.Temperature(1.5, 100)
    assert "too sure of itself" in figures_calibration.heat(hot, "Basic CNN")
    stuck = calibration.Temperature(0.02, 100, "validation is separated without error")
    assert "No temperature" in figures_calibration.heat(stuck, "Basic CNN")
    said = figures_calibration.least_calibrated({"basic": 0.2, "transfer": 0.1}, TITLES)
    assert said.startswith("Probabilities of Basic CNN are off by 0.200")


def test_a_pairs_figures_agree_with_the_pair(films):
    y, log_odds = films
    pair = comparison.compare_all(y, log_odds, dict.fromkeys(log_odds, 0.0), np.arange(N))[0]
    figure = sound(figures_pairs.differences(pair, TITLES))
    assert "AUROC" in base.title(figure)
    # The leader of every metric here is VGG19, whose mark is the one with points.
    assert len(figure.data[1].x) == 5
    labels = np.where(y, "PNEUMONIA", "NORMAL")
    figure = sound(figures_pairs.agreement(pair, TITLES, labels))
    assert sum(sum(trace.x) for trace in figure.data) == N
    assert f"only VGG19 on {pair.mcnemar.only_b}" in base.title(figure)
    assert {trace.marker.color for trace in figure.data} == set(palette.classes().values())
    only_b = pair.cells == f"only {pair.b}"
    sick = int(np.sum(only_b & y))
    wanted = f"only VGG19 right: {sick} PNEUMONIA, {int(only_b.sum()) - sick} NORMAL"
    assert wanted in figure.data[0].y


def test_weak_spots_put_the_worst_at_the_top(films):
    y, log_odds = films
    half = np.arange(N) < N // 2
    score = np.where(half, log_odds["transfer"], -log_odds["transfer"])
    every = np.ones(N, bool)
    chosen = [
        weak_spots.Stratum("A", "good", half, every),
        weak_spots.Stratum("A", "bad", ~half, every),
    ]
    drawn = bootstrap.resamples(np.arange(N), 100)
    table = weak_spots.by_stratum((y, score, drawn), chosen, "auroc", 0.0)
    figure = sound(figures_pairs.weak_spots(table, 0.5, "basic", "Basic CNN"))
    assert "weakest on bad" in base.title(figure)
    # Plotly draws categories from the bottom.
    assert figure.layout.yaxis.categoryarray[-1].startswith("bad")


def test_the_card_as_markdown_holds_facts_scores_signs_and_no_markup_of_strangers(films):
    card = Card(
        "mine",
        title="My <b>net</b> | best*",
        recipe="basic",
        size=(64, 64),
        seed=3,
        layers=[{"name": "conv", "type": "Conv2D", "output": [None, 64, 64, 8], "parameters": 80}],
        counts={"train": {"NORMAL": 10, "PNEUMONIA": 20}},
        parameters=80,
    )
    text = model_card.markdown(card, scored(films)["basic"], [Sign("overfitting", "It overfits.")])
    assert "Not for clinical use" in text
    assert "python -m xray train basic --seed 3" in text
    assert "| conv | Conv2D | 64 x 64 x 8 | 80 |" in text
    assert "AUROC" in text
    assert "overfitting" in text
    assert "<b>" not in text
    html = model_card.facts_html(card)
    assert "train 30" in html


def test_figures_do_not_share_what_they_are_made_of(films):
    figure = scores.scoreboard(scored(films), TITLES)
    assert isinstance(figure, go.Figure)
    figure.data[0].marker.color = "#000000"
    again = scores.scoreboard(scored(films), TITLES)
    assert again.data[0].marker.color == palette.model("basic").colour
