"""Train a recipe on a folder of films and write model, card and predictions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from xray import classes
from xray.dataset import index, splits
from xray.dataset.index import data_hash
from xray.dataset.left_out import beside
from xray.drawing import layers, planting, rendering
from xray.drawing.layers import Layer
from xray.environment import artifact, cache_dir, versions
from xray.errors import DatasetError, ModelError
from xray.files import hash_json, sha256_file, write_table
from xray.films import lungs
from xray.films.pixels import Pixels, as_float
from xray.jobs.progress import Progress, Stage
from xray.labels import devices
from xray.metrics import odds, scores
from xray.models import evaluation, framing, networks
from xray.models.card import WEIGHTS, Card, write_card
from xray.models.model import Model
from xray.training import architectures, ledger, recipes
from xray.training import fit as fitting
from xray.training.fit import Redraw, Sample


class Loader(Protocol):
    """What reads films, as ``index.load_pixels`` does; sweeps bring one that remembers."""

    def __call__(
        self,
        folder: Path,
        table: pd.DataFrame,
        size: tuple[int, int],
        fit: str = "squash",
        progress: Progress | None = None,
    ) -> Pixels: ...


@dataclass(frozen=True)
class Job:
    """One training: what is trained, on what, and where it goes."""

    recipe: recipes.Recipe
    data: Path
    name: str
    out: Path
    seed: int = 0
    backbone_weights: Path | None = None
    exclude: frozenset[str] = frozenset()
    #: Sweeps keep what a run predicted, not its weights.
    keep_weights: bool = True

    def key(self, data_hash: str) -> str:
        """Hash of everything that decides the result; names the checkpoint's folder."""
        return ledger.run_id(self.recipe.settings(), data_hash, self.seed, sorted(self.exclude))


def assign(job: Job, table: pd.DataFrame) -> pd.Series:
    """Which film is used for what: "train", "val", "test" or "" a film.

    Possible patients stay on one side of the line between training and validation.
    """
    split = splits.make(table, job.recipe.split, seed=0, keep_persons=True)
    split = split.mask(table["file"].isin(job.exclude) & (split != "test"), "")
    if job.recipe.match:
        other = splits.make(table, job.recipe.match, seed=0, keep_persons=True)
        split = splits.thin(split, table, other, seed=job.seed)
    if job.recipe.fraction < 1:
        split = splits.subset(split, table, job.recipe.fraction, seed=job.seed)
    for part in ("train", "val"):
        if table.loc[split == part, "label"].nunique() < 2:
            raise DatasetError(
                f"The {part} part of split {job.recipe.split} lacks one of the two classes; "
                "train needs films of both."
            )
    return split


def train(job: Job, stage: Stage = lambda _: None, load: Loader = index.load_pixels) -> Card:
    """Train a recipe and write ``model.keras``, ``predictions.csv`` and ``card.json``.

    The run becomes a row of the ledger (``xray.training.ledger``).

    The threshold is chosen on validation; the test films are predicted once, at the end.
    A run that was killed goes on from its last finished epoch when it is started again.

    Raises
    ------
    DatasetError, ModelError
    """
    start = time.monotonic()
    recipe = job.recipe
    found = index.build_index(job.data, stage("index"))
    table = index.usable(found.table)
    left_out = beside(found, len(found.table) - len(table))
    content = data_hash(table)
    split = assign(job, table)
    table = table[split != ""].assign(split=split[split != ""]).reset_index(drop=True)
    films, shown = _films(job, table, load, stage)
    parts = {part: _sample(table, shown, part) for part in ("train", "val")}

    network = networks.seeded(job.seed, lambda: architectures.build(recipe, job.backbone_weights))
    if recipe.precision != "float32":
        networks.set_policy(network, recipe.precision)
    folder = cache_dir() / "runs" / f"{job.name}-{job.key(content)}"
    if recipe.network == "vgg19" and not (folder / "state.json").exists():
        fitting.fit_head(network, parts["train"], parts["val"], job.seed)
    redraw = None
    if recipe.planted:
        mine = (table["split"] == "train").to_numpy()
        redraw = balanced(shown[mine], table[mine], recipe.planted, job.seed)
    history = fitting.fit(
        network,
        recipe,
        parts["train"],
        parts["val"],
        seed=job.seed,
        folder=folder,
        redraw=redraw,
        progress=stage("train"),
    )
    if recipe.precision != "float32":
        networks.set_policy(network, "float32")
    if recipe.framing == "lungs":
        network = framing.framed(network)
    card = _card(job, network, table, content, split, history)
    judged = dict.fromkeys(("val", "test"), left_out) if left_out else {}
    card = replace(card, left_out=judged, wall_time_s=round(time.monotonic() - start, 1))
    home = job.out / job.name
    card = store(home, card, network, table, films, recipe.half, job.keep_weights)
    ledger.add(home, card)
    return card


def _films(job: Job, table: pd.DataFrame, load: Loader, stage: Stage) -> tuple[Pixels, Pixels]:
    """The films as the finished model takes them, and as its network is shown them."""
    recipe = job.recipe
    if recipe.framing == "film":
        films = load(job.data, table, recipe.size, recipe.fit, stage("load films"))
        return films, films
    if recipe.fit != "squash" or recipe.planted:
        raise ModelError(
            "A network of films cropped to the lungs takes them squashed and without devices "
            "laid on; drop fit, planted or the framing."
        )
    size = framing.film_size(recipe.size)
    films = load(job.data, table, size, recipe.fit, stage("load films"))
    return films, framing.cut(films, recipe.size, stage("find lungs"))


def _sample(table: pd.DataFrame, films: Pixels, part: str) -> Sample:
    chosen = (table["split"] == part).to_numpy()
    return Sample(films[chosen], classes.is_positive(table["label"]).to_numpy()[chosen])


def balanced(films: Pixels, table: pd.DataFrame, share: float, seed: int) -> Redraw:
    """Lay devices over films so that the same share of both classes shows one.

    Films that show a real device count; devices are laid over the others only, HEALTHY as well as
    SICK, each class as often as brings it to ``share``. A class that has more real
    devices than that is left as it is.

    Parameters
    ----------
    films : (N, h, w) float32 in [0, 1], the training films
    table : their rows (file, label)
    share : share of the films of each class that shows a device afterwards

    Returns
    -------
    Redraw
        epoch -> (N, h, w) float32
    """
    labels = devices.load().reindex(table["file"])
    real = labels["has_device"].eq(True).to_numpy()
    chance = np.zeros(len(table))
    for label in table["label"].unique():
        of_class = (table["label"] == label).to_numpy()
        have = float(real[of_class].mean())
        chance[of_class & ~real] = max(0.0, (share - have) / max(1e-9, 1 - have))
    copies = planting.worn_copies(films, _stock(films, table), seed)

    def redraw(epoch: int) -> Pixels:
        rng = np.random.default_rng([seed, epoch])
        drawn = np.flatnonzero(rng.random(len(films)) < chance)
        out = films.copy()
        out[drawn] = as_float(copies[epoch % planting.VARIANTS, drawn])
        return out

    return redraw


#: Fewer devices than this on the training films themselves are too few to learn from.
LEAST_DEVICES = 20


def _stock(films: Pixels, table: pd.DataFrame) -> Sequence[Layer]:
    """Devices of labelled training films, never of test films; rendered where these are too few."""
    labelled = devices.second()
    made: list[Layer] = []
    for film, file in zip(films, table["file"], strict=True):
        if looks := labelled.get(file):
            told = {"file": file, "child": file, "label": "", "subtype": ""}
            cut = layers.cut(film, looks, lungs.estimate(film), told)
            made += [layer for layer in cut if layer.kind in devices.KINDS]
    if len(made) >= LEAST_DEVICES:
        return made
    return rendering.read(films.shape[1:], artifact("devices", rendering.FILE))


def _card(
    job: Job,
    network: Any,
    table: pd.DataFrame,
    content: str,
    split: pd.Series,
    history: dict[str, list[float]],
) -> Card:
    recipe = job.recipe
    labels = classes.is_positive(table.loc[table["split"] == "train", "label"]).to_numpy()
    weights = fitting.class_weights(labels, recipe.class_weight)
    counts = {
        str(part): {str(label): int(n) for label, n in rows["label"].value_counts().items()}
        for part, rows in table.groupby("split")
    }
    return Card(
        name=job.name,
        title=recipe.title,
        recipe=recipe.name,
        role=recipe.role,
        size=(int(network.input_shape[1]), int(network.input_shape[2])),
        fit=recipe.fit,
        parameters=int(network.count_params()),
        layers=networks.layer_table(network),
        settings=recipe.settings() | ({"exclude": sorted(job.exclude)} if job.exclude else {}),
        seed=job.seed,
        data=index.describe(job.data),
        data_hash=content,
        split=recipe.split,
        split_hash=hash_json(split.tolist()),
        counts=counts,
        class_weight=dict(
            zip(classes.current().labels, (round(weights[k], 4) for k in (0, 1)), strict=True)
        ),
        positive=classes.positive(),
        negative=classes.negative(),
        history=history,
        versions=versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def store(
    folder: Path,
    card: Card,
    network: Any,
    table: pd.DataFrame,
    films: Pixels,
    half: bool = False,
    keep_weights: bool = True,
) -> Card:
    """Write a trained network, choose its threshold on validation, and store its predictions.

    Predictions are made by the model as it is read back from disk, rounding included.
    Weights that are not to be kept are removed once they have predicted; their hash stays.
    """
    path = folder / WEIGHTS
    networks.save(network, path, half=half)
    card = replace(card, files={WEIGHTS: sha256_file(path)}, bytes=path.stat().st_size)
    model = Model(card, networks.read(path, card.name))
    if not keep_weights:
        path.unlink()
    used = table["split"].isin(["val", "test"]).to_numpy()
    rows = table.loc[used, ["file", "split", "label"]].reset_index(drop=True)
    rows["log_odds"] = model.log_odds(films[used]).round(5)
    rows["probability"] = odds.to_probability(rows["log_odds"].to_numpy()).round(6)
    val = rows[rows["split"] == "val"]
    threshold = scores.choose_threshold(
        classes.is_positive(val["label"]).to_numpy(), val["log_odds"].to_numpy()
    )
    write_table(folder / "predictions.csv", rows)
    card = replace(
        card,
        threshold=float(np.clip(odds.to_probability(np.array(threshold)), 1e-9, 1 - 1e-9)),
        files={**card.files, "predictions.csv": sha256_file(folder / "predictions.csv")},
    )
    write_card(card, folder)
    evaluation.store_metrics(folder, card, rows)
    return card
