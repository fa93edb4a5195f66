"""Figures of the Devices page: what devices change, the panel's record, strata and cures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from xray import classes
from xray.audits import findings
from xray.audits.findings import Change
from xray.figures import palette
from xray.figures.base import margin_band, name_places, reference_line, template, whiskers

#: Measure of the panel's record -> what people call it, and its mark.
MEASURES = {
    "auroc": ("AUROC of the score", palette.REFERENCE, "square"),
    "detection": ("readers found", palette.POSITIVE, "diamond"),
    "false_alarms": ("clean networks accused", palette.NEGATIVE, "circle"),
    "undecided": ("left undecided", "#8C6D9E", "x"),
}


#: Other suspect -> what people call it.
def calls(audit: Mapping[str, Any], title: str) -> go.Figure:
    """Change of calls by kind of device, healthy and sick films apart, in at most five rows.

    Parameters
    ----------
    audit : of one model
    title : what people call the model
    """
    found = [
        change
        for kind in findings.KINDS
        for change in findings.changes(audit, kind)
        if change.unit == "calls"
    ]
    figure = _by_kind(found, findings.margin(audit, "calls"), 0.1)
    figure.update_xaxes(title="more of 100 children called sick because of the device")
    says = f"{title}: no calls were measured"
    if found:
        top = max(found, key=lambda change: abs(change.value))
        who = "sick" if top.sick else "healthy"
        says = (
            f"{title}: {findings.PLURAL[top.kind]} change most, {top.value:+.1f} of 100 {who} "
            "children called sick"
        )
    return template(figure, says, _told(says, found), height=330)


def auroc(audit: Mapping[str, Any], title: str) -> go.Figure:
    """Fall of AUROC by kind: healthy films given devices, sick ones relieved, where both are."""
    every = {
        kind: [c for c in findings.changes(audit, kind) if c.unit == "auroc_drop"]
        for kind in findings.KINDS
    }
    found = [
        next((change for change in of_kind if not change.label), of_kind[0])
        for of_kind in every.values()
        if of_kind
    ]
    figure = _by_kind(found, findings.margin(audit, "auroc_drop"), 0.0)
    figure.update_xaxes(title="fall of AUROC when devices change places")
    says = f"{title}: no fall of AUROC was measured"
    if found:
        top = max(found, key=lambda change: abs(change.value))
        way = "falls" if top.value >= 0 else "rises"
        says = f"{title}: AUROC {way} most by {findings.PLURAL[top.kind]}, {abs(top.value):.3f}"
    return template(figure, says, _told(says, found, 3), height=290)


def _by_kind(found: Sequence[Change], margin: float, apart: float) -> go.Figure:
    """A row a kind, a mark a class of films, with intervals, the margins as a band."""
    kinds = [kind for kind in findings.KINDS if any(change.kind == kind for change in found)]
    figure = go.Figure()
    looks = (
        ("healthy films", palette.NEGATIVE, "circle", -apart, [c for c in found if c.healthy]),
        ("sick films", palette.POSITIVE, "diamond", apart, [c for c in found if c.sick]),
        ("both classes", palette.REFERENCE, "square", 0.0, [c for c in found if not c.label]),
    )
    for words, colour, symbol, shift, part in looks:
        if not part:
            continue
        values = [change.value for change in part]
        low, high = [change.low for change in part], [change.high for change in part]
        figure.add_scatter(
            x=values, y=[kinds.index(change.kind) + shift for change in part], mode="markers",
            name=words, marker={"color": colour, "symbol": symbol, "size": 12},
            error_x=whiskers(values, low, high, colour),
            customdata=list(zip(low, high, strict=True)),
            hovertemplate="%{x:+.3~f} (%{customdata[0]:+.3~f} to %{customdata[1]:+.3~f})"
            f"<extra>{words}</extra>",
        )  # fmt: skip
    margin_band(figure, margin)
    name_places(figure, [findings.PLURAL[kind] for kind in kinds])
    return figure


def _told(says: str, found: Sequence[Change], digits: int = 1) -> str:
    each = (
        f"{findings.PLURAL[c.kind]}, {c.label or 'both classes'} {c.value:+.{digits}f}"
        for c in found
    )
    return f"{says}. {'; '.join(each)}"


def suspects(rows: pd.DataFrame, margin: float, title: str) -> go.Figure:
    """What other suspects change in calls, the biggest mover first.

    Parameters
    ----------
    rows : effects of an audit that are not of devices (``stored.effects``)
    margin : smallest change of 100 calls that matters
    title : what people call the model
    """
    rows = rows.assign(calls=pd.to_numeric(rows["calls"])).dropna(subset="calls")
    names = [
        findings.SUSPECTS.get(str(kind), str(kind))
        if kind
        else findings.SUSPECTS.get(str(test), str(test))
        for kind, test in zip(rows["kind"], rows["test"], strict=True)
    ]
    rows = rows.assign(name=names)
    rank = rows["calls"].abs().groupby(rows["name"]).max().sort_values(ascending=False)
    order = list(rank.index)
    figure = go.Figure()
    label = rows["label"].fillna("").astype(str)
    sick = label.map(classes.side) & (label != "")
    for words, colour, symbol, part in (
        ("healthy films", palette.NEGATIVE, "circle", rows[~sick & (label != "")]),
        ("sick films", palette.POSITIVE, "diamond", rows[sick]),
        ("both classes", palette.REFERENCE, "square", rows[label == ""]),
    ):
        if len(part):
            figure.add_scatter(
                x=part["calls"], y=[order.index(name) for name in part["name"]], mode="markers",
                name=words, marker={"color": colour, "symbol": symbol, "size": 12},
                error_x=whiskers(part["calls"], part["calls_low"], part["calls_high"], colour),
                hovertemplate="%{x:+.1f}<extra>" + words + "</extra>",
            )  # fmt: skip
    margin_band(figure, margin)
    name_places(figure, order)
    figure.update_xaxes(title="more of 100 children called sick")
    says = f"{title}: nothing else was measured in calls"
    if order:
        most = float(max(rows["calls"], key=abs))
        says = f"{title}: of all else {order[0]} changes most, {most:+.1f} of 100 calls"
    return template(figure, says, height=150 + 42 * len(order))


def quality(table: pd.DataFrame) -> go.Figure:
    """How often the audit is right about networks of known answers, by kind.

    Parameters
    ----------
    table : of ``stored.quality``
    """
    kinds = [kind for kind in findings.KINDS if (table["kind"] == kind).any()]
    figure = go.Figure()
    for place, (measure, (words, colour, symbol)) in enumerate(MEASURES.items()):
        part = table[(table["measure"] == measure) & table["kind"].isin(kinds)]
        if part.empty:
            continue
        shift = 0.16 * (place - 1.5)
        figure.add_scatter(
            x=part["value"], y=[kinds.index(kind) + shift for kind in part["kind"]],
            mode="markers", name=words,
            marker={"color": colour, "symbol": symbol, "size": 11},
            error_x=whiskers(part["value"], part["low"], part["high"], colour),
            customdata=part[["low", "high", "n"]],
            hovertemplate="%{x:.2f} (%{customdata[0]:.2f} to %{customdata[1]:.2f}), "
            f"%{{customdata[2]}} networks<extra>{words}</extra>",
        )  # fmt: skip
    name_places(figure, [findings.PLURAL[kind] for kind in kinds])
    reference_line(figure, x=1.0)
    figure.update_xaxes(title="share of networks; for AUROC its value", range=[-0.02, 1.02])
    says = quality_says(table)
    return template(figure, says, height=150 + 62 * len(kinds))


def quality_says(table: pd.DataFrame) -> str:
    """The weakest kind of the panel, in a sentence."""
    by = {
        measure: table[table["measure"] == measure].set_index("kind")
        for measure in ("detection", "false_alarms")
    }
    found = by["detection"]["value"].dropna()
    if found.empty:
        return "How many readers this test finds is not known"
    worst = str(found.idxmin())
    said = (
        f"Hardest to find are readers of {findings.PLURAL.get(worst, worst)}: "
        f"{100 * found[worst]:.0f} of 100 found"
    )
    if worst not in by["false_alarms"].index:
        return said
    return f"{said}, {100 * by['false_alarms']['value'][worst]:.0f} of 100 clean networks accused"


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
    """What a cure did to the calls that devices change, and what it cost in accuracy.

    Parameters
    ----------
    rows : of ``stored.cures``, the model that is cured first
    """
    figure = go.Figure()
    for row in rows.to_dict("records"):
        mark = palette.model(str(row["model"]))
        figure.add_scatter(
            x=[row["calls"]], y=[row["accuracy"]], mode="markers", name=str(row["title"]),
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 14},
            error_x=whiskers([row["calls"]], [row["calls_low"]], [row["calls_high"]], mark.colour),
            error_y=whiskers(
                [row["accuracy"]], [row["accuracy_low"]], [row["accuracy_high"]], mark.colour
            ),
        )  # fmt: skip
    first, best = rows.iloc[0], rows.iloc[int(rows["calls"].abs().to_numpy().argmin())]
    says = (
        f"{best['title']} is moved least: {findings.PLURAL[best['kind']]} {best['calls']:+.1f} of "
        f"100 healthy children, against {first['calls']:+.1f} by "
        f"{findings.PLURAL[first['kind']]}; accuracy {100 * best['accuracy']:.1f} % against "
        f"{100 * first['accuracy']:.1f} %"
    )
    reference_line(figure, x=0.0)
    figure.update_xaxes(title="largest change of 100 healthy children's calls")
    figure.update_yaxes(title="test accuracy", tickformat=".0%")
    return template(figure, says, height=400)
