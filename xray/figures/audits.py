"""Figures of the Devices page: what devices change, the panel's record, strata and cures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from xray.audits import findings, stored
from xray.audits.findings import Change
from xray.explanations.methods import METHODS
from xray.figures import palette
from xray.figures.base import (
    Row,
    margin_band,
    name_places,
    records,
    reference_line,
    side_by_side,
    template,
    whiskers,
    words_above,
)
from xray.text import interval

#: Measure of the panel's record -> what people call it, and its mark.
MEASURES = {
    "detection": ("readers found", palette.POSITIVE, "diamond"),
    "false_alarms": ("clean networks accused", palette.NEGATIVE, "circle"),
    "undecided": ("inconclusive", "#8C6D9E", "x"),
}
#: Part of the films -> what people call it: films with something hidden, and who wears devices.
HIDDEN = {
    "all films": "as they are",
    "lungs hidden": "lungs hidden",
    "all but lungs hidden": "all but lungs hidden",
}
WORN = {"with a device": "with a device", "without a device": "without a device"}
#: Name, title and audit of each model.
Models = Sequence[tuple[str, str, Mapping[str, Any]]]


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
    figure.update_xaxes(title="more of 100 people called sick")
    says = f"{title}: no calls were measured"
    if found:
        top = max(found, key=lambda change: abs(change.value))
        who = "sick" if top.sick else "healthy"
        says = (
            f"{title}: {findings.PLURAL[top.kind]} change most, {top.value:+.1f} of 100 {who} "
            "people called sick"
        )
    return template(figure, says, _told(says, found), height=words_above(figure))


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
    return template(figure, says, _told(says, found, 3), height=words_above(figure))


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
            x=values,
            y=[kinds.index(change.kind) + shift for change in part],
            mode="markers",
            name=words,
            marker={"color": colour, "symbol": symbol, "size": 12},
            error_x=whiskers(values, low, high, colour),
            customdata=list(zip(low, high, strict=True)),
            hovertemplate="%{x:+.3~f} (%{customdata[0]:+.3~f} to %{customdata[1]:+.3~f})"
            f"<extra>{words}</extra>",
        )
    margin_band(figure, margin)
    name_places(figure, [findings.PLURAL[kind] for kind in kinds])
    return figure


def _told(says: str, found: Sequence[Change], digits: int = 1) -> str:
    each = (
        f"{findings.PLURAL[c.kind]}, {c.label or 'both classes'} {c.value:+.{digits}f}"
        for c in found
    )
    return f"{says}. {'; '.join(each)}"


def suspects(models: Models) -> go.Figure:
    """What other suspects change in calls, of healthy or sick films, in at most five rows.

    Markers and text share a row, and so do both classes; what changes most stands for all.
    """
    found = [(name, title, _grouped(audit)) for name, title, audit in models]
    every_group = dict.fromkeys(map(_group, findings.SUSPECTS))
    groups = [group for group in every_group if any(group in each for *_, each in found)]
    figure = side_by_side(
        [
            (name, title, [(groups.index(g), c.value, c.low, c.high) for g, c in each.items()])
            for name, title, each in found
        ],
        groups,
    )
    margin_band(figure, max(findings.margin(audit, "calls") for *_, audit in models))
    figure.update_xaxes(title="more of 100 called sick")
    every = [(title, group, c) for _, title, each in found for group, c in each.items()]
    says = "Nothing else was measured"
    if every:
        whom, _, most = max(every, key=lambda entry: abs(entry[2].value))
        clear = most.low > 0 or most.high < 0
        says = (
            f"Of all else the {findings.SUSPECTS[most.kind]} changes most"
            f"{'' if clear else ', but not clearly'}. {whom}: {most.value:+.1f} of 100 "
            f"{'sick' if most.sick else 'healthy'} people called sick "
            f"({interval(most.low, most.high, 1)})"
        )
    told = "; ".join(f"{title}, {group} {c.value:+.1f}" for title, group, c in every)
    return template(figure, says, f"{says}. {told}", height=words_above(figure))


def _group(name: str) -> str:
    return "side marker, text" if name in ("marker", "text") else findings.SUSPECTS[name]


def _grouped(audit: Mapping[str, Any]) -> dict[str, Change]:
    """The largest change of healthy or sick films by each group of suspects."""
    found: dict[str, Change] = {}
    for change in findings.others(audit):
        found.setdefault(_group(change.kind), change)
    return found


def quality(table: pd.DataFrame) -> go.Figure:
    """How often the audit is right about networks of known answers, by kind.

    Parameters
    ----------
    table : of ``stored.quality``
    """
    known = table[table["measure"].isin(MEASURES) & table["value"].notna()]
    kinds = [kind for kind in findings.KINDS if (known["kind"] == kind).any()]
    figure = go.Figure()
    for place, (measure, (words, colour, symbol)) in enumerate(MEASURES.items()):
        part = known[(known["measure"] == measure) & known["kind"].isin(kinds)]
        if part.empty:
            continue
        shift = 0.2 * (place - 1)
        figure.add_scatter(
            x=100 * part["value"],
            y=[kinds.index(kind) + shift for kind in part["kind"]],
            mode="markers",
            name=words,
            marker={"color": colour, "symbol": symbol, "size": 11},
            error_x=whiskers(100 * part["value"], 100 * part["low"], 100 * part["high"], colour),
            customdata=part["n"],
            hovertemplate=f"%{{x:.0f}} of 100; %{{customdata}} networks<extra>{words}</extra>",
        )
    name_places(figure, [findings.PLURAL[kind] for kind in kinds])
    figure.update_xaxes(title="of 100 networks", range=[-2, 102])
    says = quality_says(table)
    return template(figure, says, height=words_above(figure))


def quality_says(table: pd.DataFrame) -> str:
    """How many readers of devices the audit finds, and whom it accuses, in a sentence."""
    by = table[table["kind"].fillna("") == ""].set_index("measure")
    if "detection" not in by.index or not by.loc["detection", "n"]:
        return "How many readers this test finds is not known"
    found, accused = by.loc["detection"], by.loc["false_alarms"]
    return (
        f"It finds {_of(found, 'readings of devices')}. It accuses {_of(accused, 'clean answers')}"
    )


def _of(row: Any, words: str) -> str:
    """A share as a count, with its interval: "59 of 72 readings (72 to 89 %)"."""
    count = f"{row['value'] * row['n']:.0f} of {row['n']:.0f} {words}"
    return f"{count} ({100 * row['low']:.0f} to {100 * row['high']:.0f} %)"


def methods(table: pd.DataFrame) -> go.Figure:
    """What explanations alone would have told of the same networks, beside this audit.

    Parameters
    ----------
    table : of ``stored.methods``
    """
    told = [row for row in records(table[table["kind"] == ""]) if row["reliant"] and row["clean"]]
    figure = go.Figure()
    for shift, share, ends, count, measure in (
        (-0.1, "found", ("low", "high"), "reliant", "detection"),
        (0.1, "accused", ("accused_low", "accused_high"), "clean", "false_alarms"),
    ):
        words, colour, symbol = MEASURES[measure]
        value, low, high = ([100 * row[name] for row in told] for name in (share, *ends))
        figure.add_scatter(
            x=value,
            y=[place + shift for place in range(len(told))],
            mode="markers",
            name=words,
            marker={"color": colour, "symbol": symbol, "size": 11},
            error_x=whiskers(value, low, high, colour),
            customdata=list(zip(low, high, [row[count] for row in told], strict=True)),
            hovertemplate="%{x:.0f} of 100 (%{customdata[0]:.0f} to %{customdata[1]:.0f}), "
            f"%{{customdata[2]:.0f}} answers<extra>{words}</extra>",
        )
    name_places(figure, [_method(row["method"]) for row in told])
    figure.update_xaxes(title="of 100 answers about a kind of device", range=[-2, 102])
    return template(figure, methods_say(told), height=words_above(figure))


def _method(name: str) -> str:
    return "this audit" if name == "audit" else METHODS[name].title


def methods_say(told: Sequence[Row]) -> str:
    """How many readers LIME alone finds, beside the audit, in a sentence."""
    by = {row["method"]: row for row in told}
    if "lime" not in by or "audit" not in by:
        return "How many readers LIME alone finds is not known"
    found, accused = (
        [f"{by[name][share] * by[name][of]:.0f}" for name in ("lime", "audit")]
        for share, of in (("found", "reliant"), ("accused", "clean"))
    )
    lime = by["lime"]
    return (
        f"Of {lime['reliant']:.0f} readings LIME alone finds {found[0]}, this audit {found[1]}; "
        f"of {lime['clean']:.0f} clean answers they accuse {accused[0]} and {accused[1]}"
    )


def quality_gaps(table: pd.DataFrame) -> str:
    """Kinds for which too few networks read, in a sentence; "" where there are enough of all."""
    readers = table[table["measure"] == "detection"].set_index("kind")["n"]
    few = [
        f"{findings.PLURAL[kind]} ({readers[kind]:.0f})"
        for kind in findings.KINDS
        if kind in readers.index and readers[kind] < stored.LEAST_READERS
    ]
    if not few:
        return ""
    return f"Too few networks read these to know how often they are found: {', '.join(few)}."


def strata(models: Models, metric: str, parts: Mapping[str, str]) -> go.Figure:
    """A metric on parts of the films, a row a part, a mark a model.

    Parameters
    ----------
    metric : "auroc" as it is; others as shares of 100 people
    parts : stratum of the audits -> what people call it (``HIDDEN``, ``WORN``)
    """
    scale, digits = (1, ".2f") if metric == "auroc" else (100, ".0f")
    found = []
    for name, title, audit in models:
        values = [findings.stratum(audit, part, metric) for part in parts]
        rows = [
            (i, value * scale, low * scale, high * scale)
            for i, (value, low, high) in ((i, v) for i, v in enumerate(values) if v)
        ]
        found.append((name, title, rows))
    figure = side_by_side(found, list(parts.values()), digits)
    words = "AUROC" if metric == "auroc" else "of 100 sick people called sick"
    figure.update_xaxes(title=words)
    says = _strata_say([(title, {i: v for i, v, *_ in rows}) for _, title, rows in found], scale)
    told = "; ".join(
        f"{title}, {list(parts.values())[i]} {value:{digits}}"
        for _, title, rows in found
        for i, value, *_ in rows
    )
    return template(figure, says, f"{says}. {told}", height=words_above(figure))


def _strata_say(found: Sequence[tuple[str, Mapping[int, float]]], scale: int) -> str:
    """What is left where parts are hidden (AUROC), or how far those with devices stand apart."""
    if scale == 1:
        title, values = max(found, key=lambda entry: entry[1].get(1, 0.0))
        return f"{title}: AUROC {values[0]:.2f}; with the lungs hidden still {values[1]:.2f}"
    both = [(title, values) for title, values in found if len(values) > 1]
    if not both:
        return "How often sick people with and without devices are found was not measured"
    title, values = max(both, key=lambda entry: abs(entry[1][0] - entry[1][1]))
    return f"{title} finds {values[0]:.0f} of 100 with a device, {values[1]:.0f} without"


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
            x=[row["calls"]],
            y=[row["accuracy"]],
            mode="markers",
            name=str(row["title"]),
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 14},
            error_x=whiskers([row["calls"]], [row["calls_low"]], [row["calls_high"]], mark.colour),
            error_y=whiskers(
                [row["accuracy"]], [row["accuracy_low"]], [row["accuracy_high"]], mark.colour
            ),
        )
    first, best = rows.iloc[0], _moved_least(rows)
    says = (
        f"{best['title']}: accuracy {100 * best['accuracy']:.1f} %, against "
        f"{100 * first['accuracy']:.1f} % before"
    )
    reference_line(figure, x=0.0)
    figure.update_xaxes(title="largest change of 100 healthy people's calls")
    figure.update_yaxes(title="test accuracy", tickformat=".0%")
    return template(figure, says, height=400)


def cures_says(rows: pd.DataFrame) -> str:
    """Which cure is moved least, in a sentence."""
    first, best = rows.iloc[0], _moved_least(rows)
    return (
        f"{best['title']} is moved least: {_more(best['calls'])} of 100 healthy called sick, "
        f"against {_more(first['calls'])} by {first['title']}"
    )


def _more(calls: float) -> str:
    way = "more" if calls >= 0 else "fewer"
    return f"{round(abs(calls))} {way}" if round(abs(calls)) else f"under 1 {way}"


def _moved_least(rows: pd.DataFrame) -> pd.Series:
    return rows.iloc[int(rows["calls"].abs().to_numpy().argmin())]
