"""What the first page shows of large tables, kept small, so that it is drawn without them.

The first page is what a cold start waits for. Its rows, picture and figure come from tables that
take long to read, with packages that take longer to import; ``python -m xray showcase`` makes
these parts once and keeps them in ``artifacts/front.json``. Each is kept under a hash of what it
was made from: where a model, an audit or a table changed since, the page makes the part anew,
slower and right. A test holds what is kept against what would be made.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from xray import classes as names
from xray import text
from xray.audits import findings, stored
from xray.environment import artifacts_dir, without_folders
from xray.errors import ArtifactError, XrayError
from xray.files import digest, hash_json, write_json
from xray.models.card import Card, models_dir, read_predictions
from xray.reports import headlines, sentences

#: Roles of models that the first page speaks of; controls are no answers.
ROLES = ("recipe", "user", "demo")
#: Groups of the first page's table.
BEFORE, NOW, OTHERS = "Before: shown whole films", "Now: cropped to the lungs", "Others"
Audits = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Part:
    """One part of the first page.

    Attributes
    ----------
    name : str
    made_from : list
        Everything that the part depends on: names, numbers, SHA-256 of files.
    make : callable
        Makes the part, a JSON value; None where there is nothing to show. Raises ``XrayError``.
    """

    name: str
    made_from: list[Any]
    make: Callable[[], Any]

    @property
    def key(self) -> str:
        """Hash of what the part is made from."""
        other = [] if names.is_default() else list(names.current().labels)
        return hash_json([self.name, self.made_from, *other])


def shown(cards: Sequence[Card]) -> list[Card]:
    """Cards of the models that the first page speaks of."""
    return [card for card in cards if card.role in ROLES]


def told(cards: Sequence[Card]) -> list[Card]:
    """Those, and the networks of whole films that they are compared with in a sentence."""
    return [card for card in cards if card.role in ROLES or card.name in stored.LUNGS_ALONE]


def parts(cards: Sequence[Card], audits: Audits) -> list[Part]:
    """All parts, for the models that are told of and their audits by name."""
    first = shown(cards)
    return [
        rows(grouped(first, cards, audits), audits),
        picture(cards, audits),
        effects(first, audits),
    ]


def grouped(
    cards: Sequence[Card], told: Sequence[Card], audits: Audits
) -> dict[str, Sequence[Card]]:
    """Models in groups, by what they are shown: the network that was mended stands first.

    In one group without words where none was mended.

    Parameters
    ----------
    cards : models that are shown
    told : those, and the networks of whole films
    """
    mended = headlines.mended(told, audits)
    if mended is None:
        return {"": cards}
    worst = [card for card in told if card.name == mended[0] and card not in cards]
    titles = {card.name: card.title or card.name for card in told}
    shown = {mended[0], *(card.name for card in cards)}
    others = [
        titles[alone]
        for whole, alone in headlines.pairs(told, audits)
        if whole not in shown and audits[whole]["verdict"] == "reads_devices"
    ]
    before = f"{BEFORE} (devices also move {text.names(others)})" if others else BEFORE
    groups: dict[str, list[Card]] = {before: worst, NOW: [], OTHERS: []}
    for card in cards:
        place = (card.name in stored.LUNGS_ALONE, card.name in stored.LUNGS_ALONE.values(), True)
        list(groups.values())[place.index(True)].append(card)
    return {words: found for words, found in groups.items() if found}


def rows(groups: Mapping[str, Sequence[Card]], audits: Audits) -> Part:
    """A row a model: what it is worth, what devices change, and the verdict.

    Made: list of group, name, title; chip, key and words; why; problem; accuracy, called and
    hidden, in words.

    Parameters
    ----------
    groups : words of each group -> its models
    """

    def make() -> list[dict[str, Any]]:
        return [
            {"group": words, **_row(card, audits.get(card.name))}
            for words, cards in groups.items()
            for card in cards
        ]

    made_from = [
        [words, *_scored(card), hash_json(audits.get(card.name))]
        for words, cards in groups.items()
        for card in cards
    ]
    return Part("rows", made_from, make)


def completed(
    rows: Sequence[Mapping[str, Any]], gaps: Mapping[str, str]
) -> list[Mapping[str, Any]]:
    """Rows of the table; where there is no audit to believe, with the reason why.

    Parameters
    ----------
    gaps : model -> why there is none, a sentence
    """
    reasons = [gaps.get(row["name"], "") for row in rows]
    return [
        row
        if row["why"]
        else {**row, "chip": sentences.chip(None, gap), "why": sentences.why(None, gap)}
        for row, gap in zip(rows, reasons, strict=True)
    ]


def on_parts(cards: Sequence[Card], audits: Audits) -> list[str]:
    """What was left out of the films of the table's figures, a sentence a model."""
    said = (card.part() or str(audits.get(card.name, {}).get("part", "")) for card in cards)
    return list(dict.fromkeys(filter(None, said)))


def unheard(told: Sequence[Card], shown: Sequence[Card], gaps: Mapping[str, str]) -> list[str]:
    """Networks of whole films that would stand in the table had they an audit, and why not.

    Parameters
    ----------
    told, shown : cards as in ``grouped``
    gaps : model -> why there is no audit of it, a sentence
    """
    rows = {card.name for card in shown}
    return [
        f"{card.title or card.name} is not compared. {gaps[card.name]}"
        for card in told
        if card.name in gaps and card.name not in rows
    ]


def _row(card: Card, audit: Mapping[str, Any] | None) -> dict[str, Any]:
    accuracy, problem = "", card.problem
    if not problem:
        try:
            accuracy = _accuracy(card)
        except ArtifactError as error:
            problem = str(error)
    hidden = findings.stratum(audit or {}, "lungs hidden", "auroc")
    return {
        "name": card.name,
        "title": card.title or card.name,
        "chip": list(sentences.chip(audit)),
        "why": sentences.why(audit) if audit else "",
        "problem": without_folders(problem),
        "accuracy": accuracy,
        "called": _counts(audit or {}),
        "hidden": f"{hidden[0]:.2f}" if hidden else "",
    }


def _counts(audit: Mapping[str, Any]) -> list[str]:
    """Cells of the table: as they are, with the device that changes most, with supports."""
    said = {kind: sentences.whole(value) for kind, value in findings.called(audit).items()}
    other = next((kind for kind in said if kind not in ("", "support")), "")
    named = f"{said[other]}, {findings.PLURAL.get(other, other)}" if other else ""
    return [said.get("", ""), named, said.get("support", "")]


def facts_of(audit: Mapping[str, Any]) -> list[list[str]]:
    """What an audit counted, as pairs of words: raw calls of healthy films, AUROC without lungs."""
    facts = []
    if called := findings.called(audit):
        said = [f"{sentences.laid_on(kind)} {sentences.whole(n)}" for kind, n in called.items()]
        facts.append(["Healthy films called sick, of 100", "; ".join(said)])
    if hidden := findings.stratum(audit, "lungs hidden", "auroc"):
        said_ = f"{hidden[0]:.2f} ({text.interval(*hidden[1:])})"
        facts.append(["AUROC with the lungs hidden", said_])
    return facts


def effects(cards: Sequence[Card], audits: Audits) -> Part:
    """Figure of what devices change in the calls of healthy films, by kind and model."""

    def make() -> dict[str, Any] | None:
        from xray.figures import overview

        shown = [(card.name, card.title or card.name, audits[card.name]) for card in audited]
        return _plain(overview.calls(shown)) if shown else None

    audited = [card for card in cards if findings.judged(audits.get(card.name, {}))]
    made_from = [[card.name, card.title, hash_json(audits[card.name])] for card in audited]
    return Part("effects", made_from, make)


def picture(cards: Sequence[Card], audits: Audits) -> Part:
    """A synthetic film, and the same with a rendered device that changes a model's call of it.

    Of the model that devices move most, and of the kind that moves it most. None where no call of
    a synthetic film changes, as a picture would show nothing.

    Made: ``films``, two of PNG (base64), alternative text, number and words, the second with its
    outline (closed polygons in shares of width and height); ``question`` and ``caption``.
    """
    ranked = sorted(
        (
            card
            for card in cards
            if not card.problem and audits.get(card.name, {}).get("verdict") == "reads_devices"
        ),
        key=lambda card: -abs(text.number(audits[card.name].get("score", 0))),
    )
    content = digest(artifacts_dir() / "showcase.csv")
    models = [
        [card.name, card.title, card.sha256, card.threshold, hash_json(audits[card.name])]
        for card in ranked
    ]
    return Part("picture", [content, models], partial(_picture, ranked, audits, content))


def _picture(ranked: Sequence[Card], audits: Audits, content: str) -> dict[str, Any] | None:
    import pandas as pd

    from xray.audits import showcase
    from xray.figures.overlay import outline

    table = showcase.load() if content else pd.DataFrame(columns=showcase.COLUMNS)
    for card in ranked:
        kinds = findings.kinds(audits[card.name], "reads_devices")
        if example := showcase.example(table, card, kinds):
            break
    else:
        return None
    film, laid = showcase.child(example.child).pixels, showcase.laid(example.child, example.shape)
    device = findings.ONE[example.kind]
    return {
        "films": [
            _film(
                film,
                "Synthetic film of a healthy child",
                example.original,
                f"{names.spoken()}: called healthy",
            ),
            _film(
                laid.device,
                f"The same film with {device}",
                example.device,
                f"{names.spoken()}, with {device}: called sick",
            )
            | {"outline": outline(laid.device - film)},
        ],
        "question": headlines.picture(example, card.title or card.name),
        "caption": headlines.example(example, card.threshold),
    }


def _film(pixels: Any, alt: str, odds: float, words: str) -> dict[str, Any]:
    from xray.metrics.odds import to_probability
    from xray.reports import html

    return {
        "png": base64.b64encode(html.png(pixels, small=True)).decode(),
        "alt": alt,
        "number": text.percent(float(to_probability(odds))),
        "words": words,
    }


def _scored(card: Card) -> list[Any]:
    """What the metrics of a model are made from."""
    stored = digest(models_dir() / card.name / "predictions.csv")
    named = card.files.get("predictions.csv", "")
    return [card.name, card.title, card.threshold, card.problem, named, stored]


def _accuracy(card: Card) -> str:
    """Of 100 test films those that a model calls rightly; "" where it has none."""
    from xray.models import evaluation

    table = evaluation.of_card(card, read_predictions(card.name))
    found = table[(table["split"] == "test") & (table["metric"] == "accuracy")]["value"]
    return f"{100 * found.iloc[0]:.0f}" if len(found) else ""


def _plain(figure: go.Figure) -> dict[str, Any]:
    """A figure as JSON, without the template, which is for whoever shows it."""
    value: dict[str, Any] = json.loads(figure.to_json())
    value["layout"].pop("template", None)
    return value


# --- what is kept ----------------------------------------------------------------------------


def path() -> Path:
    """File of the parts that are kept."""
    return artifacts_dir() / "front.json"


def kept(part: Part, stored: Any) -> tuple[bool, Any]:
    """Whether a part is kept, of just what it would be made from now; and the part.

    Parameters
    ----------
    part : the part.
    stored : what ``path()`` holds.
    """
    entry = stored.get(part.name) if isinstance(stored, Mapping) else None
    if isinstance(entry, Mapping) and entry.get("key") == part.key and "value" in entry:
        return True, entry["value"]
    return False, None


def store(cards: Sequence[Card], audits: Audits) -> list[str]:
    """Make every part and keep it.

    Returns
    -------
    list of str
        Why parts are left out, a sentence each; the page then says the same in their place.
    """
    made, problems = {}, []
    for part in parts(cards, audits):
        try:
            made[part.name] = {"key": part.key, "value": part.make()}
        except XrayError as error:
            problems.append(f"{part.name}: {error}")
    write_json(path(), made)
    return problems
