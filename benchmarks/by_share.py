"""Devices laid on as shares of the rays that they let through: how the audit may lay them one day.

A film is darkest where all rays come through, so that 1 - grey is the share that does. Of things
that lie behind each other each lets through a share of what the others leave (the law of Beer and
Lambert): so logarithms of shares add up, and greys do not. ``xray.drawing.layers`` adds greys, but
for the brightest fifth. ``tone_curve`` measures which is nearer to real devices.

    python -m benchmarks.by_share audit basic --data FILMS --json FILE

runs a command of ``xray`` so. An audit is stored where ``XRAY_ARTIFACTS`` says: give a copy.
"""

from __future__ import annotations

import sys

import numpy as np

from xray.commands.main import main
from xray.drawing import layers, laying
from xray.films.pixels import Pixels


def attenuation(grey: Pixels) -> Pixels:
    """-log of the share of the rays that comes through."""
    return -np.log1p(-np.minimum(grey, layers.WHITEST)).astype(np.float32)


def developed(attenuated: Pixels) -> Pixels:
    """Grey in [0, 1] of attenuations; undoes ``attenuation``."""
    return np.clip(-np.expm1(-attenuated), 0, 1).astype(np.float32)


def use() -> None:
    """Cut and lay devices so from now on, in this process."""
    for module in (layers, laying):
        module.exposure = attenuation  # type: ignore[attr-defined]
        module.developed = developed  # type: ignore[attr-defined]


if __name__ == "__main__":
    use()
    sys.exit(main())
