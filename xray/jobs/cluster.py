"""Dask workers, on this machine or elsewhere, as a place where batches are done.

Workers must see the same files at the same paths: films, models, and the run's folder. Dask
moves code and data by pickle and trusts whoever can reach the scheduler, and so does whoever asks
it: only a scheduler on this machine, in a private network, or behind TLS is taken (``check``).
"""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from xray.errors import XrayError
from xray.files import write_text
from xray.jobs import batches
from xray.jobs.batches import Run
from xray.jobs.executor import Task, perform

if TYPE_CHECKING:
    from distributed import Client, Future
    from distributed.security import Security

MISSING = (
    "--workers and --scheduler need Dask, which is not installed; run: "
    "python -m pip install -r requirements-cluster.txt"
)
#: Batches under way for each thread of the cluster: one at work, and one that waits for it.
AHEAD = 2
#: What is held fixed and larger than this is sent to every worker once, not with each batch.
LARGE = 2**20
#: Seconds: between two looks at the workers; until a lost scheduler is given up; for an answer.
LOOK, PATIENCE, ANSWER = 2.0, 600.0, 10.0
#: How often a scheduler is greeted before it is taken for something else.
GREETINGS = 5
#: One thread a worker: two processes that each start a thread a core would only wait in line.
_THREADS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
    *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
)
#: What a worker's process starts with. Dask has glibc give memory back at every 64 KiB, and looks
#: at each worker's stack a hundred times a second; the two cost arrays a third of their speed.
#: Whoever sets the one threshold of glibc also stops it from raising the other by what a program
#: does: arrays above 128 KiB, such as a film, would then be new memory each time.
ENVIRONMENT = {
    **dict.fromkeys(_THREADS, "1"),
    "MALLOC_TRIM_THRESHOLD_": str(2**28),
    "MALLOC_MMAP_THRESHOLD_": str(2**25),
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
}


class Lost(Exception):
    """The scheduler went away."""


class Cluster:
    """A Dask scheduler and its workers; survives the loss of workers and of the scheduler.

    Parameters
    ----------
    address : of the scheduler, such as "tcp://10.0.0.5:8786".
    run : told how many workers there are, and what is lost.
    patience : seconds to wait for a scheduler that went away to come back.
    security : certificate and key, where the scheduler asks for them.
    """

    def __init__(
        self, address: str, run: Run, patience: float = PATIENCE, security: Security | None = None
    ) -> None:
        self._address, self._run, self._patience = address, run, patience
        self._security = security
        self._large: dict[bytes, Any] = {}
        self._workers: set[str] = set()
        self._looked, self._loops = 0.0, 0
        self._client = self._connected()
        self._check_folder()

    def close(self) -> None:
        """Let go of the scheduler; an existing one goes on without us."""
        with suppress(OSError, TimeoutError):
            self._client.close(timeout=2)

    def results(self, tasks: Iterator[Task]) -> Iterator[tuple[int, Any]]:
        """Do tasks; yields (number, result) as they are finished.

        Raises
        ------
        XrayError
            What a task raised; or its workers died of it several times; or the scheduler
            stayed away.
        """
        running: dict[Future[Any], Task] = {}
        todo: deque[Task] = deque()
        # Those whose result is in the run's folder and not seen there from here.
        unseen: set[int] = set()
        left = True
        self._loops += 1
        try:
            while left or todo or running:
                try:
                    self._look()
                    while (left or todo) and len(running) < self._most():
                        if not todo:
                            following = next(tasks, None)
                            left = following is not None
                            todo.extend([following] if following else [])
                        if todo:
                            sent = todo[0].kept is None or todo[0].number in unseen
                            running[self._submit(todo[0], sent)] = todo[0]
                            todo.popleft()
                    for future in self._finished(running):
                        sent, result = self._result(future)
                        task = running.pop(future)
                        if not sent:
                            assert task.kept is not None
                            result = batches.get(*task.kept)
                        if result is batches.MISSING:
                            unseen.add(task.number)
                            todo.append(task)
                        else:
                            yield task.number, result
                except Lost:
                    # The batches that were under way are begun again; those finished are kept.
                    todo.extendleft(reversed(running.values()))
                    running = {}
                    self._reconnect()
        finally:
            self._loops -= 1
            with suppress(Exception):
                self._client.cancel(list(running), force=True)

    def _most(self) -> int:
        return AHEAD * max(1, len(self._workers))

    def _submit(self, task: Task, sent: bool) -> Future[Any]:
        fixed: Any = task.fixed
        try:
            if len(fixed) > LARGE:
                if fixed not in self._large:
                    # Two at most: a loop, and one inside it.
                    self._large = dict([*self._large.items()][-1:])
                    self._large[fixed] = self._client.scatter(fixed, broadcast=True)
                fixed = self._large[fixed]
            # A loop inside another goes first: the outer one waits for it.
            return self._client.submit(
                _perform, fixed, task.batch, task.kept, sent, pure=False, priority=self._loops
            )
        except (OSError, TimeoutError, RuntimeError) as error:
            raise Lost from error

    def _finished(self, running: dict[Future[Any], Task]) -> list[Future[Any]]:
        """Futures that came to an end; waits a little for the first."""
        from distributed import wait
        from distributed.client import FuturesCancelledError

        if running:
            with suppress(TimeoutError, FuturesCancelledError), self._client.as_current():
                wait(list(running), timeout=LOOK, return_when="FIRST_COMPLETED")
        if any(future.status in {"cancelled", "lost"} for future in running):
            raise Lost
        return [future for future in running if future.status != "pending"]

    def _result(self, future: Future[Any]) -> tuple[bool, Any]:
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError, FuturesCancelledError
        from distributed.comm.core import CommClosedError

        try:
            found: tuple[bool, Any] = future.result(timeout=60)
            return found
        except (FutureCancelledError, FuturesCancelledError, CommClosedError) as error:
            # The scheduler died between telling of the result and giving it.
            raise Lost from error
        except KilledWorker as error:
            raise XrayError(
                "One batch ended its worker several times over, most often for want of memory; "
                "start fewer workers or give them more, then run the same command again."
            ) from error

    def _look(self) -> None:
        """Count the workers now and then, and tell of those that went away."""
        now = time.monotonic()
        if now - self._looked < LOOK:
            return
        self._looked = now
        if self._client.status != "running":
            raise Lost
        try:
            there = set(self._client.nthreads())
        except (OSError, TimeoutError, RuntimeError, ValueError) as error:
            raise Lost from error
        gone = self._workers - there
        self._workers = there
        self._run.say(workers=len(there), lost=self._run.status.lost + len(gone))
        if gone:
            self._run.failure(
                f"{len(gone)} of {len(there) + len(gone)} workers went away; "
                "their batches are done again."
            )

    def _connected(self) -> Client:
        _quiet()
        check(self._address)
        try:
            client = self._greeted()
            try:
                client.wait_for_workers(1, timeout=60)
            except TimeoutError:
                client.close(timeout=2)
                raise
        except (OSError, TimeoutError, ValueError) as error:
            raise XrayError(
                f"No scheduler with workers answers at {self._address}; start them with "
                "'dask scheduler' and 'dask worker ADDRESS --nthreads 1', and give --scheduler "
                "its address."
            ) from error
        self._workers = set(client.nthreads())
        self._run.say(workers=len(self._workers))
        return client

    def _greeted(self) -> Client:
        """A client of the scheduler.

        A client asserts that the scheduler's greeting comes alone. Scheduler and greeting share a
        line that is emptied every two milliseconds, so that a worker that comes or goes just then
        is told of in the same message: a new client is a new greeting.
        """
        from distributed import Client

        for _ in range(GREETINGS):
            with suppress(AssertionError):
                return Client(
                    self._address, timeout=ANSWER, set_as_default=False, security=self._security
                )
        raise TimeoutError("the scheduler's greeting was never understood")

    def _reconnect(self) -> None:
        """Wait until the scheduler is back."""
        self._run.failure(f"The scheduler at {self._address} went away; waiting for it.")
        self.close()
        self._large, self._workers = {}, set()
        until = time.monotonic() + self._patience
        while True:
            try:
                self._client = self._connected()
            except XrayError as error:
                if time.monotonic() > until:
                    raise XrayError(
                        f"The scheduler at {self._address} did not come back; start it and run "
                        "the same command again: finished batches are kept."
                    ) from error
                time.sleep(1)
            else:
                self._run.failure("The scheduler is back; the run goes on.")
                return

    def _check_folder(self) -> None:
        """Whether the workers see the run's folder, into which they write their results."""
        if self._run.batches is None:
            return
        token = self._run.batches / ".seen"
        write_text(token, self._run.status.verb)
        seen = self._client.run(_sees, str(token))
        if not all(seen.values()):
            raise XrayError(
                f"{list(seen.values()).count(False)} of {len(seen)} workers do not see "
                f"{self._run.folder}; give --run a folder that all machines share."
            )


def check(address: str) -> None:
    """Refuse a scheduler that strangers could answer for: what comes from it is unpickled here.

    Parameters
    ----------
    address : tls://HOST:PORT, or tcp://HOST:PORT of this machine or of a private network

    Raises
    ------
    XrayError
        It is anything else, or its host has no address.
    """
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    if parts.scheme == "tls" and parts.hostname:
        return
    if parts.scheme != "tcp" or not parts.hostname:
        raise XrayError("--scheduler takes tcp://HOST:PORT or tls://HOST:PORT.")
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(parts.hostname, None)}
    except OSError as error:
        raise XrayError(
            f"The scheduler's host {parts.hostname} has no address; check --scheduler."
        ) from error
    # Python calls private all that is not to be reached over the net, documentation's among it.
    if not all(ipaddress.ip_address(str(each).partition("%")[0]).is_private for each in found):
        raise XrayError(
            f"The scheduler at {parts.hostname} is on the open net: whoever answers for it could "
            "run any code here. Use one of your own in a private network, or tls:// with "
            "certificates of your own (Dask's documentation tells how)."
        )


def _perform(
    fixed: bytes, batch: bytes, kept: tuple[Path, str] | None, sent: bool
) -> tuple[bool, Any]:
    """Do one task on a worker; says whether the result comes along.

    What is kept in the run's folder is read there, and not carried through the scheduler as well.
    A network's file system may show a new file to other machines seconds later: the task is then
    asked for again, found in the folder by the worker, and sent.
    """
    _one_thread()
    result = perform(fixed, batch, kept)
    return sent, result if sent else None


@cache
def _one_thread() -> None:
    """OpenCV takes a thread a core whatever the environment says, and workers would contend."""
    import cv2

    cv2.setNumThreads(1)


def _sees(path: str) -> bool:
    return Path(path).is_file()


@contextmanager
def local(workers: int) -> Iterator[tuple[str, Security]]:
    """Processes of this machine, one thread each, on loopback.

    Gives the scheduler's address, and what to speak to it with: others on this machine reach the
    port too, and whoever is heard there may run any code.
    """
    import dask
    from distributed import LocalCluster
    from distributed.security import Security

    _quiet()
    # glibc reads its variables when a process starts, which is before LocalCluster's "env" is set.
    first = {name: text for name, text in ENVIRONMENT.items() if name.startswith("MALLOC")}
    with (
        dask.config.set({"distributed.nanny.pre-spawn-environ": first}),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            security=(security := Security.temporary()),
            dashboard_address=None,
            env=ENVIRONMENT | {"TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2")},
        ) as cluster,
    ):
        yield str(cluster.scheduler_address), security


@contextmanager
def connected(run: Run, workers: int | None, scheduler: str | None) -> Iterator[Cluster]:
    """A cluster for a run: ``workers`` processes here, or the one at ``scheduler``.

    Raises
    ------
    XrayError
        Dask is not installed, or nothing answers.
    """
    try:
        import distributed  # noqa: F401
    except ModuleNotFoundError as error:
        raise XrayError(MISSING) from error
    there = local(workers or 1) if scheduler is None else nullcontext((scheduler, None))
    with there as (address, security), closing(Cluster(address, run, security=security)) as place:
        yield place


def _quiet() -> None:
    """What Dask says of lost workers is said by the run, in a sentence."""
    # Dask sets levels of its own, logger by logger, when it is imported.
    names = [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]
    for name in (*names, "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
