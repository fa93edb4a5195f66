"""Figures of odd films, leaked films, splits and counts: what is drawn and what titles count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.helpers.two_models import sound
from xray.dataset import outliers
from xray.dataset.large_tables import Table
from xray.figures import base, curation

FILMS = {"NORMAL": 200, "COVID-19": 100}


def summary(**rows: tuple[int, int]) -> pd.DataFrame:
    """Counts of odd films of both classes, by the name of the oddity."""
    return pd.DataFrame(
        [
            {"name": name, "title": name.capitalize(), "NORMAL": well, "COVID-19": sick}
            | {"total": well + sick, "known": 300}
            for name, (well, sick) in rows.items()
        ]
    )


def test_the_oddity_of_one_class_comes_first() -> None:
    found = summary(dark=(10, 5), border=(4, 30), bright=(0, 0))
    figure = sound(curation.oddities(found, FILMS))
    assert (
        base.title(figure)
        == "Border: 2.0 % of NORMAL against 30.0 % of COVID-19 films (all splits)"
    )
    # An oddity that no film has is no row.
    assert list(figure.layout.yaxis.categoryarray) == ["Border", "Dark"]
    assert {bar.name: list(bar.x) for bar in figure.data} == {
        "NORMAL": [2.0, 5.0],
        "COVID-19": [30.0, 5.0],
    }
    assert base.alt(figure).endswith("Border: NORMAL 4, COVID-19 30; Dark: NORMAL 10, COVID-19 5")
    none = curation.oddities(summary(dark=(0, 0)), FILMS)
    assert base.title(none) == "No film is odd in any way"


def test_the_headline_is_of_an_oddity_that_many_films_have() -> None:
    # Of 19 films nothing is said, however lopsided they are.
    found = summary(dark=(0, 19), border=(4, 30), bright=(20, 10))
    assert curation.most_lopsided(found, FILMS) == "border"
    assert curation.oddities_say(found, FILMS) == (
        "30 of 34 films that are bordered by black are COVID-19"
    )
    assert curation.oddities_say(summary(blurred=(0, 25)), FILMS) == (
        "All 25 films that are blurred are COVID-19"
    )
    assert curation.most_lopsided(summary(dark=(0, 19)), FILMS) == ""
    assert curation.oddities_say(summary(dark=(0, 19)), FILMS) == (
        "Which films are not like the others?"
    )


def test_scores_count_the_films_from_the_threshold_on() -> None:
    values = np.array([0.1, 0.2, 0.5, 0.6, np.nan, 9.0])
    labels = np.array(["NORMAL", "NORMAL", "NORMAL", "PNEUMONIA", "PNEUMONIA", "PNEUMONIA"])
    oddity = outliers.Oddity("dark", "Dark", "share of black", 0.5, 0.0, 1.0, True)
    figure = sound(curation.scores(values, labels, oddity, 0.5))
    assert base.title(figure) == "Dark: 3 films from 0.5 on (1 NORMAL, 2 PNEUMONIA)"
    # Every film whose score is known is drawn, the one beyond the axis at its end.
    assert {line.name: sum(line.y) for line in figure.data} == {"NORMAL": 3, "PNEUMONIA": 2}
    unknown = curation.scores(np.full(6, np.nan), labels, oddity, 0.5)
    assert not unknown.data
    assert base.title(unknown) == "Dark: 0 films from 0.5 on (0 NORMAL, 0 PNEUMONIA)"


def test_what_leaked_films_change_is_counted() -> None:
    rows = pd.DataFrame(
        [
            ("basic", "Basic", "AUROC", 0.95, 0.93, -0.02, -0.03, -0.01),
            ("basic", "Basic", "accuracy", 0.90, 0.90, 0.0, -0.01, 0.01),
            ("transfer", "VGG19", "AUROC", 0.97, 0.97, 0.0, -0.01, 0.01),
            ("transfer", "VGG19", "accuracy", 0.91, 0.90, -0.01, -0.03, 0.01),
        ],
        columns=["model", "title", "metric", "with_all", "without", "difference", "low", "high"],
    )
    figure = sound(curation.without_leaked(rows))
    assert base.title(figure) == (
        "Without films of possible patients of other splits 1 of 4 metrics changes beyond chance"
    )
    assert list(figure.data[0].x) == pytest.approx([-2, 0])
    assert list(figure.data[0].error_x.array) == pytest.approx([1, 1])
    assert list(figure.data[0].y) == pytest.approx([-0.2, 0.8])
    assert "VGG19 accuracy -1.0 points" in base.alt(figure)
    same = curation.without_leaked(rows.assign(low=-0.1, high=0.1))
    assert "none of 4 metrics changes beyond chance" in base.title(same)
    still = pd.concat([rows, rows.assign(difference=0.0, low=np.nan, high=np.nan)])
    assert base.title(curation.without_leaked(still.iloc[:6])).endswith(
        "1 of 4 metrics changes beyond chance; 2 more cannot"
    )


def test_no_metric_s_marks_run_into_its_neighbours_however_many_models_there_are() -> None:
    models = [f"model {at}" for at in range(9)]
    metrics = ("AUROC", "accuracy", "recall")
    rows = pd.DataFrame(
        [(m, m, metric, 0.9, 0.9, 0.0, -0.1, 0.1) for m in models for metric in metrics],
        columns=["model", "title", "metric", "with_all", "without", "difference", "low", "high"],
    )
    figure = sound(curation.without_leaked(rows))
    places = np.array([trace.y for trace in figure.data])
    assert places.shape == (9, 3)
    assert (abs(places - [0, 1, 2]) < 0.5).all()
    # Nor into each other: no two marks share a place.
    assert len(set(places.ravel().round(6))) == places.size


def test_every_part_of_a_split_is_a_bar_and_films_left_out_are_not_in_the_title() -> None:
    counts = {
        "As it comes": pd.DataFrame({"NORMAL": [10, 2], "sick": [30, 3]}, index=["train", "test"]),
        "Clean": pd.DataFrame({"NORMAL": [9, 1]}, index=["train", ""]),
    }
    figure = sound(curation.split_counts(counts))
    assert base.title(figure) == "As it comes: train 40, test 5; Clean: train 9"
    assert list(figure.data[0].y) == [
        *("As it comes · train", "As it comes · test", "Clean · train", "Clean · left out")
    ]
    assert {bar.name: list(bar.x) for bar in figure.data} == {
        "NORMAL": [10, 2, 9, 1],
        "sick": [30, 3, 0, 0],
    }


def test_rows_of_a_table_are_bars_whatever_its_columns_are_called() -> None:
    counts = pd.DataFrame(
        {
            "the split": ["train", "train", "test", ""],
            "view-position": ["PA", "AP", "PA", ""],
            "rows": [600, 200, 150, 50],
        }
    )
    figure = sound(curation.counts(Table("t", Path("t.parquet"), 1000, "the split", counts)))
    assert base.title(figure) == "train holds 80 % of the rows"
    assert {bar.name: list(bar.x) for bar in figure.data} == {
        "PA": [150, 600],
        "AP": [200],
        "none given": [50],
    }
    assert "train PA 600" in base.alt(figure) and "none given none given 50" in base.alt(figure)


def test_the_smallest_folders_of_many_are_not_drawn() -> None:
    many = curation.BARS + 3
    counts = pd.DataFrame({"split": [f"s{i:02d}" for i in range(many)], "rows": range(1, many + 1)})
    figure = curation.counts(Table("t", Path("t.parquet"), 276, "split", counts))
    assert base.title(figure) == "s22 holds 8 % of the rows; the 3 smallest are not drawn"
    assert len(figure.layout.yaxis.categoryarray) == curation.BARS
    assert len(figure.data) == curation.COLOURS
