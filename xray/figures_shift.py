"""Figures of how test films differ from the others of their class; no streamlit."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from xray import palette, seeds, shift
from xray.figures import reference_line, template
from xray.figures_gap import dots, name_places, records
from xray.figures_models import Row, span
from xray.gap import FACTS
from xray.metrics import LABELS


def carried(table: pd.DataFrame) -> go.Figure:
    """AUROC of single facts for PNEUMONIA, in training (open) and on test (``shift.carried``)."""
    figure = go.Figure()
    rows = table[table["look"] == "classes"].rename(columns={"auroc": "value"})
    facts = [fact for fact in FACTS if fact in set(rows["what"])]
    mark = palette.Mark(palette.REFERENCE, "circle", "solid")
    for lift, group in ((-0.12, "train"), (0.12, "test")):
        mine = records(rows[rows["group"] == group].set_index("what").loc[facts].reset_index())
        at = [place + lift for place in range(len(facts))]
        said = "training films" if group == "train" else "test films"
        dots(figure, mine, at, mark, said, group == "test")
    reference_line(figure, x=0.5)
    name_places(figure, [FACTS[fact] for fact in facts])
    figure.update_xaxes(title="AUROC for PNEUMONIA of more of it", range=[0, 1])
    wide = rows.pivot(index="what", columns="group", values="value").loc[facts]
    lost = str(((wide["train"] - 0.5).abs() - (wide["test"] - 0.5).abs()).idxmax())
    both = rows[rows["what"] == lost].set_index("group")
    train, test = (span(*both.loc[name, ["value", "low", "high"]]) for name in ("train", "test"))
    title = (
        f"What tells the classes apart in training need not on test: {FACTS[lost]} ranks "
        f"PNEUMONIA with AUROC {train} among training films, {test} among test films"
    )
    return template(figure, title, height=120 + 48 * len(facts))


def strangers(table: pd.DataFrame) -> go.Figure:
    """AUROC of telling test films from the others of their class (``shift.strangers``)."""
    figure = go.Figure()
    rows = table[table["look"] == "strangers"].rename(columns={"auroc": "value"})
    shapes = [shape for shape in shift.SHAPES if shape in set(rows["what"])]
    for lift, label in ((-0.12, LABELS[0]), (0.12, LABELS[1])):
        mine = records(rows[rows["group"] == label].set_index("what").loc[shapes].reset_index())
        at = [place + lift for place in range(len(shapes))]
        mark = palette.Mark(palette.CLASS[label], palette.CLASS_SYMBOL[label], "solid")
        dots(figure, mine, at, mark, label, filled=True)
    reference_line(figure, x=0.5)
    name_places(figure, [shift.SHAPES[shape].replace(", ", ",<br>") for shape in shapes])
    figure.update_xaxes(title="AUROC of telling test films from the others", range=[0.4, 1])
    of = rows[rows["what"] == shapes[0]].set_index("group")
    ends = {label: span(*of.loc[label, ["value", "low", "high"]]) for label in LABELS}
    title = (
        f"By its pixels a {LABELS[0]} test film is told from the other {LABELS[0]} films with "
        f"AUROC {ends[LABELS[0]]}; a {LABELS[1]} test film with {ends[LABELS[1]]}"
    )
    return template(figure, title, height=150 + 62 * len(shapes))


def framing(table: pd.DataFrame) -> go.Figure:
    """What cutting films to the lungs did (``seeds.of_setting`` of "framing")."""
    figure = go.Figure()
    rows = records(table.rename(columns={"difference": "value"}))
    mark = palette.MODELS["basic"]
    for place, row in enumerate(rows):
        said = seeds.METRICS[row["metric"]]
        dots(figure, [row], [place], mark, said, row["metric"].startswith("test"))
    reference_line(figure, x=0)
    name_places(figure, [seeds.METRICS[row["metric"]] for row in rows])
    figure.update_xaxes(title=f"change from {rows[0]['before']} to {rows[0]['after']}")
    by = {row["metric"]: row for row in rows}
    val, test = (by[name] for name in ("val_accuracy", "test_accuracy"))
    title = (
        f"A network that is shown {rows[0]['after']} alone ({rows[0]['context']}) changes in "
        f"accuracy by {_signed(val)} on validation, by {_signed(test)} on test"
    )
    return template(figure, title, height=110 + 46 * len(rows), legend=False)


def _signed(row: Row) -> str:
    """A difference with its sign and interval, or why it has none."""
    if row["n"] < 2:
        return f"{row['value']:+.3f} (one seed: no interval)"
    return f"{row['value']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f}, {row['n']} seeds)"


def order(table: pd.DataFrame) -> go.Figure:
    """Native shape of NORMAL films by the number in their name (``shift.order``)."""
    figure = go.Figure()
    colour = palette.CLASS[LABELS[0]]
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
