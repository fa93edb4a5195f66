"""``python -m xray ledger``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

from xray.commands._bars import bars
from xray.commands._tables import table_file
from xray.environment import artifacts_dir, films_dir
from xray.errors import ArtifactError
from xray.files import write_table
from xray.training import ablations, ledger


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``ledger``."""
    parser.add_argument(
        "--rebuild", action="store_true", help="make it again from the folders of models and runs"
    )
    parser.add_argument(
        "--repeat",
        metavar="RUN",
        help="train this run (its name) again and fail unless it ends where another seed may",
    )
    parser.add_argument("--data", type=Path, help="folder of films for --repeat (or XRAY_DATA)")
    parser.add_argument("--backbone-weights", type=Path, help="file of VGG19 weights without top")
    parser.add_argument("--out", type=table_file, help="write the table here too (CSV or Parquet)")


def run(options: argparse.Namespace) -> None:
    """Show a line a run, and the command that repeats it."""
    if options.repeat:
        _repeat(ledger.read(), options)
        return
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
    print(f"{len(table)} runs in {artifacts_dir() / ledger.FILE}.")


def _repeat(table: pd.DataFrame, options: argparse.Namespace) -> None:
    """Train a run again and say where it ended."""
    from xray.training import replication

    replication.expected(table, options.repeat)  # A wrong name is told before hours of work.
    data = films_dir(options.data)
    with bars() as stage:
        found = replication.repeat(table, options.repeat, data, stage, options.backbone_weights)
    for row in found.to_dict("records"):
        span = f"{row['low']:.3f} to {row['high']:.3f} by {row['n']} seeds"
        print(
            f"{ablations.METRICS[row['metric']]}: {row['stored']:.4f} then, {row['again']:.4f} now "
            f"({span if row['n'] > 1 else 'no other seed was run'})"
        )
    if not found["inside"].all():
        lost = ", ".join(ablations.METRICS[each] for each in found.loc[~found["inside"], "metric"])
        raise ArtifactError(
            f"{options.repeat} ended elsewhere in {lost}; see whether films, versions or code "
            "changed since."
        )
