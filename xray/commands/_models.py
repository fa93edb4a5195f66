"""Options of commands that take a model file: what the file itself does not say."""

from __future__ import annotations

import argparse
from typing import Any

from xray.films.decode import FITS
from xray.models.registry import OUTPUTS, SCALES


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add the options; they matter for a file, registered models have them on their card."""
    group = parser.add_argument_group("for a model file")
    group.add_argument("--scale", choices=SCALES, help="what its inputs are (default: unit)")
    group.add_argument("--output", choices=OUTPUTS, help="default: sigmoid, or softmax by its size")
    group.add_argument("--positive-index", type=int, help="which output is the positive class")
    group.add_argument("--threshold", type=float, help="probability that calls it (default: 0.5)")
    group.add_argument("--fit", choices=FITS, help="default: squash")


def model_options(options: argparse.Namespace) -> dict[str, Any]:
    """The options that were given, as ``registry.load`` takes them."""
    names = ("scale", "output", "positive_index", "threshold", "fit")
    given = {name: getattr(options, name) for name in names}
    return {name: value for name, value in given.items() if value is not None}
