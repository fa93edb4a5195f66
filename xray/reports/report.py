"""One self-contained HTML file: what the audit found, on what evidence, and how far to trust it.

A report reads what is stored (``artifacts``) and computes nothing anew. What is missing or
damaged is said at its place, and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import pandas as pd
from markupsafe import Markup

from xray import classes, environment
from xray.audits import findings, stored
from xray.audits.reading import Reading
from xray.dataset import public_set
from xray.dataset.composition import prevalence
from xray.errors import XrayError
from xray.figures import audits as figures_audits
from xray.figures import composition, overlay
from xray.figures import overview as overview_
from xray.figures import readings as figures_explain
from xray.films.decode import Film
from xray.films.resize import resize
from xray.labels import devices
from xray.metrics import scores
from xray.models.card import Card, read_cards, titles_by_name
from xray.reports import film_words, first_page, html, overview, render, sentences, tables

Found = TypeVar("Found")

CLINICAL = "Not for clinical use: this shows what models do, not what somebody has."

#: What no figure of the report can show: of this project's own models, and of all.
LIMITS_OF_OURS = (
    "This project's own models learnt from films of children of one to five years from one "
    "hospital in Guangzhou. What they do elsewhere is not known.",
    "That public set differs between its training and its test films, so that validation figures "
    "are better than test figures.",
)
LIMITS = (
    "Devices are laid over films as they lie on other people. One who wears one may differ in "
    "more than the device.",
    "Possible patients are told by numbers in file names where no table names them. Such numbers "
    "may not be unique.",
    "Other giveaways (size, aspect, JPEG quality, burned-in text) may separate the classes too; "
    "the verdict is about devices.",
)

#: Roles of models that a report speaks of; controls are told of together.
ROLES = ("recipe", "cure", "user", "demo")

#: Largest side of a film in a report, in pixels.
SIDE = 512


def build(created: datetime | None = None) -> str:
    """Write the report on all registered models.

    Parameters
    ----------
    created : the date it bears; now when None

    Returns
    -------
    str
        HTML that asks nothing of any network
    """
    gaps: dict[str, Any] = {"metrics": []}
    cards = [card for card in read_cards(roles=ROLES) if card.role in ROLES]
    audits, missing = stored.read_audits(cards)
    fine = [card for card in cards if not card.problem]
    first = first_page.build(cards, audits, missing)
    return render.render(
        "audit.html",
        first.pop("title"),
        created,
        **first,
        clinical=CLINICAL,
        models=[_model(card, audits.get(card.name), missing.get(card.name, "")) for card in cards],
        calls_figure=_calls_figure(fine, audits),
        words=findings.HELP,
        **_panel(gaps),
        **_metrics(fine, gaps["metrics"]),
        **_films(gaps),
        provenance_of_labels=devices.provenance(),
        limits=(*(LIMITS_OF_OURS if any(c.role != "user" for c in fine) else ()), *LIMITS),
        provenance=tables.provenance(cards, audits),
        environment=environment.described(),
        gaps=gaps,
    )


def build_film(
    film: Film,
    readings: Sequence[Reading],
    cards: Sequence[Card],
    device: str,
    note: str = "",
    created: datetime | None = None,
) -> str:
    """Write the report on one film that models have read.

    Neither the film's name nor anything else that its file says of a patient enters it.

    Parameters
    ----------
    film : the film
    readings : one a model
    cards : cards of those models
    device : kind that was laid over it for the device test
    note : a sentence about the film, such as that it is synthetic
    created : the date it bears; now when None
    """
    titles = titles_by_name(cards)
    known = {card.name: card for card in cards}
    side = max(film.pixels.shape)
    shape = tuple(max(1, round(n * min(1.0, SIDE / side))) for n in film.pixels.shape)
    small = resize(film.pixels[None], (shape[0], shape[1]))[0]
    return render.render(
        "film.html",
        "One film, read and explained",
        created,
        clinical=CLINICAL,
        film=film,
        note=note,
        calls_figure=render.embed(figures_explain.calls(readings, titles, device)),
        calls=tables.calls(readings, titles, device),
        picture=Markup(html.image(small, "The film")),
        devices=film_words.devices_laid(readings[0], device) if readings else "",
        readings=[_reading(reading, known[reading.model], small) for reading in readings],
        provenance=tables.provenance(cards, {}).iloc[:-3],
        environment=environment.described(),
    )


def _attempt(gaps: dict[str, Any], part: str, make: Callable[[], Found]) -> Found | None:
    """Make a part, or keep the sentence that says why it cannot be made."""
    try:
        return make()
    except XrayError as error:
        gaps[part] = environment.without_folders(error)
        return None


def _model(card: Card, audit: Mapping[str, Any] | None, gap: str) -> dict[str, Any]:
    """What the report says of one model."""
    found = audit or {}
    title = card.title or card.name
    others = [] if card.problem else stored.beside(card)
    measured = {
        name: table if len(table) else None
        for name, table in (
            ("kinds", tables.kinds(found)),
            ("effects", tables.effects(found)),
            ("strata", tables.strata(found)),
        )
    }
    return {
        "title": title,
        "swatch": Markup(html.swatch(card.name)),
        "chip": Markup(html.chip(*sentences.chip(audit))),
        "problem": environment.without_folders(card.problem),
        "synthetic": bool(found.get("synthetic")) or card.role == "demo",
        "finding": sentences.finding(audit, gap),
        "facts": overview.facts_of(found),
        "notes": sentences.notes(found),
        "by_films": tables.by_films([*([audit] if audit else []), *others]) if others else None,
        "figures": [
            render.embed(draw(found, title))
            for draw in (figures_audits.calls, figures_audits.auroc)
            if findings.judged(found)
        ],
        "lungs": " ".join(filter(None, (sentences.lungs(found), sentences.sanity_overall(found)))),
    } | measured


def _calls_figure(
    cards: Sequence[Card], audits: Mapping[str, Mapping[str, Any]]
) -> render.Figure | None:
    """What devices change in the calls of healthy films, of the models that the title speaks of."""
    shown = [
        (card.name, card.title or card.name, audits[card.name])
        for card in overview.shown(cards)
        if findings.judged(audits.get(card.name, {}))
    ]
    return render.embed(overview_.calls(shown)) if shown else None


def _panel(gaps: dict[str, Any]) -> dict[str, Any]:
    """How often the audit is right about networks of known answers."""
    table = _attempt(gaps, "quality", stored.quality)
    if table is None:
        return {"quality": None, "quality_figure": None}
    return {
        "quality": tables.quality(table),
        "quality_figure": render.embed(figures_audits.quality(table)),
    }


def _metrics(cards: Sequence[Card], problems: list[str]) -> dict[str, Any]:
    """Table and figure of the metrics of every model that has test predictions."""
    found: dict[str, pd.DataFrame] = {}
    for card in cards:
        try:
            found[card.name] = tables.scores(card)
        except XrayError as error:
            problems.append(environment.without_folders(error))
    if not found:
        return {"metrics": None, "metrics_figure": None, "parts": []}
    titles = titles_by_name(cards)
    shown = ("auroc", "accuracy", "recall", "specificity")
    long = pd.concat(
        [
            table[table["metric"].isin(shown)].assign(model=name, title=titles[name])
            for name, table in found.items()
        ]
    )
    order = {metric: place for place, metric in enumerate(shown)}
    long = long.sort_values("metric", key=lambda names: names.map(order), kind="stable")
    long["metric"] = long["metric"].map(scores.TITLES)
    return {
        "metrics": tables.model_scores(found, titles),
        "parts": [said for card in cards if (said := card.part())],
        "metrics_figure": render.embed(overview_.key_figures(long)),
    }


def _films(gaps: dict[str, Any]) -> dict[str, Any]:
    """What is known of the public films and their devices."""

    def counted() -> dict[str, Any]:
        films = public_set.read()
        return {
            "classes_figure": render.embed(composition.classes(films)),
            "sizes": tables.sizes(films),
        }

    def labelled() -> dict[str, Any]:
        labels = devices.load().reset_index()
        subtype = public_set.read().set_index("file")["subtype"]
        labels["subtype"] = labels["file"].map(subtype).fillna("")
        rows = prevalence(labels, labels["has_device"].to_numpy(bool))
        return {
            "devices_figure": render.embed(composition.prevalence(rows, "a device")),
            "agreement": tables.agreement(),
        }

    none = {"classes_figure": None, "sizes": None, "devices_figure": None, "agreement": None}
    if not classes.is_default():
        gaps["films"] = gaps["labels"] = "What is stored of films is of the public set of children."
        return none
    return (
        none | (_attempt(gaps, "films", counted) or {}) | (_attempt(gaps, "labels", labelled) or {})
    )


def _reading(reading: Reading, card: Card, film: Any) -> dict[str, Any]:
    """What the report on a film says of one model."""
    why, title = reading.explanation, card.title or card.name
    return {
        "title": title,
        "swatch": Markup(html.swatch(reading.model)),
        "overlay": Markup(
            html.image(
                overlay.overlay(why, film, numbers=True), f"The film with the weights of {title}"
            )
        ),
        "says": [*film_words.weight_shares(reading.shares), *film_words.warnings(card)],
        "unstable": "" if why.stable else why.why_unstable,
        "weights": tables.superpixels(why.table()),
        "facts": f"{why.n_evaluations} evaluations; the surrogate explains {why.r2:.2f} of the "
        f"variance (R squared); settings: "
        + ", ".join(f"{name} {value}" for name, value in sorted(why.params.items())),
    }
