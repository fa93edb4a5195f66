"""Sweeps: many runs from one file, each kept as soon as it is finished, none of them done twice.

A sweep is a TOML or JSON file::

    about = "what it is to find out"
    seeds = [0, 1, 2]

    [[grid]]
    recipe = "small64"
    fraction = [0.1, 0.2]
    augmentation = ["none", "moderate"]
    epochs = 30

Every grid is taken in all combinations of its lists, once a seed: all of them with the first
seed first, so that a sweep that is stopped early has tried everything once. A setting that is
itself a list is written as a list of lists. What may be set is told in ``xray.training.overrides``.
"""

from __future__ import annotations

import itertools
import json
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xray.dataset import index
from xray.environment import artifacts_dir
from xray.errors import ModelError
from xray.films.pixels import Pixels
from xray.jobs import executor
from xray.jobs.progress import Progress, Stage
from xray.training import ledger, overrides, recipes, train
from xray.training.train import Job

#: Films of at most this many pixels stay in memory from one run to the next (0.4 GB at 128 x 128).
REMEMBERED = 128 * 128


def _quiet(_: str) -> None:
    return None


_stage: ContextVar[Stage] = ContextVar("stage", default=_quiet)


@dataclass(frozen=True)
class Sweep:
    """What a file asks for: its ``name``, what it is ``about``, and the runs, in order."""

    name: str
    about: str
    runs: tuple[tuple[recipes.Recipe, int], ...]


@dataclass(frozen=True)
class Outcome:
    """One run of a sweep: its row of the ledger, and whether it was there before."""

    row: dict[str, Any]
    before: bool


def read(path: Path) -> Sweep:
    """Read a sweep's file; every combination is checked before anything is trained.

    Raises
    ------
    ModelError
        There is no such file, it is neither TOML nor JSON, or asks for what cannot be.
    """
    try:
        text = path.read_text(encoding="utf-8")
        value = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise ModelError(f"There is no sweep {path} to read; see the folder sweeps.") from error
    except ValueError as error:
        raise ModelError(f"{path.name} is neither TOML nor JSON ({error}); correct it.") from error
    if not isinstance(value, dict) or set(value) - {"about", "seeds", "grid"}:
        raise ModelError(f"{path.name} may hold about, seeds and [[grid]] only; correct it.")
    seeds, grids = value.get("seeds", [0]), value.get("grid")
    if not isinstance(seeds, list) or not all(type(seed) is int and seed >= 0 for seed in seeds):
        raise ModelError(f"The seeds of {path.name} must be whole numbers, such as [0, 1, 2].")
    if not isinstance(grids, list) or not grids or not all(isinstance(g, dict) for g in grids):
        raise ModelError(f"{path.name} has no [[grid]]; write one with a recipe and its settings.")
    made = [recipe for grid in grids for recipe in _combinations(grid, path.name)]
    runs = tuple((recipe, seed) for seed in seeds for recipe in made)
    return Sweep(path.stem, str(value.get("about", "")), runs)


def _combinations(grid: dict[str, Any], file: str) -> Iterator[recipes.Recipe]:
    """Every recipe of a grid."""
    grid = _flat(grid)
    if "recipe" not in grid:
        raise ModelError(f"A [[grid]] of {file} names no recipe; add one, such as 'small64'.")
    lists = {key: value if isinstance(value, list) else [value] for key, value in grid.items()}
    for values in itertools.product(*lists.values()):
        changes = dict(zip(lists, values, strict=True))
        yield overrides.change(recipes.get(str(changes.pop("recipe"))), changes)


def _flat(grid: dict[str, Any]) -> dict[str, Any]:
    """``options.rgb = true`` in TOML is a table; write it as one key again."""
    options = grid.get("options")
    if not isinstance(options, dict):
        return grid
    rest = {key: value for key, value in grid.items() if key != "options"}
    return rest | {f"options.{name}": value for name, value in options.items()}


def run(
    sweep: Sweep,
    data: Path,
    stage: Stage = _quiet,
    progress: Callable[[int, int, Outcome], None] | None = None,
) -> list[Outcome]:
    """Train what the ledger does not hold yet; a run's weights are not kept.

    A run that was killed goes on from its last epoch, and a run whose row is in the ledger,
    by whichever sweep or training, is not run again.

    Parameters
    ----------
    data : folder of films
    stage : gives the progress callback of each stretch of the work
    progress : called with (runs done, runs, the last one)

    Raises
    ------
    DatasetError, ModelError
    """
    table = index.usable(index.index(data, progress=stage("index")))
    content = index.data_hash(table)
    keys = [ledger.run_id(recipe.settings(), content, seed) for recipe, seed in sweep.runs]
    known = {key: row for key in dict.fromkeys(keys) if (row := _finished(key))}
    missing = {key: each for key, each in zip(keys, sweep.runs, strict=True) if key not in known}
    done: list[Outcome] = []
    with _reported_to(stage):
        made = executor.over(_train, [(*each, key) for key, each in missing.items()], data=data)
        for key in keys:
            before = key in known
            if not before:
                next(made)
                row = _finished(key)
                if row is None:
                    raise ModelError(
                        f"Run {key} left no row in the ledger; see that all workers use the same "
                        "artifacts folder, and run the sweep again."
                    )
                known[key] = row
            done.append(Outcome(known[key], before))
            if progress:
                progress(len(done), len(keys), done[-1])
    return done


@contextmanager
def _reported_to(stage: Stage) -> Iterator[None]:
    """Show what goes on in a run that is trained in this process; elsewhere nobody looks."""
    token = _stage.set(stage)
    try:
        yield
    finally:
        _stage.reset(token)
        _memory.cache_clear()


def _train(batch: Sequence[tuple[recipes.Recipe, int, str]], data: Path) -> list[str]:
    """Train some runs, which the ledger then holds; their keys."""
    import keras

    for recipe, seed, key in batch:
        keras.utils.clear_session()
        out = artifacts_dir() / ledger.SWEEPS
        job = Job(recipe, data, f"{recipe.name}-{key[1:9]}", out, seed, keep_weights=False)
        train.train(job, _stage.get(), _memory())
    return [key for *_, key in batch]


def _finished(key: str) -> dict[str, Any] | None:
    """The row of a run that is in the ledger; None where it is not."""
    found = ledger.read()
    rows = found[found["run"] == key].to_dict("records")
    return {str(name): value for name, value in rows[-1].items()} if rows else None


class Memory:
    """Reads films as ``index.load_pixels`` does, and small ones once only."""

    def __init__(self) -> None:
        self._kept: tuple[Any, dict[str, int], Pixels] | None = None

    def __call__(
        self,
        folder: Path,
        table: pd.DataFrame,
        size: tuple[int, int],
        fit: str = "squash",
        progress: Progress | None = None,
    ) -> Pixels:
        """Films of a table, (N, height, width) float32 in [0, 1]."""
        if size[0] * size[1] > REMEMBERED:
            return index.load_pixels(folder, table, size, fit, progress)
        key = (folder, size, fit)
        if self._kept is None or self._kept[0] != key:
            self._kept = None
            every = index.usable(index.index(folder))
            places = {str(file): place for place, file in enumerate(every["file"])}
            pixels = index.load_pixels(folder, every, size, fit, progress)
            self._kept = (key, places, pixels)
        _, places, pixels = self._kept
        chosen: Pixels = pixels[np.array([places[str(file)] for file in table["file"]])]
        return chosen


def shown(outcome: Outcome) -> str:
    """One run in a line of text."""
    row = outcome.row
    what = ", ".join(overrides.show(json.loads(row["changes"]))) or "as it is"
    return (
        f"{row['recipe']} ({what}), seed {row['seed']}: AUROC {row['val_auroc']:.3f} validation, "
        f"{row['test_auroc']:.3f} test; accuracy {row['val_accuracy']:.3f}, "
        f"{row['test_accuracy']:.3f}{' (was there)' if outcome.before else ''}"
    )


@cache
def _memory() -> Memory:
    """What the runs of this process share."""
    return Memory()
