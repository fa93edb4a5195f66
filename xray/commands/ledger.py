"""``python -m xray ledger``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from xray import ledger
from xray.files import write_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``ledger``."""
    parser.add_argument(
        "--rebuild", action="store_true", help="make it again from the folders of models and runs"
    )
    parser.add_argument("--out", type=Path, help="write the table here too (CSV or Parquet)")


def run(options: argparse.Namespace) -> None:
    """Show a line a run, and the command that repeats it."""
    problems: list[str] = []
    if options.rebuild:
        table, problems = ledger.rebuild()
    else:
        table = ledger.read()
    for row in table.to_dict("records"):
        print(
            f"{row['name']}: AUROC {row['val_auroc']:.3f} on validation, "
            f"{row['test_auroc']:.3f} on test; accuracy {row['val_accuracy']:.3f}, "
            f"{row['test_accuracy']:.3f}; {row['command']}"
        )
    for sentence in problems:
        print(sentence, file=sys.stderr)
    if options.out:
        write_table(options.out, table)
    print(f"{len(table)} runs in artifacts/ledger.csv.")
