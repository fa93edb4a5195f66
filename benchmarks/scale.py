"""Work on a cluster: two workers against one, what the scheduler costs, kills, large tables.

    python -m benchmarks.scale [--films N] [--rows N] [--json FILE]

A real scheduler and workers of one thread each, as processes on loopback, and films that this
project draws. "throughput" is one worker's time over that of two for the same evidence of an
audit (interventions and LIME of one small model, materials made before); "overhead" is the share
of one worker's time beyond the same work in a single-threaded process without a scheduler. Then
a worker is killed in mid-run, and the scheduler with all its workers is killed and started again.
The tables are made: rows without films.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import psutil
from threadpoolctl import threadpool_limits

from benchmarks._common import parser, report
from tests.fakes import Fake, thin_and_bright
from tests.scale_jobs import slow_squares, start_cluster, stop_cluster
from xray import batch_runs, battery, dataset, executor, lime_evidence, lungs, parts, synthetic
from xray.cluster import Cluster
from xray.files import ROOT
from xray.suspects import Subject

Measured = tuple[np.ndarray[Any, Any], pd.DataFrame, pd.DataFrame]


class Work:
    """The evidence of an audit on drawn films, by a model whose answer is known."""

    def __init__(self, films: int) -> None:
        with tempfile.TemporaryDirectory() as place:
            synthetic.write_dataset(Path(place), n_train=4, n_val=4, n_test=films, seed=1)
            table = dataset.usable(dataset.index(Path(place))).query("split == 'test'")
            pixels = dataset.load_pixels(Path(place), table, (224, 224))
        self.films = table[["file", "label"]].assign(person="", free=True, marked=False)
        self.subjects = [Subject(film, lungs.guess(film)) for film in pixels]
        self.model = Fake(thin_and_bright)
        self.cases = lime_evidence.cases(self.films, self.subjects, 0, films // 2)

    def run(self, progress: Callable[[int, int], None] | None = None) -> Measured:
        built = battery.build(self.films, self.subjects, 0, progress=progress)
        originals, effects = battery.measure(self.model, built)
        return originals, effects, lime_evidence.measure(self.model, self.cases, 0)


@contextmanager
def elsewhere(address: str) -> Iterator[batch_runs.Run]:
    """Work at a scheduler, with a run whose batches are kept, as the command line does."""
    with tempfile.TemporaryDirectory() as folder:
        run = batch_runs.Run(batch_runs.Status("benchmark"), Path(folder) / "run")
        place = Cluster(address, run, patience=300)
        try:
            with executor.working(run, place):
                yield run
        finally:
            place.close()


def timed(work: Work, workers: int) -> tuple[float, Measured]:
    """Wall time of the work on some workers that have already loaded everything."""
    address, processes = start_cluster(workers)
    try:
        with elsewhere(address):
            # Importing the library takes a worker seconds, once; that is not what is asked.
            list(executor.each(slow_squares, ([i] for i in range(8 * workers))))
            start = time.perf_counter()
            found = work.run()
            return time.perf_counter() - start, found
    finally:
        stop_cluster(processes)


def differ(one: Measured, other: Measured) -> float:
    """Largest difference of any number in two results."""
    gaps = [np.abs(one[0] - other[0]).max()]
    for left, right in zip(one[1:], other[1:], strict=True):
        numbers = left.select_dtypes("number").columns
        gaps.append(np.nanmax(np.abs(left[numbers].to_numpy() - right[numbers].to_numpy())))
    return float(max(gaps))


def killed(work: Work, everything: bool) -> dict[str, Any]:
    """Kill a worker, or scheduler and workers, after a third of the films; the work goes on."""
    address, processes = start_cluster(2)
    killed_at: list[float] = []

    def kill(done: int, total: int) -> None:
        if not killed_at and done >= total // 3:
            killed_at.append(time.perf_counter())
            if everything:
                stop_cluster(processes)
                processes[:] = start_cluster(2, address)[1]
            else:
                _kill_a_worker(processes[-1])

    try:
        with elsewhere(address) as run:
            start = time.perf_counter()
            found = work.run(kill)
            seconds = time.perf_counter() - start
            status = run.status
    finally:
        stop_cluster(processes)
    return {"seconds": seconds, "found": found, "lost": status.lost, "notes": status.failures}


def _kill_a_worker(nanny: subprocess.Popen[bytes]) -> None:
    """Kill the process that works, not the one that watches and starts it again."""
    for child in psutil.Process(nanny.pid).children(recursive=True):
        if "spawn_main" in " ".join(child.cmdline()):
            os.kill(child.pid, signal.SIGKILL)


def made(rows: int) -> Iterator[pd.DataFrame]:
    """Rows like a film's, without films, a few thousand at a time."""
    rng = np.random.default_rng(0)
    for start in range(0, rows, 4_096):
        n = min(4_096, rows - start)
        yield pd.DataFrame(
            {
                "file": [f"test/{start + i:08d}.png" for i in range(n)],
                "split": np.where(rng.random(n) < 0.1, "test", "train"),
                "label": np.where(rng.random(n) < 0.5, "NORMAL", "PNEUMONIA"),
                "mean": rng.random(n).round(4),
                "width": rng.integers(800, 3_000, n).astype(float),
                "height": rng.integers(800, 3_000, n).astype(float),
            }
        )


def table(rows: int) -> dict[str, Any]:
    """Write a made table and read what a page shows of it; peak memory of a fresh process."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "films.parquet"
        start = time.perf_counter()
        with parts.Writer(folder, counted=("split", "label")) as out:
            for frame in made(rows):
                out.add(frame)
        written = time.perf_counter() - start
        columns, where = ["file", "label", "mean"], {"split": ["test"], "label": ["NORMAL"]}
        times = {}
        for name, number, chosen in (
            ("first", 1, None), ("last", rows // 48, None), ("filtered", 100, where),
        ):  # fmt: skip
            start = time.perf_counter()
            parts.page(folder, number, 48, columns, chosen)
            times[f"{name} page, ms"] = round(1e3 * (time.perf_counter() - start), 1)
        start = time.perf_counter()
        parts.summary(folder)
        times["summary, ms"] = round(1e3 * (time.perf_counter() - start), 2)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": rows, "written, s": round(written, 1), **times, "peak, MB": round(peak)}


def in_fresh_process(rows: int) -> dict[str, Any]:
    """``table`` in a process of its own, whose peak is its own."""
    script = f"import json; from benchmarks.scale import table; print(json.dumps(table({rows})))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Run everything and say what came of it."""
    arguments = parser(__doc__)
    arguments.add_argument("--films", type=int, default=32, help="films of the audit; default 32")
    arguments.add_argument("--rows", type=int, default=1_000_000, help="rows of the made table")
    options = arguments.parse_args()
    # One thread here too: what is compared is the place of the work, not the number of threads.
    cv2.setNumThreads(1)
    threadpool_limits(1)
    load = os.getloadavg()[0]
    work = Work(options.films)
    start = time.perf_counter()
    here = work.run()
    alone = time.perf_counter() - start
    one, found_one = timed(work, 1)
    two, found_two = timed(work, 2)
    rows: list[dict[str, Any]] = [
        {"what": "this process", "seconds": round(alone, 2), "largest difference": 0.0},
        {
            "what": "1 worker",
            "seconds": round(one, 2),
            "largest difference": differ(here, found_one),
        },
        {
            "what": "2 workers",
            "seconds": round(two, 2),
            "largest difference": differ(here, found_two),
        },
    ]
    for words, everything in (("a worker killed", False), ("scheduler killed", True)):
        seen = killed(work, everything)
        rows.append(
            {
                "what": words,
                "seconds": round(seen["seconds"], 2),
                "largest difference": differ(here, seen["found"]),
                "notes": "; ".join(seen["notes"]),
            }
        )
    tables = [in_fresh_process(count) for count in (options.rows // 100, options.rows)]
    print(pd.DataFrame(tables).to_string(index=False))
    ratios = {
        "throughput of two workers over one": one / two,
        "overhead of one worker over this process": one / alone - 1,
        "peak memory, a hundred times the rows": tables[1]["peak, MB"] / tables[0]["peak, MB"],
        "load average at the start": load,
    }
    report("scale", [*rows, *tables], ratios, options.json)


if __name__ == "__main__":
    main()
