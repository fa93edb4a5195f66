"""Reruns of every section against an empty page with one Plotly chart.

``python -m benchmarks.pages [--rows N] [--only PAGE ...] [--repeats N] [--json FILE]``. By
Streamlit's own AppTest, so that neither sockets nor a browser blur the comparison: the empty page
(a script without navigation or anything else, in a process that loaded nothing else, as it would
be served: Streamlit collects garbage after every run, and what other pages imported would count),
every view of the dashboard as it is (with films where ``XRAY_DATA`` names some), and the same
views over a made table of ``--rows`` films with labels and predictions of as many, and over a table
in parts of ``--large`` films, of which pages read what was drawn when it was written. After a run
that counts nothing, the best of each, in processor time of all threads: a rerun waits for nothing,
and other work on the machine then does not count. To reach: at most 3 times the empty page with
the public set's 5,856 films, at most 5 times with 100,000 and with 1,000,000.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from benchmarks import _common
from benchmarks._visitor import FAILED
from benchmarks.empty_page import EmptyPage
from xray import parquet
from xray.dataset import large_tables, parts, public_set
from xray.environment import ROOT, artifacts_dir
from xray.files import sha256_bytes, sha256_file, write_bytes, write_table
from xray.models.card import WEIGHTS, read_cards, read_predictions, write_card

#: The section that is there only where there is a large table.
LARGE = "Large tables"
GOALS = {"public": 3.0, "made": 5.0, "large": 5.0}

#: Views of the pages of a dataset, as their links ask for them.
VIEWS: list[tuple[str, dict[str, str]]] = [
    ("dataset", {}),
    ("dataset", {"view": "Image sizes"}),
    ("dataset", {"view": "Image sizes", "measure": "Aspect"}),
    ("dataset", {"section": "Shortcuts in the data"}),
    ("dataset", {"section": "Shortcuts in the data", "split": "test"}),
    ("dataset", {"section": "Outliers"}),
    ("dataset", {"section": "Outliers", "kind": "blurred", "blurred_limit": "0.6"}),
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


def opened(page: str, query: dict[str, str]) -> AppTest:
    """A session that has this view open, everything in it computed once."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    app.run().switch_page(f"pages/{page}.py")
    for name, value in query.items():
        app.query_params[name] = value
    for _ in range(2):
        app.run()
    said = [str(element.value) for kind in ("warning", "exception") for element in app.get(kind)]
    if wrong := [words for words in said if FAILED in words or app.exception]:
        # What fails would look quick.
        raise RuntimeError(f"{page} with {query} shows errors: {wrong}")
    ignored = [str(note.value) for note in app.info if "was ignored" in str(note.value)]
    if ignored:
        raise RuntimeError(f"{page} does not know its own view: {ignored}")
    return app


def rerun(app: AppTest, environment: Mapping[str, str]) -> None:
    """One rerun, over the tables that an environment names."""
    os.environ.update(environment)
    app.run()


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


def main() -> None:
    """Measure and print; exit code 1 where a goal is missed."""
    parser = _common.parser(__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="films of the made table")
    parser.add_argument("--large", type=int, default=1_000_000, help="films of the table in parts")
    parser.add_argument("--only", nargs="+", default=[], metavar="PAGE")
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    runs: dict[str, Callable[[], object]] = {}
    labels: dict[str, tuple[str, str, str]] = {}
    first: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as large:
        small, parts = made(Path(folder), options.rows), written(Path(large), options.large)
        for table, environment in _environments(small, parts).items():
            os.environ.update(environment)
            for page, view in views(options.only, table):
                key = f"{table} {page} {view}"
                query = view | (
                    {"data": "films"} if table == "large" and view.get("section") != LARGE else {}
                )
                start = time.perf_counter()
                runs[key] = partial(rerun, opened(page, query), environment)
                first[key] = time.perf_counter() - start
                labels[key] = table, page, ", ".join(view.values())
        with EmptyPage() as empty:
            # In turns with the others, for a machine is not as quick in one minute as in the next.
            turns = {"empty": empty.rerun, **runs}
            seconds = _common.best(turns, options.repeats, time.process_time)
    rows = [
        {
            **{"table": table, "page": page, "view": view, "ms": round(1000 * seconds[key], 2)},
            "first, s": round(first[key], 2),
            "ratio": round(seconds[key] / empty.seconds, 2),
        }
        for key, (table, page, view) in labels.items()
    ]
    worst = {
        table: max(float(str(row["ratio"])) for row in rows if row["table"] == table)
        for table in GOALS
    }
    print(f"an empty page with one chart: {1000 * empty.seconds:.2f} ms")
    ratios = {f"worst page, {table} table": value for table, value in worst.items()}
    _common.report("pages", rows, ratios, options.json)
    if any(worst[table] > goal for table, goal in GOALS.items()):
        sys.exit(1)


if __name__ == "__main__":
    main()
