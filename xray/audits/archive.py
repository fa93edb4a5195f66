"""Where finished audits lie, and whether one still speaks of the model that is here.

Nothing heavy is imported: the first page reads audits too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from xray.errors import ArtifactError
from xray.files import artifacts_dir, read_json
from xray.models.registry import Card

log = logging.getLogger(__name__)


def home(artifacts: Path | None = None) -> Path:
    """Folder of the audits; that of the artifacts when None."""
    return (artifacts_dir() if artifacts is None else artifacts) / "audits"


def path(model: str, artifacts: Path | None = None) -> Path:
    """Where the audit of a registered model lies."""
    return home(artifacts) / f"{model}.json"


def valid(audit: Any, card: Card) -> bool:
    """Whether an audit was made with the weights that the model has now."""
    return isinstance(audit, dict) and audit.get("model_hash") in (None, card.sha256)


def stored_audits(
    cards: Sequence[Card], read: Callable[[Path], Any] = read_json
) -> dict[str, dict[str, Any]]:
    """Audits by model, of those models as they are now.

    An audit that cannot be read, or of other weights than the model's, counts as none; the log
    says so.

    Parameters
    ----------
    read : reads one file; pages bring one that remembers
    """
    found = {}
    for card in cards:
        if not path(card.name).is_file():
            continue
        try:
            value = read(path(card.name))
        except ArtifactError as error:
            log.warning("the audit of %s is left out: %s", card.name, error)
            continue
        if valid(value, card):
            found[card.name] = value
        else:
            log.info("the audit of %s is left out: it is of other weights", card.name)
    return found
