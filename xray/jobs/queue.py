"""Heavy work, one piece at a time: a queue that sessions share, watch and leave.

A small machine explains one film at a time or all of them slowly. Identical requests are
done once: later ones join the first, or find its result kept. Nothing here knows of pages;
work runs in a thread of its own and reports through ``Status``.
"""

from __future__ import annotations

import logging
import pickle
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from xray.errors import Stopped, XrayError
from xray.jobs.progress import Progress

log = logging.getLogger(__name__)

State = Literal["unknown", "waiting", "running", "done", "failed", "stopped"]


@dataclass(frozen=True)
class Status:
    """A look at one piece of work.

    Attributes
    ----------
    state : "unknown" when it was never asked for, or was forgotten since.
    ahead : pieces of work before this one; 0 when it runs or is over.
    done, total : steps, of a running one.
    result : what it gave, when done.
    error : one sentence, when failed.
    """

    state: State
    ahead: int = 0
    done: int = 0
    total: int = 0
    result: Any = None
    error: str = ""

    @property
    def active(self) -> bool:
        """Whether waiting for it makes sense."""
        return self.state in {"waiting", "running"}


@dataclass
class _Job:
    key: str
    function: Callable[[Progress], Any] | None
    owners: dict[str, float] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    later: bool = False
    status: Status = Status("waiting")
    stopping: bool = False
    size: int = 0


class Queue:
    """First come, first served, one at a time; what may wait comes after all else.

    Parameters
    ----------
    entries, bytes : bounds on the results that are kept; the least recently used go first.
    waiting : most pieces of work that may wait.
    patience : seconds after which work that nobody asked about is dropped (a closed tab).
    pause : seconds that work which may wait leaves to other work that has just ended: whoever
        waited for that is shown it first.
    clock : seconds, never going back.
    """

    def __init__(
        self,
        entries: int = 96,
        bytes: int = 128 * 2**20,
        waiting: int = 120,
        patience: float = 90.0,
        pause: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._entries, self._bytes, self._most = entries, bytes, waiting
        self._patience, self._pause, self._clock = patience, pause, clock
        self._begins = clock()
        self._jobs: OrderedDict[str, _Job] = OrderedDict()
        self._changed = threading.Condition()
        self._worker: threading.Thread | None = None

    def submit(
        self, key: str, owner: str, function: Callable[[Progress], Any], later: bool = False
    ) -> Status:
        """Ask for work; joins the same work when it waits, runs or is done.

        Parameters
        ----------
        key : what makes two requests the same (hashes of film and model, parameters).
        owner : session that asks.
        function : does the work; calls ``progress(done, total)`` often, which raises
            ``Stopped`` once nobody wants the result any more.
        later : whether it may wait for all work that nobody said this of.

        Raises
        ------
        XrayError
            Too much waits already.
        """
        with self._changed:
            self._forget_abandoned()
            job = self._jobs.get(key)
            if job is None or job.status.state in {"failed", "stopped"} or job.stopping:
                if (
                    sum(each.status.state == "waiting" for each in self._jobs.values())
                    >= self._most
                ):
                    raise XrayError("Too many explanations are waiting; try again in a minute.")
                self._jobs.pop(key, None)
                job = self._jobs[key] = _Job(key, function, later=later)
                self._start()
                self._changed.notify_all()
            job.owners[owner] = self._clock()
            job.left.discard(owner)
            return self._look(job)

    def status(self, key: str, owner: str) -> Status:
        """Look at work, and say that ``owner`` still waits for it, unless they stopped."""
        with self._changed:
            job = self._jobs.get(key)
            if job is None:
                return Status("unknown")
            if owner in job.left and job.status.active:
                # Others wait for it; who stopped is not made to.
                return Status("stopped")
            job.owners[owner] = self._clock()
            self._forget_abandoned()
            if job.status.state == "done":
                self._jobs.move_to_end(key)
            return self._look(job)

    def result(self, key: str) -> Any:
        """Result of work that is done and still kept; None otherwise.

        Raises
        ------
        XrayError
            It failed; with its words, so that work that needs it is not tried in vain.
        """
        with self._changed:
            job = self._jobs.get(key)
            if job and job.status.state == "failed":
                raise XrayError(job.status.error)
            return job.status.result if job and job.status.state == "done" else None

    def cancel(self, key: str, owner: str) -> None:
        """Stop waiting for work; it ends when nobody else waits for it."""
        with self._changed:
            job = self._jobs.get(key)
            if job is not None and job.status.active:
                job.owners.pop(owner, None)
                job.left.add(owner)
                if not job.owners:
                    self._stop(job)

    def __len__(self) -> int:
        with self._changed:
            return sum(job.status.active for job in self._jobs.values())

    def _look(self, job: _Job) -> Status:
        if job.status.state != "waiting":
            return job.status
        waiting = self._waiting()
        before = next(place for place, other in enumerate(waiting) if other is job)
        running = any(other.status.state == "running" for other in self._jobs.values())
        return Status("waiting", ahead=before + running)

    def _stop(self, job: _Job) -> None:
        if job.status.state == "waiting":
            job.status, job.function = Status("stopped"), None
        job.stopping = True

    def _forget_abandoned(self) -> None:
        late = self._clock() - self._patience
        for job in self._jobs.values():
            if job.status.active and job.owners and max(job.owners.values()) < late:
                self._stop(job)

    def _start(self) -> None:
        if self._worker is None or not self._worker.is_alive():
            self._worker = threading.Thread(target=self._run, name="heavy-work", daemon=True)
            self._worker.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                while (job := self._next()) is None:
                    self._changed.wait(self._held())
                function, job.function = job.function, None
                job.status = Status("running")
            assert function is not None
            status = self._do(job, function)
            with self._changed:
                job.status = status
                if not job.later:
                    self._begins = self._clock() + self._pause
                self._trim()

    def _next(self) -> _Job | None:
        self._forget_abandoned()
        job = next(iter(self._waiting()), None)
        return None if job and job.later and self._clock() < self._begins else job

    def _held(self) -> float | None:
        """Seconds until work that may wait can begin; None where none waits."""
        return max(0.0, self._begins - self._clock()) if self._waiting() else None

    def _waiting(self) -> list[_Job]:
        """What waits, in the order it will be done."""
        waiting = [job for job in self._jobs.values() if job.status.state == "waiting"]
        return sorted(waiting, key=lambda job: job.later)

    def _do(self, job: _Job, function: Callable[[Progress], Any]) -> Status:
        def progress(done: int, total: int) -> None:
            with self._changed:
                self._forget_abandoned()
                job.status = Status("running", done=done, total=total)
                if job.stopping:
                    raise Stopped("Stopped.")

        try:
            result = function(progress)
            job.size = len(pickle.dumps(result, protocol=pickle.HIGHEST_PROTOCOL))
            return Status("done", result=result)
        except Stopped:
            return Status("stopped")
        except XrayError as error:
            return Status("failed", error=str(error))
        except Exception:
            # The worker must outlive any error, and a stranger must not read a trace.
            log.exception("heavy work failed")
            return Status(
                "failed", error="This failed for a reason that the server's log has; try again."
            )

    def _trim(self) -> None:
        over = [job for job in self._jobs.values() if not job.status.active]
        size = sum(job.size for job in over)
        while over and (len(over) > self._entries or size > self._bytes):
            job = over.pop(0)
            size -= job.size
            if self._jobs.get(job.key) is job:
                del self._jobs[job.key]
