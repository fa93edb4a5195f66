"""Figures of tables that are known by their counts."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from xray.dataset.large_tables import Table
from xray.figures.base import legend_above, template
from xray.figures.composition import class_colour, each

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
            x=part["rows"], y=[value_title(name) for name in part[table.by]], orientation="h",
            name=value_title(value), marker={"color": class_colour(value)},
            text=[f"{n:,}" for n in part["rows"]], textposition="inside", textangle=0,
            insidetextfont={"color": "#0E1116", "size": 14},
            hovertemplate="%{x:,} rows of %{y}<extra>" + value_title(value) + "</extra>",
        )  # fmt: skip
    figure.update_layout(barmode="stack", bargap=0.38)
    figure.update_yaxes(
        showgrid=False, autorange="reversed", categoryorder="array",
        categoryarray=[value_title(name) for name in bars.index],
    )  # fmt: skip
    figure.update_xaxes(title="rows")
    alt = "; ".join(
        f"{value_title(getattr(row, table.by))} {value_title(getattr(row, colour))} {row.rows:,}"
        for row in each(sums)
    )
    most = f"{value_title(bars.index[0])} holds {100 * bars.iloc[0] / max(table.rows, 1):.0f} %"
    left_out = sums[table.by].nunique() - len(bars)
    title = f"{most} of the rows" + (f"; the {left_out} smallest are not drawn" if left_out else "")
    return legend_above(template(figure, title, alt, height=150 + 48 * len(bars)))
