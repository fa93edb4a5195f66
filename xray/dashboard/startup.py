"""What makes pages quick from the start: work done before it is asked for, and a lean collector.

The first page is drawn without pandas, which takes as long to import as all the rest of it.
plotly asks ``sys.modules`` for pandas and takes what it finds there; where another session's page
is importing it just then, that is half a module, and the figure fails.

Streamlit collects all garbage after every run of a page. Modules are never garbage, yet each
collection walks through all they hold: about 60 ms with what the pages import, 200 ms and more
once TensorFlow is there (twice, for Streamlit also clears Keras's session after every run), with
Python's lock held and every other session waiting.

The first explanation waits for TensorFlow and the networks, which a server loads while its first
visitor still chooses.
"""

from __future__ import annotations

import gc
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from xray.environment import memory

log = logging.getLogger(__name__)

#: Modules that must have come in before it pays to look again.
ENOUGH = 100
#: Seconds after which to look again in any case: sessions that lived at the last look were
#: frozen with the modules, and what they leave behind is only then collected.
AGAIN = 600.0
#: Seconds of the processor from which on a collection was a long one: networks came in, which
#: hold much and few modules. Then it pays to look again, though not more often than this.
LONG, PAUSE = 0.01, 10.0

_lock = threading.Lock()
_modules, _looked = 0, 0.0
#: When the last full collections began, and how long the longest since the last look took.
_collected = {"began": 0.0, "longest": 0.0}


def _watch(phase: str, info: Mapping[str, int]) -> None:
    """Note how long full collections take; Python calls this around each."""
    if info["generation"] == 2:
        now = time.thread_time()
        if phase == "start":
            _collected["began"] = now
        else:
            _collected["longest"] = max(_collected["longest"], now - _collected["began"])


def keep_networks() -> None:
    """Keep what TensorFlow has made ready to run, where Keras has come in.

    After every run of a page, each look at work under way included, Streamlit has Keras forget
    its session, and TensorFlow all its kernels with it. Every network that is at work is then
    made ready anew, in the middle of an explanation.
    """
    backend = getattr(sys.modules.get("keras"), "backend", None)
    if backend is not None and hasattr(backend, "clear_session"):
        backend.clear_session = _nothing


def _nothing() -> None:
    """Take the place of what is not to be done."""


def settle(now: bool = False) -> bool:
    """Collect all garbage and freeze the rest, when it is time to; whether it did.

    Parameters
    ----------
    now : heavy work has ended; what it brought in is to stay, so that nothing is waited for
    """
    global _modules, _looked
    keep_networks()
    with _lock:
        since = time.monotonic() - _looked
        due = since >= AGAIN or (_collected["longest"] > LONG and (now or since >= PAUSE))
        if not (due or len(sys.modules) - _modules >= ENOUGH):
            return False
        if _watch not in gc.callbacks:
            gc.callbacks.append(_watch)
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        _modules, _looked = len(sys.modules), time.monotonic()
        _collected["longest"] = 0.0
        return True


def begin(draw: Callable[[], None]) -> None:
    """Say that this process serves visitors, before the first comes.

    Until ``st.navigation`` was called once in a process, Streamlit runs the files of ``pages/`` by
    themselves, by a list of its own. Here it warns that there is no visitor, which is as it should
    be.

    Parameters
    ----------
    draw : draws the app
    """
    serving.set()
    warner = logging.getLogger(get_script_run_ctx.__module__)
    level = warner.level
    warner.setLevel(logging.ERROR)
    try:
        st.navigation([st.Page(draw)])
    finally:
        warner.setLevel(level)


_importing = threading.RLock()
_ready = threading.Event()


def tables() -> None:
    """Import pandas and scipy, after the figures that are being made without them.

    One session does it for all. scipy's parts import each other: where several threads enter at
    different ends, as pages and TensorFlow do, one of them gets half a module or a deadlock.
    """
    if not _ready.is_set():
        with _importing:
            import pandas  # noqa: F401
            import scipy.stats  # noqa: F401  # All of scipy that anything here imports.

            _ready.set()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Make figures without pandas: nobody imports it until the block ends."""
    if _ready.is_set():
        yield
        return
    with _importing:
        yield


#: Bytes of memory from which a server loads what nobody may ask for.
ROOMY = 3 * 2**30
_foreseen: set[str] = set()
#: Set where this process serves visitors; pages that run alone, as in a test, foresee nothing.
serving = threading.Event()


def foresee(names: Sequence[str], warm: Callable[[str], None]) -> threading.Thread | None:
    """Begin in a thread what visitors are likely to ask for next; each name once a server.

    Parameters
    ----------
    warm : does it for one name; what it raises is left to whoever asks in earnest
    """
    with _lock:
        new = [name for name in names if name not in _foreseen]
        if not new or not serving.is_set() or (memory() or ROOMY) < ROOMY:
            return None
        _foreseen.update(new)

    def run() -> None:
        for name in new:
            try:
                warm(name)
            except Exception:
                log.info("%s could not be made ready", name, exc_info=True)

    thread = threading.Thread(target=run, name="foresee", daemon=True)
    thread.start()
    return thread
