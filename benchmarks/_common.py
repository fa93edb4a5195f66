"""What every benchmark does alike: time fairly, print a table, write JSON."""

from __future__ import annotations

import argparse
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from xray.audits.known import specs
from xray.dataset import index
from xray.drawing.phantoms import phantom
from xray.environment import ROOT, data_dir
from xray.files import write_bytes, write_json
from xray.films.decode import read
from xray.films.pixels import Bytes, Pixels, as_bytes


def parser(description: str | None) -> argparse.ArgumentParser:
    """Make a parser that knows ``--json FILE``."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--json", type=Path, metavar="FILE", help="write name, rows and ratios")
    return made


def public_test_films() -> tuple[pd.DataFrame, Bytes]:
    """Table (``specs.marked``) and films (N, 224, 224) of the public test split."""
    folder = data_dir()
    if folder is None:
        raise SystemExit("Set XRAY_DATA to the folder of the public films; they are needed here.")
    table = index.usable(index.index(folder))
    table = specs.marked(table[table["split"] == "test"].reset_index(drop=True))
    return table, as_bytes(index.load_pixels(folder, table, (224, 224)))


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
    rows: Sequence[Mapping[Any, Any]],
    ratios: Mapping[str, float],
    path: Path | None = None,
) -> None:
    """Print rows as a table and the ratios below it; write both where a path is given."""
    print(pd.DataFrame(list(rows)).to_string(index=False))
    for label, value in ratios.items():
        print(f"{label}: {value:.2f}")
    if path:
        write_json(path, {"name": name, "rows": list(rows), **ratios})


def machine() -> str:
    """When and on what something was measured, and how busy that was."""
    cores, load = os.cpu_count() or 1, os.getloadavg()[0]
    return f"{date.today():%Y-%m-%d}, {cores} cores, load {load:.0f}"


def into_page(
    name: str, columns: Sequence[str], rows: Sequence[Sequence[str]], keep: bool = False
) -> None:
    """Put a table into docs/scaling.md, between the marks that bear a benchmark's name.

    Parameters
    ----------
    keep : rows that stand there stay, unless one of ``rows`` begins alike
    """
    page = ROOT / "docs" / "scaling.md"
    place = re.compile(rf"(?<=<!-- benchmarks\.{name} -->\n).*?(?=<!-- end -->)", re.DOTALL)
    told = {row[0]: row for row in rows}
    if keep and (found := place.search(page.read_text())):
        before = [line[2:-2].split(" | ") for line in found[0].splitlines()[2:]]
        told = {row[0]: row for row in before} | told
    lines = [columns, ["---"] * len(columns), *told.values()]
    text = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    # Once: an empty place is looked at again, up to the next mark.
    write_bytes(page, place.sub(lambda _: text, page.read_text(), count=1).encode())


def pick_films(count: int, split: str = "test") -> tuple[list[Pixels], str]:
    """Films of both classes in turn: real ones of a split, or synthetic ones."""
    folder, labels = data_dir(), ("PNEUMONIA", "NORMAL")
    if folder is None:
        return [phantom(i, label=labels[i % 2]).pixels for i in range(count)], "synthetic"
    of = [sorted((folder / split / label).glob("*.jpeg")) for label in labels]
    chosen = [of[i % 2][(37 * i + 11) % len(of[i % 2])] for i in range(count)]
    return [read(path).pixels for path in chosen], f"real {split}"
