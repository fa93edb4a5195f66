"""``python -m xray showcase``: what the first page shows, made once and kept.

What models say of synthetic films with a rendered device, and the parts of
``xray.reports.overview``.
"""

from __future__ import annotations

import argparse
import sys

from xray.audits import showcase
from xray.audits.stored import stored_audits
from xray.commands._bars import bars
from xray.errors import ModelError
from xray.models.card import read_cards
from xray.reports import overview


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "models", nargs="*", metavar="MODEL", help="registered models (default: all that load)"
    )
    parser.add_argument(
        "--front",
        action="store_true",
        help="ask no model: only keep what the first page shows of the results as they are now",
    )


def run(options: argparse.Namespace) -> None:
    """Measure, store, and keep the parts of the first page."""
    if not options.front:
        measure(options.models)
    cards = overview.told(read_cards())
    for problem in overview.store(cards, stored_audits(cards)):
        print(f"Not kept: {problem}", file=sys.stderr)
    print(f"The first page is kept in {overview.path()}.")


def measure(models: list[str]) -> None:
    """Let models read the synthetic films, and store what they say."""
    names = models or [card.name for card in read_cards() if not card.problem]
    if not names:
        raise ModelError("There is no model to show; train one or restore artifacts/models.")
    with bars() as stage:
        table = showcase.measure(names, stage("models"))
    showcase.store(table)
    for row in table.itertuples():
        print(f"{row.model}: {row.kind} changes {row.changed} of {row.films} calls")
