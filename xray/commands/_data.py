"""The films of a command: their folder, its classes, and what was left out of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from xray import classes
from xray.dataset import listing, scan
from xray.dataset.left_out import HARMLESS


def add_classes(parser: argparse.ArgumentParser) -> None:
    """Add --classes."""
    parser.add_argument(
        "--classes",
        type=classes.parse,
        metavar="NAME=CLASS,...",
        help="class of each folder's name or table's value, such as well=healthy,covid=COVID-19; "
        "the class named last is the positive one, unless it alone is called normal, healthy or "
        "the like; remembered with the folder (default: what is remembered, then XRAY_CLASSES)",
    )


def tell(folder: Path, said: classes.Classes | None) -> scan.Scan:
    """Look at the films of a command, remember class names that were said, say what is left out.

    From here on the command speaks of the folder's classes (``classes.current``).

    Raises
    ------
    DatasetError
        The folder holds no film of any class.
    """
    with ExitStack() as stack:
        if said is not None:
            known = listing.find(folder)
            known = None if known is None else listing.renamed(known, said)
            stack.enter_context(listing.remembering(folder, known, said))
        found = scan.scan(folder)
    classes.use(found.classes)
    say(found.warnings)
    return found


def say(warnings: Iterable[str]) -> None:
    """Print what was left out: a note of what every folder holds, a warning of the rest."""
    for warning in warnings:
        print(worded(warning), file=sys.stderr)


def worded(warning: str) -> str:
    """A sentence about what was left out, with how much it matters."""
    harmless = any(reason in warning for reason in HARMLESS)
    return f"{'note' if harmless else 'warning'}: {warning}"
