"""Figures of the drop from validation to test; no streamlit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from xray import classes
from xray.dataset import shift
from xray.figures import palette
from xray.figures.base import (
    Row,
    dots,
    name_places,
    records,
    reference_line,
    span,
    template,
    words_above,
)
from xray.metrics.generalization import FACTS, MIXES, POINTS, Part, fall, group_title
from xray.metrics.scores import LABELS, TITLES
from xray.training import ablations

#: Open marks are validation, filled ones test, as everywhere.
_WORDS = {"val": "validation", "test": "test"}


def points(table: pd.DataFrame, name: str, title: str) -> go.Figure:
    """Accuracy and balanced accuracy at each operating point (``generalization.points``)."""
    figure, mark = go.Figure(), palette.model(name)
    shown = list(POINTS)
    for offset, metric in ((-0.12, "accuracy"), (0.12, "balanced_accuracy")):
        rows = records(table[table["metric"] == metric].set_index("point").loc[shown].reset_index())
        places = [place + offset for place in range(len(shown))]
        dots(figure, rows, places, mark, TITLES[metric], metric == "accuracy")
    name_places(figure, list(POINTS.values()))
    at = table[table["metric"] == "accuracy"].set_index("point")["value"].to_dict()
    said = (
        f"{title}: accuracy {at['validation']:.3f} on validation, {at['own']:.3f} on test at the "
        f"same threshold, {at['best']:.3f} at the best one"
    )
    return template(figure, said, height=words_above(figure))


def rankings(table: pd.DataFrame, name: str, title: str) -> go.Figure:
    """AUROC on validation and test, by subtype (``generalization.rankings``)."""
    figure, mark = go.Figure(), palette.model(name)
    groups = list(dict.fromkeys(table["group"]))
    for offset, split in ((-0.12, "val"), (0.12, "test")):
        rows = records(table[table["split"] == split])
        places = [place + offset for place in range(len(groups))]
        dots(figure, rows, places, mark, _WORDS[split], split == "test")
    name_places(figure, [group_title(group) for group in groups])
    worst = max(records(table), key=lambda row: float(row["drop"]))
    clear = "" if worst["drop_low"] > 0 else ", but not clearly"
    said = (
        f"{title}: AUROC, which no threshold changes, falls most on "
        f"{group_title(worst['group'])}{clear}, by "
        f"{span(worst['drop'], worst['drop_low'], worst['drop_high'])}"
    )
    return template(figure, said, height=words_above(figure))


def mixes(table: pd.DataFrame, name: str, title: str, metric: str = "accuracy") -> go.Figure:
    """Validation as it is, weighted to the test's mixes, and test (``generalization.mixes``)."""
    figure, mark = go.Figure(), palette.model(name)
    rows = records(table[table["metric"] == metric])
    words = []
    for place, row in enumerate(rows):
        dots(figure, [row], [place], mark, str(row["mix"]), row["mix"] == "test")
        words.append(
            {"validation": "validation as it is", "test": "test"}.get(
                row["mix"], f"validation with the test's {MIXES.get(row['mix'], '')}"
            )
        )
    name_places(figure, words)
    inner = [row for row in rows if row["mix"] in MIXES]
    best = max(inner, key=lambda row: float(np.nan_to_num(row["explained"])))
    share = max(0.0, float(np.nan_to_num(best["explained"])))
    first, last = (
        next((row["value"], row["low"], row["high"]) for row in rows if row["mix"] == end)
        for end in ("validation", "test")
    )
    drop, low, _ = fall(first, last)
    explains = f"{100 * share:.0f} % of the drop" + ("" if low > 0 else ", which is not clear")
    said = (
        f"{title}: with the test's {MIXES[best['mix']]}, validation would have shown "
        f"{TITLES[metric] if TITLES[metric].isupper() else TITLES[metric].lower()} "
        f"{span(best['value'], best['low'], best['high'])}: "
        f"{explains if drop > 0 else 'there is no drop to explain'}"
    )
    return template(figure, said, height=words_above(figure, legend=False), legend=False)


def shifts(table: pd.DataFrame) -> go.Figure:
    """How far test films of each class differ from validation films (``generalization.shifts``)."""
    figure = go.Figure()
    facts = [fact for fact in FACTS if fact in set(table["fact"])]
    for offset, label in zip((-0.12, 0.12), classes.current().labels, strict=True):
        mine = table[(table["label"] == label) & table["fact"].isin(facts)]
        mark = palette.Mark(palette.of_class(label), palette.symbol_of(label), "solid")
        rows = [{**row, "value": row["larger"]} for row in records(mine)]
        places = [facts.index(row["fact"]) + offset for row in rows]
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
    return template(figure, said, height=words_above(figure))


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


#: Marks of the networks that a setting was changed of.
SYMBOLS = ("circle", "square", "diamond", "triangle-up")


def carried(table: pd.DataFrame) -> go.Figure:
    """AUROC of single facts for the positive class, in training (open) and on test.

    See ``shift.carried``.
    """
    rows = table[table["look"] == "classes"].rename(columns={"auroc": "value"})
    facts = [fact for fact in FACTS if fact in set(rows["what"])]
    mark = palette.Mark(palette.REFERENCE, "circle", "solid")
    sides = {"train": ("training films", mark, False), "test": ("test films", mark, True)}
    figure = _pairs(rows, {fact: FACTS[fact] for fact in facts}, sides)
    figure.update_xaxes(title=f"AUROC for {classes.positive()} of more of it", range=[0, 1])
    wide = rows.pivot(index="what", columns="group", values="value").loc[facts]
    lost = str(((wide["train"] - 0.5).abs() - (wide["test"] - 0.5).abs()).idxmax())
    said = _spans(rows, lost)
    title = (
        f"{FACTS[lost][0].upper()}{FACTS[lost][1:]} tells the classes apart in training, less so "
        f"on test: AUROC {said['train']} against {said['test']}"
    )
    return template(figure, title, height=words_above(figure))


def strangers(table: pd.DataFrame) -> go.Figure:
    """AUROC of telling test films from the others of their class (``generalization.strangers``)."""
    rows = table[table["look"] == "strangers"].rename(columns={"auroc": "value"})
    known = set(rows["what"])
    words = {shape: said for shape, said in shift.SHAPES.items() if shape in known}
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
        f"By pixels, test films are told from others of their class: AUROC {said[LABELS[0]]} "
        f"for {LABELS[0]}, {said[LABELS[1]]} for {LABELS[1]}"
    )
    return template(figure, title, height=words_above(figure))


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
    """Group -> value of one ``what``, for people; its interval is drawn."""
    mine = records(rows[rows["what"] == what])
    return {row["group"]: f"{row['value']:.2f}" for row in mine}


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
    return template(figure, title, height=words_above(figure))


def _across(rows: Sequence[Row], metric: str) -> str:
    """The least and the greatest change of a metric, and how many are more than seeds do."""
    mine = [row for row in rows if row["metric"] == metric]
    values = [float(row["value"]) for row in mine]
    clear = sum(bool(row["low"] > 0 or row["high"] < 0) for row in mine)
    least, most = f"{min(values):+.3f}", f"{max(values):+.3f}"
    told = least if least == most else f"{least} to {most}"
    return f"{told} (more than another seed does: {clear} of {len(mine)})"


def order(table: pd.DataFrame) -> go.Figure:
    """Native shape of NORMAL films by the number in their name (``generalization.order``)."""
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
        f"Chance did not draw the {int(table['test'].sum())} NORMAL test films: lowest numbers, "
        f"and another width / height ({shape[True]:.2f} against {shape[False]:.2f})"
    )
    return template(figure, said, height=360)
