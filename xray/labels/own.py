"""Labels of one's own beside the committed ones: where they are, and what they say.

``XRAY_DEVICE_LABELS`` names a file that the workbench exported, or the database that it writes to
(a URL); without it ``artifacts/devices/own.jsonl`` is read where it is.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from xray.environment import artifacts_dir
from xray.errors import LabelError
from xray.files import hash_json
from xray.labels import format
from xray.labels.format import Row

if TYPE_CHECKING:
    # SQLAlchemy is imported where a database is named: everything else reads labels too.
    from xray.labels.store import Store

VARIABLE = "XRAY_DEVICE_LABELS"
#: Name of the file of own labels among the artifacts.
FILE = "own.jsonl"


def content() -> str:
    """A text that changes when the labels do; "" where there are none.

    Raises
    ------
    LabelError
        The database does not answer.
    """
    source = _source()
    if isinstance(source, Path):
        try:
            state = source.stat()
        except OSError:
            return str(source)
        return hash_json([str(source), state.st_mtime_ns, state.st_size, state.st_ino])
    return hash_json([source, _store(source).content()]) if source else ""


def rows() -> tuple[Row, ...]:
    """Read the labels of one's own; none where nothing names any.

    Raises
    ------
    LabelError
        What was named cannot be read.
    """
    return _rows(_source(), content())


@lru_cache(maxsize=2)
def _rows(source: Path | str | None, content: str) -> tuple[Row, ...]:
    if source is None:
        return ()
    if isinstance(source, Path):
        return tuple(format.read(source))
    from xray.labels import exchange

    store = _store(source)
    found = {
        row.file: row
        for collection in store.collections()
        for row in exchange.rows(store, collection)
    }
    return tuple(found.values())


def _source() -> Path | str | None:
    """A file, the URL of a database, or nothing."""
    named = os.environ.get(VARIABLE, "")
    if "://" in named:
        return named
    if named:
        return Path(named)
    kept = artifacts_dir() / "devices" / FILE
    return kept if kept.is_file() else None


@lru_cache(maxsize=2)
def _store(url: str) -> Store:
    from xray.labels import database
    from xray.labels.store import Store

    at = database.parse(url)
    if not database.exists(at):
        raise LabelError(
            f"{VARIABLE} names a database that is not there; label a film first, or correct it."
        )
    return Store(database.engine(at))
