"""``python -m xray train RECIPE``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

from xray.commands import _data, _numbers
from xray.commands._bars import bars
from xray.dataset import scan
from xray.environment import films_dir
from xray.errors import ModelError
from xray.films.resize import FITS
from xray.models.card import models_dir, read_predictions
from xray.training import diagnosis, overrides, recipes

#: What to do about a sign (``xray.training.diagnosis``), where training again may cure it.
ADVICE = {
    "degenerate": "Train again with another --seed (rectified units can die in the first steps), "
    "and with balanced class weights if it had none.",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``train``."""
    parser.add_argument("recipe", help=", ".join(recipes.RECIPES))
    parser.add_argument("--data", type=Path, help="folder of films (default: XRAY_DATA)")
    _data.add_classes(parser)
    parser.add_argument("--name", help="name of the model (default: the recipe's)")
    parser.add_argument("--out", type=Path, help="folder of models (default: artifacts/models)")
    parser.add_argument("--seed", type=_numbers.seed, default=0, help="default 0")
    parser.add_argument("--backbone-weights", type=Path, help="file of VGG19 weights without top")
    parser.add_argument("--exclude", type=Path, help="CSV of films (column file) to leave out")
    parser.add_argument("--split", help="split to train by (default: the recipe's)")
    parser.add_argument("--size", type=int, help="input height and width in pixels")
    parser.add_argument("--fraction", type=float, help="use this fraction of the training films")
    parser.add_argument("--class-weight", help="balanced, none, or NEGATIVE:POSITIVE as in 2:1")
    parser.add_argument("--fit", choices=FITS, help="how films are resized")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="change any setting of the recipe, as in epochs=10, augmentation=moderate or "
        "options.rgb=true; may be given often",
    )


def run(options: argparse.Namespace) -> None:
    """Train and say what came of it."""
    from xray.training import train

    names = ("split", "size", "fraction", "class_weight", "fit")
    changes = {name: getattr(options, name) for name in names} | overrides.parse(options.set)
    given = {key: value for key, value in changes.items() if value is not None}
    recipe = overrides.change(recipes.get(options.recipe), given)
    data = films_dir(options.data)
    if options.backbone_weights and not options.backbone_weights.is_file():
        raise ModelError(f"There is no file {options.backbone_weights}; check --backbone-weights.")
    films = _data.tell(data, options.classes)
    exclude = _exclusions(options.exclude, films) if options.exclude else frozenset()
    job = train.Job(
        recipe,
        data,
        options.name or recipe.name,
        options.out or models_dir(),
        options.seed,
        options.backbone_weights,
        exclude,
    )
    with bars() as stage:
        card = train.train(job, stage)
    print(f"{card.name}: {card.parameters:,} parameters, {card.wall_time_s} s.")
    print(f"Threshold {card.threshold:.4f}, chosen on validation. {card.part()}".rstrip())
    for sign in diagnosis.signs(card, read_predictions(card.name, job.out)):
        print(f"{sign.kind}: {sign.sentence}")
        if sign.kind in ADVICE:
            print(f"  {ADVICE[sign.kind]}")
    print(f"Now: python -m xray evaluate {card.name}")


def _exclusions(path: Path, found: scan.Scan) -> frozenset[str]:
    """Films that a cleaning list names; those that there are not are told before hours of work."""
    from xray.dataset import cleaning

    listed = cleaning.read_exclusions(path)
    films = pd.DataFrame({"file": [film.file for film in found.films]})
    if warning := cleaning.unknown_films(listed, films):
        print(f"warning: {warning}", file=sys.stderr)
    return listed
