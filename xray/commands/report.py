"""``python -m xray report``."""

from __future__ import annotations

import argparse
from pathlib import Path

from xray import classes
from xray.files import write_text
from xray.models.card import read_cards


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``report``."""
    parser.add_argument(
        "--out", type=Path, default=Path("xray-report.html"), help="default: xray-report.html"
    )


def run(options: argparse.Namespace) -> None:
    """Write the report on what is stored."""
    from xray.reports import report

    # The report is of stored models: of their classes, where these agree.
    known = {card.labels for card in read_cards() if not card.problem}
    if len(known) == 1:
        classes.use(classes.Classes(*known.pop()))
    else:
        classes.use(classes.of_server())
    write_text(options.out, report.build())
    print(f"{options.out}: opens in any browser, also offline; print it from there.")
