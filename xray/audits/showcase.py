"""The Overview's picture: a synthetic film, the same film with a device laid over it, and what a
model says of both.

Forty synthetic films are read by each model as they are, with a rendered device of each kind laid
over them, and with its null. The table of log-odds is stored; films are drawn again from their
seeds when they are shown. The film shown is the one with the median effect, not the most striking
one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from xray.audits import findings, one_film
from xray.audits.one_film import Worn
from xray.drawing import phantoms
from xray.environment import artifacts_dir
from xray.errors import ArtifactError
from xray.files import read_table, write_table
from xray.films import lungs
from xray.films.pixels import Pixels
from xray.jobs.progress import Progress
from xray.models import registry
from xray.models.card import Card

#: Synthetic children that are drawn, both classes each.
CHILDREN = 20
COLUMNS = ("model", "model_hash", "device", "seed", "label", "original", "worn", "null")
#: Film size, (height, width) in pixels.
SIZE = (320, 320)
#: Log-odds within which a model counts as undecided: 10 to 90 %.
UNDECIDED = 2.2


@dataclass(frozen=True)
class Example:
    """The film to show for one model.

    Attributes
    ----------
    model, device, label : names; ``label`` is the class the film was drawn as.
    seed : int
        Draws the film, and chooses the device and its place.
    original, worn, null : float
        Log-odds of PNEUMONIA as it is, with the device, and with its null.
    films : int
        Synthetic films of which this one has the median effect.
    undecided : bool
        Whether those are only the films on which the model is undecided.
    """

    model: str
    device: str
    label: str
    seed: int
    original: float
    worn: float
    null: float
    films: int
    undecided: bool


def film(seed: int, label: str) -> Pixels:
    """The synthetic film of a seed and class, (H, W) float32 in [0, 1]."""
    return phantoms.phantom(seed, SIZE, label).pixels


def with_device(pixels: Pixels, device: str, seed: int) -> Worn:
    """The film with the device of that seed laid over it, and with its null."""
    # The guess serves on synthetic films, and the first page need not wait for a network.
    return next(one_film.wear(pixels, one_film.stock(device, None), seed, find=lungs.guess))


def measure(names: Sequence[str], progress: Progress | None = None) -> pd.DataFrame:
    """Let models read the synthetic films.

    Returns
    -------
    DataFrame
        ``COLUMNS``; log-odds of PNEUMONIA, one row a model, device and film.

    Raises
    ------
    ModelError
        A model cannot be loaded or used.
    """
    keys = [(seed, label) for seed in range(CHILDREN) for label in phantoms.LABELS]
    films = np.stack([film(*key) for key in keys])
    rows = []
    models = [registry.load(name) for name in names]
    original = [model.log_odds(films) for model in models]
    for done, kind in enumerate(findings.KINDS, start=1):
        worn = [with_device(each, kind, key[0]) for each, key in zip(films, keys, strict=True)]
        pair = [np.stack([getattr(each, name) for each in worn]) for name in ("device", "null")]
        for model, before in zip(models, original, strict=True):
            device, null = (model.log_odds(each) for each in pair)
            table = pd.DataFrame(keys, columns=["seed", "label"]).assign(
                model=model.card.name, model_hash=model.card.sha256, device=kind,
                original=before, worn=device, null=null,
            )  # fmt: skip
            rows.append(table)
        if progress is not None:
            progress(done, len(findings.KINDS))
    return pd.concat(rows, ignore_index=True)[list(COLUMNS)].round(4)


def store(table: pd.DataFrame) -> None:
    """Write the table; rows of other models are kept."""
    path = artifacts_dir() / "showcase.csv"
    if path.is_file():
        try:
            before = load()
        except ArtifactError:
            # Of an earlier version: drawn devices, which say nothing beside these.
            before = table.iloc[:0]
        table = pd.concat([before[~before["model"].isin(table["model"])], table])
    write_table(path, table.sort_values(["model", "device", "seed", "label"]))


def load() -> pd.DataFrame:
    """Read the stored table.

    Raises
    ------
    ArtifactError
        It is missing or damaged.
    """
    path = artifacts_dir() / "showcase.csv"
    table = read_table(path)
    if set(COLUMNS) - set(table.columns):
        raise ArtifactError(f"{path} is damaged; run 'python -m xray showcase' or restore it.")
    return table


def example(table: pd.DataFrame, card: Card) -> Example | None:
    """The film to show for a model: median effect, of the kind of device that moves it most.

    Films on which the model is undecided are preferred, because on the others even a large
    change of log-odds hardly shows in the probability; the example says so. None when the
    table does not know this model, or knows it with other weights.
    """
    rows = table[(table["model"] == card.name) & (table["model_hash"] == card.sha256)]
    if rows.empty:
        return None
    rows = rows.assign(net=rows["worn"] - rows["null"])
    device = str(rows.groupby("device")["net"].median().idxmax())
    rows = rows[rows["device"] == device]
    open_ = rows[rows["original"].abs() < UNDECIDED]
    chosen = open_ if len(open_) >= 5 else rows
    middle = chosen.sort_values("net").iloc[(len(chosen) - 1) // 2]
    return Example(
        model=card.name,
        device=device,
        label=str(middle["label"]),
        seed=int(middle["seed"]),
        original=float(middle["original"]),
        worn=float(middle["worn"]),
        null=float(middle["null"]),
        films=len(chosen),
        undecided=len(open_) >= 5,
    )
