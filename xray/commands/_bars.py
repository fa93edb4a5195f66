"""Progress bars of the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from xray.jobs import executor
from xray.jobs.progress import Progress

# Without the thread that wakes stalled bars: a process with threads cannot be forked.
tqdm.monitor_interval = 0


class Bars:
    """One bar a stage of the work, on stderr; the bar before is closed when the next begins.

    What the bars show is also told to the run that goes on, for the dashboard to see.
    """

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar: tqdm | None = None
        self._run = executor.current_run()

    def __call__(self, name: str) -> Progress:
        """Begin a stage and give its progress callback."""
        self.close()
        self._bar = tqdm(desc=name, file=sys.stderr, disable=self._quiet, mininterval=0.5)
        if self._run is not None:
            self._run.say(stage=name, done=0, total=0)
        return self._update

    def _update(self, done: int, total: int) -> None:
        if self._bar is not None:
            self._bar.total = total
            self._bar.update(done - self._bar.n)
        if self._run is not None:
            self._run.say(done=done, total=total)
            status = self._run.status
            if self._bar is not None and status.workers:
                lost = f", {status.lost} lost" if status.lost else ""
                self._bar.set_postfix_str(f"{status.workers} workers{lost}", refresh=False)

    def close(self) -> None:
        """Close the bar that is open."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


@contextmanager
def bars(quiet: bool = False) -> Iterator[Bars]:
    """Bars that are closed whatever happens."""
    made = Bars(quiet)
    try:
        yield made
    finally:
        made.close()
