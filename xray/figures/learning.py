"""Figures of training, and of whether test keeps what validation promises; no streamlit."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from xray.figures import palette
from xray.figures.base import template
from xray.figures.scores import by_metric, interval, row_whiskers
from xray.metrics.scores import TITLES
from xray.models.registry import Card


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
    drops = {}
    for place, (name, table) in enumerate(scores.items()):
        mark = palette.model(name)
        split = by_metric(table[table["metric"] == metric], "split")
        rows = [split["val"], split["test"]]
        drops[name] = float(rows[0]["value"] - rows[1]["value"])
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
    worst = max(drops, key=lambda name: drops[name])
    said = (
        f"Validation promises more than test keeps: {title} of {titles[worst]} falls by "
        f"{drops[worst]:.3f} (open: validation, filled: test)"
        if drops[worst] > 0
        else f"No model's {title} is lower on test than on validation"
    )
    return template(figure, said, height=90 + 58 * len(scores), legend=False)


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
