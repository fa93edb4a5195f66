"""Figures of how test films differ from the others of their class; no streamlit."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from xray.dataset import shift
from xray.figures import palette
from xray.figures.base import reference_line, template
from xray.figures.generalization import dots, name_places, records
from xray.figures.scores import Row, span
from xray.metrics.generalization import FACTS
from xray.metrics.scores import LABELS
from xray.training import ablations

#: Marks of the networks that a setting was changed of.
SYMBOLS = ("circle", "square", "diamond", "triangle-up")


def carried(table: pd.DataFrame) -> go.Figure:
    """AUROC of single facts for PNEUMONIA, in training (open) and on test (``shift.carried``)."""
    rows = table[table["look"] == "classes"].rename(columns={"auroc": "value"})
    facts = [fact for fact in FACTS if fact in set(rows["what"])]
    mark = palette.Mark(palette.REFERENCE, "circle", "solid")
    sides = {"train": ("training films", mark, False), "test": ("test films", mark, True)}
    figure = _pairs(rows, {fact: FACTS[fact] for fact in facts}, sides)
    figure.update_xaxes(title="AUROC for PNEUMONIA of more of it", range=[0, 1])
    wide = rows.pivot(index="what", columns="group", values="value").loc[facts]
    lost = str(((wide["train"] - 0.5).abs() - (wide["test"] - 0.5).abs()).idxmax())
    said = _spans(rows, lost)
    title = (
        f"What tells the classes apart in training need not on test: {FACTS[lost]} ranks "
        f"PNEUMONIA with AUROC {said['train']} in training, {said['test']} on test"
    )
    return template(figure, title, height=120 + 48 * len(facts))


def strangers(table: pd.DataFrame) -> go.Figure:
    """AUROC of telling test films from the others of their class (``shift.strangers``)."""
    rows = table[table["look"] == "strangers"].rename(columns={"auroc": "value"})
    known = set(rows["what"])
    words = {
        shape: said.replace(", ", ",<br>") for shape, said in shift.SHAPES.items() if shape in known
    }
    sides = {
        label: (
            label,
            palette.Mark(palette.of_class(label), palette.symbol_of(label), "solid"),
            True,
        )
        for label in LABELS
    }
    figure = _pairs(rows, words, sides)
    figure.update_xaxes(title="AUROC of telling test films from the others", range=[0.4, 1])
    said = _spans(rows, next(iter(words)))
    title = (
        f"By its pixels a {LABELS[0]} test film is told from the other {LABELS[0]} films with "
        f"AUROC {said[LABELS[0]]}; a {LABELS[1]} test film with {said[LABELS[1]]}"
    )
    return template(figure, title, height=150 + 62 * len(words))


def _pairs(
    rows: pd.DataFrame, words: dict[str, str], sides: dict[str, tuple[str, palette.Mark, bool]]
) -> go.Figure:
    """A row of the axis for each ``what``, on it a dot for each group: its words, mark, filled."""
    figure = go.Figure()
    for lift, (group, (said, mark, filled)) in zip((-0.12, 0.12), sides.items(), strict=True):
        mine = rows[rows["group"] == group].set_index("what").loc[list(words)].reset_index()
        dots(
            figure, records(mine), [place + lift for place in range(len(words))], mark, said, filled
        )
    reference_line(figure, x=0.5)
    name_places(figure, list(words.values()))
    return figure


def _spans(rows: pd.DataFrame, what: str) -> dict[str, str]:
    """Group -> value with interval of one ``what``, for people."""
    mine = records(rows[rows["what"] == what])
    return {row["group"]: span(row["value"], row["low"], row["high"]) for row in mine}


def framing(table: pd.DataFrame) -> go.Figure:
    """What cutting films to the lungs did (``ablations.of_setting`` of "framing")."""
    figure = go.Figure()
    rows = records(table.rename(columns={"difference": "value"}))
    contexts = list(dict.fromkeys(row["context"] for row in rows))
    shown = list(dict.fromkeys(row["metric"] for row in rows))
    mark = palette.MODELS["basic"]
    for number, context in enumerate(contexts):
        mine = [row for row in rows if row["context"] == context]
        lift = 0.18 * (number - (len(contexts) - 1) / 2)
        at = [shown.index(row["metric"]) + lift for row in mine]
        look = palette.Mark(mark.colour, SYMBOLS[number % len(SYMBOLS)], "solid")
        dots(figure, mine, at, look, context, filled=True)
    reference_line(figure, x=0)
    name_places(figure, [ablations.METRICS[metric] for metric in shown])
    first, last = rows[0]["before"], rows[0]["after"]
    figure.update_xaxes(title=f"change from {first} to {last}")
    ways = f"{len(contexts)} way{'s' if len(contexts) != 1 else ''} to train"
    val, test = _across(rows, "val_accuracy"), _across(rows, "test_accuracy")
    title = (
        f"{ways}, shown {last} alone: accuracy changes by {val} on validation, by {test} on test"
    )
    return template(figure, title, height=150 + 62 * len(shown))


def _across(rows: Sequence[Row], metric: str) -> str:
    """The least and the greatest change of a metric, and how many are more than seeds do."""
    mine = [row for row in rows if row["metric"] == metric]
    values = [float(row["value"]) for row in mine]
    clear = sum(bool(row["low"] > 0 or row["high"] < 0) for row in mine)
    least, most = f"{min(values):+.3f}", f"{max(values):+.3f}"
    told = least if least == most else f"{least} to {most}"
    return f"{told} (more than another seed does: {clear} of {len(mine)})"


def order(table: pd.DataFrame) -> go.Figure:
    """Native shape of NORMAL films by the number in their name (``shift.order``)."""
    figure = go.Figure()
    colour = palette.NEGATIVE
    for series, symbol in zip(sorted(set(table["series"])), ("circle", "square"), strict=False):
        for test in (False, True):
            rows = table[(table["series"] == series) & (table["test"] == test)]
            figure.add_scatter(
                x=rows["number"],
                y=rows["aspect"],
                mode="markers",
                name=f"{series} series, {'test' if test else 'training and validation'}",
                marker={
                    "color": colour if test else palette.fade(colour, 0.8),
                    "symbol": symbol if test else f"{symbol}-open",
                    "size": 7,
                },
                hovertemplate="number %{x:.0f}: width / height %{y:.2f}<extra></extra>",
            )
    figure.update_xaxes(title="number in the film's name")
    figure.update_yaxes(title="native width / height")
    shape = table.groupby("test")["aspect"].median()
    said = (
        f"Chance did not draw the {int(table['test'].sum())} NORMAL test films: they have the "
        f"lowest numbers of each series, and another shape (native width / height "
        f"{shape[True]:.2f} against {shape[False]:.2f} in the middle)"
    )
    return template(figure, said, height=360)
