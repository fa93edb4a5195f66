"""Stored audits and the panel's record: whether they may be believed, and what is missing.

Nothing heavy is imported before it is needed: the first page asks here too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xray.audits import archive, findings
from xray.environment import artifact
from xray.errors import ArtifactError
from xray.files import read_json, read_table, write_json
from xray.models.card import Card

if TYPE_CHECKING:
    # For types only: see tests/reports/test_overview.py for what the first page does without.
    import pandas as pd

#: Cures, the model they are compared with first.
CURES = ("whole_film", "basic", "device_matched", "device_free", "device_balanced")
#: Network that was shown whole films -> the same network shown the lungs alone.
LUNGS_ALONE = {
    "whole_film": "basic",
    "whole_film_augmented": "augmented",
    "whole_film_transfer": "transfer",
}
#: What is said of the test while its record on networks of known answers is not measured.
UNKNOWN = "not measured yet, so that the sensitivity of this test is unknown"
#: Fewer networks than this that read a kind leave the sensitivity for it unknown.
LEAST_READERS = 15
QUALITY = ("kind", "measure", "value", "low", "high", "n", "always")
NETWORKS = (
    "network",
    "kind",
    "truth",
    "truth_calls",
    "truth_low",
    "truth_high",
    "verdict",
    "score",
)

METHODS = (
    "method",
    "kind",
    "threshold",
    "found",
    "low",
    "high",
    "reliant",
    "accused",
    "accused_low",
    "accused_high",
    "clean",
    "networks",
)


def why_not(value: Any, card: Card) -> str:
    """Why a stored audit says nothing about a model, in a sentence; "" when it does."""
    again = f"run 'python -m xray audit {card.name}'."
    if not isinstance(value, dict) or not isinstance(value.get("verdict"), str):
        return f"The stored audit is damaged; {again}"
    if "kinds" not in value or value["verdict"] not in findings.VERDICTS:
        return f"The stored audit was made by an earlier version of this program; {again}"
    if value.get("model_hash") not in (None, card.sha256):
        return f"The stored audit is of other weights than the model's; {again}"
    # Audits of before this was written down hold none.
    if value.get("model_as_read") not in (None, card.as_read):
        return f"The stored audit is of the model read by other options than its card's; {again}"
    return ""


def read_audits(
    cards: Sequence[Card], read: Callable[[Path], Any] = read_json
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Audits of these models as they are now, and why there is none of the others.

    Parameters
    ----------
    read : reads one JSON file

    Returns
    -------
    audits : by model
    gaps : a sentence by model, for those that have no audit to believe
    """
    audits, gaps = {}, {}
    for card in cards:
        path = archive.path(card.name)
        if not path.is_file():
            gaps[card.name] = (
                f"No audit has been run on this model yet; run 'python -m xray audit {card.name}'."
            )
            continue
        value = _value(path, read)
        if problem := why_not(value, card):
            gaps[card.name] = problem
        else:
            audits[card.name] = value
    return audits, gaps


def beside(card: Card, read: Callable[[Path], Any] = read_json) -> list[dict[str, Any]]:
    """Audits of a model as it is now on other films than those of the first one.

    Parameters
    ----------
    read : reads one JSON file
    """
    values = [_value(path, read) for path in archive.beside(card.name)]
    return [value for value in values if not why_not(value, card)]


def store(card: Card, value: Mapping[str, Any]) -> Path:
    """Store an audit: over one of the same films, beside one of others that may be believed.

    One that could judge takes the first place of one that could not.
    """
    first = archive.path(card.name)
    other = archive.path(card.name, films=films_of(value))
    old = _value(first, read_json)
    if not why_not(old, card) and films_of(old) != films_of(value):
        if old["verdict"] == "cannot_be_judged" != value["verdict"]:
            write_json(archive.path(card.name, films=films_of(old)), old)
            write_json(first, value)
            return first
        write_json(other, value)
        return other
    write_json(first, value)
    if other != first:
        other.unlink(missing_ok=True)
    return first


def films_of(value: Mapping[str, Any]) -> str:
    """Hash of the films that an audit is of; "" where it does not say."""
    films = value.get("films")
    return str(films.get("sha256", "")) if isinstance(films, Mapping) else ""


def _value(path: Path, read: Callable[[Path], Any]) -> Any:
    """What a file of an audit holds; None where it cannot be read."""
    try:
        return read(path)
    except ArtifactError:
        return None


def stored_audits(cards: Sequence[Card]) -> dict[str, dict[str, Any]]:
    """Audits by model, of those models as they are now (see ``read_audits``)."""
    return read_audits(cards)[0]


def quality() -> pd.DataFrame:
    """The audit's own record on the panel of known answers.

    Returns
    -------
    DataFrame
        kind ("" for all together), measure ("auroc", "detection", "false_alarms" or
        "undecided"), value, low, high, n,
        always (what accusing every network would score)

    Raises
    ------
    ArtifactError
        It is missing or damaged; the message says what to do.
    """
    return _panel_table("quality.csv", QUALITY).fillna({"kind": ""})


def panel() -> pd.DataFrame:
    """Networks of known answers and what the audit said of them, a row a network and kind."""
    return _panel_table("panel.csv", NETWORKS)


def methods() -> pd.DataFrame:
    """What explanations alone would have told of those networks (``known.methods.record``)."""
    return _panel_table("methods.csv", METHODS).fillna({"kind": ""})


def limits(method: str = "lime") -> dict[str, float]:
    """The weight by kind from which a method is said to point; empty where none is known."""
    try:
        table = methods()
    except ArtifactError:
        return {}
    table = table[(table["method"] == method) & table["threshold"].notna()]
    return dict(zip(table["kind"], table["threshold"].astype(float), strict=True))


def _panel_table(name: str, columns: Sequence[str]) -> pd.DataFrame:
    path = artifact("panel", name)
    if not path.is_file():
        raise ArtifactError(
            f"panel/{name} is missing: the record on networks of known answers is {UNKNOWN}."
        )
    table = read_table(path)
    if not set(columns) <= set(table.columns):
        raise ArtifactError(f"panel/{name} is damaged; restore it from git.")
    return table


def cures(
    cards: Sequence[Card], audits: Mapping[str, Any], accuracy: Mapping[str, pd.Series]
) -> pd.DataFrame:
    """Largest change of healthy films' calls, and accuracy, of cures and what they start from.

    Parameters
    ----------
    accuracy : model -> value, low and high of its test accuracy at its own threshold

    Returns
    -------
    DataFrame
        model, title, kind, calls and accuracy, each with its interval (_low, _high)
    """
    import pandas as pd

    titles = {card.name: card.title for card in cards}
    rows = []
    for name in CURES:
        if name not in titles or name not in audits or name not in accuracy:
            continue
        healthy = [
            change
            for kind in findings.kinds(audits[name])
            for change in findings.changes(audits[name], kind)
            if change.unit == "calls" and change.healthy
        ]
        if not healthy:
            continue
        top = max(healthy, key=lambda change: abs(change.value))
        good = accuracy[name]
        rows.append(
            {
                "model": name,
                "title": titles[name],
                "kind": top.kind,
                "calls": top.value,
                "calls_low": top.low,
                "calls_high": top.high,
                "accuracy": good["value"],
                "accuracy_low": good["low"],
                "accuracy_high": good["high"],
            }
        )
    return pd.DataFrame(rows)
