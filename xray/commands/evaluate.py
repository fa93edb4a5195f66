"""``python -m xray evaluate [MODEL ...]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from xray import classes
from xray.classes import fold
from xray.commands import _data
from xray.commands._bars import Bars
from xray.commands._models import MODEL_HELP, add_force, add_model_options, guard, load
from xray.commands._tables import by_model
from xray.commands._workers import add_worker_options, working
from xray.dataset import scan
from xray.dataset.left_out import beside
from xray.environment import data_dir
from xray.errors import ArtifactError, DatasetError, ModelError
from xray.files import write_json
from xray.metrics import odds, scores
from xray.models import evaluation, stress
from xray.models.card import Card, classes_of, models_dir, read_card, read_cards, read_predictions
from xray.models.model import Model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``evaluate``."""
    parser.add_argument(
        "models",
        nargs="*",
        metavar="MODEL",
        help=MODEL_HELP + " (default: all but the controls)",
    )
    parser.add_argument("--data", type=Path, help="folder of films (default: XRAY_DATA)")
    _data.add_classes(parser)
    parser.add_argument("--split", choices=("test", "val"), default="test", help="default test")
    parser.add_argument(
        "--positive",
        default="",
        metavar="CLASS",
        help="class that recall, precision and so on speak of (default: the positive one)",
    )
    parser.add_argument("--threshold", type=float, help="probability (default: the card's)")
    parser.add_argument("--json", type=Path, help="write the metrics here")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="write the predictions of all models here, as partitioned Parquet",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="fail unless stored predictions and metrics are reproduced",
    )
    parser.add_argument(
        "--store", action="store_true", help="keep predictions and metrics with the model"
    )
    parser.add_argument(
        "--stress",
        action="store_true",
        help="also predict the validation films framed, exposed and sharpened otherwise, and "
        "keep what comes of it with the model",
    )
    add_model_options(parser, threshold=False)
    add_force(parser)
    add_worker_options(parser)


def run(options: argparse.Namespace) -> None:
    """Evaluate, print, export, and check."""
    folder = options.data or data_dir()
    if folder is not None and not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder; give --data the folder of the films.")
    if folder is None and options.classes:
        raise DatasetError("--classes names the classes of films; give --data FOLDER.")
    if options.threshold is not None and not 0 < options.threshold < 1:
        raise ModelError("--threshold is a probability between 0 and 1; 0.5 is a common one.")
    # Controls are judged by what they do with devices, not by how well they call films.
    usable = [card for card in read_cards() if not card.problem and card.role != "control"]
    names = options.models or [card.name for card in usable]
    if not names:
        raise ModelError("There is no model yet; train one with 'python -m xray train basic'.")
    if options.stress and folder is None:
        raise DatasetError("--stress needs the films; give --data FOLDER or set XRAY_DATA.")
    entries: list[dict[str, Any]] = []
    broken: list[str] = []
    if folder is None:
        print("No films (XRAY_DATA is not set): scoring the stored predictions.")
    films = None if folder is None else _data.tell(folder, options.classes)
    about = ", ".join(names)
    with by_model(options.out, ("split", "label")) as keep, working(options, about) as stage:
        for name in names:
            try:
                found, predictions = _one(name, folder, films, options, stage)
                entries += found
                keep(name, predictions)
            except (ModelError, ArtifactError) as error:
                if len(names) == 1:
                    raise
                # One bad model must not cost the others their figures.
                print(f"\n{name}: {error}", file=sys.stderr)
                broken.append(name)
    if options.json:
        write_json(options.json, entries)
    if broken:
        raise ModelError(f"{', '.join(broken)} failed; the reason is above. The rest is done.")


def _one(
    name: str,
    folder: Path | None,
    films: scan.Scan | None,
    options: argparse.Namespace,
    stage: Bars,
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """Evaluate one model; returns its entries for --json, and its predictions."""
    card, stored = _stored(name, repair=options.store)
    notes, left = list[str](), ""
    agreement: evaluation.Agreement | None
    if folder is None:
        if stored is None:
            raise ArtifactError(
                f"{name} has no stored predictions and there are no films; give --data FOLDER."
            )
        assert card is not None
        if options.store:
            evaluation.store_metrics(models_dir() / name, card, stored)
            notes.append("metrics stored")
        used = stored[stored["split"] == options.split]
        left = card.left_out.get(options.split, "")
        agreement = evaluation.Agreement(0, 0.0, 0, evaluation.reproduced(card, stored))
    else:
        model = load(name, options)
        card = model.card
        guard(model, folder, options.force)
        rows = evaluation.choose(folder, options.split, stored, films)
        used, damaged = evaluation.predict(model, folder, rows, stage(f"films for {card.name}"))
        stage.close()
        notes += [
            f"{len(damaged):,} of {len(rows):,} films cannot be read and are left out; the first: "
            f"{first}"
            for first in damaged[:1]
        ]
        left = _left_out(card, folder, films, options.split, rows, len(damaged))
        agreement = None if stored is None else evaluation.compare(card, stored, used)
        if options.store:
            _may_store(card, stored, used, options)
            card = evaluation.store(card, used, left_out=left)
            notes.append("predictions and metrics stored")
        if options.stress:
            notes.append(_stress(model, folder, stage))
    table = _scored(card, used, options)
    print(_report(card, table, _judged(films, options.split)))
    notes += [*filter(None, [left]), *_notes(agreement, folder is not None)]
    print("  " + "\n  ".join(notes))
    if options.check and not (agreement and agreement.holds and agreement.metrics_exact):
        raise ArtifactError(f"{name} does not reproduce what is stored: {'; '.join(notes)}.")
    return evaluation.record(card.name, table, left), used


def _left_out(
    card: Card,
    folder: Path,
    films: scan.Scan | None,
    split: str,
    rows: pd.DataFrame,
    damaged: int,
) -> str:
    """What stands beside figures of the chosen films (``rows``)."""
    if films is None:
        return ""
    # A model of a recipe has a split of its own; another one lacks what it was added without.
    lacking = [] if card.recipe else evaluation.lacking(folder, split, films, rows)
    return beside(films, damaged + sum(lacking), len(lacking) - sum(lacking))


def _may_store(
    card: Card, stored: pd.DataFrame | None, used: pd.DataFrame, options: argparse.Namespace
) -> None:
    """Refuse to store what is of no registered model, or to replace what is of other films."""
    if stored is None and not (models_dir() / card.name / "card.json").is_file():
        raise ModelError(f"{card.name} is not registered; add it first: python -m xray add FILE")
    before = None if stored is None else stored[stored["split"].isin(used["split"])]
    if before is None or before.empty or options.force:
        return
    if not set(before["file"]) & set(used["file"]):
        raise ModelError(
            f"{card.name} has stored predictions of {len(before):,} other films; add the model "
            "under another name for these, or replace them with --force."
        )


def _judged(films: scan.Scan | None, split: str) -> str:
    """The split that is judged; "" where the films have none and are judged whole."""
    return split if films is None or any(film.split for film in films.films) else ""


def _scored(card: Card, used: pd.DataFrame, options: argparse.Namespace) -> pd.DataFrame:
    """Metrics of the predictions, of the class and at the threshold that were asked for."""
    known = classes_of(card, used["label"].unique())
    classes.use(known)
    positive = next((label for label in known.labels if fold(label) == fold(options.positive)), "")
    if options.positive and not positive:
        raise DatasetError(f"--positive is {' or '.join(known.labels)}, not {options.positive}.")
    threshold = card.threshold_log_odds
    if options.threshold is not None:
        threshold = float(odds.to_log_odds(options.threshold))
    return evaluation.score(used, threshold, positive)


def _stress(model: Model, folder: Path, stage: Bars) -> str:
    """Predict changed validation films, keep what came of it, and say it in a line."""
    name = model.card.name
    if not (models_dir() / name / "predictions.csv").is_file():
        raise ModelError(f"{name} has no stored predictions; first: evaluate {name} --store.")
    table = stress.validation(model, folder, progress=stage(f"changed films for {name}"))
    stage.close()
    stress.store(name, table)
    plain = table[table["change"] == ""].set_index("metric")["value"]
    said = [
        f"{scores.TITLES[metric]} {plain[metric]:.4f}, "
        f"{stress.summary(table, metric):.4f} in the mean over all changes, "
        f"{stress.worst(table, metric):.4f} under the worst"
        for metric in ("auroc", "balanced_accuracy")
    ]
    return f"validation films as they are and changed: {'; '.join(said)}"


def _stored(name: str, repair: bool) -> tuple[Card | None, pd.DataFrame | None]:
    """Card and stored predictions of a registered model, as far as there are.

    With ``repair``, damaged predictions count as none: they are about to be replaced.
    """
    home = models_dir() / name
    if Path(name).name != name or not (home / "card.json").is_file():
        return None, None
    card = read_card(home)
    if not (home / "predictions.csv").is_file():
        return card, None
    try:
        return card, read_predictions(name)
    except ArtifactError:
        if repair:
            return card, None
        raise


def _notes(agreement: evaluation.Agreement | None, predicted: bool) -> list[str]:
    """What the comparison with the stored predictions came to, in words."""
    if agreement is None:
        return ["no stored predictions of these films to compare with"]
    notes = []
    if predicted:
        within = "within" if agreement.largest <= evaluation.TOLERANCE else "BEYOND"
        notes.append(
            f"stored predictions: largest difference {agreement.largest:.6f} in probability over "
            f"{agreement.n} films ({within} {evaluation.TOLERANCE}), "
            f"{agreement.calls} calls differ"
        )
    words = {True: "reproduced exactly", False: "NOT reproduced", None: "none stored"}
    notes.append(f"stored metrics: {words[agreement.metrics_exact]}")
    return notes


def _report(card: Card, table: pd.DataFrame, split: str) -> str:
    """The metrics of a model as lines of text."""
    first = table.iloc[0]
    n = int(table.loc[table["metric"] == "accuracy", "n"].iloc[0])
    limit = scores.show_threshold(float(odds.to_log_odds(first["threshold"])))
    lines = [
        f"\n{card.title or card.name}: {n} {f'{split} films' if split else 'films'}, "
        f"{first['positive']} positive, called {classes.positive()} from a probability of {limit}"
    ]
    for _, row in table.iterrows():
        title = scores.TITLES[row["metric"]]
        if row["value"] != row["value"]:
            lines.append(f"  {title:<26} {row['method']}")
        elif row["low"] != row["low"]:
            lines.append(f"  {title:<26} {row['value']:.4f}  ({row['method']})")
        else:
            lines.append(f"  {title:<26} {row['value']:.4f}  {row['low']:.4f} to {row['high']:.4f}")
    return "\n".join(lines)
