"""Results of the public API in words, tables and pictures: in a notebook, and as one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from xray import classes, environment
from xray.explanations.result import Explanation
from xray.figures import overlay
from xray.films.pixels import Pixels
from xray.films.resize import resize
from xray.metrics import scores
from xray.reports import html, render, sentences, tables
from xray.reports.report import CLINICAL, SIDE

#: Headings of a report in their order; a section stands under one of them.
HEADINGS = ("Verdicts", "How well the models tell the classes", "Explanations")

NO_CHIP = Markup()


@dataclass(frozen=True, eq=False)
class Section:
    """One result as a template shows it.

    Attributes
    ----------
    heading : one of ``HEADINGS``
    lines : sentences
    tables : (words above it, table) of each
    pictures : (``<img>``, words under it) of each
    problem : why it should not be believed, "" when nothing is amiss
    source : where it comes from, in small print
    """

    heading: str
    title: str
    chip: Markup = NO_CHIP
    lines: Sequence[str] = ()
    tables: Sequence[tuple[str, pd.DataFrame]] = ()
    pictures: Sequence[tuple[Markup, str]] = ()
    problem: str = ""
    source: str = ""


def audit(value: Mapping[str, Any]) -> Section:
    """An audit, given as the data that ``audit --json`` writes of one model."""
    shown = [
        ("Verdict by kind of device (1 is the margin):", tables.kinds(value)),
        ("Every effect of devices and of other suspects (95 % intervals):", tables.effects(value)),
        ("The same model on parts of the films (95 % intervals):", tables.strata(value)),
    ]
    said = [*(value.get("reasons") or []), *(value.get("notes") or [])]
    told = dict.fromkeys([sentences.finding(value), *map(str, said)])
    return Section(
        HEADINGS[0],
        str(value["model"]),
        Markup(html.chip(*sentences.chip(value))),
        [line for line in told if line],
        [(caption, table) for caption, table in shown if len(table)],
        source=f"Judged on {tables.described(value.get('films', value.get('data')))}, seed "
        f"{value.get('seed')}, SHA-256 of the model "
        f"{value.get('model_hash') or 'not known (an object)'}.",
    )


def evaluation(model: str, about: str, metrics: pd.DataFrame, left_out: Sequence[str]) -> Section:
    """Metrics of a model with their intervals.

    Parameters
    ----------
    about : films, positive class and threshold, in a sentence
    metrics : metric, value, low, high, method (see ``scores.scores``)
    left_out : why films could not be read
    """
    lines = [about]
    if left_out:
        lines.append(f"Films left out: {len(left_out)}; the first: {left_out[0]}")
    return Section(HEADINGS[1], model, lines=lines, tables=[("", score_table(metrics))])


def score_table(metrics: pd.DataFrame) -> pd.DataFrame:
    """Metrics for people: name, value, 95 % interval, and how that was made."""
    rows = [
        {
            "Metric": scores.TITLES[str(row["metric"])],
            "Value": tables.with_interval(row["value"], row["low"], row["high"], 3),
            "Interval by": str(row["method"]),
        }
        for row in metrics.to_dict("records")
    ]
    return pd.DataFrame(rows)


def explanation(model: str, about: str, found: Explanation, film: Pixels) -> Section:
    """Why a model calls a film (H, W) what it does; the film's name is left out on purpose."""
    small = shrunk(film)
    laid = overlay.overlay(found, small)
    return Section(
        HEADINGS[2],
        model,
        lines=[about],
        tables=[("The superpixels that weigh most:", tables.superpixels(found.table()))],
        pictures=[
            (Markup(html.image(small, "The film")), "The film"),
            (
                Markup(html.image(laid, "The film with its weights")),
                f"Orange pushes toward {classes.positive()}, blue away from it",
            ),
        ],
        problem=found.why_unstable,
        source=f"LIME, {found.n_evaluations} evaluations, R squared {found.r2:.2f}.",
    )


def shrunk(film: Pixels) -> Pixels:
    """A film (H, W) with no side longer than ``SIDE``: what a report shows."""
    scale = min(1.0, SIDE / max(film.shape))
    height, width = (max(1, round(n * scale)) for n in film.shape)
    return np.asarray(resize(film[None], (height, width))[0])


def notebook(section: Section) -> str:
    """A result as a piece of HTML."""
    return render.snippet("notebook.html", item=section)


def build(sections: Sequence[Section], title: str, created: datetime | None = None) -> str:
    """Write results as one HTML file that asks nothing of any network."""
    groups = [(name, [each for each in sections if each.heading == name]) for name in HEADINGS]
    return render.render(
        "results.html",
        title,
        created,
        clinical=CLINICAL,
        groups=[(name, items) for name, items in groups if items],
        environment=environment.described(),
    )
