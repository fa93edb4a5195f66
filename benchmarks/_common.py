"""What every benchmark does alike: time fairly, print a table, write JSON."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from xray.drawing.phantoms import phantom
from xray.environment import data_dir
from xray.files import write_json
from xray.films.decode import read
from xray.films.pixels import Pixels


def parser(description: str | None) -> argparse.ArgumentParser:
    """Make a parser that knows ``--json FILE``."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--json", type=Path, metavar="FILE", help="write name, rows and ratios")
    return made


def best(
    runs: Mapping[str, Callable[[], object]],
    repeats: int = 3,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Time functions in turns and keep the best time of each, in seconds; by default wall time.

    In turns, because other work on the machine then slows all of them alike; the best, because
    nothing makes a run faster than it is.
    """
    seconds = dict.fromkeys(runs, float("inf"))
    for _ in range(repeats):
        for name, run in runs.items():
            start = clock()
            run()
            seconds[name] = min(seconds[name], clock() - start)
    return seconds


def report(
    name: str,
    rows: Sequence[Mapping[str, Any]],
    ratios: Mapping[str, float],
    path: Path | None = None,
) -> None:
    """Print rows as a table and the ratios below it; write both where a path is given."""
    print(pd.DataFrame(list(rows)).to_string(index=False))
    for label, value in ratios.items():
        print(f"{label}: {value:.2f}")
    if path:
        write_json(path, {"name": name, "rows": list(rows), **ratios})


def pick_films(count: int, split: str = "test") -> tuple[list[Pixels], str]:
    """Films of both classes in turn: real ones of a split, or synthetic ones."""
    folder, labels = data_dir(), ("PNEUMONIA", "NORMAL")
    if folder is None:
        return [phantom(i, label=labels[i % 2]).pixels for i in range(count)], "synthetic"
    of = [sorted((folder / split / label).glob("*.jpeg")) for label in labels]
    chosen = [of[i % 2][(37 * i + 11) % len(of[i % 2])] for i in range(count)]
    return [read(path).pixels for path in chosen], f"real {split}"
