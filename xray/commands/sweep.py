"""``python -m xray sweep FILE``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

from xray.commands._workers import add_worker_options, working
from xray.environment import artifacts_dir, films_dir
from xray.files import write_json
from xray.training import ledger, sweeps


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``sweep``."""
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="TOML or JSON; see the sweeps folder"
    )
    parser.add_argument("--data", type=Path, help="folder of films (default: XRAY_DATA)")
    parser.add_argument("--json", type=Path, help="write the rows of the ledger here")
    add_worker_options(parser)


def run(options: argparse.Namespace) -> None:
    """Run what is missing; each run is kept as soon as it is finished."""
    sweep = sweeps.read(options.file)
    data = films_dir(options.data)
    print(f"{sweep.name}: {len(sweep.runs)} runs. {sweep.about}")
    with working(options, sweep.name) as stage:

        def progress(done: int, total: int, last: sweeps.Outcome) -> None:
            stage.close()
            print(f"[{done}/{total}] {sweeps.shown(last)}", file=sys.stderr, flush=True)

        done = sweeps.run(sweep, data, stage, progress)
    if options.json:
        # JSON knows no "not a number".
        rows = [
            {key: None if pd.isna(value) else value for key, value in each.row.items()}
            for each in done
        ]
        write_json(options.json, rows)
    where = artifacts_dir() / ledger.FILE
    print(f"{len(done)} of {len(sweep.runs)} runs are in the ledger, {where}.")
