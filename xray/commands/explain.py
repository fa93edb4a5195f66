"""``python -m xray explain MODEL IMAGE``."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from itertools import chain, count
from pathlib import Path
from typing import Any

from PIL import Image

from xray import classes
from xray.commands import _data, _numbers
from xray.commands._models import MODEL_HELP, add_force, add_model_options, guard, load
from xray.commands._workers import add_worker_options, working
from xray.dataset import scan
from xray.dataset.left_out import Tally
from xray.dataset.walk import walk
from xray.environment import data_dir
from xray.errors import DatasetError, FilmError
from xray.explanations import sanity
from xray.explanations.designs import DESIGNS
from xray.explanations.lime import Settings, explain
from xray.explanations.perturbation import FILLS
from xray.explanations.result import Explanation
from xray.figures.overlay import overlay
from xray.files import replacing, write_json, write_table
from xray.films import decode
from xray.films.decode import Film
from xray.jobs import executor
from xray.models import precision
from xray.models.card import Card
from xray.models.model import Model

_DEFAULT = Settings()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``explain``."""
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    parser.add_argument(
        "image",
        metavar="IMAGE",
        type=Path,
        nargs="+",
        help="film (JPEG, PNG, DICOM, ...), several films, or folders of films",
    )
    parser.add_argument("--out", type=Path, help="write overlay (PNG) and weights (CSV) here")
    parser.add_argument("--json", type=Path, help="write prediction and weights here")
    parser.add_argument("--seed", type=_numbers.seed, default=_DEFAULT.seed)
    parser.add_argument("--superpixels", type=int, default=_DEFAULT.n_superpixels)
    parser.add_argument("--fill", choices=FILLS, default=_DEFAULT.fill, help="of hidden parts")
    parser.add_argument("--design", choices=DESIGNS, default=_DEFAULT.design)
    parser.add_argument(
        "--target",
        choices=("log_odds", "probability"),
        default=_DEFAULT.target,
        help="what the weights add up to (default: log-odds, as probabilities saturate)",
    )
    parser.add_argument(
        "--evaluations",
        type=int,
        default=_DEFAULT.ceiling,
        help="most evaluations of the model; half a design is always made (default: %(default)s)",
    )
    parser.add_argument(
        "--precision", choices=("auto", "float32", "bfloat16"), default=_DEFAULT.precision
    )
    parser.add_argument("--sanity", action="store_true", help="also run the sanity checks")
    add_model_options(parser)
    add_force(parser)
    add_worker_options(parser)


def run(options: argparse.Namespace) -> None:
    """Explain, say what was found, and write what was asked for."""
    if len(options.image) > 1 or options.image[0].is_dir():
        _many(options)
    else:
        _one(options)


def _one(options: argparse.Namespace) -> None:
    """Explain one film."""
    film = decode.read(options.image[0])
    model, settings = _asked(options)
    checks: sanity.Sanity | None = None
    with working(options, model.card.name) as stage:
        result = explain(model, film.pixels, settings, progress=stage("perturbed films"))
        if options.sanity:
            checks = sanity.check(
                model, film.pixels, result, seed=options.seed, progress=stage("sanity checks")
            )
    print(describe(result, model.card, film))
    if checks is not None:
        print(describe_checks(checks))
    if options.out:
        for path in write(result, model.card, film, options.out):
            print(f"  written: {path}")
    if options.json:
        write_json(options.json, record(result, model.card, film, checks))


def _many(options: argparse.Namespace) -> None:
    """Explain many films, a film a piece of work; the JSON file holds a list.

    Films that cannot be read are gone past and named; so is what is no film in a folder.
    """
    if options.sanity:
        raise FilmError("--sanity checks one film's explanation; give one film.")
    tally = Tally()
    paths = [path for each in options.image for path in _within(each, tally)]
    _data.say(tally.sentences())
    if not paths:
        raise FilmError(f"{options.image[0]} holds no films; give films or folders of films.")
    model, settings = _asked(options)
    if settings.precision == "auto":
        # Decided here, so that every worker calculates alike.
        settings = replace(settings, precision=precision.probe(model).choice)
    out = options.out.resolve() if options.out else None
    with working(options, f"{model.card.name}, {len(paths)} films") as stage:
        parts = executor.over(
            explain_some,
            _named(paths),
            progress=stage("films"),
            model=model,
            settings=settings,
            out=out,
        )
        entries = [entry for part in parts for entry in part]
    damaged = [entry for entry in entries if "error" in entry]
    if len(damaged) == len(entries):
        raise FilmError(f"None of the {len(entries):,} films can be read: {damaged[0]['error']}")
    for entry in entries:
        if "error" not in entry:
            stable = "stable" if entry["stable"] else "not stable enough to read"
            print(
                f"{entry['name']}: probability of {entry['positive']} {entry['probability']:.3f}, "
                f"{stable}"
            )
    for entry in damaged:
        print(f"damaged: {entry['name']}: {entry['error']}")
    if damaged:
        print(f"{len(damaged):,} of {len(entries):,} films cannot be read and are left out.")
    print("Not for clinical use.")
    if options.json:
        write_json(options.json, entries)


def explain_some(
    batch: Sequence[tuple[Path, str]], model: Model, settings: Settings, out: Path | None
) -> list[dict[str, Any]]:
    """Explain some films, each with the name of its output, and write what was asked for.

    Returns
    -------
    Records of the films; of one that cannot be read its name and the error
    """
    entries = []
    for path, name in batch:
        try:
            film = decode.read(path)
            result = explain(model, film.pixels, settings)
        except FilmError as error:
            entries.append({"film": path.name, "name": name, "error": str(error)})
            continue
        if out is not None:
            write(result, model.card, film, out, name)
        entries.append(record(result, model.card, film) | {"name": name})
    return entries


def _within(path: Path, tally: Tally) -> list[tuple[Path, str]]:
    """A film, or the films of a folder, by the rules of ``scan``; with what to call it.

    A folder inside a data set holds those of its films that the data set uses. One whose folders
    name no class is explained whole, which is said.
    """
    if not path.is_dir():
        return [(path.resolve(), path.name)]
    path = path.resolve()
    home = next((each for each in (path, *path.parents) if classes.remembered(each)), path)
    with suppress(DatasetError):
        found = scan.scan(home)
        under = [(home / film.path, film.path) for film in found.films]
        if films := [each for each in under if each[0].is_relative_to(path)]:
            for sentence in found.warnings:
                tally.note(sentence)
            return films
    tally.note(f"No folder or table says the class of the films of {path.name}: all are explained.")
    return [
        (path.resolve() / inner, inner)
        for inner, _ in sorted(walk(path, tally), key=lambda item: item[0])
    ]


def _named(films: Sequence[tuple[Path, str]]) -> list[tuple[Path, str]]:
    """Give every film an output name of its own: its name, with its folders where it repeats."""
    stems = Counter(Path(inner).stem for _, inner in films)
    taken: set[str] = set()
    named = []
    for path, inner in films:
        stem = Path(inner).stem
        name = stem if stems[stem] == 1 else inner.replace("/", "-")
        numbered = (f"{name}-{number}" for number in count(2))
        name = next(each for each in chain([name], numbered) if each not in taken)
        taken.add(name)
        named.append((path, name))
    return named


def _asked(options: argparse.Namespace) -> tuple[Model, Settings]:
    """Model and settings that the options ask for."""
    settings = Settings(
        seed=options.seed,
        n_superpixels=options.superpixels,
        fill=options.fill,
        design=options.design,
        target=options.target,
        ceiling=options.evaluations,
        precision=options.precision,
    )
    model = load(options.model, options)
    card = model.card
    # The classes are the model's, where nobody names those of the films in another way.
    said = classes.around(options.image[0]) or classes.configured()
    classes.use(said or classes.Classes(card.negative, card.positive))
    guard(model, data_dir(), options.force)
    return model, settings


def describe(result: Explanation, card: Card, film: Film) -> str:
    """Prediction, leading superpixels and trust, as a few lines for people."""
    name = classes.positive()
    call = name if result.probability >= card.threshold else f"not {name}"
    unit = "log-odds" if result.params["target"] == "log_odds" else "probability"
    lines = [
        f"{card.title or card.name} calls {film.name} {call}: probability of {name} "
        f"{result.probability:.3f} (threshold {card.threshold:.3f}), "
        f"log-odds {result.log_odds:+.2f}."
    ]
    if result.stable:
        lines.append(
            f"  {result.n_evaluations} evaluations; the weights account for {result.r2:.0%} of "
            f"the changes; a repeat would share about {result.agreement:.0%} of the five leading."
        )
    else:
        lines.append(f"  This explanation is not stable enough to read. {result.why_unstable}")
    for row in result.table().head(5).to_dict("records"):
        toward = f"toward {name}" if row["weight"] > 0 else f"away from {name}"
        lines.append(
            f"  superpixel {row['superpixel']:>2} ({_place(row['row'], row['column'])}): "
            f"{row['weight']:+.3f} {unit} ({row['low']:+.3f} to {row['high']:+.3f}), {toward}"
        )
    lines.append("  Not for clinical use.")
    return "\n".join(lines)


def describe_checks(checks: sanity.Sanity) -> str:
    """Both sanity checks as lines for people."""
    lines = []
    random, curve = checks.randomisation, checks.deletion
    if random is not None:
        verdict = "differs, as it must" if random.passed else "is much the same: do not believe it"
        lines.append(
            f"  with shuffled weights the explanation {verdict} "
            f"(rank correlation {random.correlation:+.2f})"
        )
    verdict = "faster than" if curve.passed else "no faster than"
    lines.append(
        f"  hiding superpixels by weight moves the prediction {verdict} in random order "
        f"(score {curve.score:+.2f}, {curve.low:+.2f} to {curve.high:+.2f})"
    )
    return "\n".join(lines)


def write(result: Explanation, card: Card, film: Film, folder: Path, name: str = "") -> list[Path]:
    """Write overlay and weights into a folder; returns their paths.

    Parameters
    ----------
    name : begins their names; the film's when empty
    """
    stem = f"{name or Path(film.name).stem}-{card.name}"
    picture, weights = folder / f"{stem}-overlay.png", folder / f"{stem}-weights.csv"
    with replacing(picture) as beside:
        Image.fromarray(overlay(result, film.pixels)).save(beside)
    write_table(weights, result.table())
    return [picture, weights]


def record(
    result: Explanation, card: Card, film: Film, checks: sanity.Sanity | None = None
) -> dict[str, Any]:
    """An explanation as JSON-like data."""
    entry: dict[str, Any] = {
        "model": card.name,
        "model_hash": card.sha256,
        "film": film.name,
        "film_hash": film.sha256,
        "positive": classes.positive(),
        "probability": result.probability,
        "log_odds": result.log_odds,
        "threshold": card.threshold,
        "target": result.params["target"],
        "intercept": result.intercept,
        "r2": result.r2,
        "n_evaluations": result.n_evaluations,
        "agreement": result.agreement,
        "stable": result.stable,
        "why_unstable": result.why_unstable,
        "weights": result.table().to_dict("records"),
        "params": result.params,
    }
    if checks is not None:
        curve, random = checks.deletion, checks.randomisation
        entry["deletion"] = {"score": curve.score, "low": curve.low, "high": curve.high}
        entry["randomisation"] = None if random is None else asdict(random)
    return entry


def _place(row: float, column: float) -> str:
    """Where on the film, in words; left and right as one looks at it."""
    vertical = ("upper", "middle", "lower")[min(2, int(3 * row))]
    horizontal = ("left", "centre", "right")[min(2, int(3 * column))]
    return f"{vertical} {horizontal}"
