"""Figures of the ledger: the learning curve, and what each change did; no streamlit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from xray.figures import palette
from xray.figures.base import (
    by_metric,
    interval,
    reference_line,
    row_whiskers,
    span,
    template,
    words_above,
)
from xray.metrics import generalization
from xray.metrics.scores import TITLES
from xray.models.card import Card
from xray.training import ablations

#: Letters of a change from which on it takes two lines, on a phone as elsewhere.
_WIDE = 60
#: Augmentation -> how its curve is drawn; models' marks, because they are trained that way.
_MARKS = {"none": palette.MODELS["basic"]}


def curve(table: pd.DataFrame, metric: str) -> go.Figure:
    """A metric against the number of training films, with and without augmentation.

    Parameters
    ----------
    table : of ``ablations.curve``
    metric : key of ``ablations.METRICS``
    """
    figure = go.Figure()
    for name, rows in table.groupby("augmentation"):
        mark = _MARKS.get(str(name), palette.MODELS["augmented"])
        said = "not augmented" if name == "none" else f"augmented ({name})"
        single = rows.explode("values")
        figure.add_scatter(
            x=single["train_films"],
            y=single["values"],
            mode="markers",
            marker={"color": palette.fade(mark.colour, 0.45), "symbol": mark.symbol, "size": 7},
            legendgroup=said,
            showlegend=False,
            hovertemplate=f"{said}, one run: %{{y:.3f}}<extra></extra>",
        )
        figure.add_scatter(
            x=rows["train_films"],
            y=rows["mean"],
            mode="lines+markers",
            name=said,
            legendgroup=said,
            line={"color": mark.colour, "dash": mark.dash, "width": 2.5},
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 11},
            error_y=row_whiskers(_records(rows.rename(columns={"mean": "value"})), mark.colour),
            text=[_mean(row) for row in _records(rows)],
            hovertemplate=f"{said}: %{{text}}<extra></extra>",
        )
    films = sorted(set(table["train_films"]))
    figure.update_xaxes(
        type="log",
        title="training films",
        tickvals=films,
        ticktext=[f"{count:,.0f}" for count in films],
    )
    figure.update_yaxes(title=ablations.METRICS[metric])
    return template(figure, ablations.finding(table, metric), height=430)


def _records(table: pd.DataFrame) -> list[Any]:
    return table.to_dict("records")


def _mean(row: dict[str, Any]) -> str:
    """A mean over seeds for people, with its interval or why there is none."""
    if row["n"] < 2:
        return f"{row['mean']:.3f} (one seed: no interval)"
    return f"{span(row['mean'], row['low'], row['high'])}, {row['n']} seeds"


def _bound(figure: go.Figure, table: pd.DataFrame) -> None:
    """Let the intervals of two seeds run off the figure: so wide, they would hide all others."""
    steady = table.loc[table["n"] > 2, ["low", "high"]].abs().max().max()
    reach = pd.Series([table["difference"].abs().max(), steady]).max()
    if (table[["low", "high"]].abs().max() > reach).any():
        figure.update_xaxes(range=[-1.08 * reach, 1.08 * reach])


def effects(table: pd.DataFrame, metric: str, most: int | None = None) -> go.Figure:
    """What each change did to a metric, seed by seed.

    Parameters
    ----------
    table : of ``ablations.effects``
    most : rows to draw, those that changed most; all when None. The title speaks of all.
    """
    figure = go.Figure()
    mark = palette.MODELS["basic"]
    ranked = table["difference"].abs().sort_values(ascending=False, kind="stable").index
    drawn = table.loc[ranked[:most].sort_values()]
    for place, row in enumerate(_records(drawn)):
        shown = {"value": row["difference"], "low": row["low"], "high": row["high"]}
        clear = bool(row["low"] > 0 or row["high"] < 0)
        change = f"{ablations.WORDS[row['setting']]}: {row['before']} → {row['after']}"
        wrapped = change if len(change) < _WIDE else change.replace(" → ", "<br>→ ")
        # Above its line: beside it, the words would leave a phone no room for the lines.
        figure.add_annotation(
            text=f"{wrapped}<br>{row['context']} (n = {row['n']})",
            x=0,
            xref="paper",
            xanchor="left",
            y=place,
            yanchor="bottom",
            yshift=5,
            align="left",
            showarrow=False,
        )
        figure.add_scatter(
            x=[row["difference"]],
            y=[place],
            mode="markers",
            marker={
                "color": mark.colour,
                "symbol": mark.symbol if clear else f"{mark.symbol}-open",
                "size": 11,
                "line": {"width": 0 if clear else 2},
            },
            error_x=row_whiskers([shown], mark.colour),
            hovertemplate=f"{change}: {span(row['difference'], row['low'], row['high'])}"
            f", {row['n']} seeds<extra></extra>",
        )
    reference_line(figure, x=0)
    figure.update_yaxes(showticklabels=False, range=[len(drawn) - 0.75, -0.85], showgrid=False)
    _bound(figure, drawn)
    figure.update_xaxes(title=f"change in {ablations.METRICS[metric]}, mean over seeds")
    apart = [row for row in _records(table) if row["low"] > 0 or row["high"] < 0]
    said = f"Of {len(table)} changes, none did more to {ablations.METRICS[metric]} than a seed can"
    if apart:
        top = max(apart, key=lambda row: abs(row["difference"]))
        said = (
            f"Of {len(table)} changes, {len(apart)} did more to {ablations.METRICS[metric]} than "
            f"a seed can; most: {ablations.WORDS[top['setting']]}, {top['before']} to "
            f"{top['after']}, {top['difference']:+.3f}"
        )
    return template(figure, said, height=110 + 64 * max(1, len(drawn)), legend=False)


def runs(ledger: pd.DataFrame) -> go.Figure:
    """AUROC of every run on validation and on test."""
    figure = go.Figure()
    for name, rows in ledger.groupby("recipe", sort=False):
        mark = palette.model(str(name))
        figure.add_scatter(
            x=rows["val_auroc"],
            y=rows["test_auroc"],
            mode="markers",
            name=str(name),
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 11},
            text=rows["name"] + ", seed " + rows["seed"].astype(str),
            hovertemplate="%{text}: validation %{x:.3f}, test %{y:.3f}<extra></extra>",
        )
    low = float(min(ledger["val_auroc"].min(), ledger["test_auroc"].min())) - 0.01
    figure.add_scatter(
        x=[low, 1],
        y=[low, 1],
        mode="lines",
        showlegend=False,
        line={"color": palette.REFERENCE, "width": 1.5, "dash": "dot"},
        hoverinfo="skip",
    )
    figure.update_xaxes(title="AUROC, validation")
    figure.update_yaxes(title="AUROC, test")
    kept = int((ledger["test_auroc"] >= ledger["val_auroc"]).sum())
    verb = "rank" if kept > 1 else "ranks"
    said = f"{kept or 'None'} of {len(ledger)} runs {verb} test films as well as validation films"
    if ledger["val_auroc"].nunique() > 1 and ledger["test_auroc"].nunique() > 1:
        rank = ledger["val_auroc"].corr(ledger["test_auroc"], method="spearman")
        said += f"; across runs the two go together with a rank correlation of {rank:.2f}"
    return template(figure, said, height=460)


def carried(
    scores: Mapping[str, pd.DataFrame], titles: Mapping[str, str], metric: str
) -> go.Figure:
    """A metric on validation and on test, joined by a line a model.

    Parameters
    ----------
    scores : model -> scores of all its splits (``evaluation.score``), with both "val" and "test".
    titles : model -> name for people.
    metric : key of ``scores.TITLES``.
    """
    figure = go.Figure()
    falls = {}
    for place, (name, table) in enumerate(scores.items()):
        mark = palette.model(name)
        split = by_metric(table[table["metric"] == metric], "split")
        rows = [split["val"], split["test"]]
        before, after = ((row["value"], row["low"], row["high"]) for row in rows)
        falls[name] = generalization.fall(before, after)
        places = [place - 0.14, place + 0.14]
        figure.add_scatter(
            x=[row["value"] for row in rows],
            y=places,
            mode="lines+markers",
            name=titles[name],
            line={"color": palette.fade(mark.colour, 0.45), "width": 1, "dash": "dot"},
            marker={
                "color": mark.colour,
                "size": 11,
                "symbol": [f"{mark.symbol}-open", mark.symbol],
                "line": {"width": [2, 0]},
            },
            error_x=row_whiskers(rows, mark.colour),
            text=[f"{key}: {interval(split[key])}" for key in ("val", "test")],
            hovertemplate=f"<b>{titles[name]}</b><br>%{{text}}<extra></extra>",
        )
    figure.update_yaxes(
        tickvals=list(range(len(scores))),
        ticktext=[titles[name] for name in scores],
        range=[len(scores) - 0.5, -0.5],
        showgrid=False,
    )
    title = TITLES[metric] if TITLES[metric].isupper() else TITLES[metric].lower()
    clear = [name for name, (_, low, _) in falls.items() if low > 0]
    worst = max(clear or falls, key=lambda name: falls[name][0])
    said = f"No model's {title} is lower on test than on validation"
    if clear:
        said = (
            f"Validation promises more than test keeps: {title} of {titles[worst]} falls by "
            f"{span(*falls[worst])}"
        )
    elif falls[worst][0] > 0:
        said = (
            f"No model's {title} clearly falls from validation to test; most, that of "
            f"{titles[worst]}: by {span(*falls[worst])}"
        )
    said += " (open: validation, filled: test)"
    return template(figure, said, height=words_above(figure, legend=False), legend=False)


def training(card: Card, kept: int | None) -> go.Figure:
    """Training curves: loss and AUROC (accuracy where that was not measured), by epoch.

    Parameters
    ----------
    card : with a ``history``.
    kept : index of the epoch whose weights were kept; marked where known.
    """
    second = "auroc" if "auroc" in card.history else "accuracy"
    figure = make_subplots(cols=2, horizontal_spacing=0.12, subplot_titles=("Loss", TITLES[second]))
    mark = palette.model(card.name)
    for column, measure in enumerate(("loss", second), start=1):
        for key, split in ((measure, "train"), (f"val_{measure}", "val")):
            values = card.history.get(key) or []
            figure.add_scatter(
                x=list(range(1, len(values) + 1)),
                y=values,
                mode="lines+markers",
                name={"train": "training films", "val": "validation films"}[split],
                legendgroup=split,
                showlegend=column == 1,
                line={"color": mark.colour, "dash": palette.SPLIT_DASH[split], "width": 2.5},
                marker={
                    "symbol": mark.symbol if split == "train" else f"{mark.symbol}-open",
                    "size": 7,
                },
                hovertemplate=f"epoch %{{x}}: %{{y:.4f}}<extra>{split}</extra>",
                row=1,
                col=column,
            )
        if kept is not None:
            figure.add_vline(
                x=kept + 1,
                line={"color": palette.REFERENCE, "width": 1.5, "dash": "dot"},
                row=1,
                col=column,
            )
    figure.update_xaxes(title="epoch", tickformat="d")
    losses = card.history.get("val_loss") or []
    said = (
        f"{card.title or card.name}: {len(losses)} epochs; the weights of epoch {kept + 1} were "
        f"kept, with the least validation loss, {losses[kept]:.3f}"
        if kept is not None
        else f"{card.title or card.name}: training was not recorded"
    )
    # Room above for the names of the two plots.
    return template(figure, said, height=350).update_layout(margin_t=36)
