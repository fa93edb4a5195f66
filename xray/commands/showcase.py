"""``python -m xray showcase``: what models say of synthetic films with a device drawn in."""

from __future__ import annotations

import argparse

from xray import registry, showcase
from xray.commands._bars import bars
from xray.errors import ModelError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "models", nargs="*", metavar="MODEL", help="registered models (default: all that load)"
    )


def run(options: argparse.Namespace) -> None:
    """Measure and store."""
    names = options.models or [card.name for card in registry.cards() if not card.problem]
    if not names:
        raise ModelError("There is no model to show; train one or restore artifacts/models.")
    with bars() as stage:
        table = showcase.measure(names, stage("models"))
    showcase.store(table)
    effect = (table["drawn"] - table["sham"]).groupby([table["model"], table["device"]]).median()
    for row in effect.rename("net").reset_index().itertuples():
        print(f"{row.model}: {row.device} moves log-odds by {row.net:+.2f} beyond a sham (median)")
