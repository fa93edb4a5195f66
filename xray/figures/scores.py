"""Figures of the model comparison: scores, calls, curves and training; no streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from sklearn.metrics import precision_recall_curve, roc_curve

from xray import classes
from xray.figures import base, palette
from xray.figures.base import (
    Row,
    by_metric,
    interval,
    legend_above,
    reference_line,
    row_whiskers,
    template,
    words_above,
)
from xray.metrics.bootstrap import Bools, Floats
from xray.metrics.scores import LOSSES, TITLES, Confusion, other
from xray.models.lineup import Entrant

#: Metrics of the scoreboard, from the top.
SHOWN = (
    *("auroc", "accuracy", "balanced_accuracy", "recall", "specificity", "precision", "f1", "mcc"),
)
#: Words for the four cells of a confusion matrix.
CELLS = {"tp": "found", "fn": "missed", "fp": "false alarm", "tn": "cleared"}


def scoreboard(
    scores: Mapping[str, pd.DataFrame],
    titles: Mapping[str, str],
    positive: str = "",
    metrics: Sequence[str] = SHOWN,
) -> go.Figure:
    """Every model's metrics as dots with their 95 % intervals, a row a metric.

    Parameters
    ----------
    scores : model -> table of ``scores.scores``.
    titles : model -> name for people.
    positive : name of a class; the positive one when empty
    metrics : keys of ``scores.TITLES``, from the top.
    """
    positive = positive or classes.positive()
    figure = go.Figure()
    names = list(scores)
    spread = np.linspace(-0.26, 0.26, len(names)) if len(names) > 1 else np.zeros(1)
    for name, shift in zip(names, spread, strict=True):
        rows = [by_metric(scores[name])[metric] for metric in metrics]
        mark = palette.model(name)
        figure.add_scatter(
            x=[row["value"] for row in rows],
            y=np.arange(len(rows)) + shift,
            mode="markers",
            name=titles[name],
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 11},
            error_x=row_whiskers(rows, mark.colour),
            text=[f"{TITLES[m]}: {interval(row)}" for m, row in zip(metrics, rows, strict=True)],
            hovertemplate=f"<b>{titles[name]}</b><br>%{{text}}<extra></extra>",
        )
    figure.update_yaxes(
        tickvals=np.arange(len(metrics)),
        ticktext=[TITLES[metric] for metric in metrics],
        range=[len(metrics) - 0.5, -0.5],
        showgrid=False,
    )
    shown = [by_metric(table)[metric] for table in scores.values() for metric in metrics]
    floor = float(np.nanmin([row[end] for row in shown for end in ("low", "value")] + [0.9]))
    figure.update_xaxes(range=[max(0.0, floor - 0.04), 1.01], showgrid=True)
    template(
        figure,
        leader(scores, titles, "balanced_accuracy"),
        f"Dots with intervals: {len(metrics)} metrics of {', '.join(titles.values())}, "
        f"{positive} being the positive class.",
        height=words_above(figure),
    )
    return legend_above(figure)


def leader(
    scores: Mapping[str, pd.DataFrame], titles: Mapping[str, str], metric: str = "auroc"
) -> str:
    """Say which model is best on a metric, and whether its interval stands clear."""
    rows = {name: by_metric(table)[metric] for name, table in scores.items()}
    known = {name: row for name, row in rows.items() if np.isfinite(row["value"])}
    title = TITLES[metric] if TITLES[metric].isupper() else TITLES[metric].lower()
    if not known:
        return f"No model has {title} on these films: {next(iter(rows.values()))['method']}"
    sign = -1 if metric in LOSSES else 1
    best = max(known, key=lambda name: sign * float(known[name]["value"]))
    said = f"{titles[best]} has the best {title}: {interval(known[best])}"
    if len(known) == 1:
        return f"{titles[best]}: {title} {interval(known[best])}"
    edge, far = ("high", "low") if metric in LOSSES else ("low", "high")
    close = [
        titles[name]
        for name, row in known.items()
        if name != best and not sign * _end(known[best], edge) > sign * _end(row, far)
    ]
    if not close:
        return f"{said}, clear of every other model's interval"
    return f"{said}; its interval overlaps that of {' and '.join(close)}"


def _end(row: Row, end: str) -> float:
    """An end of an interval, or the value itself where there is no interval."""
    return float(row[end] if np.isfinite(row[end]) else row["value"])


def confusion(counts: Confusion, title: str) -> go.Figure:
    """Confusion matrix with counts and shares of each row; the positive class first."""
    order = [counts.positive, other(counts.positive)]
    cells = [[counts.tp, counts.fn], [counts.fp, counts.tn]]
    words = [[CELLS["tp"], CELLS["fn"]], [CELLS["fp"], CELLS["tn"]]]
    totals = [max(sum(row), 1) for row in cells]
    shares = [[n / total for n in row] for row, total in zip(cells, totals, strict=True)]
    text = [
        [f"<b>{n}</b><br>{word}<br>{share:.1%}" for n, word, share in zip(*three, strict=True)]
        for three in zip(cells, words, shares, strict=True)
    ]
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=[f"called {label}" for label in order],
            y=[f"is {label}" for label in order],
            text=text,
            texttemplate="%{text}",
            textfont={"size": 15, "color": "#FFFFFF"},
            colorscale=palette.CELLS,
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=3,
            ygap=3,
            hovertemplate="%{y}, %{x}: %{text}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, tickangle=-90)
    figure.update_xaxes(showgrid=False)
    sick, well = counts.tp + counts.fn, counts.tn + counts.fp
    said = (
        f"{title} misses {counts.fn} of {sick} {counts.positive} and calls "
        f"{counts.fp} of {well} {other(counts.positive)} wrongly {counts.positive}"
    )
    return template(figure, said, height=290, legend=False)


def roc(
    y: Bools,
    entrants: Sequence[Entrant],
    scores: Mapping[str, pd.DataFrame],
    positive: str = "",
) -> go.Figure:
    """ROC curves, with each model's operating point and its Wilson intervals on it.

    Parameters
    ----------
    y : (N,) bool
        True where the film is of the positive class.
    entrants : models of a line-up.
    scores : model -> table of ``scores.scores``, at the thresholds to mark.
    positive : name of a class; the positive one when empty
    """
    positive = positive or classes.positive()
    figure = go.Figure()
    for entrant in entrants:
        mark, rows = palette.model(entrant.name), by_metric(scores[entrant.name])
        alarm, recall, _ = roc_curve(*_side(y, entrant.log_odds, positive))
        figure.add_scatter(
            x=alarm,
            y=recall,
            mode="lines",
            name=f"{entrant.title}, AUROC {rows['auroc']['value']:.3f}",
            legendgroup=entrant.name,
            line={"color": mark.colour, "dash": mark.dash, "width": 2.5},
            hovertemplate="false alarms %{x:.1%}, recall %{y:.1%}<extra></extra>",
        )
        _operating_point(figure, entrant, rows)
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name="chance",
        showlegend=False,
        line={"color": palette.REFERENCE, "width": 1.5, "dash": "dot"},
        hoverinfo="skip",
    )
    figure.update_xaxes(title=f"false alarms among {other(positive)}", range=[-0.01, 1.01])
    figure.update_yaxes(title=f"recall of {positive}", range=[-0.01, 1.01])
    titles = {entrant.name: entrant.title for entrant in entrants}
    return template(figure, _balance(scores, titles, positive), height=500)


def _operating_point(figure: go.Figure, entrant: Entrant, rows: Mapping[str, Row]) -> None:
    """Mark where a model's threshold puts it on its ROC curve, with both intervals."""
    mark = palette.model(entrant.name)
    spot, rest = rows["recall"], rows["specificity"]
    figure.add_scatter(
        x=[1 - rest["value"]],
        y=[spot["value"]],
        mode="markers",
        name="operating point",
        legendgroup=entrant.name,
        showlegend=False,
        marker={"color": mark.colour, "symbol": mark.symbol, "size": 13},
        # The axis is one minus specificity, so its bounds change sides.
        error_x=base.whiskers(1 - rest["value"], 1 - rest["high"], 1 - rest["low"], mark.colour),
        error_y=row_whiskers([spot], mark.colour),
        hovertemplate=(
            f"<b>{entrant.title}</b> at its threshold<br>recall {interval(spot)}"
            f"<br>specificity {interval(rest)}<extra></extra>"
        ),
    )


def _balance(scores: Mapping[str, pd.DataFrame], titles: Mapping[str, str], positive: str) -> str:
    """Where the best operating point lies, which the curves alone do not say."""
    rows = {name: by_metric(table) for name, table in scores.items()}
    best = max(
        rows, key=lambda name: float(np.nan_to_num(rows[name]["balanced_accuracy"]["value"]))
    )
    found, alarms = rows[best]["recall"]["value"], 1 - rows[best]["specificity"]["value"]
    return (
        f"{titles[best]} strikes the best balance: it finds {found:.0%} of {positive}, with "
        f"false alarms on {alarms:.0%} of {other(positive)}"
    )


def _side(y: Bools, log_odds: Floats, positive: str) -> tuple[Bools, Floats]:
    return (y, log_odds) if classes.side(positive) else (~y, -log_odds)


def precision_recall(
    y: Bools,
    entrants: Sequence[Entrant],
    scores: Mapping[str, pd.DataFrame],
    positive: str = "",
) -> go.Figure:
    """Precision-recall curves; parameters as :func:`roc`."""
    positive = positive or classes.positive()
    figure = go.Figure()
    for entrant in entrants:
        mark, rows = palette.model(entrant.name), by_metric(scores[entrant.name])
        found, ranked = _side(y, entrant.log_odds, positive)
        precision, recall, _ = precision_recall_curve(found, ranked, drop_intermediate=True)
        figure.add_scatter(
            x=recall[:-1],
            y=precision[:-1],
            mode="lines",
            name=f"{entrant.title}, average precision {rows['average_precision']['value']:.3f}",
            legendgroup=entrant.name,
            line={"color": mark.colour, "dash": mark.dash, "width": 2.5},
            hovertemplate="recall %{x:.1%}, precision %{y:.1%}<extra></extra>",
        )
        figure.add_scatter(
            x=[rows["recall"]["value"]],
            y=[rows["precision"]["value"]],
            mode="markers",
            legendgroup=entrant.name,
            showlegend=False,
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 13},
            hovertemplate=(
                f"<b>{entrant.title}</b> at its threshold<br>recall {interval(rows['recall'])}"
                f"<br>precision {interval(rows['precision'])}<extra></extra>"
            ),
        )
    share = float(_side(y, np.zeros(len(y)), positive)[0].mean())
    reference_line(figure, y=share)
    figure.update_xaxes(title=f"recall of {positive}", range=[-0.01, 1.01])
    figure.update_yaxes(title=f"precision of {positive}", range=[min(share, 0.5) - 0.05, 1.01])
    said = leader(scores, {e.name: e.title for e in entrants}, "average_precision")
    return template(figure, f"{said} (guessing: {share:.3f})", height=500)
