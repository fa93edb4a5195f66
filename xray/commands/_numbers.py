"""Whole numbers on the command line: seeds and counts, refused where they can be none."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """Give what reads a whole number of at least ``least`` and at most ``most`` for argparse."""
    wanted = f"of at least {least}" if most is None else f"from {least} to {most}"

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"'{text}' cannot be it; give a whole number {wanted}")
        return value

    return read


#: A seed that numpy, Keras and scikit-learn all take.
seed = whole(0, 2**32 - 1)
