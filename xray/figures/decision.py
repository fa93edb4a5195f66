"""Figures of what to do with a model: thresholds, costs, benefit, calibration; no streamlit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from xray import classes
from xray.figures import palette
from xray.figures.base import reference_line, span, template, whiskers, words_above
from xray.metrics import decision
from xray.metrics.bootstrap import wilson
from xray.metrics.odds import to_probability
from xray.metrics.scores import Confusion, show_threshold

#: Log-odds beyond which a threshold axis says nothing more.
EDGE = 12.0
#: Probabilities that label an axis of log-odds, for people.
MARKS = (1e-3, 0.03, 0.5, 0.97, 0.999)


def probability_axis(figure: go.Figure, **where: int) -> None:
    """Label an x axis that runs in log-odds with probabilities."""
    ticks = [float(np.log(p / (1 - p))) for p in MARKS]
    words = [f"{p:.10g}" for p in MARKS]
    figure.update_xaxes(tickvals=ticks, ticktext=words, **where)


def _ends(thresholds: pd.Series, threshold: float) -> list[float]:
    """Range of a threshold axis: where films lie, within reason, and the threshold itself."""
    low, high = max(thresholds.min(), -EDGE), min(thresholds.max(), EDGE)
    return [min(low, threshold - 0.5), max(high, threshold + 0.5)]


def sweep(
    points: pd.DataFrame,
    threshold: float,
    counts: Confusion,
    title: str,
) -> go.Figure:
    """Recall and specificity over the threshold, with the threshold in force.

    Parameters
    ----------
    points : of ``decision.sweep``.
    threshold : in force, on the log-odds scale.
    counts : what it makes of the films, seen from the side of the points' positive class.
    title : the model, for people.
    """
    figure = go.Figure()
    positive = counts.positive
    for column, words, dash in (
        ("recall", f"recall of {positive}", "solid"),
        ("specificity", "specificity", "dash"),
    ):
        figure.add_scatter(
            x=points["threshold"],
            y=points[column],
            mode="lines",
            # Between two films nothing changes: the steps are the truth.
            line={"shape": "hvh", "dash": dash, "width": 2.5, "color": palette.of_class(positive)}
            if column == "recall"
            else {"shape": "hvh", "dash": dash, "width": 2.5, "color": palette.REFERENCE},
            name=words,
            text=[f"{p:.3g}" for p in to_probability(points["threshold"])],
            hovertemplate=f"{words} %{{y:.1%}} at probability %{{text}}<extra></extra>",
        )
    reference_line(figure, x=threshold)
    figure.update_xaxes(
        title=f"called {classes.positive()} from this probability on",
        range=_ends(points["threshold"], threshold),
    )
    probability_axis(figure)
    figure.update_yaxes(title="share of films", range=[-0.02, 1.02])
    return template(figure, swept(threshold, counts, title), height=330)


def swept(threshold: float, counts: Confusion, title: str) -> str:
    """Say what a threshold (log-odds) makes of the films; see ``sweep``."""
    recall, specificity = (
        span(right / max(right + wrong, 1), *wilson(right, right + wrong), 2)
        for right, wrong in ((counts.tp, counts.fn), (counts.tn, counts.fp))
    )
    said = f"{title}, threshold {show_threshold(threshold)}"
    return f"{said}: recall {recall}, specificity {specificity}"


def held(points: Mapping[str, decision.OperatingPoint], titles: Mapping[str, str]) -> go.Figure:
    """What thresholds set on validation for a target do on test, a pair of dots a model.

    Parameters
    ----------
    points : model -> ``decision.operating_point``, all for the same target.
    titles : model -> name for people.
    """
    figure = go.Figure()
    first = next(iter(points.values()))
    rows = ("specificity", "recall") if first.held == "specificity" else ("recall", "specificity")
    for shift, (name, point) in enumerate(points.items()):
        mark = palette.model(name)
        values = [getattr(point, row) for row in rows]
        figure.add_scatter(
            x=values,
            y=[place + 0.16 * (shift - (len(points) - 1) / 2) for place in range(2)],
            mode="markers",
            name=titles[name],
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 12},
            error_x=whiskers(
                values,
                [getattr(point, f"{row}_low") for row in rows],
                [getattr(point, f"{row}_high") for row in rows],
                mark.colour,
            ),
            hovertemplate=f"<b>{titles[name]}</b><br>%{{x:.3f}} on test<extra></extra>",
        )
    reference_line(figure, x=first.target)
    words = [
        f"{rows[0]} (held at {first.target:.0%} on validation)",
        f"{rows[1]} (what is left)",
    ]
    figure.update_yaxes(tickvals=[0, 1], ticktext=words, range=[1.5, -0.5], showgrid=False)
    figure.update_xaxes(range=[-0.01, 1.01])
    return template(figure, kept(points, titles), height=words_above(figure))


def kept(points: Mapping[str, decision.OperatingPoint], titles: Mapping[str, str]) -> str:
    """Say which model keeps least on test of what its threshold held on validation."""
    first = next(iter(points.values()))
    held_on_test = {name: getattr(point, first.held) for name, point in points.items()}
    worst = min(held_on_test, key=lambda name: held_on_test[name])
    low, high = (getattr(points[worst], f"{first.held}_{end}") for end in ("low", "high"))
    if high >= first.target:
        return (
            f"Held at {first.held} {first.target:.0%} on validation, every model keeps it on test"
        )
    return (
        f"Held at {first.held} {first.target:.0%} on validation, {titles[worst]} keeps "
        f"{held_on_test[worst]:.0%} ({low:.0%} to {high:.0%}) on test"
    )


def cost(
    points: Mapping[str, pd.DataFrame],
    titles: Mapping[str, str],
    chosen: Mapping[str, tuple[float, float]],
    prevalence: float,
    ratio: float,
) -> go.Figure:
    """Expected cost a hundred films over the threshold, a line a model.

    Parameters
    ----------
    points : model -> ``decision.sweep`` on the films of the page.
    titles : model -> name for people.
    chosen : model -> threshold of least cost on validation (log-odds), and its cost here.
    prevalence : of the positive class where the model would be used.
    ratio : cost of a miss, in false alarms.
    """
    figure = go.Figure()
    for name, table in points.items():
        mark, (threshold, at) = palette.model(name), chosen[name]
        values = decision.expected_cost(table["recall"], table["specificity"], prevalence, ratio)
        figure.add_scatter(
            x=table["threshold"],
            y=values,
            mode="lines",
            name=titles[name],
            legendgroup=name,
            line={"color": mark.colour, "dash": mark.dash, "width": 2.5, "shape": "hvh"},
            hovertemplate=f"{titles[name]}: %{{y:.1f}} a hundred films<extra></extra>",
        )
        figure.add_scatter(
            x=[threshold],
            y=[at],
            mode="markers",
            legendgroup=name,
            showlegend=False,
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 13},
            hovertemplate=f"{titles[name]}, cheapest on validation: %{{y:.1f}}<extra></extra>",
        )
    everyone, nobody = 100 * (1 - prevalence), 100 * ratio * prevalence
    reference_line(figure, y=min(everyone, nobody))
    ends = [_ends(table["threshold"], chosen[name][0]) for name, table in points.items()]
    figure.update_xaxes(
        title=f"called {classes.positive()} from this probability on",
        range=[min(low for low, _ in ends), max(high for _, high in ends)],
    )
    probability_axis(figure)
    figure.update_yaxes(title="cost a hundred films, in false alarms", rangemode="tozero")
    best = min(chosen, key=lambda name: chosen[name][1])
    plain = "calling every film" if everyone < nobody else "calling none"
    said = (
        f"{titles[best]} costs least, {chosen[best][1]:.1f} false alarms' worth a hundred films; "
        f"{plain} costs {min(everyone, nobody):.1f} (dotted)"
    )
    return template(figure, said, height=360)


def _curve(
    figure: go.Figure,
    name: str,
    title: str,
    x: pd.Series,
    values: tuple[pd.Series, pd.Series, pd.Series],
    hover: str,
    extra: pd.Series | None = None,
) -> None:
    """Draw a model's line with its interval as a band; values are line, low and high."""
    mark = palette.model(name)
    line, low, high = values
    figure.add_scatter(
        x=[*x, *x[::-1]],
        y=[*high, *low[::-1]],
        fill="toself",
        fillcolor=palette.fade(mark.colour, 0.14),
        line={"width": 0},
        legendgroup=name,
        showlegend=False,
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=x,
        y=line,
        mode="lines",
        name=title,
        legendgroup=name,
        line={"color": mark.colour, "dash": mark.dash, "width": 2.5},
        customdata=extra,
        hovertemplate=hover,
    )


def predictive_values(
    tables: Mapping[str, pd.DataFrame], titles: Mapping[str, str], prevalence: float, positive: str
) -> go.Figure:
    """Positive predictive value over prevalence, with its interval; NPV in the hover.

    Parameters
    ----------
    tables : model -> ``decision.at_prevalences``, which hold ``prevalence``.
    titles : model -> name for people.
    prevalence : marked.
    positive : name of a class; the positive one when empty
    """
    figure = go.Figure()
    said = []
    for name, table in tables.items():
        _curve(
            figure,
            name,
            titles[name],
            table["prevalence"],
            (table["ppv"], table["ppv_low"], table["ppv_high"]),
            f"<b>{titles[name]}</b> at prevalence %{{x:.1%}}<br>predictive value positive "
            "%{y:.1%}, negative %{customdata:.1%}<extra></extra>",
            table["npv"],
        )
        near = table.iloc[int((table["prevalence"] - prevalence).abs().argmin())]
        said.append(f"{near['ppv']:.0%} by {titles[name]}")
    reference_line(figure, x=prevalence)
    figure.update_xaxes(title=f"prevalence of {positive}", tickformat=".0%", range=[0, 1])
    figure.update_yaxes(title=f"called {positive} and right", tickformat=".0%", range=[0, 1.02])
    title = f"At a prevalence of {prevalence:.0%}, of films called {positive} are right: "
    return template(figure, title + ", ".join(said), height=360)


def _runs(chances: pd.Series, better: pd.Series) -> str:
    """Where a condition holds, run by run: "from 5% to 20%, at 40%"."""
    run = (better != better.shift()).cumsum()[better]
    ends = chances[better].groupby(run).agg(["min", "max"])
    return ", ".join(
        f"at {low:.0%}" if low == high else f"from {low:.0%} to {high:.0%}"
        for low, high in ends.to_numpy()
    )


def benefit(
    curves: Mapping[str, pd.DataFrame], titles: Mapping[str, str], positive: str
) -> go.Figure:
    """Decision curves with bands, against acting on everyone and on nobody.

    Parameters
    ----------
    curves : model -> ``decision.decision_curve``.
    titles : model -> name for people.
    positive : name of a class; the positive one when empty
    """
    figure = go.Figure()
    first = next(iter(curves.values()))
    useful = []
    for name, table in curves.items():
        low, high = (table[end].fillna(table["model"]) for end in ("low", "high"))
        hover = f"{titles[name]}: %{{y:.3f}} at %{{x:.0%}}<extra></extra>"
        _curve(figure, name, titles[name], table["chance"], (table["model"], low, high), hover)
        better = table["low"] > table[["everyone", "nobody"]].max(axis=1)
        if better.any():
            useful.append(f"{titles[name]} {_runs(table['chance'], better)}")
    for column, words in (("everyone", f"act on every film as {positive}"), ("nobody", "on none")):
        figure.add_scatter(
            x=first["chance"],
            y=first[column],
            mode="lines",
            name=words,
            line={
                "color": palette.REFERENCE,
                "width": 1.5,
                "dash": "dot" if column == "nobody" else "dash",
            },
            hoverinfo="skip",
        )
    top = max(float(table["high"].fillna(table["model"]).max()) for table in curves.values())
    figure.update_xaxes(
        title=f"one would act from this probability of {positive} on", tickformat=".0%"
    )
    figure.update_yaxes(title="net benefit a film", range=[-0.05 - 0.1 * top, 1.1 * top])
    said = (
        f"Better than acting on all or none, interval and all: {'; '.join(useful)}"
        if useful
        else "No interval lies above both acting on every film and acting on none"
    )
    return template(figure, said, height=400)
