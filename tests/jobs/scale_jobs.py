"""Jobs for workers, and a scheduler with workers of its own, for tests of work done elsewhere."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from xray.environment import ROOT
from xray.errors import FilmError
from xray.files import read_json
from xray.jobs.cluster import ENVIRONMENT


def squares(batch: Sequence[int]) -> list[int]:
    return [value * value for value in batch]


def started_with(batch: Sequence[str]) -> list[str]:
    """Values of variables that this process was started with; later changes do not show."""
    pairs = [pair.partition("=") for pair in Path("/proc/self/environ").read_text().split("\0")]
    known = {name: value for name, _, value in pairs}
    return [known.get(name, "") for name in batch]


def slower_at_first(batch: Sequence[int]) -> list[int]:
    time.sleep(0.02 / (1 + batch[0]))
    return list(batch)


def noted(batch: Sequence[int], diary: str) -> list[int]:
    """Write down every film begun; the film that a file beside the diary names is bad."""
    for value in batch:
        if read_json(Path(diary).with_suffix(".bad")) == value:
            raise FilmError(f"Film {value} is bad; leave it out.")
        _note(diary, value)
    return list(batch)


def slow_and_noted(batch: Sequence[int], diary: str) -> list[int]:
    """Write down film and process, then take a while."""
    for value in batch:
        _note(diary, value)
        Path(diary).with_suffix(".process").write_text(str(os.getpid()))
        time.sleep(0.3)
    return list(batch)


def _note(diary: str, value: int) -> None:
    # One write of few bytes in append mode is whole, whichever process writes.
    with open(diary, "a", encoding="utf-8") as stream:
        stream.write(f"{value}\n")


def read(diary: Path) -> list[int]:
    return [int(line) for line in diary.read_text().split()]


def start_cluster(
    workers: int, address: str | None = None
) -> tuple[str, list[subprocess.Popen[bytes]]]:
    """A scheduler on loopback and its workers, as processes; at ``address`` when given."""
    if address is None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    port = address.rpartition(":")[2]
    environment = os.environ | ENVIRONMENT | {"PYTHONPATH": str(ROOT)}

    def start(*words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *words],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    processes = [start("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")]
    for _ in range(workers):
        processes.append(
            start("worker", address, "--nthreads", "1", "--no-dashboard", "--death-timeout", "60")
        )
    return address, processes


def stop_cluster(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Kill scheduler and workers with all that they started."""
    for process in processes:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        process.wait()
