"""The audit of one model: evidence, score, verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xray import environment
from xray.audits import effects, features, interventions, lime_weights, verdict
from xray.audits.inputs import Materials, prepare
from xray.audits.verdict import Calibration, Score
from xray.drawing.planting import Bytes, as_bytes, as_float
from xray.errors import ModelError
from xray.explanations import lime as lime_image
from xray.explanations import sanity
from xray.files import Progress
from xray.jobs import executor
from xray.metrics import bootstrap
from xray.metrics.patients import patients
from xray.models import precision as precisions
from xray.models import registry
from xray.models.registry import LogOdds, Model

Stage = Callable[[str], Progress | None]
#: Films whose explanations are checked against shuffled weights and random order.
SANITY_FILMS = 12
#: Films of a piece of that work.
SANITY_PIECE = 3


@dataclass(frozen=True, eq=False)
class Audit:
    """What an audit found; ``to_json`` gives it for files and scripts.

    Attributes
    ----------
    effects : DataFrame
        See ``effects.table``; insertions pooled over kinds come first, LIME follows.
    strata : DataFrame
        stratum, metric, value, low, high, n: AUROC, sensitivity and specificity of films with
        and without devices, with lungs hidden and with all but the lungs hidden.
    lungs : dict
        Share of absolute LIME weight on the lungs and their share of the area.
    sanity : DataFrame
        Sanity checks of explanations over ``SANITY_FILMS`` films: measure, mean, low, high, n
        (see ``sanity.summarise``).
    films : DataFrame
        The films that moved most: file, device, draw, original, treated, sham, net.
    measured : DataFrame
        Every intervention on every film, as ``interventions.measure`` gives it; not in the JSON.
    """

    model: str
    verdict: verdict.Verdict
    reasons: list[str]
    score: Score
    scale: Calibration | None
    effects: pd.DataFrame
    strata: pd.DataFrame
    lungs: dict[str, float]
    sanity: pd.DataFrame
    films: pd.DataFrame
    measured: pd.DataFrame
    seed: int
    source: str
    data_hash: str
    model_hash: str
    labelled: bool
    n_films: int
    precision: str
    versions: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Plain data, numbers that are not known as null."""
        value = {
            "model": self.model,
            "verdict": self.verdict,
            "score": self.score.score,
            "score_low": self.score.low,
            "score_high": self.score.high,
            "insertion": self.score.insertion,
            "lettering": self.score.lettering,
            "lime": self.score.lime,
            "spread": self.score.spread,
            "score_threshold": self.scale.threshold if self.scale else None,
            "reasons": self.reasons,
            "effects": self.effects.to_dict("records"),
            "minimum_detectable_effect": self.scale.detectable if self.scale else None,
            "strata": self.strata.to_dict("records"),
            "lungs": self.lungs,
            "sanity": self.sanity.to_dict("records"),
            "most_moved": self.films.to_dict("records"),
            "seed": self.seed,
            "data": self.source,
            "labelled": self.labelled,
            "n_films": self.n_films,
            "precision": self.precision,
            "versions": self.versions,
            "data_hash": self.data_hash,
            "model_hash": self.model_hash,
        }
        return dict(_plain(value))


def _plain(value: Any) -> Any:
    """JSON-like data: numpy scalars as Python's, not-a-number as None, floats to 5 digits."""
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return round(value, 5) if math.isfinite(value) else None
    return None if value is pd.NA else value


def audit(
    model: Model,
    materials: Materials,
    scale: Calibration | None,
    precision: str = "auto",
    stage: Stage = lambda _: None,
) -> Audit:
    """Audit one model.

    Parameters
    ----------
    scale : the controls' calibration; without one the verdict is "inconclusive".
    precision : "float32", "bfloat16", or "auto" for what ``precision.probe`` found best here.
    stage : called with the name of each stretch of the work, gives its progress callback.

    Raises
    ------
    ModelError
        The model's outputs cannot be read as probabilities.
    """
    if precision == "auto":
        precision = precisions.probe(model).choice
    seed = materials.seed
    threshold = model.card.threshold_log_odds
    originals, measured = interventions.measure(
        model, materials.battery, precision, stage("interventions")
    )
    lime = lime_weights.measure(model, materials.cases, seed, precision, stage("LIME"))
    made = features.features(originals, materials.battery.films, measured, lime, seed)
    score = scale.score(made) if scale else _no_score(made.spread)
    found, reasons = _verdict(score, scale, materials)
    tables = [
        effects.pooled(measured, threshold, seed),
        effects.table(measured, threshold, seed),
        effects.lime_rows(lime, seed),
    ]
    return Audit(
        model=model.card.name,
        verdict=found,
        reasons=reasons,
        score=score,
        scale=scale,
        effects=pd.concat([table for table in tables if len(table)], ignore_index=True),
        strata=strata(model, materials, precision, stage("strata")),
        lungs=_lungs(lime, seed),
        sanity=explanations(model, materials, precision, stage("sanity checks")),
        films=most_moved(measured),
        measured=measured,
        seed=seed,
        source=materials.source,
        data_hash=materials.data_hash,
        model_hash=model.card.sha256,
        labelled=materials.labelled,
        n_films=len(materials.table),
        precision=precision,
        versions=environment.versions(),
    )


def run(
    name: str, folder: Path, scale: Calibration | None, progress: Progress, seed: int = 0
) -> dict[str, Any]:
    """Audit a registered model on a folder of films, from choosing films to plain data."""
    model = registry.load(name)
    prepared = prepare(folder, seed, progress=progress)
    return audit(model, prepared, scale, stage=lambda _: progress).to_json()


def _no_score(spread: float) -> Score:
    nan = float("nan")
    return Score(nan, nan, nan, nan, nan, nan, spread)


def _verdict(
    score: Score, scale: Calibration | None, materials: Materials
) -> tuple[verdict.Verdict, list[str]]:
    """The verdict, or why there can be none."""
    if materials.table["label"].nunique() < 2:
        return "inconclusive", [
            "All films are of one class, so that nothing says what the model does with the other."
        ]
    if scale is None:
        return "inconclusive", [
            "There are no control models to hold the score against; run 'python -m xray controls'."
        ]
    return verdict.decide(score, scale, int(materials.battery.films["free"].sum()))


def most_moved(measured: pd.DataFrame, most: int = 40) -> pd.DataFrame:
    """Insertions and removals of devices that moved the model most, either way."""
    device = measured[measured["family"] == "device"]
    order = device["net"].abs().sort_values(ascending=False).index[:most]
    columns = ["file", "label", "test", "kind", "draw", "original", "treated", "sham", "net"]
    return device.loc[order, columns].reset_index(drop=True)


def strata(
    model: Model, materials: Materials, precision: str, progress: Progress | None = None
) -> pd.DataFrame:
    """Sensitivity, specificity and AUROC with and without devices, and with lungs hidden."""
    films = materials.films
    lung = materials.lungs.astype(bool)
    grey = as_float(films)
    level = grey.mean(axis=(1, 2), keepdims=True)
    hidden = as_bytes(np.where(lung, level, grey))
    outside_hidden = as_bytes(np.where(lung, grey, level))
    has = materials.table["has_device"]
    every = np.ones(len(films), bool)
    plain = interventions.predict(model, films, precision, progress)
    views: list[tuple[str, LogOdds, Any]] = [("all films", plain, every)]
    if materials.labelled:
        views.append(("with a device", plain, has.eq(True).fillna(False).to_numpy(bool)))
        views.append(("without a device", plain, has.eq(False).fillna(False).to_numpy(bool)))
    for name, masked in (("lungs hidden", hidden), ("all but lungs hidden", outside_hidden)):
        views.append((name, interventions.predict(model, masked, precision, progress), every))
    rows = []
    for name, log_odds, chosen in views:
        rows += _metrics(name, log_odds[chosen], materials.table[chosen], model, materials.seed)
    return pd.DataFrame(rows, columns=["stratum", "metric", "value", "low", "high", "n"])


def explanations(
    model: Model, materials: Materials, precision: str, progress: Progress | None = None
) -> pd.DataFrame:
    """Sanity checks of explanations, over films of both classes as evenly as there are."""
    place = materials.table.groupby("label").cumcount().to_numpy()
    chosen = np.argsort(place, kind="stable")[:SANITY_FILMS]
    films = list(enumerate(materials.films[chosen]))
    parts = executor.over(
        _checked,
        films,
        SANITY_PIECE,
        progress=progress,
        model=model,
        seed=materials.seed,
        settings=lime_image.Settings(precision=precision),
    )
    return sanity.summarise(pd.concat(parts, ignore_index=True), seed=materials.seed)


def _checked(
    batch: Sequence[tuple[int, Bytes]], model: Model, seed: int, settings: lime_image.Settings
) -> pd.DataFrame:
    """Explain some films and check the explanations."""
    films = [as_float(film) for _, film in batch]
    found = [lime_image.explain(model, film, settings) for film in films]
    return sanity.check_many(model, films, found, seed=seed, first=batch[0][0])


def _metrics(
    name: str, log_odds: LogOdds, rows: pd.DataFrame, model: Model, seed: int
) -> list[dict[str, Any]]:
    """AUROC (bootstrap by possible patient), sensitivity and specificity (Wilson)."""
    truth = (rows["label"] == "PNEUMONIA").to_numpy()
    made: list[dict[str, Any]] = []
    if truth.any() and not truth.all():
        weights = bootstrap.resamples(patients(rows), seed=seed)
        low, high, _ = bootstrap.percentiles(bootstrap.auroc(truth, log_odds, weights))
        value = float(bootstrap.auroc(truth, log_odds)[0])
        made.append({"metric": "auroc", "value": value, "low": low, "high": high, "n": len(rows)})
    called = log_odds >= model.card.threshold_log_odds
    for metric, of, right in (("sensitivity", truth, called), ("specificity", ~truth, ~called)):
        n = int(of.sum())
        if n:
            low, high = bootstrap.wilson(int((of & right).sum()), n)
            value = float((of & right).sum() / n)
            made.append({"metric": metric, "value": value, "low": low, "high": high, "n": n})
    return [{"stratum": name} | row for row in made]


def _lungs(lime: pd.DataFrame, seed: int) -> dict[str, float]:
    """Share of LIME weight on the lungs against their share of the area."""
    if lime.empty:
        return {}
    low, high = effects.interval(lime["lung_weight"].to_numpy(), patients(lime), seed)
    return {
        "weight_share": float(lime["lung_weight"].mean()),
        "weight_share_low": low,
        "weight_share_high": high,
        "area_share": float(lime["lung_area"].mean()),
        "r2_median": float(lime["r2"].median()),
        "n": float(len(lime)),
    }


def failed(name: str, error: ModelError, materials: Materials) -> dict[str, Any]:
    """What ``audit --json`` says of a model that could not be audited."""
    return {"model": name, "verdict": "inconclusive", "reasons": [str(error)], "score": None,
            "effects": [], "seed": materials.seed, "data_hash": materials.data_hash}  # fmt: skip
