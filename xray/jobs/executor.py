"""Where heavy work runs: in this process, on processes of this machine, or on a cluster.

Loops over films hand their batches to :func:`each` and take the results as they come, in order.
They do not know where the work is done: the command that started them decides, once, by
:func:`working`. Without a decision it is this process, and Dask is not even imported.

A function that is handed over must be a module's own, and its result an array, a dict of arrays,
a table, or JSON-like data, so that a run that stopped can take it up again (``xray.jobs.batches``).
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from numpy.typing import NDArray

from xray.errors import Stopped, XrayError
from xray.jobs import batches as batch_runs
from xray.jobs.batches import MISSING, Run
from xray.jobs.progress import Progress

Item = TypeVar("Item")
Made = TypeVar("Made")

#: Batches that a run of threads has under way for each of them: none waits, few are held.
AHEAD = 4


@dataclass(frozen=True)
class Task:
    """One batch on its way to a worker.

    Attributes
    ----------
    number : its place among the batches.
    fixed : pickled function and what is the same for all batches.
    batch : pickled batch.
    kept : folder and name of its result, once it is finished; None where nothing is kept.
    """

    number: int
    fixed: bytes
    batch: bytes
    kept: tuple[Path, str] | None


class Place(Protocol):
    """Somewhere that tasks can be done."""

    def results(self, tasks: Iterator[Task]) -> Iterator[tuple[int, Any]]:
        """Do tasks, taking few at a time; yields (number, result) as they are finished."""


_run: ContextVar[Run | None] = ContextVar("run", default=None)
_place: ContextVar[Place | None] = ContextVar("place", default=None)


@contextmanager
def working(run: Run | None = None, place: Place | None = None) -> Iterator[None]:
    """Do all batches handed over inside the block at ``place``, as part of ``run``.

    Parameters
    ----------
    run : keeps finished batches and the status; None keeps nothing.
    place : None is this process.
    """
    tokens = _run.set(run), _place.set(place)
    try:
        yield
        if run is not None:
            run.finish("done")
    except BaseException as error:
        if run is not None:
            stopped = isinstance(error, Stopped | KeyboardInterrupt | GeneratorExit)
            run.finish("stopped" if stopped else "failed", "" if stopped else str(error))
        raise
    finally:
        _run.reset(tokens[0])
        _place.reset(tokens[1])


def current_run() -> Run | None:
    """The run whose work goes on; None where nobody watches."""
    return _run.get()


def each(
    function: Callable[..., Any],
    batches: Iterable[Sized],
    *,
    total: int = 0,
    progress: Progress | None = None,
    threads: int = 1,
    fork: bool = False,
    prepare: Callable[..., Any] | None = None,
    **fixed: Any,
) -> Iterator[Any]:
    """Apply ``function(batch, **fixed)`` to every batch and yield the results in order.

    Parameters
    ----------
    function : of a module's top level; must not depend on anything but its arguments.
    batches : taken as they are needed, so that they may be made on the way.
    total : films (or whatever a batch holds) in all batches, for ``progress``.
    progress : called with (films done, total); the work stops when it raises.
    threads : batches at a time in this process, for work that frees the interpreter's lock.
    fork : where this process may be forked (``forks``), processes stand in for those threads: for
        work that seldom frees the lock.
    prepare : ``prepare(batch, **fixed)`` is what the function then gets in the batch's place. In
        this process the next batch is prepared on a thread while the function is at work; not
        together with ``threads``.
    **fixed : the same for all batches: the model, settings. A model travels as its file's place
        and hash and is loaded once a worker.

    Raises
    ------
    XrayError
        What the function raises, from wherever it ran.
    """
    run, place = _run.get(), _place.get()
    done = 0
    sizes: deque[int] = deque()

    def counted() -> Iterator[Sized]:
        for batch in batches:
            sizes.append(len(batch))
            yield batch

    if place is None and (run is None or run.batches is None):
        ready = counted() if prepare is None else _ahead(prepare, counted(), fixed)
        results = _here(function, ready, threads, fixed, fork)
    else:
        if prepare is not None:
            function = partial(_prepared, prepare, function)
        results = _kept(function, counted(), place or _Here(threads), run, fixed)
    for result in results:
        yield result
        done += sizes.popleft()
        if progress:
            progress(done, max(total, done))


def over(
    function: Callable[..., Any],
    items: Sequence[Any] | NDArray[Any],
    size: int = 1,
    *,
    progress: Progress | None = None,
    **fixed: Any,
) -> Iterator[Any]:
    """Do as :func:`each` does for a sequence, in batches of ``size``."""
    batches = (items[start : start + size] for start in range(0, len(items), size))
    return each(function, batches, total=len(items), progress=progress, **fixed)


def _ahead(
    prepare: Callable[..., Any], batches: Iterator[Sized], fixed: dict[str, Any]
) -> Iterator[Any]:
    """Batches prepared, the next one while whoever asked for this one works on it."""
    waiting: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(max_workers=1) as pool:
        for batch in batches:
            waiting.append(pool.submit(prepare, batch, **fixed))
            if len(waiting) > 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _prepared(
    prepare: Callable[..., Any], function: Callable[..., Any], batch: Sized, **fixed: Any
) -> Any:
    """Both steps of a batch, one after the other; what a worker runs."""
    return function(prepare(batch, **fixed), **fixed)


def forks() -> bool:
    """Whether this process can be forked without harm: on Linux, with no thread but the main one.

    TensorFlow's own threads are not seen, and do not outlive a fork.
    """
    alone = threading.active_count() == 1 and threading.current_thread() is threading.main_thread()
    return sys.platform == "linux" and alone and "tensorflow" not in sys.modules


def _workers(count: int, fork: bool) -> Executor:
    """Processes that are copies of this one, or threads."""
    if not (fork and forks()):
        return ThreadPoolExecutor(count)
    # Whoever presses Ctrl-C stops this process, which ends the others.
    quiet = signal.SIGINT, signal.SIG_IGN
    context = multiprocessing.get_context("fork")
    return ProcessPoolExecutor(count, context, initializer=signal.signal, initargs=quiet)


def _here(
    function: Callable[..., Any],
    batches: Iterator[Any],
    threads: int,
    fixed: dict[str, Any],
    fork: bool = False,
) -> Iterator[Any]:
    """In this process, as a plain loop or on a few threads; or on copies of it."""
    if threads == 1:
        for batch in batches:
            yield function(batch, **fixed)
        return
    pool = _workers(threads, fork)
    waiting: deque[Future[Any]] = deque()
    try:
        for batch in batches:
            waiting.append(pool.submit(function, batch, **fixed))
            if len(waiting) >= AHEAD * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise XrayError(
            "A process of this work was ended from outside, perhaps for want of memory; try again."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


class _Here:
    """This process, for runs that keep their batches."""

    def __init__(self, threads: int) -> None:
        self._threads = threads

    def results(self, tasks: Iterator[Task]) -> Iterator[tuple[int, Any]]:
        yield from _here(_numbered, ((task,) for task in tasks), self._threads, {})


def _numbered(tasks: Sequence[Task]) -> tuple[int, Any]:
    return tasks[0].number, perform(tasks[0].fixed, tasks[0].batch, tasks[0].kept)


def _kept(
    function: Callable[..., Any],
    batches: Iterator[Sized],
    place: Place,
    run: Run | None,
    fixed: dict[str, Any],
) -> Iterator[Any]:
    """Results in order, those of an earlier start from the run's folder."""
    same = pack((function, fixed))
    finished: dict[int, Any] = {}
    folder = None if run is None else run.batches
    made = 0

    def tasks() -> Iterator[Task]:
        nonlocal made
        for batch in batches:
            data, number = pack(batch), made
            made += 1
            kept = None if folder is None else (folder, batch_runs.key(same, data))
            before = MISSING if kept is None else batch_runs.get(*kept)
            if before is MISSING:
                yield Task(number, same, data, kept)
            else:
                finished[number] = before
                if run is not None:
                    run.say(resumed=run.status.resumed + 1, batches=run.status.batches + 1)

    following = 0
    for number, result in place.results(tasks()):
        finished[number] = result
        if run is not None:
            run.say(batches=run.status.batches + 1)
        while following in finished:
            yield finished.pop(following)
            following += 1
    for number in sorted(finished):
        yield finished[number]


def pack(value: Any) -> bytes:
    """Pickle what travels to a worker."""
    return pickle.dumps(value, protocol=5)


@lru_cache(maxsize=3)
def _unpacked(fixed: bytes) -> tuple[Callable[..., Any], dict[str, Any]]:
    """What a loop holds fixed (a model, films), unpickled once a worker; few loops at a time."""
    function, same = pickle.loads(fixed)
    return function, same


def perform(fixed: bytes, batch: bytes, kept: tuple[Path, str] | None = None) -> Any:
    """Do one task; what a worker runs.

    A task that was finished before (its worker died before it could tell) is not done again.
    """
    if kept is not None and (before := batch_runs.get(*kept)) is not MISSING:
        return before
    function, same = _unpacked(fixed)
    result = function(pickle.loads(batch), **same)
    if kept is not None:
        batch_runs.put(*kept, result)
    return result


def in_order(
    function: Callable[[Item], Made], items: Sequence[Item], threads: int = 2
) -> Iterator[Made]:
    """Apply a function on a few threads and yield the results in order.

    Threads, because decoding and measuring free the interpreter's lock. Stopping the iteration,
    or an error, ends the work that has not begun.
    """
    pool = ThreadPoolExecutor(max_workers=threads)
    try:
        yield from pool.map(function, items)
    finally:
        pool.shutdown(cancel_futures=True)
