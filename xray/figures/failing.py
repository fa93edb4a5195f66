"""Figure of groups of films on which a model errs."""

from __future__ import annotations

import plotly.graph_objects as go

from xray.figures import palette
from xray.figures.base import reference_line, template, whiskers, words_above
from xray.models import failing_groups
from xray.models.failing_groups import Found


def groups(found: Found, name: str, title: str) -> go.Figure:
    """Error rate of each group with its interval, and of others of the same classes.

    Parameters
    ----------
    found : of ``failing_groups.find``
    name, title : the model
    """
    table = failing_groups.table(found)
    mark, figure = palette.model(name), go.Figure()
    words = [f"{number}. {row}" for number, row in enumerate(table["words"], start=1)]
    figure.add_scatter(
        x=100 * table["rate"], y=words, mode="markers", name="the group",
        marker={"color": mark.colour, "symbol": mark.symbol, "size": 11},
        error_x=whiskers(100 * table["rate"], 100 * table["low"], 100 * table["high"], mark.colour),
        customdata=table[["n", "errors", "p"]],
        hovertemplate="%{y}<br>%{x:.1f} %: %{customdata[1]} of %{customdata[0]} films, chance "
        "%{customdata[2]:.4f}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=100 * table["expected"], y=words, mode="markers", name="others of the same classes",
        marker={"color": palette.REFERENCE, "symbol": "line-ns-open", "size": 14,
                "line": {"width": 2}},
        hovertemplate="%{x:.1f} % of others of the same classes<extra></extra>",
    )  # fmt: skip
    reference_line(figure, x=100 * found.errors / max(found.films, 1))
    figure.update_xaxes(title="errors of 100 films; dotted: all films", rangemode="tozero")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return template(figure, failing_groups.in_words(found, title), height=words_above(figure))
