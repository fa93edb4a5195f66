"""Import pandas only while no figure is being made.

The first page is drawn without pandas, which takes as long to import as all the rest of it.
plotly asks ``sys.modules`` for pandas and takes what it finds there; where another session's page
is importing it just then, that is half a module, and the figure fails.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.RLock()
_ready = threading.Event()


def tables() -> None:
    """Import pandas, after the figures that are being made without it."""
    if not _ready.is_set():
        with _lock:
            import pandas  # noqa: F401

            _ready.set()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Make figures without pandas: nobody imports it until the block ends."""
    if _ready.is_set():
        yield
        return
    with _lock:
        yield
