"""``python -m xray fetch``."""

from __future__ import annotations

import argparse
from pathlib import Path

from xray.commands._bars import bars
from xray.dataset import fetch
from xray.files import write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``fetch``."""
    parser.add_argument(
        "--to", type=Path, default=Path("data/chest_xray"), help="folder (default: %(default)s)"
    )
    parser.add_argument("--archive", type=Path, metavar="FILE", help="a zip that you downloaded")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was done")


def run(options: argparse.Namespace) -> None:
    """Fetch, and say how to go on."""
    with bars() as stage:
        done = fetch.fetch(options.to, options.archive, stage=stage)
    for warning in done.warnings:
        print(f"warning: {warning}")
    if options.json:
        write_json(
            options.json,
            {"folder": str(done.folder), "films": done.films, "warnings": list(done.warnings)},
        )
    print(f"{done.films:,} films are in {done.folder}, counted and checked. Now:")
    print(f"  export XRAY_DATA={done.folder.resolve()}")
    print("  python -m xray index")
