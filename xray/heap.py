"""Keep what modules hold out of the garbage collector's way.

Streamlit collects all garbage after every run of a page. Modules are never garbage, yet each
collection walks through all they hold: about 60 ms with what the pages import, 200 ms and more
once TensorFlow is there, with Python's lock held and every other session waiting.
"""

from __future__ import annotations

import gc
import sys
import threading

#: Modules that must have come in before it pays to look again.
ENOUGH = 100

_lock = threading.Lock()
_known = 0


def settle() -> bool:
    """Freeze what there is when many modules came in since the last time; whether it did.

    What is garbage by then is collected first. Objects in use are frozen along with the modules;
    they still go when nothing refers to them, only cycles among them stay.
    """
    global _known  # noqa: PLW0603
    with _lock:
        if len(sys.modules) - _known < ENOUGH:
            return False
        gc.collect()
        gc.freeze()
        _known = len(sys.modules)
        return True
