"""Figures of what a dataset is made of: classes, image sizes, and what is worn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from xray.audits import findings
from xray.classes import spoken
from xray.dataset import composition
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
from xray.figures.palette import class_colour

#: Most points of the scatter of sizes, and of them the extreme films at each end of a measure.
POINTS, EXTREMES = 50_000, 500

#: Sizes for histograms, with the axis titles and the word for a long one.
MEASURES = {
    "height": ("height of the original in pixels", "Height"),
    "width": ("width of the original in pixels", "Width"),
    "aspect": ("aspect: width over height", "Aspect"),
}


def _group_colour(label: str, subtype: str) -> str:
    return palette.SUBTYPE.get(subtype, class_colour(label)) if subtype else class_colour(label)


def classes(table: pd.DataFrame) -> go.Figure:
    """Share of classes and subtypes in every split, as bars of 100 %; counts written in."""
    groups = composition.groups(table)
    splits = composition.splits(table)
    rows = {split.name: f"{split.title} · {split.films:,} films" for split in splits}
    figure = go.Figure()
    kinds = groups[["label", "subtype"]].drop_duplicates().sort_values(["label", "subtype"])
    for label, subtype in kinds.itertuples(index=False):
        part = groups[(groups["label"] == label) & (groups["subtype"] == subtype)]
        colour = _group_colour(label, subtype)
        figure.add_bar(
            x=100 * part["share"],
            y=part["split"].map(rows),
            orientation="h",
            name=composition.group_title(label, subtype),
            marker={
                "color": colour,
                "pattern": {
                    "shape": "/" if subtype == "virus" else "",
                    "fgcolor": palette.fade("#0E1116", 0.35),
                    "bgcolor": colour,
                },
            },
            text=[f"{n:,}" for n in part["films"]],
            textposition="inside",
            textangle=0,
            insidetextanchor="middle",
            insidetextfont={"color": "#0E1116", "size": 14},
            hovertemplate="%{x:.1f} % of %{y}<extra>%{text} "
            + composition.group_title(label, subtype)
            + "</extra>",
        )
    figure.update_layout(barmode="stack", bargap=0.38)
    figure.update_yaxes(
        autorange="reversed",
        showgrid=False,
        categoryorder="array",
        categoryarray=list(rows.values()),
    )
    figure.update_xaxes(title="share of the split in %", range=[0, 100])
    alt = "; ".join(
        f"{rows[r.split]}: {composition.group_title(r.label, r.subtype)} {r.films:,}"
        for r in each(groups)
    )
    shares = [f"{100 * s.counts[s.majority] / s.films:.1f} % {s.majority}" for s in splits]
    says = ", ".join(f"{s.title}: {share}" for s, share in zip(splits, shares, strict=True))
    says = f"The larger class of each split: {says}"
    return legend_above(template(figure, says, f"{says}. {alt}", height=words_above(figure)))


def baseline_says(splits: list[composition.Split]) -> str:
    """What always saying one class would score, as a title."""
    judged = next((split for split in splits if split.name == "test"), splits[0])
    others = [f"{100 * s.baseline:.1f} % on {s.title}" for s in splits if s is not judged]
    tail = f" ({', '.join(others)})" if others else ""
    return (
        f"Always saying {judged.majority} is right on {100 * judged.baseline:.1f} % of "
        f"{judged.title}{tail}"
    )


def compact(values: pd.Series) -> NDArray[Any]:
    """Whole numbers in the fewest bytes, for figures of many points; NaN becomes 0."""
    whole = np.nan_to_num(values.to_numpy(dtype=np.float64)).round()
    small = len(whole) > 0 and whole.max() < 2**16
    found: NDArray[Any] = whole.astype(np.uint16 if small else np.float32)
    return found


def size_scatter(table: pd.DataFrame, chosen: int | None = None) -> tuple[go.Figure, list[Any]]:
    """Width and height of every original, a point a film (WebGL).

    Parameters
    ----------
    table : films, with label, width and height
    chosen : row of a film to ring

    Returns
    -------
    figure, and for each of its curves the rows of the table that its points stand for, so that
    a point that is clicked can be found without sending names to the browser.
    """
    shown = drawn(table, chosen)
    labels = table["label"].to_numpy(dtype=str)[shown]
    names, counts = np.unique(labels, return_counts=True)
    figure, rows = go.Figure(), []
    size = 5 if len(shown) < 20_000 else 2.5
    for label in names[np.argsort(-counts)]:
        at = shown[labels == label]
        figure.add_scattergl(
            x=compact(table["width"].iloc[at]),
            y=compact(table["height"].iloc[at]),
            mode="markers",
            name=str(label),
            hovertemplate="%{x} × %{y}",
            marker={
                "color": class_colour(str(label)),
                "size": size,
                "opacity": 0.55,
                "symbol": palette.symbol_of(str(label)),
            },
        )
        rows.append(at)
    if chosen is not None and chosen in shown:
        film = table.iloc[chosen]
        figure.add_scattergl(
            x=[film["width"]],
            y=[film["height"]],
            mode="markers",
            name="chosen film",
            hoverinfo="skip",
            showlegend=False,
            marker={
                "size": 18,
                "symbol": "circle-open",
                "color": palette.REFERENCE,
                "line": {"width": 3},
            },
        )
        rows.append(np.array([chosen]))
    figure.update_xaxes(title="width in pixels", rangemode="tozero")
    figure.update_yaxes(title="height in pixels", rangemode="tozero")
    says, alt = _sizes_say(table)
    return legend_above(template(figure, says, alt, height=440)), rows


def drawn(table: pd.DataFrame, chosen: int | None = None) -> NDArray[np.int64]:
    """Rows of the films that the scatter of sizes shows, ascending.

    All whose size is known, up to ``POINTS``; of more the ``EXTREMES`` at either end of width,
    height and aspect, because odd sizes are what one looks for, and a random part of the others.
    """
    width, height = (table[side].to_numpy(dtype=np.float64) for side in ("width", "height"))
    known = np.flatnonzero(np.isfinite(width) & np.isfinite(height))
    if len(known) <= POINTS:
        return known
    ends: list[NDArray[np.int64]] = []
    for measure in (width[known], height[known], width[known] / height[known]):
        order = np.argpartition(measure, (EXTREMES, len(known) - EXTREMES))
        ends += [known[order[:EXTREMES]], known[order[-EXTREMES:]]]
    if chosen is not None and chosen in known:
        ends.append(np.array([chosen]))
    kept = np.unique(np.concatenate(ends))
    others = np.setdiff1d(known, kept, assume_unique=True)
    part = np.random.default_rng(0).choice(others, POINTS - len(kept), replace=False)
    return np.sort(np.concatenate([kept, part]))


def points_say(table: pd.DataFrame) -> str:
    """What the points of the scatter are."""
    known = int((table["width"].notna() & table["height"].notna()).sum())
    if known <= POINTS:
        return "Every point is a film. Click one to see it."
    return (
        f"A point is a film. {POINTS:,} of {known:,} are drawn: those of extreme "
        "width, height or aspect, and a random part of the others. Click one to see it."
    )


def _sizes_say(table: pd.DataFrame) -> tuple[str, str]:
    """Title and alternative text of the sizes."""
    sizes = composition.sizes(table)
    if sizes["films"].iat[0] == 0:
        return "No film's original size is known", "No film's original size is known"
    every = sizes.iloc[0]
    parts = ", ".join(
        f"{row.what} {row.width:.0f} × {row.height:.0f}" for row in each(sizes.iloc[1:])
    )
    says = f"Originals are {every.width:.0f} × {every.height:.0f} on average; {parts}"
    unknown = f" {every.unknown} films are of unknown size." if every.unknown else ""
    return says, f"{says}.{unknown}"


def measured(table: pd.DataFrame, measure: str) -> NDArray[np.float64]:
    """(N,) one of ``MEASURES`` of every film; NaN where unknown."""
    column = table["width"] / table["height"] if measure == "aspect" else table[measure]
    return column.to_numpy(dtype=np.float64)


def size_histogram(table: pd.DataFrame, measure: str) -> go.Figure:
    """Distribution of one of ``MEASURES`` by class, each class as a share of its own films."""
    axis, word = MEASURES[measure]
    values = measured(table, measure)
    known = np.isfinite(values)
    figure, middles = go.Figure(), {}
    if known.any():
        low, high = np.quantile(values[known], [0.001, 0.999])
        edges = np.linspace(low, max(high, low + 1e-6), 41)
        labels = table["label"].to_numpy(dtype=str)
        for label in np.unique(labels):
            own = values[known & (labels == label)]
            if not len(own):
                continue
            counts, _ = np.histogram(np.clip(own, low, high), edges)
            colour = class_colour(str(label))
            middles[str(label)] = float(np.median(own))
            figure.add_scatter(
                x=((edges[1:] + edges[:-1]) / 2).round(3),
                y=(100 * counts / len(own)).round(2),
                mode="lines",
                line={"shape": "hvh", "color": colour, "width": 2},
                fill="tozeroy",
                fillcolor=palette.fade(colour, 0.22),
                name=str(label),
                hovertemplate="%{y:.1f} % near %{x}<extra>" + str(label) + "</extra>",
            )
    figure.update_xaxes(title=axis, showgrid=False)
    figure.update_yaxes(title="% of the class", rangemode="tozero")
    digits = 2 if measure == "aspect" else 0
    medians = ", ".join(f"{label} {value:.{digits}f}" for label, value in middles.items())
    says = f"{word}: median {medians}" if middles else f"{word} is unknown"
    return legend_above(template(figure, says, height=280))


def prevalence(rows: pd.DataFrame, what: str) -> go.Figure:
    """Share of films that show something, by split, class and subtype, with 95 % intervals.

    Parameters
    ----------
    rows : of ``composition.prevalence``
    what : what they show, for people: "a device"
    """
    figure = go.Figure()
    names = [
        f"{composition.SPLIT_TITLES.get(r.split, r.split)} · {r.title} ({r.films:,})"
        for r in each(rows)
    ]
    for label in dict.fromkeys(rows["label"]):
        own = (rows["label"] == label).to_numpy()
        part = rows[own]
        colour = class_colour(label)
        figure.add_scatter(
            x=100 * part["share"],
            y=[n for n, mine in zip(names, own, strict=True) if mine],
            mode="markers",
            name=label,
            customdata=part[["shown", "films", "low", "high"]],
            marker={"color": colour, "size": 11, "symbol": palette.symbol_of(label)},
            error_x=whiskers(100 * part["share"], 100 * part["low"], 100 * part["high"], colour),
            hovertemplate="%{customdata[0]} of %{customdata[1]} films"
            "<br>%{customdata[2]:.1%} to %{customdata[3]:.1%}<extra></extra>",
        )
    figure.update_yaxes(
        autorange="reversed", showgrid=False, categoryorder="array", categoryarray=names
    )
    figure.update_xaxes(title=f"% of films that show {what}", rangemode="tozero")
    says = _subtypes_say(rows, what)
    alt = "; ".join(f"{n} {100 * s:.1f} %" for n, s in zip(names, rows["share"], strict=True))
    return legend_above(template(figure, says, f"{says}. {alt}", height=words_above(figure)))


def prevalence_says(rows: pd.DataFrame, what: str) -> str:
    """How often each class of the first split shows something, as a title."""
    if rows.empty:
        return f"Nobody knows which of these films show {what}"
    whole = rows[(rows["split"] == rows["split"].iat[0]) & (rows["subtype"] == "")]
    ranked = whole.sort_values("share", ascending=False)
    parts = [f"{100 * r.share:.1f} % of {r.label}" for r in each(ranked)]
    split = composition.SPLIT_TITLES.get(str(rows["split"].iat[0]), "")
    return f"{' against '.join(parts)} films show {what} ({split})"


def _subtypes_say(rows: pd.DataFrame, what: str) -> str:
    """Which subtype shows something most, as a title; the classes where there are no subtypes."""
    inner = rows[(rows["subtype"] != "") & (rows["films"] >= composition.SMALL)]
    if not len(inner):
        return prevalence_says(rows, what)
    first = inner[inner["split"] == inner["split"].iat[0]].sort_values("share", ascending=False)
    parts = [
        f"{100 * r.share:.1f} % of {composition.SUBTYPE_TITLES.get(r.subtype, r.subtype)}"
        for r in each(first)
    ]
    split = composition.SPLIT_TITLES.get(str(first["split"].iat[0]), "")
    return f"{' and '.join(parts)} {first['label'].iat[0]} films show {what} ({split})"


def kinds(shares: pd.DataFrame) -> go.Figure:
    """Share of films that show each kind of device, by class, with 95 % intervals.

    Parameters
    ----------
    shares : columns kind, label, films, shown, share, low, high
    """
    figure = go.Figure()
    for label in dict.fromkeys(shares["label"]):
        part = shares[shares["label"] == label]
        colour = class_colour(label)
        figure.add_bar(
            x=100 * part["share"],
            y=part["kind"].replace(findings.PLURAL),
            orientation="h",
            name=label,
            marker_color=colour,
            customdata=part[["shown", "films"]],
            error_x=whiskers(
                100 * part["share"], 100 * part["low"], 100 * part["high"], palette.REFERENCE, cap=3
            ),
            hovertemplate="%{x:.1f} %: %{customdata[0]} of %{customdata[1]}<extra>%{y}</extra>",
        )
    figure.update_layout(barmode="group")
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(title="% of films", rangemode="tozero")
    top = shares.sort_values("share").iloc[-1]
    share = 100 * top["share"]
    name = findings.PLURAL.get(str(top["kind"]), str(top["kind"]))
    says = f"Most frequent in {top['label']} films: {name}, in {share:.0f} % of them (all splits)"
    return legend_above(template(figure, says, height=words_above(figure)))


def rankings(rows: pd.DataFrame, what: str) -> go.Figure:
    """AUROC of one number by split, with 95 % intervals (``composition.rankings``)."""
    figure = go.Figure()
    colour = palette.VERDICTS["reads_devices"].colour
    names = [f"{r.title} ({r.films:,} films)" for r in each(rows)]
    figure.add_scatter(
        x=rows["auroc"],
        y=names,
        mode="markers",
        # A perfect ranking has no interval.
        customdata=[span(r.auroc, r.low, r.high) for r in each(rows)],
        marker={"color": colour, "symbol": "diamond", "size": 12},
        error_x=whiskers(rows["auroc"], rows["low"], rows["high"], colour),
        hovertemplate="AUROC %{customdata}<extra></extra>",
    )
    reference_line(figure, x=0.5)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(title="AUROC (0.5 is chance)")
    values = " and ".join(f"{r.auroc:.2f} on {r.title}" for r in each(rows))
    says = f"{what} alone ranks {spoken()} with AUROC {values}"
    if rows.empty:
        says = f"Too few films to tell how well {what.lower()} alone ranks {spoken()}"
    return template(figure, says, height=words_above(figure, legend=False), legend=False)


def model_values(values: NDArray[np.float32], title: str) -> go.Figure:
    """Distribution of the numbers that a model is given."""
    counts, edges = np.histogram(values, 60)
    figure = go.Figure(
        go.Bar(
            x=((edges[1:] + edges[:-1]) / 2).round(3),
            y=counts,
            marker_color=palette.REFERENCE,
            hovertemplate="%{y:,} near %{x:.2f}<extra></extra>",
        )
    )
    figure.update_layout(bargap=0)
    figure.update_xaxes(title="value that the network is given")
    figure.update_yaxes(title="values")
    shape = " × ".join(str(side) for side in values.shape)
    says = f"{title} is given {shape} numbers from {values.min():.2f} to {values.max():.2f}"
    return template(figure, says, height=240, legend=False)
