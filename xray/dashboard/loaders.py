"""What pages read: cards, predictions, audits and films, cached by the content of files.

What is held for all sessions is bounded and keyed on the content of files, never on their names.
It is the thing itself, not a copy (see ``cache``): nobody may change it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from xray.audits import stored
from xray.dashboard import cache, page, startup
from xray.environment import artifact, artifacts_dir, data_dir
from xray.errors import ArtifactError, XrayError
from xray.files import digest, read_json
from xray.models.card import WEIGHTS, Card, models_dir, read_card, read_cards, read_predictions
from xray.reports import overview

if TYPE_CHECKING:
    # For types only: see tests/reports/test_overview.py for what the first page does without.
    import pandas as pd

Made = TypeVar("Made")


def cards(roles: tuple[str, ...] | None = None) -> list[Card]:
    """Cards of the models, broken ones with their ``problem``."""
    folder = models_dir()
    return list(_cards(str(folder), cache.lately(_state), roles))


def _state() -> tuple[tuple[str, str, bool], ...]:
    """Which models there are, and what their cards hold."""
    return tuple(
        (path.parent.name, digest(path), (path.parent / WEIGHTS).is_file())
        for path in sorted(models_dir().glob("*/card.json"))
    )


@lru_cache(maxsize=8)
def _cards(
    folder: str, state: tuple[tuple[str, str, bool], ...], roles: tuple[str, ...] | None
) -> list[Card]:
    return read_cards(Path(folder), roles)


def predictions(name: str) -> pd.DataFrame:
    """Stored predictions of a model (see ``card.predictions``)."""
    return _predictions(name, *cache.lately(_contents, name))


def _contents(name: str) -> tuple[str, str]:
    """Hashes of a model's predictions and card."""
    home = models_dir() / name
    return digest(home / "predictions.csv"), digest(home / "card.json")


@lru_cache(maxsize=32)
def _predictions(name: str, content: str, card: str) -> pd.DataFrame:
    return read_predictions(name)


def audits(models: Sequence[Card]) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Stored audits of these models, and why there is none (see ``stored.read_audits``)."""
    return stored.read_audits(models, lambda path: _json(str(path), digest(path)))


def audits_beside(card: Card) -> list[dict[str, Any]]:
    """Stored audits of a model on other films (see ``stored.beside``)."""
    return stored.beside(card, lambda path: _json(str(path), digest(path)))


@lru_cache(maxsize=64)
def _json(path: str, content: str) -> Any:
    return read_json(Path(path))


def panel(read: Callable[[], Made], file: str) -> Made:
    """What ``stored`` reads of a file of the panel's record; its errors are the caller's."""
    path = artifact("panel", file)
    return cache.remember("panel", read, read.__name__, str(path), digest(path))


def metrics(card: Card, split: str = "test") -> pd.DataFrame:
    """Metrics of a model on a split at its own threshold (see ``evaluation.score``)."""
    content = cache.lately(_contents, card.name)
    return _metrics(card.name, card.threshold_log_odds, split, (*content, *card.labels))


@lru_cache(maxsize=64)
def _metrics(name: str, threshold: float, split: str, content: tuple[str, ...]) -> pd.DataFrame:
    from xray.models import evaluation

    table = evaluation.of_card(read_card(models_dir() / name), read_predictions(name))
    return table[table["split"] == split]


def stored_films() -> pd.DataFrame:
    """Committed facts of the public set (see ``public_set.read``)."""
    return _stored_films(digest(artifacts_dir() / "dataset" / "films.csv"))


@lru_cache(maxsize=1)
def _stored_films(content: str) -> pd.DataFrame:
    from xray.dataset import public_set

    return public_set.read()


def first_page(part: overview.Part) -> Any:
    """A part of the first page: the one that is kept, or made now where that is of old results."""
    kept: Mapping[str, Any] = {}
    with suppress(ArtifactError):
        kept = _json(str(overview.path()), digest(overview.path()))
    found, value = overview.kept(part, kept)

    def make() -> Any:
        startup.tables()
        return part.make()

    return value if found else cache.remember("first page", make, part.key)


def films_folder() -> Path | None:
    """Folder of films, or None when there is none or it cannot be used."""
    try:
        return data_dir()
    except XrayError as error:
        page.problem(str(error))
        return None
