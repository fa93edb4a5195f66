"""Heavy work that a page asks for: one queue for the whole server, with progress and a stop."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import streamlit as st

from xray.dashboard import startup
from xray.films.pixels import Pixels
from xray.jobs.progress import Progress
from xray.jobs.queue import Queue, Status
from xray.reports import html

#: The one queue of this server. What only adds to explanations lets these be drawn first.
_QUEUE = Queue(pause=1.5)
#: Seconds from one look at work under way to the next. A look costs the server some thousandths,
#: and the browser, which may be on the same machine, near a tenth.
LOOK = 0.6
#: Least seconds from one drawing of a page to the next while more is to come: drawing takes what
#: the work itself could use, and results that come close together are shown together.
REDRAW = 2.0


#: Heavy work: takes what tells its progress, gives its result.
Work = Callable[[Progress], Any]


def owner() -> str:
    """Name of this session toward the queue."""
    return str(st.session_state.setdefault("_owner", uuid.uuid4().hex))


def ask(key: str, function: Work, later: bool = False) -> Status:
    """Ask for heavy work; the same request of another session is joined, not repeated.

    Parameters
    ----------
    later : whether it may wait for all other work
    """
    return _QUEUE.submit(key, owner(), function, later)


def leave(keys: Iterable[str]) -> None:
    """Wait no longer for heavy work; it ends where nobody else does."""
    for key in keys:
        _QUEUE.cancel(key, owner())


def look(key: str) -> Status:
    """Look at heavy work that was asked for."""
    return _QUEUE.status(key, owner())


def result(key: str) -> Any:
    """What heavy work gave, for other work; None where it is not done, or kept no longer.

    Raises
    ------
    XrayError
        It failed.
    """
    return _QUEUE.result(key)


def watch(jobs: Sequence[tuple[str, str, Status]], first: int = 0) -> None:
    """Show the progress of heavy work until it is over, then draw the page again.

    Parameters
    ----------
    jobs : (key, what it is in words, state the page was drawn with) of each piece of work, in
        order. A state looked at anew here could be over already, and the page, drawn with work
        under way, would stay so.
    first : how many of them, from the front, are what was asked for; the rest only adds to it.
        When these are over, the page is drawn at once
    """
    active = tuple(status.active for *_, status in jobs)
    if any(active):
        _watching(tuple((key, words) for key, words, _ in jobs), active, first, time.monotonic())


@st.fragment(run_every=LOOK)
def _watching(
    jobs: tuple[tuple[str, str], ...], active: tuple[bool, ...], first: int, drawn: float
) -> None:
    statuses = [look(key) for key, _ in jobs]
    now = tuple(status.active for status in statuses)
    ended = not any(now) or (any(active[:first]) and not any(now[:first]))
    changed = now != active and (ended or time.monotonic() - drawn >= REDRAW)
    # Streamlit collects garbage after each of these looks, twice once Keras is there: 0.4 s of
    # processor time a look that the work itself would wait for, were TensorFlow not frozen.
    startup.settle(now=now != active)
    if changed:
        st.rerun(scope="app")
    for (_, words), status in zip(jobs, statuses, strict=True):
        if status.state == "running":
            share_done = status.done / status.total if status.total else 0.0
            st.progress(min(share_done, 1.0), text=html.plain(words))
    waiting = [job for job in zip(jobs, statuses, strict=True) if job[1].state == "waiting"]
    if waiting and not any(status.state == "running" for status in statuses):
        (_, next_words), status = waiting[0]
        other = f"Waiting: {status.ahead} other explanation{'s' * (status.ahead != 1)} first."
        st.progress(0.0, text=other if status.ahead else html.plain(next_words))
    if st.button("Stop", icon=":material/stop_circle:", key="stop heavy work"):
        leave(key for key, _ in jobs)
        st.rerun(scope="app")


def pictures(job: str, button: str, alt: str, make: Callable[[], Sequence[Pixels]]) -> None:
    """Show pictures that are made when a button is pressed, since that loads Keras.

    Parameters
    ----------
    job : names all that decides them
    button : its words
    alt : of each picture
    make : gives (h, w) float32 pictures in [0, 1]
    """

    def work(progress: Progress) -> Sequence[Pixels]:
        return make()

    if (status := look(job)).state == "done":
        columns = st.columns(max(4, len(status.result)))
        for column, picture in zip(columns, status.result, strict=False):
            column.html(html.step(html.png(picture), alt, True))
    elif status.active:
        watch([(job, button, status)])
    elif st.button(button, icon=":material/visibility:"):
        ask(job, work)
        st.rerun()
