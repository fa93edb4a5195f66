"""Predict and score models on films, and hold stored predictions and metrics to account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from xray import classes
from xray.dataset import aspects, scan
from xray.errors import ArtifactError, DatasetError, FilmError
from xray.files import read_table, sha256_bytes, sha256_file, write_table
from xray.films import decode
from xray.films.pixels import Pixels
from xray.films.resize import resize
from xray.jobs import executor
from xray.jobs.progress import Progress
from xray.metrics import odds, scores
from xray.metrics import patients as patients_
from xray.models.card import Card, classes_of, models_dir, write_card
from xray.models.model import LogOdds

#: A prediction made again may differ from the stored one by this much, in probability: other
#: processors add in another order, and weights may be stored in half precision.
TOLERANCE = 0.005
#: File of stored metrics inside a model's folder, and the decimals they are stored with.
METRICS = "metrics.csv"
DECIMALS = 6
#: Films that are read and predicted as one piece of work: memory does not grow with their number.
PIECE = 128
#: A further column of stored metrics, of models that were judged on a part of their films.
LEFT_OUT = "left_out"
COLUMNS = [
    *("split", "positive", "threshold", "metric", "value", "low", "high", "method", "n"),
]


class Scorer(Protocol):
    """What evaluation needs of a model."""

    @property
    def card(self) -> Card:
        """Its card."""

    def log_odds_prepared(self, grey: Pixels, /) -> LogOdds:
        """Log-odds of the positive class of films (N, h, w) at the model's size."""


@dataclass(frozen=True)
class Agreement:
    """Predictions made again beside the stored ones.

    Attributes
    ----------
    n : int
        Films in both.
    largest : float
        Largest difference in probability.
    calls : int
        Films that are called differently at the card's threshold.
    metrics_exact : bool or None
        Whether the stored metrics are what the stored predictions give, to the last stored
        digit; None when no metrics are stored.
    """

    n: int
    largest: float
    calls: int
    metrics_exact: bool | None

    @property
    def holds(self) -> bool:
        """Whether predictions are within ``TOLERANCE`` and metrics exact."""
        return self.largest <= TOLERANCE and self.metrics_exact is not False


def score(
    predictions: pd.DataFrame, threshold: float, positive: str = "", seed: int = 0
) -> pd.DataFrame:
    """Every metric on every split of a table of predictions.

    Parameters
    ----------
    predictions : DataFrame
        file, split, label, log_odds, as ``card.predictions`` gives it; person where known.
    threshold : float
        On the log-odds scale.
    positive : name of a class; the positive one when empty
    seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        split, positive, threshold (probability of the positive class), metric, value, low, high,
        method, n (see ``scores.scores``).
    """
    parts = []
    positive = positive or classes.fitting(predictions["label"].unique()).positive
    for split, rows in predictions.groupby("split", sort=True):
        table = scores.scores(
            classes.is_positive(rows["label"]).to_numpy(),
            rows["log_odds"].to_numpy(),
            threshold,
            positive,
            groups=patients_.patients(rows),
            seed=seed,
        )
        chance = float(odds.to_probability(threshold))
        parts.append(table.assign(split=split, positive=positive, threshold=chance))
    if not parts:
        raise ArtifactError("There are no predictions to score; evaluate the model on films.")
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def of_card(card: Card, predictions: pd.DataFrame) -> pd.DataFrame:
    """Every metric of a model's stored predictions, by its card's classes and threshold."""
    with classes.using(classes_of(card, predictions["label"].unique())):
        return score(predictions, card.threshold_log_odds)


def record(name: str, table: pd.DataFrame, left_out: str = "") -> list[dict[str, Any]]:
    """Scores as JSON-like data, one entry a split; what has no value or interval is None.

    Parameters
    ----------
    name : str
        The model's.
    table : DataFrame
        Of :func:`score`.
    left_out : str
        What was left out of the films (``left_out.beside``).
    """
    entries = []
    for split, rows in table.groupby("split", sort=True):
        first = rows.iloc[0]
        entry: dict[str, Any] = {
            "model": name,
            "split": split,
            "n": int(rows.loc[rows["metric"] == "accuracy", "n"].iloc[0]),
            "positive": first["positive"],
            "threshold": float(first["threshold"]),
            "left_out": left_out,
        }
        for _, row in rows.iterrows():
            for column, end in (("value", ""), ("low", "_low"), ("high", "_high")):
                value = float(row[column])
                entry[row["metric"] + end] = value if np.isfinite(value) else None
        entries.append(entry)
    return entries


def choose(
    folder: Path,
    split: str,
    stored: pd.DataFrame | None = None,
    found: scan.Scan | None = None,
) -> pd.DataFrame:
    """The films of a folder that a model is to be judged on; none of them is opened.

    Where the folder holds all films of the split that a model was trained by, those are taken,
    so that the same films are compared; else the folder's own split. A folder without splits is
    judged whole.

    Parameters
    ----------
    folder : Path
        In the Kaggle layout (see ``scan.scan``).
    split : "test" or "val"
    stored : DataFrame, optional
        Stored predictions.
    found : Scan, optional
        The folder's films, where they were listed before.

    Returns
    -------
    DataFrame
        file, path, split (the one asked for), label, person ("" where no table names it); one
        row a film.

    Raises
    ------
    DatasetError
        The folder holds no film of the split.
    """
    table = pd.DataFrame((found or scan.scan(folder)).films, columns=scan.Found._fields)
    own = table["split"] == split
    if stored is not None:
        wanted = set(stored.loc[stored["split"] == split, "file"])
        if wanted and wanted <= set(table["file"]):
            own = table["file"].isin(wanted)
    if not own.any() and set(table["split"]) == {""}:
        own = ~own
    if not own.any():
        held = ", ".join(sorted(set(table["split"]) - {""}))
        raise DatasetError(f"The folder holds no {split} films, but: {held}; choose another.")
    rows = table.loc[own, ["file", "path", "label", "person"]].reset_index(drop=True)
    return rows.assign(split=split)


def lacking(folder: Path, split: str, found: scan.Scan, rows: pd.DataFrame) -> list[bool]:
    """Films of a split that :func:`choose` did not take, as stored predictions lack them.

    Returns
    -------
    list of bool
        Whether each cannot be read; the others had been looked at when the model was added.
    """

    def unread(path: str) -> bool:
        try:
            decode.read(folder / path, own=True)
        except (FilmError, OSError):
            return True
        return False

    splits = {film.split for film in found.films}
    judged, used = split if split in splits else "", set(rows["file"])
    rest = [film.path for film in found.films if film.split == judged and film.file not in used]
    return list(executor.in_order(unread, rest))


def predict(
    model: Scorer, folder: Path, rows: pd.DataFrame, progress: Progress | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """Predict films of a folder, leaving out those that cannot be read.

    Parameters
    ----------
    model : loaded model.
    folder : of the films.
    rows : as :func:`choose` gives them.
    progress : called with (films predicted, films).

    Returns
    -------
    predictions : DataFrame
        file, split, label, log_odds (5 decimals), probability (6), as stored predictions; and
        person (a hash) where the films come with their patients.
    damaged : list of str
        Why films were left out, one sentence each.
    """
    listed = list(zip(rows["path"], aspects.native(rows["file"]), strict=True))
    parts = executor.over(
        _predict, listed, PIECE, progress=progress, model=model, folder=folder.resolve()
    )
    made = pd.concat(parts, ignore_index=True)
    usable = (made["problem"] == "").to_numpy()
    damaged = made.loc[~usable, "problem"].tolist()
    if not usable.any():
        raise DatasetError(f"None of the {len(rows)} films can be read; the first: {damaged[0]}")
    found = rows.loc[usable, ["file", "split", "label"]].reset_index(drop=True)
    found["log_odds"] = made.loc[usable, "log_odds"].to_numpy().round(5)
    found["probability"] = odds.to_probability(found["log_odds"]).round(6)
    if rows.get("person", pd.Series(dtype=str)).ne("").any():
        # Predictions are published: whose film it is stays behind, which films are one child's not.
        people = rows.loc[usable, "person"]
        found["person"] = [who and sha256_bytes(who.encode())[:12] for who in people]
    return found, damaged


def _predict(
    batch: Sequence[tuple[str, float | None]], model: Scorer, folder: Path
) -> pd.DataFrame:
    """Read and predict some films: log_odds (NaN of a damaged film) and problem ("" of others)."""
    card = model.card

    def load(item: tuple[str, float | None]) -> Pixels | str:
        try:
            film = decode.read(folder / item[0], own=True)
            return resize(film.pixels, card.size, card.fit, aspects.lost(film, item[1]))
        except (FilmError, OSError) as error:
            return str(error)

    read = list(executor.in_order(load, batch))
    problem = [film if isinstance(film, str) else "" for film in read]
    log_odds = np.full(len(batch), np.nan)
    pixels = [film for film in read if not isinstance(film, str)]
    if pixels:
        log_odds[[not words for words in problem]] = model.log_odds_prepared(np.stack(pixels))
    return pd.DataFrame({"log_odds": log_odds, "problem": problem})


def compare(card: Card, stored: pd.DataFrame, fresh: pd.DataFrame) -> Agreement | None:
    """Hold stored predictions to those just made; None where they share no film."""
    both = stored.merge(fresh, on="file", suffixes=("_stored", ""))
    if both.empty:
        return None
    gap = (both["probability"] - both["probability_stored"]).abs().max()
    limit = card.threshold_log_odds
    calls = (both["log_odds"] >= limit) != (both["log_odds_stored"] >= limit)
    return Agreement(len(both), float(gap), int(calls.sum()), reproduced(card, stored))


def reproduced(card: Card, stored: pd.DataFrame) -> bool | None:
    """Whether a model's stored metrics follow from its stored predictions, digit by digit."""
    path = models_dir() / card.name / METRICS
    if not path.is_file():
        return None
    kept = read_table(path).drop(columns=LEFT_OUT, errors="ignore")
    again = of_card(card, stored).round(DECIMALS)
    if list(kept.columns) != COLUMNS or len(kept) != len(again):
        return False
    numbers = ["threshold", "value", "low", "high", "n"]
    words = ["split", "positive", "metric", "method"]
    near = np.isclose(
        kept[numbers].to_numpy(dtype=np.float64),
        again[numbers].to_numpy(dtype=np.float64),
        rtol=0,
        atol=0.1 * 10.0**-DECIMALS,
        equal_nan=True,
    )
    return bool(near.all() and (kept[words].to_numpy() == again[words].to_numpy()).all())


def store(
    card: Card, predictions: pd.DataFrame, home: Path | None = None, left_out: str = ""
) -> Card:
    """Write a registered model's predictions and the metrics that follow from them.

    ``home`` is its folder, that of its name when None; ``left_out`` says what was left out of
    the films (``left_out.beside``).

    Predictions of splits that are stored already and not given stay. The card is written last,
    with the hash of the predictions.
    """
    home = home or models_dir() / card.name
    path = home / "predictions.csv"
    said = card.left_out | dict.fromkeys(predictions["split"].unique(), left_out)
    card = replace(card, left_out={split: words for split, words in said.items() if words})
    if path.is_file():
        kept = read_table(path)
        kept = kept[~kept["split"].isin(predictions["split"])]
        predictions = pd.concat([kept, predictions], ignore_index=True)
    write_table(path, predictions)
    store_metrics(home, card, predictions)
    known = classes.fitting(predictions["label"].unique())
    card = replace(
        card,
        files={**card.files, path.name: sha256_file(path)},
        positive=known.positive,
        negative=known.negative,
    )
    write_card(card, home)
    return card


def store_metrics(home: Path, card: Card, predictions: pd.DataFrame) -> None:
    """Write the metrics of predictions into a model's folder ``home``.

    the positive class as positive, at the card's threshold.
    """
    table = of_card(card, predictions).round(DECIMALS)
    said = table["split"].map(card.left_out).fillna("")
    write_table(home / METRICS, table.assign(**{LEFT_OUT: said}) if said.any() else table)
