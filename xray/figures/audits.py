"""Figures of the Devices page: effects, controls, strata and cures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from xray import classes
from xray.figures import palette
from xray.figures.base import reference_line, template, whiskers

#: Suspect's kind -> what people call it.
KIND_TITLES = {
    "all kinds": "all devices together",
    "electrode": "electrode with lead",
    "tube": "breathing or feeding tube",
    "central_line": "central line",
    "cable": "external cable",
    "pad": "pad",
    "clip": "clip or snap",
    "support": "support edge",
    "labelled": "its own devices",
    "marker": "side marker",
    "text": "burned-in text",
    "marks": "its own bright marks",
    "aspect": "squash of a wide film",
    "jpeg": "JPEG quality 75",
    "border": "black border",
    "brightness": "brighter film",
}
TEST_TITLES = {
    "insertion": "drawn in",
    "removal": "taken out",
    "lime_drawn": "LIME, drawn in",
    "lime_labelled": "LIME, labelled",
    "stretch": "stretched",
    "recompression": "recompressed",
    "framing": "framed",
    "exposure": "brightened",
}
TRUTH = {
    "clean": ("does not rely on devices", palette.NEGATIVE, "circle-open"),
    "reliant": ("relies on devices", palette.POSITIVE, "diamond"),
    "doubtful": ("in between, left out", palette.REFERENCE, "x-thin-open"),
}


def effects(rows: pd.DataFrame, model: str, title: str) -> go.Figure:
    """Effects on log-odds beyond shams, one a row, with 95 % intervals.

    Parameters
    ----------
    rows : of an audit's effects, label "" only
    model : name, for its colour
    title : what people call the model
    """
    mark = palette.model(model)
    names = [
        f"{KIND_TITLES.get(kind, kind)} ({TEST_TITLES.get(test, test)})"
        for kind, test in zip(rows["device"], rows["test"], strict=True)
    ]
    beyond = ((rows["ci_low"] > 0) | (rows["ci_high"] < 0)).to_numpy()
    figure = go.Figure(
        go.Scatter(
            x=rows["net_log_odds"],
            y=names,
            mode="markers",
            marker={
                "color": mark.colour,
                "size": 12,
                "symbol": [mark.symbol if b else f"{mark.symbol}-open" for b in beyond],
            },
            error_x=whiskers(rows["net_log_odds"], rows["ci_low"], rows["ci_high"], mark.colour),
            customdata=rows[["ci_low", "ci_high", "n"]],
            hovertemplate="%{x:+.2f} (%{customdata[0]:+.2f} to %{customdata[1]:+.2f}), "
            "%{customdata[2]} films<extra>%{y}</extra>",
        )
    )
    reference_line(figure, x=0.0)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(title=f"effect beyond the sham on the log-odds of {classes.positive()}")
    up = int((rows["ci_low"] > 0).sum())
    says = f"{title}: {up} of {len(rows)} push toward {classes.spoken()} beyond chance"
    told = zip(names, rows["net_log_odds"], strict=True)
    alt = "; ".join(f"{name} {value:+.2f}" for name, value in told)
    return template(figure, says, f"{says}. {alt}", height=120 + 30 * len(rows), legend=False)


def controls(
    panel: pd.DataFrame, threshold: float, models: Sequence[Mapping[str, Any]]
) -> go.Figure:
    """Strip of the controls' scores, ours below them on the same scale.

    Parameters
    ----------
    panel : of ``panel.measure``
    threshold : score above which a model counts as reliant
    models : audits with title, model, score, score_low, score_high
    """
    figure = go.Figure()
    spread = np.random.default_rng(0)
    for truth, (words, colour, symbol) in TRUTH.items():
        part = panel[panel["truth"] == truth]
        if len(part):
            figure.add_scatter(
                x=part["score"], y=spread.uniform(0.6, 1.4, len(part)), mode="markers",
                name=f"control that {words}" if truth != "doubtful" else words,
                marker={"color": colour, "symbol": symbol, "size": 9, "line": {"width": 1.5}},
                text=part["name"], customdata=part[["own"]],
                hovertemplate="%{text}<br>score %{x:.2f}, own devices move it %{customdata[0]:.2f} "
                "spreads<extra></extra>",
            )  # fmt: skip
    rows = -0.6 * np.arange(1, len(models) + 1)
    for row, audit in zip(rows, models, strict=True):
        mark = palette.model(str(audit["model"]))
        low, high = audit.get("score_low"), audit.get("score_high")
        figure.add_scatter(
            x=[audit["score"]], y=[row], mode="markers", name=str(audit["title"]),
            showlegend=False, marker={"color": mark.colour, "symbol": mark.symbol, "size": 14},
            error_x=whiskers([audit["score"]], [low], [high], mark.colour),
            hovertemplate=f"%{{x:.2f}}<extra>{audit['title']}</extra>",
        )  # fmt: skip
    figure.add_vline(x=threshold, line={"color": palette.REFERENCE, "width": 3})
    figure.add_annotation(
        x=threshold, y=1, yref="paper", yanchor="bottom", showarrow=False, text="threshold"
    )
    names = ["controls", *(str(audit["title"]) for audit in models)]
    figure.update_yaxes(tickvals=[1, *rows], ticktext=names, showgrid=False)
    figure.update_xaxes(
        title="score: reliance on devices, in standard deviations of the clean controls"
    )
    found = panel[panel["truth"] == "reliant"]
    clean = panel[panel["truth"] == "clean"]
    says = (
        f"{int((found['score'] > threshold).sum())} of {len(found)} controls that rely on devices "
        f"score above the threshold, {int((clean['score'] > threshold).sum())} of {len(clean)} "
        "clean ones do"
    )
    # A model's name stands beside its mark, so that no two marks have to be told apart by hue.
    return template(figure, says, height=250 + 28 * len(models)).update_layout(margin_t=28)


def strata(rows: pd.DataFrame, model: str, title: str) -> go.Figure:
    """AUROC, sensitivity and specificity by stratum, with 95 % intervals."""
    mark = palette.model(model)
    figure = go.Figure()
    for metric, symbol in (
        ("auroc", mark.symbol), ("sensitivity", "triangle-up"), ("specificity", "triangle-down"),
    ):  # fmt: skip
        part = rows[rows["metric"] == metric]
        figure.add_scatter(
            x=part["value"], y=part["stratum"], mode="markers",
            name="AUROC" if metric == "auroc" else metric,
            marker={"color": mark.colour, "symbol": symbol, "size": 11,
                    "opacity": 1.0 if metric == "auroc" else 0.65},
            error_x=whiskers(part["value"], part["low"], part["high"], mark.colour),
            customdata=part[["low", "high", "n"]],
            hovertemplate="%{x:.3f} (%{customdata[0]:.3f} to %{customdata[1]:.3f}), "
            "%{customdata[2]} films<extra>%{y}</extra>",
        )  # fmt: skip
    auroc = rows[rows["metric"] == "auroc"].set_index("stratum")["value"]
    says = f"{title} by stratum"
    if {"all films", "lungs hidden"} <= set(auroc.index):
        says = (
            f"{title}: AUROC {auroc['all films']:.3f}; with the lungs hidden still "
            f"{auroc['lungs hidden']:.3f}"
        )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(title=f"value (positive class {classes.positive()}, model's own threshold)")
    count = rows["stratum"].nunique()
    return template(figure, says, height=170 + 40 * count)


def cures(rows: pd.DataFrame) -> go.Figure:
    """What a cure did to reliance, and what it cost in accuracy.

    Parameters
    ----------
    rows : model, title, score, score_low, score_high, accuracy, accuracy_low, accuracy_high
    """
    figure = go.Figure()
    for row in rows.to_dict("records"):
        mark = palette.model(str(row["model"]))
        vertical = whiskers(
            [row["accuracy"]], [row["accuracy_low"]], [row["accuracy_high"]], mark.colour
        )
        figure.add_scatter(
            x=[row["score"]], y=[row["accuracy"]], mode="markers", name=str(row["title"]),
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 14},
            error_x=whiskers([row["score"]], [row["score_low"]], [row["score_high"]], mark.colour),
            error_y=vertical,
        )  # fmt: skip
    first, best = rows.iloc[0], rows.iloc[int(rows["score"].to_numpy().argmin())]
    says = (
        f"{best['title']} is the least reliant ({best['score']:+.2f} against "
        f"{first['score']:+.2f}), at {100 * best['accuracy']:.1f} % accuracy against "
        f"{100 * first['accuracy']:.1f} %"
    )
    figure.update_xaxes(title="reliance on devices (score)")
    figure.update_yaxes(title="test accuracy", tickformat=".0%")
    return template(figure, says, height=400)
