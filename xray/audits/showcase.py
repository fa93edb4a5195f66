"""The Overview's picture: a synthetic film, the same film with a device drawn in, and what a
model says of both.

Forty synthetic films are read by each model as they are, with each kind of device drawn in,
and with its sham. The table of log-odds is stored; films are drawn again from their seeds when
they are shown. The film shown is the one with the median effect, not the most striking one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from xray.drawing import devices, phantoms, shams
from xray.environment import artifacts_dir
from xray.errors import ArtifactError
from xray.files import read_table, write_table
from xray.films.pixels import Pixels
from xray.jobs.progress import Progress
from xray.models import registry
from xray.models.card import Card

#: Kinds of device that are drawn in, and synthetic children that are drawn (both classes each).
KINDS = ("electrode", "tube", "cable")
CHILDREN = 20
COLUMNS = ("model", "model_hash", "device", "seed", "label", "original", "drawn", "sham")
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
        Draws the film and the device.
    original, drawn, sham : float
        Log-odds of PNEUMONIA as it is, with the device, and with its sham.
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
    drawn: float
    sham: float
    films: int
    undecided: bool


def film(seed: int, label: str) -> Pixels:
    """The synthetic film of a seed and class, (H, W) float32 in [0, 1]."""
    return phantoms.phantom(seed, SIZE, label).pixels


def with_device(pixels: Pixels, device: str, seed: int) -> devices.Drawn:
    """The film with the device of that seed drawn in."""
    return devices.draw(pixels, device, np.random.default_rng([seed, KINDS.index(device)]))


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
    changed = {kind: _changed(films, keys, kind) for kind in KINDS}
    rows = []
    for done, name in enumerate(names, start=1):
        model = registry.load(name)
        original = model.log_odds(films)
        for kind, (drawn, sham) in changed.items():
            table = pd.DataFrame(keys, columns=["seed", "label"]).assign(
                model=name, model_hash=model.card.sha256, device=kind, original=original,
                drawn=model.log_odds(drawn), sham=model.log_odds(sham),
            )  # fmt: skip
            rows.append(table)
        if progress is not None:
            progress(done, len(names))
    return pd.concat(rows, ignore_index=True)[list(COLUMNS)].round(4)


def _changed(films: Pixels, keys: list[tuple[int, str]], kind: str) -> tuple[Pixels, Pixels]:
    """All films with a device drawn in, and with its sham."""
    drawn = [with_device(pixels, kind, key[0]) for pixels, key in zip(films, keys, strict=True)]
    sham = [
        shams.brightness(pixels, each.delta, np.random.default_rng(key[0]))
        for pixels, each, key in zip(films, drawn, keys, strict=True)
    ]
    return np.stack([each.film for each in drawn]), np.stack(sham)


def store(table: pd.DataFrame) -> None:
    """Write the table; rows of other models are kept."""
    path = artifacts_dir() / "showcase.csv"
    if path.is_file():
        before = load()
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
    rows = rows.assign(net=rows["drawn"] - rows["sham"])
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
        drawn=float(middle["drawn"]),
        sham=float(middle["sham"]),
        films=len(chosen),
        undecided=len(open_) >= 5,
    )
