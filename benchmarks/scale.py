"""Work on a cluster: two workers against one, what the scheduler costs, kills, large tables.

    python -m benchmarks.scale [--model NAME] [--films N] [--repeats N] [--rows N] [--json FILE]

A real scheduler and workers of one thread each, as processes on loopback, and films that this
project draws. "throughput" is one worker's time over that of two for the same evidence of an
audit (interventions and LIME of one model, materials made before); "overhead" is the share of one
worker's time beyond the same work in a process without a scheduler that has one thread as well:
with its usual threads a model's forward passes already use both cores. The three are timed in
turn, several times, and the least time of each counts: what else the machine does only adds.
Then a worker is killed in mid-run, and the scheduler with all its workers is killed and started
again. The tables are made: rows without films.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import psutil

from benchmarks._common import most_memory, parser, report
from tests.jobs.scale_jobs import start_cluster, stop_cluster
from xray import parquet
from xray.audits import interventions, lime_weights
from xray.audits.suspects import Subject
from xray.dataset import index
from xray.drawing import phantoms
from xray.files import ROOT
from xray.films import lungs
from xray.jobs import batches, executor
from xray.jobs.cluster import ENVIRONMENT, Cluster
from xray.models import registry

Measured = tuple[np.ndarray[Any, Any], pd.DataFrame, pd.DataFrame]


class Work:
    """The evidence of an audit of one model on drawn films."""

    def __init__(self, model: str, films: int) -> None:
        with tempfile.TemporaryDirectory() as place:
            phantoms.write_dataset(Path(place), n_train=4, n_val=4, n_test=films, seed=1)
            table = index.usable(index.index(Path(place))).query("split == 'test'")
            pixels = index.load_pixels(Path(place), table, (224, 224))
        self.films = table[["file", "label"]].assign(person="", free=True, marked=False)
        self.subjects = [Subject(film, lungs.guess(film)) for film in pixels]
        self.model = registry.load(model)
        self.cases = lime_weights.cases(self.films, self.subjects, 0, films // 2)

    def run(self, progress: Callable[[int, int], None] | None = None) -> Measured:
        built = interventions.build(self.films, self.subjects, 0, progress=progress)
        originals, effects = interventions.measure(self.model, built)
        return originals, effects, lime_weights.measure(self.model, self.cases, 0)


@contextmanager
def elsewhere(address: str) -> Iterator[batches.Run]:
    """Work at a scheduler, with a run whose batches are kept, as the command line does."""
    with tempfile.TemporaryDirectory() as folder:
        run = batches.Run(batches.Status("benchmark"), Path(folder) / "run")
        place = Cluster(address, run, patience=300)
        try:
            with executor.working(run, place):
                yield run
        finally:
            place.close()


def timed(work: Work, warm: Work, workers: int) -> tuple[float, Measured]:
    """Wall time of the work on some workers that have already loaded everything."""
    address, processes = start_cluster(workers)
    try:
        with elsewhere(address):
            warm.run()
            start = time.perf_counter()
            found = work.run()
            return time.perf_counter() - start, found
    finally:
        stop_cluster(processes)


def alone(work: Work, warm: Work) -> tuple[float, Measured]:
    """Wall time of the work where there is no cluster; runs in a process like a worker's."""
    cv2.setNumThreads(1)
    warm.run()
    start = time.perf_counter()
    found = work.run()
    return time.perf_counter() - start, found


def in_turn(work: Work, warm: Work, repeats: int) -> dict[str, tuple[float, Measured]]:
    """Least wall time of each place over the repeats, and what was found there."""
    best: dict[str, tuple[float, Measured]] = {}
    for _ in range(repeats):
        with ProcessPoolExecutor(1, get_context("spawn")) as fresh:
            here = fresh.submit(alone, work, warm).result()
        found = {
            "this process": here,
            "1 worker": timed(work, warm, 1),
            "2 workers": timed(work, warm, 2),
        }
        for place, one in found.items():
            print(f"{place}: {one[0]:.1f} s", flush=True)
            best[place] = min(best.get(place, one), one, key=lambda pair: pair[0])
    return best


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
        with parquet.Writer(folder, counted=("split", "label")) as out:
            for frame in made(rows):
                out.add(frame)
        written = time.perf_counter() - start
        columns, where = ["file", "label", "mean"], {"split": ["test"], "label": ["NORMAL"]}
        times = {}
        for name, number, chosen in (
            ("first", 1, None),
            ("last", rows // 48, None),
            ("filtered", 100, where),
        ):
            start = time.perf_counter()
            parquet.page(folder, number, 48, columns, chosen)
            times[f"{name} page, ms"] = round(1e3 * (time.perf_counter() - start), 1)
        start = time.perf_counter()
        parquet.summary(folder)
        times["summary, ms"] = round(1e3 * (time.perf_counter() - start), 2)
    # Not getrusage's figure, which begins with that of the process that started this one.
    peak = most_memory() / 2**20
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
    arguments.add_argument("--model", default="basic", help="name or path; default basic")
    arguments.add_argument("--films", type=int, default=64, help="films of the audit; default 64")
    arguments.add_argument("--repeats", type=int, default=3, help="of each timing; default 3")
    arguments.add_argument("--rows", type=int, default=1_000_000, help="rows of the made table")
    options = arguments.parse_args()
    # What the workers' processes start with; processes that are started here inherit it.
    os.environ.update(ENVIRONMENT)
    load = os.getloadavg()[0]
    work, warm = Work(options.model, options.films), Work(options.model, 8)
    best = in_turn(work, warm, options.repeats)
    (here, found), (one, _), (two, _) = best.values()
    rows: list[dict[str, Any]] = [
        {
            "what": place,
            "seconds": round(seconds, 2),
            "largest difference": differ(found, other),
        }
        for place, (seconds, other) in best.items()
    ]
    for words, everything in (("a worker killed", False), ("scheduler killed", True)):
        seen = killed(work, everything)
        rows.append(
            {
                "what": words,
                "seconds": round(seen["seconds"], 2),
                "largest difference": differ(found, seen["found"]),
                "notes": "; ".join(seen["notes"]),
            }
        )
    tables = [in_fresh_process(count) for count in (options.rows // 100, options.rows)]
    print(pd.DataFrame(tables).to_string(index=False))
    ratios = {
        "throughput of two workers over one": one / two,
        "overhead of one worker over this process": one / here - 1,
        "peak memory, a hundred times the rows": tables[1]["peak, MB"] / tables[0]["peak, MB"],
        "load average at the start": load,
    }
    report("scale", [*rows, *tables], ratios, options.json)


if __name__ == "__main__":
    main()
