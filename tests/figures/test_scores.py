"""Figures of the Models pages: what they draw, and what their titles claim."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from tests.helpers.two_models import TITLES, N, scored, sound
from xray.figures import base, palette, scores
from xray.figures import training as training_
from xray.metrics import scores as metrics
from xray.models import evaluation
from xray.models.card import Card


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
    title = base.title(figure)
    assert title.startswith("Validation promises more than test keeps: accuracy of Basic CNN falls")
    assert f"falls by {value['val'] - value['test']:.3f} (0." in title
    assert list(figure.data[0].x) == pytest.approx([value["val"], value["test"]])
    wide = table.assign(low=table["value"] - 0.5, high=table["value"] + 0.5)
    assert base.title(training_.carried({"basic": wide}, TITLES, "accuracy")).startswith(
        "No model's accuracy clearly falls from validation to test; most, that of Basic CNN: by "
        f"{value['val'] - value['test']:.3f} (-0."
    )
    turned = wide.assign(split=wide["split"].map({"val": "test", "test": "val"}))
    assert base.title(training_.carried({"basic": turned}, TITLES, "accuracy")).startswith(
        "No model's accuracy is lower on test than on validation"
    )


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


def test_figures_do_not_share_what_they_are_made_of(films):
    figure = scores.scoreboard(scored(films), TITLES)
    assert isinstance(figure, go.Figure)
    figure.data[0].marker.color = "#000000"
    again = scores.scoreboard(scored(films), TITLES)
    assert again.data[0].marker.color == palette.model("basic").colour
