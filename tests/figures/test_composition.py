"""Figures of the Dataset pages: what they draw, and that their titles say what was counted."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from xray.dataset import composition, public_set
from xray.figures import base, palette
from xray.figures import composition as figures_dataset
from xray.labels import devices


@pytest.fixture(scope="module")
def public() -> pd.DataFrame:
    """The public set with its device labels."""
    table = public_set.read().reset_index(drop=True)
    labels = devices.load().reindex(table["file"])
    columns = ["has_device", "confidence", *devices.KINDS, "tech_text"]
    table[columns] = labels[columns].astype(float).to_numpy()
    return table


@pytest.fixture
def few() -> pd.DataFrame:
    """Six films of two classes, one of unknown size, without splits or subtypes."""
    return pd.DataFrame(
        {
            "file": [f"{i}" for i in range(6)],
            "split": "",
            "label": ["NORMAL", "NORMAL", "covid", "covid", "covid", "covid"],
            "subtype": "",
            "person": "",
            "width": [100.0, 300.0, 200.0, 200.0, np.nan, 200.0],
            "height": [100.0, 100.0, 400.0, 400.0, 100.0, 400.0],
        }
    )


def sound(figure: go.Figure) -> str:
    """A figure that can be sent, has a title and words for who cannot see it; gives its title."""
    json.loads(figure.to_json())
    assert base.alt(figure) and figure.layout.height > 100
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)", "the theme's colours are left alone"
    return base.title(figure)


def test_classes_are_counted_by_split(public: pd.DataFrame) -> None:
    figure = figures_dataset.classes(public)
    title = sound(figure)
    assert title == (
        "The larger class of each split: train: 74.3 % PNEUMONIA, validation: 50.0 % NORMAL, "
        "test: 62.5 % PNEUMONIA"
    )
    counts = {trace.name: list(trace.text) for trace in figure.data}
    assert counts["NORMAL"] == ["1,341", "8", "234"]
    assert counts["PNEUMONIA, viral"] == ["1,345", "148"]
    assert sum(x for trace in figure.data for x in trace.x[-1:]) == pytest.approx(100)
    assert "test · 624 films: PNEUMONIA, bacterial 242" in base.alt(figure)


def test_the_baseline_is_that_of_the_test_films(public: pd.DataFrame, few: pd.DataFrame) -> None:
    says = figures_dataset.baseline_says(composition.splits(public))
    assert says.startswith("Always saying PNEUMONIA is right on 62.5 % of test (74.3 % on train")
    assert figures_dataset.baseline_says(composition.splits(few)) == (
        "Always saying covid is right on 66.7 % of all films"
    )


def test_sizes_are_a_point_a_film_that_can_be_found_again(public: pd.DataFrame) -> None:
    figure, rows = figures_dataset.size_scatter(public)
    assert sound(figure) == (
        "Originals are 1328 × 971 on average; NORMAL 1686 × 1379, PNEUMONIA 1195 × 819"
    )
    assert all(isinstance(trace, go.Scattergl) for trace in figure.data)
    assert sum(map(len, rows)) == public["width"].notna().sum() == 5851
    for trace, at in zip(figure.data, rows, strict=True):
        assert trace.marker.color == palette.classes()[trace.name]
        assert np.array_equal(trace.x, public["width"].iloc[at])
        assert np.array_equal(trace.y, public["height"].iloc[at])
        assert public["label"].iloc[at].eq(trace.name).all()
    assert "5 films are of unknown size" in base.alt(figure)
    assert len(figure.to_json()) < 100_000, "small enough to be sent at every rerun"


def test_the_chosen_film_is_ringed_where_its_size_is_known(few: pd.DataFrame) -> None:
    figure, rows = figures_dataset.size_scatter(few, 2)
    assert rows[-1].tolist() == [2] and figure.data[-1].marker.symbol == "circle-open"
    assert (figure.data[-1].x[0], figure.data[-1].y[0]) == (200, 400)
    unknown, rows = figures_dataset.size_scatter(few, 4)
    assert len(unknown.data) == len(rows) == 2
    nothing, rows = figures_dataset.size_scatter(few.assign(width=np.nan))
    assert sound(nothing) == "No film's original size is known" and rows == []


def test_whole_numbers_travel_small() -> None:
    small = figures_dataset.compact(pd.Series([1.4, np.nan, 65535.0]))
    assert small.dtype == np.uint16 and small.tolist() == [1, 0, 65535]
    assert figures_dataset.compact(pd.Series([70000.0])).tolist() == [70000]
    assert len(figures_dataset.compact(pd.Series([], dtype=float))) == 0


@pytest.mark.parametrize("measure", figures_dataset.MEASURES)
def test_histograms_hold_every_film_of_a_class_once(public: pd.DataFrame, measure: str) -> None:
    figure = figures_dataset.size_histogram(public, measure)
    title = sound(figure)
    values = figures_dataset.measured(public, measure)
    for trace in figure.data:
        assert sum(trace.y) == pytest.approx(100, abs=0.5)
        median = np.nanmedian(values[(public["label"] == trace.name).to_numpy()])
        assert f"{trace.name} {median:.{2 if measure == 'aspect' else 0}f}" in title
    assert "unknown" in sound(
        figures_dataset.size_histogram(public.head(3).assign(width=np.nan, height=np.nan), measure)
    )


def test_one_size_for_every_film_is_a_histogram_too(few: pd.DataFrame) -> None:
    assert "NORMAL 50, covid 50" in sound(
        figures_dataset.size_histogram(few.assign(height=50.0), "height")
    )


def test_devices_by_class_subtype_and_kind(public: pd.DataFrame) -> None:
    rows = composition.prevalence(public, (public["has_device"] > 0).to_numpy())
    figure = figures_dataset.prevalence(rows, "a device")
    title = sound(figure)
    assert title == "68.4 % of bacterial and 30.6 % of viral PNEUMONIA films show a device (train)"
    assert figures_dataset.prevalence_says(rows, "a device") == (
        "55.3 % of PNEUMONIA against 2.5 % of NORMAL films show a device (train)"
    )
    for trace in figure.data:
        shares, bars = np.array(trace.x), trace.error_x
        assert (np.array(bars.array) > 0).all() and (np.array(bars.arrayminus) >= 0).all()
        assert (shares + bars.array <= 100.001).all() and (shares - bars.arrayminus > -0.001).all()
    kinds = figures_dataset.kinds(composition.kinds(public))
    assert sound(kinds).startswith("Most frequent in PNEUMONIA films: ")
    assert sound(kinds).endswith(" of them (all splits)")
    assert {bar.name for bar in kinds.data} == {"NORMAL", "PNEUMONIA"}
    nobody = figures_dataset.prevalence_says(rows.head(0), "a device")
    assert nobody == "Nobody knows which of these films show a device"


def test_known_truth_of_burned_in_text(public: pd.DataFrame) -> None:
    rows = composition.prevalence(public, (public["tech_text"] > composition.TEXT).to_numpy())
    assert figures_dataset.prevalence_says(rows, "burned-in text").startswith(
        "17.7 % of PNEUMONIA against 0.4 % of NORMAL films show burned-in text (train)"
    )


def test_rankings_say_every_split(public: pd.DataFrame) -> None:
    heights = -public["height"].to_numpy(dtype=float)
    figure = figures_dataset.rankings(
        composition.rankings(public, heights), "Height of the original"
    )
    title = sound(figure)
    assert title.startswith("Height of the original alone ranks pneumonia with AUROC 0.92 on train")
    assert "0.92 on test" in title and len(figure.data[0].x) == 2, "16 films rank nothing"


def test_numbers_that_a_model_is_given() -> None:
    values = np.linspace(-1, 1, 64, dtype=np.float32).reshape(8, 8, 1)
    figure = figures_dataset.model_values(values, "Basic")
    assert sound(figure) == "Basic is given 8 × 8 × 1 numbers from -1.00 to 1.00"
    assert sum(figure.data[0].y) == 64


def test_classes_of_other_datasets_have_colours_of_their_own() -> None:
    assert palette.class_colour("NORMAL") == palette.classes()["NORMAL"]
    other = palette.class_colour("covid")
    assert other.startswith("#") and other == palette.class_colour("covid")


def test_a_large_scatter_keeps_the_extremes_and_the_chosen_film() -> None:
    rng = np.random.default_rng(0)
    n = figures_dataset.POINTS + 5_000
    table = pd.DataFrame(
        {"label": "NORMAL", "width": rng.uniform(500, 2000, n), "height": rng.uniform(500, 2000, n)}
    )
    table.loc[7, "width"] = np.nan
    table.loc[[11, 12, 13], "width"] = [9000, 20, 1000]
    table.loc[13, "height"] = 10
    shown = figures_dataset.drawn(table)
    assert len(shown) == figures_dataset.POINTS == len(set(shown.tolist()))
    assert {11, 12, 13} <= set(shown.tolist()) and 7 not in shown
    left_out = int(np.setdiff1d(np.arange(n), [*shown, 7])[0])
    assert left_out in figures_dataset.drawn(table, left_out)
    np.testing.assert_array_equal(shown, figures_dataset.drawn(table))
    assert f"{figures_dataset.POINTS:,} of {n - 1:,}" in figures_dataset.points_say(table)
    assert "Every point" in figures_dataset.points_say(table.head(5))


def test_a_perfect_ranking_has_no_interval_and_too_few_films_no_ranking() -> None:
    rows = pd.DataFrame(
        [
            {
                "split": "test",
                "title": "test",
                "films": 30,
                "auroc": 1.0,
                "low": np.nan,
                "high": np.nan,
            }
        ]
    )
    (marks,) = figures_dataset.rankings(rows, "Height").data
    assert list(marks.customdata) == ["1.000"]
    assert "customdata" in marks.hovertemplate
    assert "Too few films" in base.title(figures_dataset.rankings(rows.head(0), "Height"))
