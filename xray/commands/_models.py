"""Options of commands that take a model file: what the file itself does not say."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from xray.errors import DatasetError, ModelError
from xray.films import interpolate
from xray.models import registry
from xray.models.inputs import ALIASES, COLOURS, SCALES
from xray.models.model import Model
from xray.models.outputs import OUTPUTS

#: Options that are fields of a card by the same name.
_FIELDS = ("scale", "colour", "output", "output_name", "positive_index", "size", "threshold", "fit")
MODEL_HELP = (
    "registered name, or a model file: Keras (.keras, HDF5), ONNX, TensorFlow Lite, or the folder "
    "of a SavedModel"
)


def add_model_options(parser: argparse.ArgumentParser, threshold: bool = True) -> None:
    """Add the options; they matter for a file, registered models have them on their card.

    Parameters
    ----------
    threshold : also ``--threshold``; False for a command that has one of its own.
    """
    group = parser.add_argument_group(
        "for a model file", "a registered model has these on its card"
    )
    group.add_argument(
        "--scale",
        type=_scale,
        choices=list(SCALES),
        metavar="SCALE",
        help="what its inputs are: "
        + "; ".join(f"{key} ({say})" for key, say in SCALES.items())
        + "; caffe is imagenet (default: what the file says, else unit)",
    )
    group.add_argument(
        "--colour", choices=COLOURS, help="order of its channels (default: the scale's usual)"
    )
    group.add_argument(
        "--output", choices=OUTPUTS, help="how its outputs are read (default: its last activation)"
    )
    group.add_argument("--output-name", help="which output, of several")
    group.add_argument(
        "--positive-index",
        type=_indices,
        metavar="I[,J]",
        help="which unit is the positive class, or which ones together; of a single unit 0 says "
        "that it gives the probability of the negative class",
    )
    group.add_argument(
        "--size", type=_size, metavar="N[xM]", help="height and width, where any will do"
    )
    group.add_argument(
        "--resize",
        dest="fit",
        type=_resize,
        choices=list(interpolate.RESIZES),
        metavar="HOW",
        help="how films are brought to its size: "
        + "; ".join(f"{key} ({say})" for key, say in interpolate.RESIZES.items())
        + " (default: squash)",
    )
    if threshold:
        group.add_argument(
            "--threshold", type=float, help="probability that calls it (default: 0.5)"
        )
    else:
        parser.set_defaults(of_model=False)


def model_options(options: argparse.Namespace) -> dict[str, Any]:
    """The options that were given, as ``registry.load`` takes them."""
    # A command's own threshold is none of the model's.
    names = _FIELDS if getattr(options, "of_model", True) else (*_FIELDS[:-2], "fit")
    given = {name: getattr(options, name, None) for name in names}
    return {name: value for name, value in given.items() if value is not None}


def load(name: str, options: argparse.Namespace) -> Model:
    """Load a model by name or path with the options that were given.

    Raises
    ------
    ModelError
        Options for a registered model, which has them on its card; and as ``registry.load``.
    """
    return registry.load(name, **model_options(options))


def _scale(text: str) -> str:
    return ALIASES.get(text, text)


def _resize(text: str) -> str:
    return interpolate.ALIASES.get(text, text)


def _indices(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no number of a unit, nor several with commas between: 1, or 0,2"
        ) from None


def _size(text: str) -> tuple[int, int]:
    try:
        sides = [int(part) for part in text.lower().split("x")]
    except ValueError:
        sides = []
    if len(sides) not in (1, 2) or min(sides) < 8 or max(sides) > 2048:
        raise argparse.ArgumentTypeError(f"'{text}' is no size in pixels, such as 224 or 224x192")
    return sides[0], sides[-1]


def add_force(parser: argparse.ArgumentParser) -> None:
    """Add ``--force``, which goes on where the check of a model says no."""
    parser.add_argument(
        "--force",
        action="store_true",
        help="go on where the model does no better than chance by these options",
    )


def guard(model: Model, folder: Path | None, force: bool, judges: bool = False) -> None:
    """Say where a stranger's model does not do what its options say, and stop unless forced.

    Models that this project trained have their options from their training and are not tried.
    Without films there is nothing to try it on, and on synthetic films nothing is refused.

    Parameters
    ----------
    folder : of labelled films
    force : go on
    judges : the command says itself why a model that is no better than chance is not judged; it
        stops where one that would be judged does better by other options

    Raises
    ------
    ModelError
    """
    from xray.models import at_hand, plausibility

    if model.card.role != "user" or not isinstance(model, Model):
        return
    if folder is None:
        print(
            f"{model.card.name} is not checked: no films (XRAY_DATA is not set).", file=sys.stderr
        )
        return
    try:
        films = at_hand.sample(folder, at_hand.how_many(model))
    except DatasetError as error:
        print(f"{model.card.name} is not checked: {error}", file=sys.stderr)
        return
    found = at_hand.checked(model, films)
    if not found.problem:
        return
    print(f"{model.card.name}, checked on {films.split or 'the'} films:\n{found}", file=sys.stderr)
    # What surely cannot be judged the audit tells itself; of the rest it might think well.
    better = found.real and bool(found.option) and found.given.high > plausibility.LEAST_AUROC
    if not force and (better if judges else found.refused):
        raise ModelError(f"{found.problem} {advice(model, found.option)}")


def advice(model: Model, option: str) -> str:
    """What to do about options that are not it."""
    if not option:
        return "Give --force to go on all the same."
    where = "Add its file again with" if registry.registered(model.card.name) else "Give"
    return f"{where} {option}, or --force to go on all the same."
