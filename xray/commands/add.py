"""``python -m xray add FILE --name N``."""

from __future__ import annotations

import argparse
import shlex
import sys
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xray.commands import _data
from xray.commands._bars import bars
from xray.commands._models import MODEL_HELP, add_force, add_model_options, advice, model_options
from xray.dataset.left_out import beside
from xray.environment import data_dir, data_dirs
from xray.errors import DatasetError, ModelError
from xray.text import count

if TYPE_CHECKING:
    from xray.dataset.scan import Scan
    from xray.models.at_hand import Sample
    from xray.models.card import Card
    from xray.models.model import Model

#: What the card of a model says that no real film was shown to.
UNCHECKED = "Its options are not checked on real films; add it again with --data FOLDER."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``add``."""
    parser.add_argument("file", type=Path, help=MODEL_HELP.removeprefix("registered name, or "))
    parser.add_argument("--name", required=True, help="its name here, such as my-model")
    parser.add_argument("--title", default="", help="its name for people (default: the name)")
    parser.add_argument("--data", type=Path, help="folder of films (default: XRAY_DATA)")
    parser.add_argument(
        "--trained-on", default="", metavar="WHAT", help="what it learnt from, for its card"
    )
    add_model_options(parser, threshold=False)
    parser.set_defaults(of_model=True)
    parser.add_argument(
        "--threshold",
        type=_threshold,
        metavar="T|auto",
        help="probability that calls it (default: 0.5); auto chooses it on films that are not "
        "reported on",
    )
    add_force(parser)


def _threshold(text: str) -> float | str:
    try:
        return text if text == "auto" else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no probability, nor auto") from None


def _tell(card: Card) -> None:
    """Print what the file holds and how it is read."""
    print(
        f"{card.name}: {card.format}, {card.parameters:,} parameters, films of "
        f"{card.size[0]} x {card.size[1]} pixels, inputs scaled as '{card.scale}'"
        f"{f' (it has {card.inside} inside)' if card.inside else ''}, {card.output} output."
    )


def run(options: argparse.Namespace) -> None:
    """Look, predict, and only then copy and write the card."""
    from xray.models import adding
    from xray.models.card import GIVEN, NOBODY, models_dir
    from xray.training.recipes import RECIPES

    folder = options.data or data_dir()
    if folder is not None and not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder; give --data the folder of the films.")
    given = model_options(options)
    auto = given.get("threshold") == "auto"
    if auto:
        del given["threshold"]
    adding.check(options.name, models_dir(), given.get("threshold"), RECIPES)
    listed = _data.tell(folder, None) if folder else None
    given |= _asked_resize(given, folder)
    model = _loaded(options, given)
    card = model.card
    _tell(card)
    films = _at_hand(folder, model)
    warning = _look(model, films, options.force)
    threshold_from = GIVEN if "threshold" in given else NOBODY
    if auto:
        given["threshold"], threshold_from = _fitted(model, films)
        model = _loaded(options, given)
        card = model.card
        print(f"Threshold {card.threshold:.4f}, {threshold_from}.")
    found, left = _predicted(model, folder, listed, films) if folder and listed else (None, "")
    card = adding.add(
        options.file,
        options.name,
        options.title,
        reserved=RECIPES,
        model=model,
        predictions=found,
        threshold_from=threshold_from,
        trained_on=options.trained_on,
        warning=warning,
        left_out=left,
        **given,
    )
    if found is None:
        print("No films (XRAY_DATA is not set), so no predictions: give --data to 'evaluate'.")
    # What XRAY_DATA says the next command knows too.
    named = None if options.data in data_dirs()[:1] else options.data
    data = f" --data {shlex.quote(str(named))}" if named else "" if folder else " --data FOLDER"
    print(f"Now: python -m xray audit {card.name}{data}")


def _loaded(options: argparse.Namespace, given: dict[str, Any]) -> Model:
    """The model of the file, called as it is to be called here."""
    from xray.models import registry

    model = copy(registry.load(str(options.file), **given))
    model.card = replace(model.card, name=options.name)
    return model


def _predicted(model: Model, folder: Path, listed: Scan, films: Sample) -> tuple[Any, str]:
    """Predictions of the films that are judged, and what stands beside figures of them."""
    from xray.models import evaluation

    rows = evaluation.choose(folder, "test", found=listed)
    # What options and thresholds were looked at on is not reported on.
    tried = rows["file"].isin(films.files)
    rows = rows[~tried].reset_index(drop=True)
    with bars() as stage:
        found, damaged = evaluation.predict(model, folder, rows, stage("predict"))
    left = beside(listed, len(damaged), int(tried.sum()))
    which = "test film" if rows["split"].eq("test").any() else "film"
    said = f"{count(len(found), which)} predicted, {len(damaged)} cannot be read."
    print(f"{said} {left}".rstrip())
    return found, left


def _at_hand(folder: Path | None, model: Model) -> Sample:
    """Films to try the options on; synthetic ones where the folder has not both classes."""
    from xray.models import at_hand

    if folder is None:
        return at_hand.synthetic()
    try:
        return at_hand.sample(folder, at_hand.how_many(model))
    except DatasetError as error:
        print(f"warning: {error} Synthetic films are tried.", file=sys.stderr)
        return at_hand.synthetic()


def _asked_resize(given: dict[str, Any], folder: Path | None) -> dict[str, Any]:
    """How films are resized, asked for where somebody can answer."""
    from xray.films.interpolate import ALIASES, RESIZES

    if "fit" in given or folder is None or not (sys.stdin and sys.stdin.isatty()):
        return {}
    print("How did its training bring films to its size? It is a part of the model.")
    for key, said in RESIZES.items():
        print(f"  {key:<15} {said}")
    answer = input("--resize [squash]: ").strip()
    answer = ALIASES.get(answer, answer) or "squash"
    if answer not in RESIZES:
        raise ModelError(f"'{answer}' is none of them; give --resize one of: {', '.join(RESIZES)}.")
    return {"fit": answer}


def _look(model: Model, films: Sample, force: bool) -> str:
    """Show what the plausible options give, and stop where the given ones are not it.

    Returns
    -------
    str
        What real films say against the options, for the card.

    Raises
    ------
    ModelError
    """
    from xray.films.interpolate import RESIZES
    from xray.models import at_hand, plausibility

    found = at_hand.checked(model, films)
    print(f"What its options give on {films.split or 'the'} films:\n{found}")
    if found.refused and not force:
        raise ModelError(
            f"{model.card.name} is not shown to do better than chance by these options. "
            f"{advice(model, found.option)}"
        )
    if found.problem and films.real:
        print(f"warning: {found.problem} Add it with {found.option or '--force'}.", file=sys.stderr)
    if not films.real:
        print("  not checked on real films")
        return UNCHECKED
    changed = plausibility.resizes(model, films.ways(model.card.size, tuple(RESIZES)))
    moved = changed[changed["changed"] > 0].head(4)
    if len(moved):
        list_ = ", ".join(
            f"{row['resize']} {row['changed'] * 100:.0f}" for row in moved.to_dict("records")
        )
        print(
            f"  Resized as '{model.card.fit}'; calls of 100 that other ways change: {list_}. "
            "Films cannot tell which way it learnt: say it with --resize."
        )
    return found.problem


def _fitted(model: Model, films: Sample) -> tuple[float, str]:
    """A threshold chosen on films, as a probability, and where it comes from."""
    from xray.metrics import odds, scores

    card = model.card
    log_odds = model.log_odds_prepared(films.at(card.size, card.fit))
    limit = float(odds.to_probability(scores.choose_threshold(films.sick, log_odds)))
    where = f"{films.split} films" if films.split else "films"
    kind = "" if films.real else "synthetic "
    return limit, f"chosen on {len(films.files)} {kind}{where} that are not reported on"
