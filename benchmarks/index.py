"""Indexing against a bare loop that decodes the same files and does nothing else.

    XRAY_DATA=FOLDER python -m benchmarks.index [FOLDER ...] [--json FILE]

"throughput" is ours over the bare loop's with as many workers (1 is as fast as only decoding):
processes there, threads of one process here, so that with one worker it is process for process.
"second run" is the first run's time over that of a run where nothing changed. The bare loop is
what a user would write: ``numpy.asarray(Image.open(path).convert("L"))``, by a pool of processes
that are already running.
"""

from __future__ import annotations

import os
import sys
import tempfile
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks._common import best, parser, report
from xray.dataset import index
from xray.dataset.scan import scan
from xray.environment import data_dir
from xray.errors import DatasetError


def decode(path: str) -> int:
    """Decode one film and forget it."""
    return int(np.asarray(Image.open(path).convert("L")).size)


def compare(folder: Path, workers: int, repeats: int) -> dict[str, Any]:
    """Measure one folder with one number of workers."""
    paths = [str(folder / film.path) for film in scan(folder).films]
    index.WORKERS = workers
    with get_context("spawn").Pool(workers) as pool:
        pool.map(decode, paths[:64], chunksize=8)
        seconds = best(
            {
                "bare": lambda: pool.map(decode, paths, chunksize=32),
                "index": lambda: index.build_index(folder, refresh=True),
                "again": lambda: index.build_index(folder),
            },
            repeats,
        )
    return {
        "folder": index.describe(folder),
        "films": len(paths),
        "workers": workers,
        "bare_s": round(seconds["bare"], 3),
        "index_s": round(seconds["index"], 3),
        "again_s": round(seconds["again"], 4),
        "throughput": round(seconds["bare"] / seconds["index"], 3),
        "second_run": round(seconds["index"] / seconds["again"], 1),
    }


def main() -> None:
    """Run the comparison on every folder named."""
    arguments = parser(__doc__)
    arguments.add_argument("folders", nargs="*", type=Path, help="default: XRAY_DATA")
    arguments.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    arguments.add_argument("--repeats", type=int, default=3)
    options = arguments.parse_args()
    folders = options.folders or [folder for folder in [data_dir()] if folder]
    if not folders:
        raise DatasetError("Name a folder of films, or set XRAY_DATA to it.")
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XRAY_CACHE"] = cache
        rows = [
            compare(folder, workers, options.repeats)
            for workers in options.workers
            for folder in folders
        ]
    ratios: dict[str, float] = {}
    for workers in options.workers:
        same = [row for row in rows if row["workers"] == workers]
        bare, ours, again = (
            sum(row[key] for row in same) for key in ("bare_s", "index_s", "again_s")
        )
        ratios[f"throughput, {workers} workers"] = bare / ours
        ratios[f"second run, {workers} workers"] = ours / again
    report("index", rows, ratios, options.json)


if __name__ == "__main__":
    try:
        main()
    except DatasetError as error:
        sys.exit(f"error: {error}")
