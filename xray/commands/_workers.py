"""Options of commands whose work can be done elsewhere, and the run that they make of it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from xray.commands._bars import Bars, bars
from xray.commands._numbers import whole
from xray.errors import XrayError
from xray.jobs import batches, executor

#: Options that do not change what a command computes, and so do not make another run of it.
_ELSEWHERE = {"workers", "scheduler", "run_folder", "json", "out", "run", "verb"}


def add_worker_options(parser: argparse.ArgumentParser) -> None:
    """Add --workers, --scheduler and --run."""
    group = parser.add_argument_group("where the work is done (default: in this process)")
    place = group.add_mutually_exclusive_group()
    place.add_argument(
        "--workers",
        type=whole(1),
        metavar="N",
        help="on N processes of this machine (needs Dask); leave it out to work in this one",
    )
    place.add_argument(
        "--scheduler", metavar="ADDRESS", help="on a Dask cluster, such as tcp://10.0.0.5:8786"
    )
    group.add_argument(
        "--run",
        type=Path,
        dest="run_folder",
        metavar="FOLDER",
        help="keep finished batches here and take them up again (default with --workers or "
        "--scheduler: a folder of the cache, the same for the same command)",
    )


@contextmanager
def working(options: argparse.Namespace, about: str = "") -> Iterator[Bars]:
    """Bars for a command's work, which is done where its options say.

    Raises
    ------
    XrayError
        The options cannot be met.
    """
    elsewhere = options.workers is not None or options.scheduler is not None
    identity = {key: str(value) for key, value in vars(options).items() if key not in _ELSEWHERE}
    identity |= {name: os.environ.get(name, "") for name in ("XRAY_DATA", "XRAY_ARTIFACTS")}
    folder = options.run_folder or batches.folder_of(options.verb, identity)
    where = options.scheduler or (f"{options.workers} workers here" if elsewhere else "")
    status = batches.Status(options.verb, about, where or "this process")
    run = batches.Run(status, folder, keeps=elsewhere or options.run_folder is not None)
    run.write()
    with ExitStack() as stack:
        place = None
        stack.enter_context(_said(run))
        if elsewhere:
            from xray.jobs import cluster

            place = stack.enter_context(cluster.connected(run, options.workers, options.scheduler))
        stack.enter_context(executor.working(run, place))
        yield stack.enter_context(bars())
    if run.status.resumed:
        print(
            f"{run.status.resumed:,} of {run.status.batches:,} batches were finished before.",
            file=sys.stderr,
        )


@contextmanager
def _said(run: batches.Run) -> Iterator[None]:
    """What went wrong on the way, once the bars are closed."""
    last = ""
    try:
        yield
    except XrayError as error:
        last = str(error)
        # Nothing answered, or what a batch raised: the status must not say "running".
        if run.status.state == "running":
            run.finish("failed", last)
        raise
    finally:
        # The last one ends the command, which says it itself.
        for sentence in run.status.failures:
            if sentence != last:
                print(f"note: {sentence}", file=sys.stderr)
