"""``python -m xray lungs``: train the network that finds the lungs, and say what it is worth."""

from __future__ import annotations

import argparse
from pathlib import Path

from tqdm import tqdm

from xray.commands import _numbers
from xray.environment import films_dir
from xray.files import write_json
from xray.training.lung_network import train


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--data", type=Path, help="folder of the films (default: XRAY_DATA)")
    parser.add_argument(
        "--masks", type=Path, required=True, help="folder of lung masks, laid out like the films"
    )
    parser.add_argument(
        "--epochs", type=_numbers.whole(1), default=10, help="passes over the train films"
    )
    parser.add_argument("--seed", type=_numbers.seed, default=0)
    parser.add_argument("--json", type=Path, help="also write the card to this file")


def run(options: argparse.Namespace) -> None:
    """Train, measure on the test split, write network and card."""
    data = films_dir(options.data)
    with tqdm(unit="step") as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        card = train(data, options.masks, options.epochs, options.seed, progress)
    test = card["test"]
    print(
        f"Dice on {test['films']} test films: network {test['network']['dice_mean']:.3f}, "
        f"guess without it {test['heuristic']['dice_mean']:.3f}"
    )
    if options.json:
        write_json(options.json, card)
