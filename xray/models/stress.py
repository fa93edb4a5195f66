"""Stress tests: validation films changed as another X-ray unit or operator might change them.

A model that learnt what a film shows keeps telling the classes apart when the film is framed,
exposed or sharpened otherwise; one that learnt how the films of this collection look does not
(D'Amour et al. 2020, arXiv:2011.03395). Only validation films are changed, so that recipes may
be chosen by what comes of it.

One change takes a giveaway away: framed alike (:func:`alike`), every film is cut as closely
around its lungs as the films of the positive class are, so that framing tells nothing of the class.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from xray import classes
from xray.dataset import index
from xray.errors import ArtifactError, DatasetError
from xray.files import read_table, write_table
from xray.films import lungs
from xray.films.pixels import Pixels
from xray.jobs.progress import Progress
from xray.metrics import bootstrap, patients
from xray.metrics.bootstrap import Bools, Floats
from xray.models.card import models_dir, read_card, read_predictions
from xray.models.model import Model, Predictor

#: File of the results inside a model's folder.
FILE = "stress.csv"
DECIMALS = 6
#: Films that are changed and predicted at once.
PIECE = 64
COLUMNS = [
    *("change", "group", "metric", "value", "low", "high", "lost", "lost_low", "lost_high", "n"),
    "model_hash",
]
METRICS = ("auroc", "balanced_accuracy", "recall", "specificity")
#: Names of the change that frames all films alike, and of the test films beside the changes.
ALIKE, TEST = "alike", "test"

#: (h, w) film in [0, 1], generator -> the changed film, same shape and range.
Apply = Callable[[Pixels, np.random.Generator], Pixels]


@dataclass(frozen=True)
class Change:
    """One way to change a film.

    ``title`` is in words for people, ``group`` "framing", "exposure" or "sharpness".
    """

    name: str
    title: str
    group: str
    apply: Apply


def _cropped(film: Pixels, _: np.random.Generator, *, sides: tuple[float, ...]) -> Pixels:
    """Less film: shares cut off at the top, bottom, left and right, the rest enlarged."""
    height, width = film.shape
    top, bottom, left, right = sides
    rows = slice(round(top * height), height - round(bottom * height))
    columns = slice(round(left * width), width - round(right * width))
    cut = cv2.resize(film[rows, columns], (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cut, np.float32)


def _turned(film: Pixels, _: np.random.Generator, *, degrees: float) -> Pixels:
    """Rotated about the middle, and enlarged until no corner is empty."""
    height, width = film.shape
    angle = np.radians(abs(degrees))
    grow = np.cos(angle) + np.sin(angle) * max(height / width, width / height)
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, float(grow))
    moved = cv2.warpAffine(film, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def _gamma(film: Pixels, _: np.random.Generator, *, power: float) -> Pixels:
    return np.asarray(film**power, np.float32)


def _flat(film: Pixels, _: np.random.Generator, *, share: float) -> Pixels:
    """Less contrast about the film's own mean."""
    return np.asarray(film.mean() + share * (film - film.mean()), np.float32)


def _blurred(film: Pixels, _: np.random.Generator, *, share: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(film, (0, 0), share * max(film.shape)), np.float32)


def _noisy(film: Pixels, rng: np.random.Generator, *, sd: float) -> Pixels:
    noise = rng.normal(0.0, sd, film.shape).astype(np.float32)
    return np.asarray(np.clip(film + noise, 0, 1), np.float32)


#: The frame only ever narrows: what lies beyond a film is not known.
CHANGES = (
    Change("tighter10", "framed 10 % tighter", "framing", partial(_cropped, sides=(0.05,) * 4)),
    Change("tighter20", "framed 20 % tighter", "framing", partial(_cropped, sides=(0.1,) * 4)),
    Change("no_top", "cut by 15 % at the top", "framing", partial(_cropped, sides=(0.15, 0, 0, 0))),
    Change(
        "no_bottom",
        "cut by 15 % at the bottom",
        "framing",
        partial(_cropped, sides=(0, 0.15, 0, 0)),
    ),
    Change(
        "narrower", "made 15 % narrower", "framing", partial(_cropped, sides=(0, 0, 0.075, 0.075))
    ),
    Change(
        "shorter", "made 15 % shorter", "framing", partial(_cropped, sides=(0.075, 0.075, 0, 0))
    ),
    Change("turned", "turned by 5 degrees", "framing", partial(_turned, degrees=5.0)),
    Change("brighter", "made brighter (gamma 0.7)", "exposure", partial(_gamma, power=0.7)),
    Change("darker", "made darker (gamma 1.4)", "exposure", partial(_gamma, power=1.4)),
    Change("flat", "with three quarters of the contrast", "exposure", partial(_flat, share=0.75)),
    Change("blurred", "blurred by half a percent", "sharpness", partial(_blurred, share=0.005)),
    Change("noisy", "with noise (3 % of the grey range)", "sharpness", partial(_noisy, sd=0.03)),
)


def alike(films: Pixels, y: Bools) -> Change:
    """Cut films as closely around their lungs as the median film of the positive class is framed.

    Parameters
    ----------
    films : (N, h, w) float32 in [0, 1]
    y : (N,) bool, True for the positive class

    Returns
    -------
    Change
        Films that are framed as closely already are cut less, or not at all: what lies beyond
        their edges is not known.
    """
    chosen = [film for film, sick in zip(films, y, strict=True) if sick]
    found = lungs.estimate_many(chosen)
    margins = np.median([_margins(*pair) for pair in zip(chosen, found, strict=True)], axis=0)
    return Change(ALIKE, "framed alike", "framing", partial(_alike, margins=margins))


def _margins(film: Pixels, found: lungs.Lungs) -> Floats:
    """Film beyond the lungs at the top, bottom, left and right, as shares of the lungs' box."""
    (height, width), (x0, y0, x1, y1) = film.shape, found.box
    tall, wide = max(1, y1 - y0), max(1, x1 - x0)
    return np.array([y0 / tall, (height - y1) / tall, x0 / wide, (width - x1) / wide])


def _alike(film: Pixels, rng: np.random.Generator, *, margins: Floats) -> Pixels:
    found = lungs.estimate(film)
    (height, width), (x0, y0, x1, y1) = film.shape, found.box
    tall, wide = max(1, y1 - y0), max(1, x1 - x0)
    spare = np.maximum(_margins(film, found) - margins, 0) * [tall, tall, wide, wide]
    shares = spare / [height, height, width, width]
    return _cropped(film, rng, sides=tuple(float(share) for share in shares))


def measure(
    model: Predictor,
    films: Pixels,
    rows: pd.DataFrame,
    seed: int = 0,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Score a model on films as they are and under every change.

    Parameters
    ----------
    films : (N, h, w) float32 in [0, 1], at the model's input size
    rows : file, label, one row a film; person where known
    seed : of noise and bootstrap
    progress : called with (film sets predicted, all of them)

    Returns
    -------
    DataFrame
        ``COLUMNS``: change ("" for films as they are), group, metric (``METRICS``; at the
        card's threshold), value with its 95 % interval over possible patients, and what is
        lost against films as they are, with a paired interval (nan for those themselves); n
        films; and the hash of the model's file.
    """
    y = classes.is_positive(rows["label"]).to_numpy()
    drawn = bootstrap.resamples(patients.patients(rows), seed=seed)
    limit = model.card.threshold_log_odds
    told: list[tuple[str, str, dict[str, Floats]]] = []
    every = (None, *CHANGES, alike(films, y))
    for number, change in enumerate(every):
        rng = np.random.default_rng([seed, number])
        scores = np.concatenate(
            [
                model.log_odds_prepared(_changed(films[start : start + PIECE], change, rng))
                for start in range(0, len(films), PIECE)
            ]
        )
        name, group = (change.name, change.group) if change else ("", "")
        told.append((name, group, _values(y, scores, limit, drawn)))
        if progress:
            progress(number + 1, len(every))
    return _table(told, len(y), model.card.sha256)


def on_test(name: str, seed: int = 0) -> pd.DataFrame:
    """The same metrics of a registered model on its test films, to set beside the changes.

    Returns
    -------
    DataFrame
        As :func:`measure` gives it, with the change ``TEST``; nothing is paired, nothing lost.
    """
    rows = read_predictions(name)
    rows = rows[rows["split"] == "test"].reset_index(drop=True)
    y = classes.is_positive(rows["label"]).to_numpy()
    drawn = bootstrap.resamples(patients.patients(rows), seed=seed)
    card = read_card(models_dir() / name)
    values = _values(y, rows["log_odds"].to_numpy(), card.threshold_log_odds, drawn)
    return _table([("", "", values)], len(y), card.sha256).assign(change=TEST, group=TEST)


def _table(told: list[tuple[str, str, dict[str, Floats]]], n: int, model_hash: str) -> pd.DataFrame:
    """Rows of ``COLUMNS``; the first of ``told`` is what the others are set against."""
    plain = told[0][2]
    return pd.DataFrame(
        [
            (
                name,
                group,
                metric,
                *_spread(values[metric]),
                *_lost(plain[metric], values[metric]),
                n,
                model_hash,
            )
            for name, group, values in told
            for metric in METRICS
        ],
        columns=COLUMNS,
    )


def _changed(films: Pixels, change: Change | None, rng: np.random.Generator) -> Pixels:
    if change is None:
        return films
    return np.stack([np.clip(change.apply(film, rng), 0, 1) for film in films])


def _values(y: Bools, scores: Floats, limit: float, drawn: Floats) -> dict[str, Floats]:
    """Metric -> (1 + draws,) values; the first is that of the films themselves."""
    weights = np.concatenate([bootstrap.single(len(y)), drawn])
    tp, fp, fn, tn = bootstrap.counts(y, scores >= limit, "", weights)
    return {
        "auroc": bootstrap.auroc(y, scores, weights),
        "balanced_accuracy": bootstrap.balanced_accuracy(tp, fp, fn, tn),
        "recall": bootstrap.ratio(tp, tp + fn),
        "specificity": bootstrap.ratio(tn, tn + fp),
    }


def _spread(values: Floats) -> tuple[float, float, float]:
    low, high, _ = bootstrap.percentiles(values[1:])
    return float(values[0]), low, high


def _lost(plain: Floats, values: Floats) -> tuple[float, float, float]:
    if values is plain:
        return (float("nan"),) * 3
    return _spread(plain - values)


def validation(
    model: Model, folder: Path, seed: int = 0, progress: Progress | None = None
) -> pd.DataFrame:
    """Stress a registered model on the validation films that its predictions name.

    Raises
    ------
    DatasetError
        The folder lacks the validation films.
    """
    stored = read_predictions(model.card.name)
    wanted = stored.loc[stored["split"] == "val", "file"]
    table = index.usable(index.index(folder))
    rows = table[table["file"].isin(wanted)].reset_index(drop=True)
    if rows["label"].nunique() < 2:
        raise DatasetError(
            f"{folder} lacks the validation films of {model.card.name}; give --data the films "
            "that it was trained on."
        )
    films = index.load_pixels(folder, rows, model.card.size, model.card.fit)
    return measure(model, films, rows, seed, progress)


def summary(table: pd.DataFrame, metric: str = "auroc") -> float:
    """Mean of a metric over all changes."""
    return float(table.loc[(table["metric"] == metric) & (table["change"] != ""), "value"].mean())


def worst(table: pd.DataFrame, metric: str = "balanced_accuracy") -> float:
    """Least value of a metric over all changes."""
    return float(table.loc[(table["metric"] == metric) & (table["change"] != ""), "value"].min())


def store(name: str, table: pd.DataFrame) -> None:
    """Keep the results beside a registered model."""
    write_table(models_dir() / name / FILE, table.round(DECIMALS))


def stored(name: str) -> pd.DataFrame:
    """The results kept of a model.

    Raises
    ------
    ArtifactError
        There are none, they are damaged, or they are of other weights than the model's.
    """
    path = models_dir() / name / FILE
    table = read_table(path)
    known = {"", ALIKE, *(change.name for change in CHANGES)}
    whole = list(table.columns) == COLUMNS
    if whole:
        table["change"] = table["change"].fillna("")
    if not whole or not set(table["change"]) <= known:
        raise ArtifactError(
            f"{path} is damaged; make it again by 'python -m xray evaluate {name} --stress'."
        )
    if set(table["model_hash"]) != {read_card(path.parent).sha256}:
        raise ArtifactError(
            f"{name} has been trained again since its stress tests; make them again by "
            f"'python -m xray evaluate {name} --stress'."
        )
    return table
