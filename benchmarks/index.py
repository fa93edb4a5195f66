"""Indexing beside a bare loop that decodes the same films and does nothing else.

    XRAY_DATA=FOLDER python -m benchmarks.index [--films N] [--repeats N] [--write]

"rate" is ours over the bare loop's: 1 is as fast as only decoding, 0.7 is the goal. The bare loop
is what a user would write, ``numpy.asarray(Image.open(path).convert("L"))``, in as many processes
as we have threads. Each turn is a process of its own, whose imports and first films do not count;
turns alternate. Rates are medians of those of one turn, as a shared machine is quicker in one
minute than in the next; seconds are medians too. "again" is a run where nothing has changed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import _common
from xray.dataset.scan import scan
from xray.environment import ROOT, films_dir
from xray.errors import DatasetError

#: Columns of the table of docs/scaling.md.
COLUMNS = (
    *("at once, time", "bare loop, s", "first run, s", "second run, s"),
    *("rate", "first over second", "when, and how busy"),
)

#: Prints seconds on the wall and of the processor, of this process and its children.
TIMED = """
import os, sys, time
from multiprocessing import get_context
from pathlib import Path
import numpy as np
from PIL import Image

def used():
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system

def told(work):
    start, before = time.perf_counter(), used()
    work()
    print(time.perf_counter() - start, used() - before)

folder, workers = Path(sys.argv[1]), int(sys.argv[2])
"""

BARE = f"""{TIMED}
def decode(path):
    return np.asarray(Image.open(path).convert("L")).size

def loop(paths):
    return sum(map(decode, paths))

paths = sorted(map(str, folder.rglob("*.jp*g")))
loop(paths[:64])
def all_of_them():
    if workers == 1:
        loop(paths)
    else:
        with get_context("fork").Pool(workers) as pool:
            pool.map(decode, paths, chunksize=32)
            pool.close()
            pool.join()
told(all_of_them)
"""

OURS = f"""{TIMED}
from xray.dataset import index
index.WORKERS = workers
index.build_index(Path(sys.argv[3]))
told(lambda: index.build_index(folder, refresh=True))
told(lambda: index.build_index(folder))
"""


def run(program: str, *arguments: object) -> list[list[float]]:
    """What a program prints: two numbers a line."""
    with tempfile.TemporaryDirectory() as cache:
        said = subprocess.run(
            [sys.executable, "-c", program, *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, "XRAY_CACHE": cache},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    return [[float(number) for number in line.split()] for line in said.splitlines()]


def copied(folder: Path, films: int, home: Path) -> Path:
    """A folder of so many of the films, evenly picked."""
    found = scan(folder).films
    for film in found[:: max(1, len(found) // films)][:films]:
        place = home / film.path
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / film.path, place)
    return home


def compare(folder: Path, few: Path, workers: int, repeats: int) -> list[dict[str, Any]]:
    """Rows of the table: by the wall and by the processor."""
    times = []
    for _ in range(repeats):
        (bare,), (first, again) = run(BARE, folder, workers), run(OURS, folder, workers, few)
        times.append((bare, first, again))
    rows = []
    for kind, name in enumerate(("wall", "processor")):
        turns = np.array([[part[kind] for part in turn] for turn in times])
        loop, fresh, same = np.median(turns, axis=0)
        rows.append(
            {
                "workers": workers,
                "time": name,
                "bare": round(float(loop), 3),
                "index": round(float(fresh), 3),
                "again": round(float(same), 4),
                "rate": round(float(np.median(turns[:, 0] / turns[:, 1])), 3),
                "second run": round(float(np.median(turns[:, 1] / turns[:, 2])), 1),
            }
        )
    return rows


def main() -> None:
    """Measure and print."""
    parser = _common.parser(__doc__)
    parser.add_argument("--films", type=int, default=1500)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="put the table into docs/scaling.md")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        folder = copied(films_dir(), options.films, Path(home) / "all")
        few = copied(films_dir(), 64, Path(home) / "few")
        rows = [
            row
            for workers in options.workers
            for row in compare(folder, few, workers, options.repeats)
        ]
    ratios = {f"{row['workers']} at once, {row['time']}: rate": row["rate"] for row in rows}
    _common.report("index", rows, ratios, options.json)
    if options.write:
        now = _common.machine()
        told = [
            [f"{row['workers']}, {row['time']}", *map(str, list(row.values())[2:])] for row in rows
        ]
        _common.into_page("index", COLUMNS, [[*row, now] for row in told])


if __name__ == "__main__":
    try:
        main()
    except DatasetError as error:
        sys.exit(f"error: {error}")
