"""Reruns of every section against an empty page with one Plotly chart, as servers run them.

``python -m benchmarks.pages [--tables T ...] [--only PAGE ...] [--repeats N] [--json FILE]``. Real
servers on loopback, asked through the page's own websocket: one with the empty page (a script
without navigation or anything else), and the dashboard as it is (with films where ``XRAY_DATA``
names some), over a made table of ``--rows`` films with labels and predictions of as many, and over
a table in parts of ``--large`` films, of which pages read what was drawn when it was written. What
counts is the processor time of the server's process for a rerun, in turns with the empty page: the
best of ``--repeats`` means over ``RERUNS``, after two that count nothing. Streamlit collects all
garbage after each run, which is most of what the empty page costs; the dashboard keeps its modules
out of that (``xray/dashboard/startup.py``). So the collection is turned off on all servers, unless
``--collected``. To reach: at most 3 times the empty page with the public set's 5,856 films, at most
5 times with 100,000 and with 1,000,000.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pandas as pd

from benchmarks import _common
from benchmarks._visitor import Visitor
from benchmarks.empty_page import PAGE
from benchmarks.serving import Server, serve
from xray import parquet
from xray.dataset import large_tables, parts, public_set
from xray.environment import artifacts_dir
from xray.files import sha256_bytes, sha256_file, write_bytes, write_table
from xray.models.card import WEIGHTS, read_cards, read_predictions, write_card

#: The section that is there only where there is a large table.
LARGE = "Large tables"
GOALS = {"public": 3.0, "made": 5.0, "large": 5.0}
#: Reruns that one figure is the mean of: the system counts processor time in hundredths.
RERUNS = 25

#: Views of the pages of a dataset, as their links ask for them.
VIEWS: list[tuple[str, dict[str, str]]] = [
    ("dataset", {}),
    ("dataset", {"view": "Image sizes"}),
    ("dataset", {"view": "Image sizes", "measure": "Aspect"}),
    ("dataset", {"section": "Shortcuts in the data"}),
    ("dataset", {"section": "Shortcuts in the data", "split": "test"}),
    ("dataset", {"section": "Outliers"}),
    ("dataset", {"section": "Outliers", "kind": "Blurred", "blurred_limit": "0.6"}),
    ("dataset", {"section": "Duplicates and leakage"}),
    ("dataset", {"section": "Duplicates and leakage", "view": "Byte-identical films"}),
    ("dataset", {"section": "Duplicates and leakage", "view": "Near-identical films"}),
    ("dataset", {"section": "Splits and cleaning"}),
    ("dataset", {"section": "Splits and cleaning", "view": "Cleaning list"}),
    ("dataset", {"section": LARGE}),
    ("dataset", {"section": LARGE, "page": "2"}),
    ("devices", {"section": "In the films"}),
    ("devices", {"section": "In the films", "view": "Burned-in text"}),
    ("cards", {"section": "What the model sees"}),
    ("browse", {}),
    ("browse", {"page": "3"}),
    ("browse", {"classes": "NORMAL", "with": "shows a device", "sort": "most wrong first"}),
]


#: Views of results of the public set's models: they show no other table.
OF_MODELS: list[tuple[str, dict[str, str]]] = [
    ("overview", {}),
    ("other_shortcuts", {}),
    ("explain", {}),
    ("explain", {"section": "Which to trust"}),
    ("your_model", {}),
    *[
        (page, {"section": section})
        for page, sections in {
            "devices": ("What they change", "How good is this test", "Remedies"),
            "performance": (
                *("Compare", "Operating point", "Costs", "Calibration", "Pairwise comparison"),
                "What others reported",
            ),
            "robustness": ("Where it fails", "Validation to test", "Changed films"),
            "cards": ("Models", "Runs"),
        }.items()
        for section in sections
    ],
]


def renamed(file: str, copy: int) -> str:
    """Key or name of a film in a further copy: other films of other possible patients."""
    folder, slash, name = file.rpartition("/")
    for series in ("person", "IM-"):
        name = name.replace(series, f"{series}9{copy:03d}", 1) if copy else name
    return folder + slash + name


def enlarged(table: pd.DataFrame, rows: int, columns: tuple[str, ...]) -> pd.DataFrame:
    """A table repeated up to a number of rows; the films in ``columns`` are others each time."""
    parts = []
    for copy in range(-(-rows // len(table))):
        part = table.copy()
        for column in columns:
            part[column] = [
                ";".join(renamed(file, copy) for file in str(files).split(";") if file)
                for files in table[column].fillna("")
            ]
        parts.append(part)
    return pd.concat(parts, ignore_index=True).head(rows)


def made(folder: Path, rows: int, seed: int = 0) -> Path:
    """Write artifacts of a made dataset: facts, device labels and models' calls of its films."""
    stored, rng = artifacts_dir(), np.random.default_rng(seed)
    factor = rows / len(pd.read_csv(stored / "dataset" / "films.csv", usecols=["file"]))
    facts = enlarged(pd.read_csv(stored / "dataset" / "films.csv"), rows, ("file", "identical_to"))
    for side in ("native_width", "native_height"):
        facts[side] = (facts[side] * rng.uniform(0.9, 1.1, rows)).round()
    write_table(folder / "dataset" / "films.csv", facts)
    computed = enlarged(pd.read_csv(stored / "dataset" / "films224.csv"), rows, ("file",))
    computed["sha256"] = [sha256_bytes(file.encode()) for file in computed["file"]]
    computed["phash"] = [f"{bits:016x}" for bits in rng.integers(0, 2**63, rows)]
    write_table(folder / "dataset" / "films224.csv", computed)
    labels = pd.read_csv(stored / "devices" / "devices.csv")
    write_table(folder / "devices" / "devices.csv", enlarged(labels, rows, ("file",)))
    for name in ("dataset/giveaways.csv", "devices/devices_test.jsonl"):
        write_bytes(folder / name, (stored / name).read_bytes())
    for card in read_cards(stored / "models", ("recipe", "cure")):
        home, source = folder / "models" / card.name, stored / "models" / card.name
        calls = read_predictions(card.name, stored / "models")
        write_table(
            home / "predictions.csv", enlarged(calls, round(len(calls) * factor), ("file",))
        )
        (home / WEIGHTS).symlink_to((source / WEIGHTS).resolve())
        hashes = {**card.files, "predictions.csv": sha256_file(home / "predictions.csv")}
        write_card(replace(card, files=hashes), home)
    return folder


def written(folder: Path, rows: int) -> Path:
    """Write a table in parts as ``index --out`` does, of films that are not here."""
    films = public_set.read()
    with parquet.Writer(
        folder / "films.parquet", counted=("split", "label"), sample=parts.SAMPLED
    ) as large:
        for copy in range(-(-rows // len(films))):
            part = films.head(rows - copy * len(films))
            names = {
                name: [renamed(file, copy) for file in part[name]] for name in ("file", "name")
            }
            large.add(part.assign(**names, path=names["file"]))
    return folder


def spent(server: Server) -> float:
    """Processor time that a server's process has taken so far, in seconds."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle(server: Server, patience: float = 90.0) -> None:
    """Wait until a server does nothing: a page can begin work in the background."""
    end, before = time.monotonic() + patience, spent(server)
    while time.monotonic() < end:
        time.sleep(0.5)
        if (now := spent(server)) - before < 0.02:
            return
        before = now


def rerun(server: Server, visitor: Visitor, page: str, query: str) -> float:
    """Mean processor time of a rerun of a view, after two that count nothing.

    Raises
    ------
    RuntimeError
        The view shows an error, and what fails would look quick.
    """
    for _ in range(2):
        seen = visitor.open(page, query=query)
    if seen.errors:
        raise RuntimeError(f"{page} with {query} shows errors: {seen.errors}")
    idle(server)
    start = spent(server)
    for _ in range(RERUNS):
        visitor.open(page, query=query)
    return (spent(server) - start) / RERUNS


def views(only: list[str], table: str) -> list[tuple[str, dict[str, str]]]:
    """Page and query of every view to measure over a table."""
    every = VIEWS + (OF_MODELS if table == "public" else [])
    offered = [view for view in every if table == "large" or view[1].get("section") != LARGE]
    return [(page, view) for page, view in offered if not only or page in only]


def _environments(small: Path, parts: Path) -> dict[str, dict[str, str]]:
    """Which variables make the pages show the public table, the made one, and the large one."""

    def named(artifacts: Path, data: str = "", large: str = "") -> dict[str, str]:
        places = {"XRAY_ARTIFACTS": str(artifacts), "XRAY_DATA": data}
        return places | {large_tables.VARIABLE: large}

    return {
        "public": named(artifacts_dir(), os.environ.get("XRAY_DATA", "")),
        "made": named(small),
        "large": named(artifacts_dir(), large=str(parts)),
    }


def measured(
    table: str, environment: dict[str, str], only: list[str], repeats: int
) -> Iterator[dict[str, object]]:
    """A row of every view over a table: milliseconds, and how many times the empty page."""
    with ExitStack() as stack:
        home, bare = (Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2))
        (bare / "empty.py").write_text(PAGE)
        app = stack.enter_context(serve(home, environment))
        empty = stack.enter_context(serve(bare, environment, script=bare / "empty.py"))
        visitor = stack.enter_context(Visitor(empty.url))
        for page, view in views(only, table):
            asked = table == "large" and view.get("section") != LARGE
            query = urlencode(view | ({"data": "films"} if asked else {}))
            own, other = float("inf"), float("inf")
            with Visitor(app.url) as reader:
                for _ in range(repeats):
                    other = min(other, rerun(empty, visitor, "", ""))
                    # The first page has no name in its address.
                    name = "" if page == "overview" else page
                    own = min(own, rerun(app, reader, name, query))
            yield {
                **{"table": table, "page": page, "view": ", ".join(view.values())},
                **{"ms": round(1000 * own, 2), "ratio": round(own / other, 2)},
            }


def main() -> None:
    """Measure and print; exit code 1 where a goal is missed."""
    parser = _common.parser(__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="films of the made table")
    parser.add_argument("--large", type=int, default=1_000_000, help="films of the table in parts")
    parser.add_argument("--only", nargs="+", default=[], metavar="PAGE")
    parser.add_argument("--tables", nargs="+", default=list(GOALS), choices=list(GOALS))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--collected", action="store_true", help="garbage is collected as usual")
    options = parser.parse_args()
    os.environ["STREAMLIT_RUNNER_POST_SCRIPT_GC"] = str(options.collected).lower()
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as large:
        small = made(Path(folder), options.rows) if "made" in options.tables else Path(folder)
        parts = written(Path(large), options.large) if "large" in options.tables else Path(large)
        for table, environment in _environments(small, parts).items():
            if table in options.tables:
                rows += measured(table, environment, options.only, options.repeats)
    ratios = {
        table: [float(str(r["ratio"])) for r in rows if r["table"] == table] for table in GOALS
    }
    ratios = {table: found for table, found in ratios.items() if found}
    told = {f"worst page, {table} table": max(found) for table, found in ratios.items()}
    told |= {
        f"median page, {table} table": float(np.median(found)) for table, found in ratios.items()
    }
    _common.report("pages", rows, told, options.json)
    if any(max(found) > GOALS[table] for table, found in ratios.items()):
        sys.exit(1)


if __name__ == "__main__":
    main()
