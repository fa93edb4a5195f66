"""``python -m xray add FILE.keras --name N``."""

from __future__ import annotations

import argparse
from pathlib import Path

from xray.commands._bars import bars
from xray.commands._models import add_model_options, model_options
from xray.errors import DatasetError
from xray.files import data_dir


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``add``."""
    parser.add_argument("file", type=Path, help="a .keras or .h5 file")
    parser.add_argument("--name", required=True, help="its name here, such as my-model")
    parser.add_argument("--title", default="", help="its name for people (default: the name)")
    parser.add_argument("--data", type=Path, help="folder of films (default: XRAY_DATA)")
    add_model_options(parser)


def run(options: argparse.Namespace) -> None:
    """Check, copy, write the card, and predict the test films where there are any."""
    from xray.models import adding, evaluation, registry
    from xray.training.recipes import RECIPES

    folder = options.data or data_dir()
    if folder is not None and not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder; give --data the folder of the films.")
    card = adding.add(
        options.file, options.name, options.title, reserved=RECIPES, **model_options(options)
    )
    print(
        f"{card.name}: {card.parameters:,} parameters, films of {card.size[0]} x {card.size[1]} "
        f"pixels, inputs scaled as '{card.scale}', {card.output} output."
    )
    if folder is None:
        print("No films (XRAY_DATA is not set), so no predictions: give --data to 'evaluate'.")
    else:
        rows = evaluation.choose(folder, "test")
        with bars() as stage:
            found, damaged = evaluation.predict(
                registry.load(card.name), folder, rows, stage("predict")
            )
        evaluation.store(card, found)
        print(f"{len(found)} test films predicted, {len(damaged)} left out.")
    print(f"Now: python -m xray audit {card.name}")
