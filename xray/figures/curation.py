"""Figures of films that are not like the others, of films seen twice, and of splits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from xray.dataset import composition, outliers
from xray.dataset.large_tables import Table
from xray.figures import palette
from xray.figures.base import (
    each,
    legend_above,
    records,
    reference_line,
    template,
    whiskers,
    words_above,
)
from xray.figures.palette import class_colour

#: Fewer odd films than this make no headline.
FEWEST = 20


def oddities(summary: pd.DataFrame, films: dict[str, int]) -> go.Figure:
    """Share of each class that is odd in each way, the most lopsided way first.

    Parameters
    ----------
    summary : of ``outliers.summary``
    films : label -> films
    """
    known = summary[summary["total"] > 0].copy()
    shares = {label: known[label] / max(n, 1) for label, n in films.items()}
    spread = pd.DataFrame(shares).max(axis=1) - pd.DataFrame(shares).min(axis=1)
    known = known.loc[spread.sort_values(ascending=False).index]
    figure = go.Figure()
    for label in films:
        figure.add_bar(
            x=(100 * shares[label].loc[known.index]).round(2),
            y=known["title"],
            orientation="h",
            name=label,
            marker_color=class_colour(label),
            customdata=known[[label]],
            hovertemplate="%{x:.1f} % (%{customdata[0]:,} films)<extra>%{y}</extra>",
        )
    figure.update_layout(barmode="group", bargap=0.3)
    figure.update_yaxes(
        autorange="reversed",
        showgrid=False,
        categoryorder="array",
        categoryarray=list(known["title"]),
    )
    figure.update_xaxes(title="% of the class")
    alt = "; ".join(
        f"{row['title']}: " + ", ".join(f"{label} {row[label]}" for label in films)
        for row in records(known)
    )
    says = "No film is odd in any way"
    if len(known) and known["total"].iat[0]:
        first: dict[str, Any] = {str(k): v for k, v in known.iloc[0].items()}
        parts = [f"{100 * first[k] / max(n, 1):.1f} % of {k}" for k, n in films.items()]
        says = f"{known['title'].iat[0]}: {' against '.join(parts)} films (all splits)"
    return legend_above(template(figure, says, f"{says}. {alt}", height=words_above(figure)))


def oddities_say(summary: pd.DataFrame, films: dict[str, int]) -> str:
    """The oddity that belongs to one class most, as a title."""
    name = most_lopsided(summary, films)
    if not name:
        return "Which films are not like the others?"
    row = summary.set_index("name").to_dict("index")[name]
    top = max(films, key=lambda label: int(row[label]))
    count = (
        f"All {row['total']:,}" if row[top] == row["total"] else f"{row[top]:,} of {row['total']:,}"
    )
    return f"{count} films that are {_as(name, str(row['title']))} are {top}"


def most_lopsided(summary: pd.DataFrame, films: dict[str, int]) -> str:
    """Name of the oddity that belongs to one class most, the larger one of two; "" for none."""
    best = (0.0, 0)
    found = ""
    for row in summary.to_dict("records"):
        total = int(row["total"])
        if total < FEWEST:
            continue
        shares = [row[label] / max(n, 1) for label, n in films.items()]
        purity = max(shares) / max(sum(shares), 1e-9)
        if (purity, total) > best:
            best, found = (purity, total), str(row["name"])
    return found


def _as(name: str, title: str) -> str:
    """An oddity's title as the end of "films that are ..."."""
    special = {
        "border": "bordered by black",
        "text": "marked by bright corner strokes",
        "aspect": "extreme in aspect",
    }
    return special.get(name, title[:1].lower() + title[1:])


def scores(
    values: NDArray[np.float64], labels: NDArray[np.str_], oddity: outliers.Oddity, limit: float
) -> go.Figure:
    """Distribution of one oddity's score by class, with the threshold."""
    known = np.isfinite(values)
    figure = go.Figure()
    if known.any():
        low, high = float(values[known].min()), float(values[known].max())
        low, high = min(low, oddity.low), max(min(high, oddity.high), limit)
        edges = np.linspace(low, high + 1e-9, 61)
        for label in np.unique(labels):
            own = values[known & (labels == label)]
            counts, _ = np.histogram(np.clip(own, low, high), edges)
            colour = class_colour(str(label))
            figure.add_scatter(
                x=((edges[1:] + edges[:-1]) / 2).round(4),
                y=counts,
                mode="lines",
                line={"shape": "hvh", "color": colour, "width": 2},
                fill="tozeroy",
                fillcolor=palette.fade(colour, 0.22),
                name=str(label),
                hovertemplate="%{y:,} films near %{x:.2f}<extra>" + str(label) + "</extra>",
            )
    reference_line(figure, x=limit)
    figure.update_xaxes(title=oddity.meaning, showgrid=False)
    # Outliers are few by nature: on an even scale their end of the axis would look empty.
    top = float(np.log10(max(known.sum(), 10)))
    figure.update_yaxes(title="films", type="log", dtick=1, range=[-0.1, top])
    odd = known & (values >= limit)
    parts = [f"{int((odd & (labels == label)).sum()):,} {label}" for label in np.unique(labels)]
    says = f"{oddity.title}: {int(odd.sum()):,} films from {limit:.3g} on ({', '.join(parts)})"
    return legend_above(template(figure, says, height=230))


def without_leaked(rows: pd.DataFrame) -> go.Figure:
    """By how much metrics change without leaked films, with 95 % intervals.

    Parameters
    ----------
    rows : of ``leakage.compare``, of several models: also with columns model, title
    """
    figure = go.Figure()
    metrics = list(dict.fromkeys(rows["metric"]))
    models = rows[["model", "title"]].drop_duplicates()
    for place, (name, title) in enumerate(models.itertuples(index=False)):
        mark = palette.model(str(name))
        part = rows[rows["model"] == name].set_index("metric").loc[metrics]
        # All of a metric's models within its own row, however many they are.
        shift = 0.8 / len(models) * (place - (len(models) - 1) / 2)
        figure.add_scatter(
            x=100 * part["difference"],
            y=[i + shift for i in range(len(metrics))],
            mode="markers",
            name=str(title),
            customdata=part[["with_all", "without"]],
            text=metrics,
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 11},
            error_x=whiskers(
                100 * part["difference"], 100 * part["low"], 100 * part["high"], mark.colour
            ),
            hovertemplate="%{text} %{customdata[0]:.3f} with all, %{customdata[1]:.3f} without"
            f"<extra>{title}</extra>",
        )
    reference_line(figure, x=0.0)
    figure.update_yaxes(
        tickvals=list(range(len(metrics))), ticktext=metrics, autorange="reversed", showgrid=False
    )
    figure.update_xaxes(title="change, in points of 100")
    away = int(((rows["low"] > 0) | (rows["high"] < 0)).sum())
    # Where all films that are left out are of one class, no draw changes what is said of the other.
    still = int(((rows["difference"] == 0) & rows["low"].isna()).sum())
    says = (
        f"Without films of possible patients of other splits {away or 'none'} of "
        f"{len(rows) - still} metrics {'changes' if away < 2 else 'change'} beyond chance"
    ) + (f"; {still} more cannot" if still else "")
    alt = "; ".join(f"{r.title} {r.metric} {100 * r.difference:+.1f} points" for r in each(rows))
    return legend_above(template(figure, says, f"{says}. {alt}", height=words_above(figure)))


def split_counts(counts: dict[str, pd.DataFrame]) -> go.Figure:
    """Films of each class in each part of several splits, as bars.

    Parameters
    ----------
    counts : name of the split for people -> ``splits.counts``
    """
    figure = go.Figure()
    labels = sorted({label for table in counts.values() for label in table.columns})
    rows = [
        (f"{name} · {composition.SPLIT_TITLES[str(part)] if part else 'left out'}", table.loc[part])
        for name, table in counts.items()
        for part in table.index
    ]
    for label in labels:
        values = [int(row.get(label, 0)) for _, row in rows]
        figure.add_bar(
            x=values,
            y=[name for name, _ in rows],
            orientation="h",
            name=str(label),
            marker_color=class_colour(str(label)),
            text=[f"{v:,}" for v in values],
            textposition="auto",
            textangle=0,
            insidetextfont={"color": "#0E1116"},
            hovertemplate="%{x:,} films<extra>" + str(label) + "</extra>",
        )
    figure.update_layout(barmode="stack", bargap=0.3)
    figure.update_yaxes(
        autorange="reversed",
        showgrid=False,
        categoryorder="array",
        categoryarray=[name for name, _ in rows],
    )
    figure.update_xaxes(title="films")
    says = "; ".join(
        f"{name}: "
        + ", ".join(
            f"{composition.SPLIT_TITLES[str(part)]} {int(table.loc[part].sum()):,}"
            for part in table.index
            if part
        )
        for name, table in counts.items()
    )
    return legend_above(template(figure, says, height=words_above(figure)))


#: Most bars, and most colours in them; the largest are drawn.
BARS, COLOURS = 20, 6


def value_title(value: str) -> str:
    """A value for people; the absence of one has words too."""
    return value or "none given"


def counts(table: Table) -> go.Figure:
    """Rows by the table's folders, in the colours of the next column that is counted."""
    colour = next((name for name in table.counted if name != table.by), table.by)
    groups = list(dict.fromkeys([table.by, colour]))
    sums = pd.DataFrame(table.counts.groupby(groups)["rows"].sum().reset_index())
    bars = sums.groupby(table.by)["rows"].sum().nlargest(BARS)
    colours = sums.groupby(colour)["rows"].sum().nlargest(COLOURS).index
    figure = go.Figure()
    for value in colours:
        part = sums[(sums[colour] == value) & sums[table.by].isin(bars.index)]
        figure.add_bar(
            x=part["rows"],
            y=[value_title(name) for name in part[table.by]],
            orientation="h",
            name=value_title(value),
            marker={"color": class_colour(value)},
            text=[f"{n:,}" for n in part["rows"]],
            textposition="inside",
            textangle=0,
            insidetextfont={"color": "#0E1116", "size": 14},
            hovertemplate="%{x:,} rows of %{y}<extra>" + value_title(value) + "</extra>",
        )
    figure.update_layout(barmode="stack", bargap=0.38)
    figure.update_yaxes(
        showgrid=False,
        autorange="reversed",
        categoryorder="array",
        categoryarray=[value_title(name) for name in bars.index],
    )
    figure.update_xaxes(title="rows")
    alt = "; ".join(
        f"{value_title(row[table.by])} {value_title(row[colour])} {row['rows']:,}"
        for row in records(sums)
    )
    most = f"{value_title(bars.index[0])} holds {100 * bars.iloc[0] / max(table.rows, 1):.0f} %"
    left_out = sums[table.by].nunique() - len(bars)
    title = f"{most} of the rows" + (f"; the {left_out} smallest are not drawn" if left_out else "")
    return legend_above(template(figure, title, alt, height=150 + 48 * len(bars)))
