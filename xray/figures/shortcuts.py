"""Figures of what gives the class of a film away without its content."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from xray import text
from xray.dataset.shortcuts import COVERAGE
from xray.figures import palette
from xray.figures.base import (
    each,
    legend_above,
    reference_line,
    span,
    template,
    whiskers,
    words_above,
)


def giveaways(rows: pd.DataFrame, where: str) -> go.Figure:
    """AUROC of everything about a film but its content, with 95 % intervals, best first.

    Parameters
    ----------
    rows : of ``shortcuts.measure``
    where : the films that were judged, for people: "train"
    """
    known = rows[rows["auroc"].notna()].sort_values("auroc", ascending=False)
    figure = go.Figure()
    looks = (
        (True, "possible shortcut", palette.VERDICTS["reads_devices"].colour, "diamond"),
        (False, "does not beat chance", palette.REFERENCE, "circle-open"),
    )
    for beats, name, colour, symbol in looks:
        part = known[known["is_shortcut"].astype(bool) == beats]
        if len(part):
            figure.add_scatter(
                x=part["auroc"],
                y=_named(part),
                mode="markers",
                name=name,
                marker={"color": colour, "symbol": symbol, "size": 12},
                error_x=whiskers(part["auroc"], part["low"], part["high"], colour),
                customdata=part[["low", "high", "n"]],
                hovertemplate="AUROC %{x:.3f} (%{customdata[0]:.3f} to %{customdata[1]:.3f}), "
                "%{customdata[2]:,} films<extra></extra>",
            )
    reference_line(figure, x=0.5)
    figure.update_yaxes(
        autorange="reversed", showgrid=False, categoryorder="array", categoryarray=_named(known)
    )
    figure.update_xaxes(title="AUROC (0.5 is chance)")
    beating = int(known["is_shortcut"].astype(bool).sum())
    says = f"{beating} of {len(known)} ways to judge a film without its content beat chance"
    alt = "; ".join(f"{r.title} {r.auroc:.2f} ({r.low:.2f} to {r.high:.2f})" for r in each(known))
    height = words_above(figure)
    return legend_above(template(figure, f"{says} ({where})", f"{says}: {alt}", height=height))


def giveaways_say(rows: pd.DataFrame, where: str) -> str:
    """The strongest giveaway that is known of nearly every film, as a title.

    Parameters
    ----------
    rows, where : as ``giveaways`` takes them
    """
    common, _ = _by_coverage(rows)
    if not len(common) or not common["is_shortcut"].any():
        return f"Nothing about the files of {where} was shown to tell the classes apart"
    best = common.iloc[0]
    title = str(best["title"])
    return (
        f"{title[:1].upper()}{title[1:]} alone tells the classes of {where} apart: "
        f"AUROC {span(best['auroc'], best['low'], best['high'], 2)}"
    )


def passed_over(rows: pd.DataFrame) -> str:
    """What tells more than the title's giveaway, but of few films; "" where nothing does."""
    common, rare = _by_coverage(rows)
    best = common["auroc"].max() if len(common) else 1.0
    more = rare[rare["is_shortcut"].astype(bool) & (rare["auroc"] > best)]
    told = [f"{row.title} ({row.n:,} of {rows['n'].max():,} films)" for row in each(more)]
    return f"Stronger, but not known of most films: {text.names(told)}." if told else ""


def _by_coverage(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What was judged alone, best first: known of nearly every film, and the others."""
    alone = rows[rows["auroc"].notna() & (rows["name"] != "together")]
    alone = alone.sort_values("auroc", ascending=False)
    common = alone["n"] >= COVERAGE * alone["n"].max()
    return alone[common], alone[~common]


def _named(rows: pd.DataFrame) -> list[str]:
    return [f"{r.title} ({r.n:,} films)" for r in each(rows)]
