"""What all figures share: titles, whiskers, words above rows, and values with intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from xray.figures import base, palette


def test_a_figure_carries_its_title_and_words_and_leaves_colours_to_the_theme() -> None:
    figure = go.Figure()
    assert base.title(figure) == base.alt(figure) == ""
    assert base.template(figure, "It falls", "It falls by 3", height=200, legend=False) is figure
    assert (base.title(figure), base.alt(figure)) == ("It falls", "It falls by 3")
    assert figure.layout.height == 200 and figure.layout.showlegend is False
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.font.color is None and figure.layout.title.text is None
    assert base.alt(base.template(go.Figure(), "It falls")) == "It falls"


def test_a_legend_is_below_the_plot_or_above_it() -> None:
    figure = base.template(go.Figure(), "Words")
    legend = figure.layout.legend
    assert (legend.yref, legend.yanchor, legend.y) == ("container", "bottom", 0)
    assert base.legend_above(figure) is figure
    assert (legend.yref, legend.yanchor) == ("paper", "bottom") and legend.y > 1


def test_lines_that_are_no_data_lie_below_it() -> None:
    figure = go.Figure()
    base.reference_line(figure, x=0.5)
    base.reference_line(figure, y=0.0)
    upright, level = figure.layout.shapes
    assert (upright.x0, upright.x1) == (0.5, 0.5) and (level.y0, level.y1) == (0, 0)
    assert upright.layer == level.layer == "below"


def test_the_band_of_a_margin_and_all_whiskers_are_in_sight() -> None:
    figure = go.Figure()
    bars = base.whiskers([2, -1], [1, -6], [9, 0], "#000000")
    figure.add_scatter(x=[2.0, -1.0], y=[0, 1], error_x=bars)
    base.margin_band(figure, 3.0)
    (band,) = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert (band.x0, band.x1) == (-3, 3)
    # Whiskers end at -6 and 9; a twenty-fifth of that is left free on each side.
    assert figure.layout.xaxis.range == pytest.approx((-6.6, 9.6))


def test_whiskers_are_lengths_and_an_end_that_is_not_known_has_none() -> None:
    made = base.whiskers([1.0, 2.0], [0.5, np.nan], [3.0, np.nan], "#000000")
    assert list(made["array"]) == [2.0, 0.0] and list(made["arrayminus"]) == [0.5, 0.0]
    assert list(base.whiskers(1.0, 0.0, 4.0, "#000000")["array"]) == [3.0]
    row = {"value": 0.5, "low": 0.25, "high": 1.0}
    assert list(base.row_whiskers([row], "#000000")["arrayminus"]) == [0.25]


def test_dots_are_filled_or_open_and_say_their_interval() -> None:
    figure, mark = go.Figure(), palette.model("basic")
    rows = [{"value": 0.5, "low": 0.25, "high": 1.0}]
    base.dots(figure, rows, [0], mark, "AUROC", filled=True)
    base.dots(figure, rows, [1], mark, "AUROC", filled=False)
    filled, hollow = figure.data
    assert (filled.marker.symbol, hollow.marker.symbol) == (mark.symbol, f"{mark.symbol}-open")
    assert filled.text == ("0.500 (0.250 to 1.000)",)


def test_models_stand_side_by_side_within_their_row() -> None:
    marks = [(name, name.upper(), [(0, 1.0, 0.5, 2.0), (1, 3, 2, 4)]) for name in "abc"]
    figure = base.side_by_side(marks, ["first", "second"])
    places = [list(trace.y) for trace in figure.data]
    assert places[1] == [0, 1], "the one in the middle"
    assert places[0][0] == -places[2][0] and 0 < places[2][0] < 0.5
    assert figure.layout.yaxis.ticktext == ("first", "second")
    assert figure.layout.yaxis.range == (1.5, -0.5), "the first on top"
    assert [trace.name for trace in figure.data] == ["A", "B", "C"]


def test_words_of_rows_stand_above_them() -> None:
    figure = go.Figure()
    figure.add_scatter(x=[1, 2, 3], y=[0, 1, 2])
    base.name_places(figure, ["one", "two", "three"])
    height = base.words_above(figure)
    assert [note.text for note in figure.layout.annotations] == ["one", "two", "three"]
    assert [note.y for note in figure.layout.annotations] == [0, 1, 2]
    assert figure.layout.yaxis.showticklabels is False
    low, high = figure.layout.yaxis.range
    assert low > 2 and high < 0, "the first on top, with room for its words"
    bare = base.words_above(go.Figure(figure).update_layout(annotations=[]), legend=False)
    assert bare < height, "no room for a legend that is not there"


def test_rows_keep_their_height_below_a_legend_of_many_names() -> None:
    heights = []
    for names in (1, 9):
        figure = go.Figure([go.Scatter(x=[1], y=[0], name=f"Model {n}") for n in range(names)])
        base.name_places(figure, ["one"])
        figure.add_scatter(x=[1], y=[0], name="not named", showlegend=False)
        heights.append(base.words_above(figure))
    assert heights[1] - heights[0] == 9 * 21 - 40, "a line a name, as on a phone; two at least"


def test_words_above_bars_follow_their_categories() -> None:
    figure = go.Figure()
    figure.add_bar(x=[1, 2], y=["low", "top"], orientation="h")
    base.words_above(figure)
    assert [note.text for note in figure.layout.annotations] == ["low", "top"]
    low, high = figure.layout.yaxis.range
    assert low < 0 and high > 1, "plotly draws categories from the bottom"


def test_a_value_is_said_with_its_interval_or_with_why_it_has_none() -> None:
    row = {"value": 0.91234, "low": 0.9, "high": 0.95, "method": "Wilson"}
    assert base.interval(row) == "0.912 (0.900 to 0.950)"
    assert base.interval(row, 1) == "0.9 (0.9 to 0.9)"
    few = row | {"low": np.nan, "high": np.nan, "method": "too few films"}
    assert base.interval(few) == "0.912 (too few films)"
    assert base.interval(few | {"value": np.nan}) == "too few films"
    assert base.span(0.5, np.nan, np.nan) == "0.500"
    assert base.span(-0.0004, -0.02, 0.0) == "0.000 (-0.020 to 0.000)"


def test_rows_of_tables_keep_their_columns_names() -> None:
    table = pd.DataFrame({"metric": ["auroc", "f1"], "value": [0.9, 0.8], "a b": [1, 2]})
    assert base.by_metric(table)["f1"] == {"value": 0.8, "a b": 2}
    assert base.by_metric(table, "value")[0.9]["metric"] == "auroc"
    assert base.records(table)[1] == {"metric": "f1", "value": 0.8, "a b": 2}
    assert [row.metric for row in base.each(table)] == ["auroc", "f1"]
