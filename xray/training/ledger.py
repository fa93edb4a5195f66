"""The run ledger: a row for every training run, with what was done and what came of it.

A run is a folder with ``card.json``, ``predictions.csv`` and ``scores.csv``: a model of
``artifacts/models``, or a run of a sweep in ``artifacts/sweeps``, which keeps no weights. A row
is read off such a folder, so the whole ledger can be made again from the folders.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout

from xray import classes
from xray.environment import artifacts_dir
from xray.errors import ArtifactError, ModelError
from xray.files import hash_json, read_json, read_table, write_table
from xray.models import evaluation
from xray.models.card import Card
from xray.training import overrides, recipes

#: File of the ledger, and the folder of runs whose weights are not kept, both in artifacts.
FILE, SWEEPS = "ledger.csv", "sweeps"
#: Metrics of a row, on validation and on test. All but AUROC hang on the run's threshold, which
#: was chosen on validation.
METRICS = ("auroc", "accuracy", "balanced_accuracy", "recall", "specificity", "precision")
SPLITS = ("val", "test")
#: Seconds to wait for another process that writes the ledger.
PATIENCE = 60.0
#: Roles that other tables hold, or that were not trained here.
ELSEWHERE = frozenset({"control", "demo", "user"})
#: Settings of a recipe that are columns of their own.
SETTINGS = ("size", "fit", "augmentation", "fraction", "class_weight", "epochs", "network")
#: Further settings, of which "other" holds those that are not what a recipe has by itself.
_TOLD = {*SETTINGS, "name", "options", "split"}
COLUMNS = [
    *("run", "name", "recipe", "changes", *SETTINGS, "other", "parameters"),
    *("data", "data_hash", "split", "seed", "train_films", "val_films", "test_films"),
    *("threshold", *(f"{split}_{metric}" for split in SPLITS for metric in METRICS)),
    *("test_accuracy_half", "test_called", "test_called_half"),
    *("epochs_run", "wall_time_s", "model_hash", "created", "versions", "command"),
]


def run_id(
    settings: Mapping[str, Any], data_hash: str, seed: int, exclude: Iterable[str] = ()
) -> str:
    """Hash of everything that decides a run's result: r and 15 hexadecimal digits.

    Settings that a recipe gained since, and that are as if they were not there, change nothing.
    The letter keeps tables from being read as numbers.
    """
    return "r" + hash_json([overrides.essence(settings), data_hash, seed, list(exclude)])[:15]


def home(folder: Path) -> Path:
    """Folder of the ledger that a run in ``folder`` belongs to.

    The artifacts' own; for runs kept elsewhere (``train --out``) the folder that holds them.
    """
    artifacts = artifacts_dir().resolve()
    return artifacts if folder.resolve().is_relative_to(artifacts) else folder.parent


def read(folder: Path | None = None) -> pd.DataFrame:
    """The ledger, sorted by ``created``; without rows where there is none yet.

    Returns
    -------
    DataFrame
        ``COLUMNS``: run (see :func:`run_id`), name (folder of the run), recipe and changes
        (JSON) that were made to it, the settings that came of it (size as "height x width",
        epochs at most, network and others as JSON), data and its hash, films a split, threshold
        (probability of the positive class, from validation), metrics on validation and test in
        [0, 1] (recall is of the positive class), test_accuracy_half and the share of test films
        called
        positive at the threshold and at one half, wall time in seconds, hash of the weights,
        versions (JSON), and the command that repeats the run.

    Raises
    ------
    ArtifactError
        The file is damaged.
    """
    path = (folder or artifacts_dir()) / FILE
    if not path.is_file():
        return pd.DataFrame(columns=COLUMNS)
    table = read_table(path)
    if list(table.columns) != COLUMNS:
        raise ArtifactError(f"{FILE} lacks columns; make it again: python -m xray ledger --rebuild")
    return table


def row(folder: Path, card: Card | None = None) -> dict[str, Any]:
    """The row of one run, read off its folder.

    Raises
    ------
    ArtifactError, ModelError
        Card, metrics or predictions are missing or damaged, or its recipe is gone.
    """
    card = _card(folder) if card is None else card
    scored = read_table(folder / evaluation.METRICS).set_index(["split", "metric"])["value"]
    rows = read_table(folder / "predictions.csv")
    test = rows[rows["split"] == "test"]
    called, half = test["log_odds"] >= card.threshold_log_odds, test["log_odds"] >= 0
    sick = classes.is_positive(test["label"])
    settings = json.loads(json.dumps(card.settings, default=list))
    exclude = settings.pop("exclude", [])
    changes = overrides.difference(settings)
    seed = card.seed or 0
    counts = {part: sum(card.counts.get(part, {}).values()) for part in ("train", *SPLITS)}
    values = {
        "run": run_id(settings, card.data_hash, seed, exclude),
        "name": folder.name,
        "recipe": card.recipe,
        "changes": json.dumps(changes | ({"exclude": len(exclude)} if exclude else {})),
        **_settings(settings),
        "parameters": card.parameters,
        "data": card.data,
        "data_hash": card.data_hash,
        "split": card.split,
        "seed": seed,
        **{f"{part}_films": count for part, count in counts.items()},
        "threshold": round(card.threshold, 6),
        **{
            f"{part}_{metric}": float(scored.get((part, metric), np.nan))
            for part in SPLITS
            for metric in METRICS
        },
        "test_accuracy_half": round(float((half == sick).mean()), 6),
        "test_called": round(float(called.mean()), 6),
        "test_called_half": round(float(half.mean()), 6),
        "epochs_run": len(card.history.get("val_loss", [])),
        "wall_time_s": card.wall_time_s,
        "model_hash": card.sha256,
        "created": card.created,
        "versions": json.dumps(card.versions),
        "command": command(card.recipe, changes, seed, bool(exclude)),
    }
    return {column: values[column] for column in COLUMNS}


def _card(folder: Path) -> Card:
    """Card of a run; one that lost or never kept its weights is still a run."""
    value = read_json(folder / "card.json")
    try:
        known = Card.__dataclass_fields__
        return Card(**{key: entry for key, entry in value.items() if key in known})
    except (TypeError, AttributeError) as error:
        raise ArtifactError(f"The card of {folder.name} is no model card; restore it.") from error


def _settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that a recipe's settings fill."""
    augmentation = overrides.augmentation_name(settings["augmentation"])
    network = {"network": settings["network"], **settings["options"]}
    rest = {k: v for k, v in overrides.essence(settings).items() if k not in _TOLD}
    rest["phases"] = [
        {key: value for key, value in phase.items() if key != "epochs"} for phase in rest["phases"]
    ]
    return {
        "size": f"{settings['size'][0]} x {settings['size'][1]}",
        "fit": settings["fit"],
        "augmentation": augmentation
        if isinstance(augmentation, str)
        else json.dumps(augmentation, sort_keys=True),
        "fraction": settings["fraction"],
        "class_weight": settings["class_weight"],
        "epochs": sum(phase["epochs"] for phase in settings["phases"]),
        "network": json.dumps(network, sort_keys=True),
        "other": json.dumps(rest, sort_keys=True),
    }


def command(recipe: str, changes: Mapping[str, Any], seed: int, excluded: bool = False) -> str:
    """The command that trains the same again, of the films that ``XRAY_DATA`` names."""
    words = ["python", "-m", "xray", "train", recipe, "--seed", str(seed)]
    for text in overrides.show(changes):
        words += ["--set", text]
    if excluded:
        words += ["--exclude", "EXCLUDED.csv"]
    return shlex.join(words)


def add(folder: Path, card: Card) -> None:
    """Write a finished run into the ledger; the row of an earlier run in ``folder`` goes.

    Safe against other processes that do the same: each waits for the other.
    """
    if card.role in ELSEWHERE or card.recipe not in recipes.RECIPES:
        return
    put(home(folder), row(folder, card))


def put(place: Path, found: dict[str, Any]) -> None:
    """Write one row into the ledger of a folder; an earlier row of its name goes."""
    with _locked(place):
        table = read(place)
        _write(place, [*table[table["name"] != found["name"]].to_dict("records"), found])


def rebuild() -> tuple[pd.DataFrame, list[str]]:
    """Make the ledger again from the folders of models and of sweeps.

    Returns
    -------
    table : as :func:`read`
    problems : why runs were left out, one sentence each
    """
    rows, problems = [], []
    place = artifacts_dir()
    with _locked(place):
        for path in [*place.glob("models/*/card.json"), *place.glob(f"{SWEEPS}/*/card.json")]:
            try:
                card = _card(path.parent)
                if card.role not in ELSEWHERE:
                    rows.append(row(path.parent, card))
            except (ArtifactError, ModelError, KeyError) as error:
                problems.append(f"{path.parent.name} is left out: {error}")
        _write(place, rows)
    return read(), problems


def _write(place: Path, rows: list[dict[str, Any]]) -> None:
    table = pd.DataFrame(rows, columns=COLUMNS).sort_values(["created", "name"])
    write_table(place / FILE, table)


@contextmanager
def _locked(place: Path) -> Iterator[Path]:
    """The folder of a ledger, while no other process may write its ledger."""
    place.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(place / ".ledger.lock", timeout=PATIENCE):
            yield place
    except Timeout as error:
        raise ArtifactError(
            f"Another process has been writing {FILE} for {PATIENCE:.0f} s; end it, then run "
            "'python -m xray ledger --rebuild'."
        ) from error
