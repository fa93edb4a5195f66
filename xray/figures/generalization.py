"""Figures of the drop from validation to test; no streamlit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from xray import classes
from xray.figures import palette
from xray.figures.base import reference_line, template
from xray.figures.scores import Row, row_whiskers, span
from xray.metrics.generalization import FACTS, MIXES, POINTS, Part, group_title
from xray.metrics.scores import TITLES

#: Open marks are validation, filled ones test, as everywhere.
_WORDS = {"val": "validation", "test": "test"}


def dots(
    figure: go.Figure,
    rows: Sequence[Row],
    places: Sequence[float],
    mark: palette.Mark,
    said: str,
    filled: bool,
) -> None:
    """Add rows of value, low and high as dots with row_whiskers at places of the y axis."""
    figure.add_scatter(
        x=[row["value"] for row in rows],
        y=places,
        mode="markers",
        name=said,
        marker={
            "color": mark.colour,
            "size": 11,
            "symbol": mark.symbol if filled else f"{mark.symbol}-open",
            "line": {"width": 0 if filled else 2},
        },
        error_x=row_whiskers(rows, mark.colour),
        text=[span(row["value"], row["low"], row["high"]) for row in rows],
        hovertemplate=f"{said}: %{{text}}<extra></extra>",
    )


def records(table: pd.DataFrame) -> list[Row]:
    """Rows of a table, by column."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def name_places(figure: go.Figure, words: list[str]) -> None:
    """Name the places of the y axis, the first on top."""
    figure.update_yaxes(
        tickvals=list(range(len(words))),
        ticktext=words,
        range=[len(words) - 0.5, -0.5],
        showgrid=False,
    )


def points(table: pd.DataFrame, name: str, title: str) -> go.Figure:
    """Accuracy and balanced accuracy at each operating point (``generalization.points``)."""
    figure, mark = go.Figure(), palette.model(name)
    shown = list(POINTS)
    for shift, metric in ((-0.12, "accuracy"), (0.12, "balanced_accuracy")):
        rows = records(table[table["metric"] == metric].set_index("point").loc[shown].reset_index())
        places = [place + shift for place in range(len(shown))]
        dots(figure, rows, places, mark, TITLES[metric], metric == "accuracy")
    name_places(figure, [words.replace(", ", ",<br>") for words in POINTS.values()])
    at = table[table["metric"] == "accuracy"].set_index("point")["value"].to_dict()
    said = (
        f"{title}: accuracy {at['validation']:.3f} on validation, {at['own']:.3f} on test at the "
        f"same threshold, {at['half']:.3f} at one half; {at['best']:.3f} at best, were the test "
        "films known"
    )
    return template(figure, said, height=110 + 62 * len(shown))


def rankings(table: pd.DataFrame, name: str, title: str) -> go.Figure:
    """AUROC on validation and test, by subtype (``generalization.rankings``)."""
    figure, mark = go.Figure(), palette.model(name)
    groups = list(dict.fromkeys(table["group"]))
    for shift, split in ((-0.12, "val"), (0.12, "test")):
        rows = records(table[table["split"] == split])
        places = [place + shift for place in range(len(groups))]
        dots(figure, rows, places, mark, _WORDS[split], split == "test")
    name_places(figure, [group_title(group) for group in groups])
    worst = max(records(table), key=lambda row: float(row["drop"]))
    said = (
        f"{title}: AUROC, which no threshold changes, falls most on "
        f"{group_title(worst['group'])}, by "
        f"{span(worst['drop'], worst['drop_low'], worst['drop_high'])}"
    )
    return template(figure, said, height=120 + 62 * len(groups))


def mixes(table: pd.DataFrame, name: str, title: str, metric: str = "accuracy") -> go.Figure:
    """Validation as it is, weighted to the test's mixes, and test (``generalization.mixes``)."""
    figure, mark = go.Figure(), palette.model(name)
    rows = records(table[table["metric"] == metric])
    words = []
    for place, row in enumerate(rows):
        dots(figure, [row], [place], mark, str(row["mix"]), row["mix"] == "test")
        words.append(
            {"validation": "validation as it is", "test": "test"}.get(
                row["mix"], f"validation with the test's<br>{MIXES.get(row['mix'], '')}"
            )
        )
    name_places(figure, words)
    inner = [row for row in rows if row["mix"] in MIXES]
    best = max(inner, key=lambda row: float(np.nan_to_num(row["explained"])))
    share = max(0.0, float(np.nan_to_num(best["explained"])))
    said = (
        f"{title}: with the test's {MIXES[best['mix']]}, validation would have shown "
        f"{TITLES[metric] if TITLES[metric].isupper() else TITLES[metric].lower()} "
        f"{span(best['value'], best['low'], best['high'])}: {100 * share:.0f} % of the drop"
    )
    return template(figure, said, height=90 + 46 * len(rows), legend=False)


def shifts(table: pd.DataFrame) -> go.Figure:
    """How far test films of each class differ from validation films (``generalization.shifts``)."""
    figure = go.Figure()
    facts = [fact for fact in FACTS if fact in set(table["fact"])]
    for shift, label in zip((-0.12, 0.12), classes.current().labels, strict=True):
        mine = table[(table["label"] == label) & table["fact"].isin(facts)]
        mark = palette.Mark(palette.of_class(label), palette.symbol_of(label), "solid")
        rows = [{**row, "value": row["larger"]} for row in records(mine)]
        places = [facts.index(row["fact"]) + shift for row in rows]
        dots(figure, rows, places, mark, label, filled=True)
    reference_line(figure, x=0.5)
    name_places(figure, [FACTS[fact] for fact in facts])
    figure.update_xaxes(
        title="chance that a test film has more than a validation film", range=[0, 1]
    )
    facts_only = records(table[table["fact"] != "log_odds"])
    if not facts_only:
        return template(figure, "Nothing is known of these films beside their class", height=200)
    far = max(facts_only, key=lambda row: abs(float(row["larger"]) - 0.5))
    said = (
        f"Test films are not like validation films: {far['label']} differ most in "
        f"{FACTS[far['fact']]} (median {far['val']:.2f} on validation, {far['test']:.2f} on test)"
    )
    return template(figure, said, height=120 + 48 * len(facts))


def spread(films: dict[str, Part], threshold: float, title: str) -> go.Figure:
    """Share of films up to each log-odds, by class and split, and the threshold."""
    figure = go.Figure()
    wrong = {}
    for label in classes.current().labels:
        for split, dash in (("val", "dash"), ("test", "solid")):
            part = films[split]
            scores = np.sort(part.log_odds[(part.table["label"] == label).to_numpy()])
            figure.add_scatter(
                x=scores,
                y=np.arange(1, len(scores) + 1) / len(scores),
                mode="lines",
                line={"color": palette.of_class(label), "dash": dash, "width": 2.5, "shape": "hv"},
                name=f"{label}, {_WORDS[split]}",
                hovertemplate="%{y:.0%} up to %{x:.1f}<extra>" + label + "</extra>",
            )
            if not classes.side(label):
                wrong[split] = float(np.mean(scores >= threshold)) if len(scores) else np.nan
    reference_line(figure, x=threshold)
    figure.update_xaxes(title=f"log-odds of {classes.positive()} (the line is the threshold)")
    figure.update_yaxes(title="share of the films", range=[0, 1.01], tickformat=".0%")
    said = (
        f"{title} calls {wrong['val']:.0%} of the {classes.negative()} validation films "
        f"{classes.positive()}, and "
        f"{wrong['test']:.0%} of the {classes.negative()} test films"
    )
    return template(figure, said, height=400)
