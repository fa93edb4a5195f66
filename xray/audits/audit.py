"""The audit of models: what real devices change in their calls, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray import classes, environment
from xray.audits import (
    doubts,
    findings,
    judging,
    moved,
    pointing,
    showing,
    stored,
    suspects,
    witness,
)
from xray.audits.inputs import Materials, prepare
from xray.audits.judging import Cut, Margin, Verdict
from xray.audits.showing import Trials
from xray.audits.suspects import Answers, Try
from xray.classes import HEALTHY, SICK
from xray.errors import ModelError
from xray.films.pixels import as_float
from xray.jobs.progress import Progress, Stage
from xray.models import precision as precisions
from xray.models import registry
from xray.models.model import LogOdds

#: Films that a model is asked about before others wait for it.
FIRST = 2
#: Why LIME raises no flag of its own.
NO_FLAG = (
    "LIME's own flag needs films with labelled devices, and thresholds from networks of known "
    "answers (python -m xray panel)."
)
ONE_CLASS = (
    "All films are of one class, so that nothing says whether the model tells the classes apart; "
    "give a folder with films of both."
)
FEW = "Films without devices of both classes are needed to lay devices over; there are too few."
NO_DEVICE = (
    "No device could be cut out of these films; 'refused' in the result says why. Label more films "
    "with devices, or give none, and devices are rendered."
)


@dataclass(frozen=True, eq=False)
class Audit:
    """What an audit found of one model; ``to_json`` gives it for files and scripts.

    Attributes
    ----------
    model : its name
    verdict : with all that it rests on
    strata : DataFrame
        stratum, metric, value, low, high, n: AUROC, sensitivity and specificity of films with
        and without devices, with lungs hidden and with all but the lungs hidden.
    notes : sentences on what the films and labels are worth for this model
    materials : what was shown
    precision : arithmetic
    model_hash : of the model's file; "" where there is none
    as_read : of its file and the options that it was read by (``Card.as_read``)
    left_out : films that were not judged because the model was trained on them
    witness : what children filmed with and without a device say (``witness.told``)
    most_moved : films that devices moved most (``moved.most``)
    """

    model: str
    verdict: Verdict
    strata: pd.DataFrame
    notes: tuple[str, ...]
    materials: Materials
    precision: str
    model_hash: str
    as_read: str
    left_out: int = 0
    witness: dict[str, Any] | None = None
    most_moved: tuple[dict[str, Any], ...] = ()
    lime: tuple[dict[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data, numbers that are not known as null."""
        told = self.verdict.as_json() | {"positive": classes.positive()}
        if self.verdict.verdict == "cannot_be_judged":
            told["score"] = None
        points = findings.pointed(self.lime, stored.limits())
        names = {HEALTHY: classes.negative(), SICK: classes.positive()}
        told["effects"] = [*told["effects"], *self.lime]
        told["effects"] = [row | {"label": names.get(row["label"], "")} for row in told["effects"]]
        value = {
            "model": self.model,
            **told,
            "notes": list(self.notes),
            "lime_flag": None if points is None else bool(points),
            "lime_reason": NO_FLAG if points is None else "",
            **self.materials.about(),
            "left_out": self.left_out,
            "refused": [
                {"kind": kind, "reason": reason, "devices": count}
                for (kind, reason), count in sorted(self.materials.material.refused.items())
            ],
            "strata": self.strata.to_dict("records"),
            "witness": self.witness,
            "most_moved": list(self.most_moved),
            "seed": self.materials.seed,
            "precision": self.precision,
            "versions": environment.versions(),
            "model_hash": self.model_hash,
            "model_as_read": self.as_read,
        }
        return dict(_jsonable(value))


def _jsonable(value: Any) -> Any:
    """JSON-like data: numpy scalars as Python's, not-a-number as None, floats to 5 digits."""
    if isinstance(value, dict):
        return {str(key): _jsonable(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(entry) for entry in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return round(value, 5) if math.isfinite(value) else None
    return None if value is pd.NA else value


@dataclass(frozen=True)
class Options:
    """How models are asked and judged.

    Attributes
    ----------
    margin : what matters
    precision : "float32", "bfloat16", or "auto" for what ``precision.probe`` found best here
    trained_on : names of films, as in the folder or without it, that the models learnt from;
        they are not judged by these
    """

    margin: Margin = field(default_factory=Margin)
    precision: str = "auto"
    trained_on: frozenset[str] = frozenset()


def audit(
    models: Sequence[Any],
    materials: Materials,
    options: Options | None = None,
    stage: Stage = lambda _: None,
    refused: Mapping[int, str] | None = None,
) -> list[Audit]:
    """Audit models, which share all that does not depend on them.

    One that cannot be asked is not judged, and says why; the others go on.

    Parameters
    ----------
    models : with ``card``, ``prepare`` and ``log_odds_prepared``
    stage : called with the name of each stretch of the work, gives its progress callback
    refused : place of a model -> why it is not to be asked
    """
    options, refused = options or Options(), refused or {}
    problems = {i: refused.get(i) or _problem(m, materials) for i, m in enumerate(models)}
    tries = suspects.prepare(materials.material, materials.has_text)
    asked, arithmetic, trials, others = _answers(models, materials, options, tries, problems, stage)
    kept = ~_known(materials.table["file"], options.trained_on)
    verdicts = doubts.settled(
        asked,
        [_verdict(m, t, materials, options, kept) for m, t in zip(asked, trials, strict=True)],
        trials,
        materials,
        kept,
        arithmetic,
        stage("other options"),
    )
    answered = iter(zip(asked, verdicts, arithmetic, trials, others, strict=True))
    weights = iter([_lime(model, materials, stage) for model in asked])
    say = stage("lungs hidden")
    made = []
    for i, model in enumerate(models):
        if problems[i]:
            made.append(_unasked(model, materials, options, problems[i]))
        else:
            judged = _told(*next(answered), tries, materials, options, kept)
            made.append(replace(judged, lime=next(weights)))
        if say:
            say(i + 1, len(models))
    return made


def _answers(
    models: Sequence[Any],
    materials: Materials,
    options: Options,
    tries: Sequence[Try],
    problems: dict[int, str],
    stage: Stage,
) -> tuple[list[Any], list[str], list[Trials], list[Answers]]:
    """Models that answer for every picture, their arithmetic, and what they say.

    Parameters
    ----------
    problems : place of a model -> why it cannot be asked; those that fail at a picture join them
    """
    places = [i for i, problem in problems.items() if not problem]
    asked = [models[i] for i in places]
    arithmetic = [_arithmetic(model, options.precision) for model in asked]
    if materials.table["label"].nunique() < 2:
        trials = [_plain(m, materials, p) for m, p in zip(asked, arithmetic, strict=True)]
    else:
        trials = showing.ask(
            asked, materials.material, precision=arithmetic, progress=stage("devices laid on films")
        )
    others = suspects.ask(asked, materials.material, tries, arithmetic, stage("other suspects"))
    for i, trial, other in zip(places, trials, others, strict=True):
        problems[i] = trial.problem or other.problem
    told = [
        each
        for i, *each in zip(places, asked, arithmetic, trials, others, strict=True)
        if not problems[i]
    ]
    return tuple([each[k] for each in told] for k in range(4))  # type: ignore[return-value]


def _plain(model: Any, materials: Materials, precision: str) -> Trials:
    """What a model says of films as they are, where nothing is laid on."""
    try:
        return Trials(_ask(model, materials.films, precision))
    except ModelError as error:
        return Trials(np.full(len(materials.films), np.nan), problem=str(error))


def _lime(model: Any, materials: Materials, stage: Stage) -> tuple[dict[str, Any], ...]:
    """What LIME weighs devices on films that show some; nothing where no film is labelled."""
    asked = pointing.sights(materials.material, seed=materials.seed)
    if not asked:
        return ()
    weighed = pointing.weigh(
        model, materials.material, asked, "lime", materials.seed, stage("LIME")
    )
    return tuple(pointing.effects(weighed, materials.seed))


def run(
    name: str,
    folder: Path,
    device_labels: Path | None = None,
    progress: Progress | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Audit a registered model on a folder of films, from choosing films to plain data."""
    model = registry.load(name)
    prepared = prepare(folder, seed, progress=progress, device_labels=device_labels)
    return audit([model], prepared, stage=lambda _: progress)[0].to_json()


def _problem(model: Any, materials: Materials) -> str:
    """Why a model cannot be asked; "" when it answers."""
    try:
        _ask(model, materials.films[:FIRST], "float32")
    except ModelError as error:
        return str(error)
    return ""


def _arithmetic(model: Any, wanted: str) -> str:
    return precisions.probe(model).choice if wanted == "auto" else wanted


def _ask(model: Any, films: NDArray[np.uint8], precision: str) -> LogOdds:
    """Log-odds of films, some at a time."""
    parts = [
        model.log_odds_prepared(
            model.prepare(as_float(films[i : i + showing.CHUNK])), precision=precision
        )
        for i in range(0, len(films), showing.CHUNK)
    ]
    return np.concatenate(parts)


def _unasked(model: Any, materials: Materials, options: Options, why: str) -> Audit:
    verdict = _no_verdict(model, materials, options, why)
    return Audit(
        model.card.name,
        verdict,
        pd.DataFrame(columns=list(witness.STRATA)),
        (),
        materials,
        "float32",
        model.card.sha256,
        model.card.as_read,
    )


def _no_verdict(
    model: Any, materials: Materials, options: Options, why: str, odds: LogOdds | None = None
) -> Verdict:
    """Of a model that could not be asked, or of films that judge nobody."""
    nan, own = float("nan"), model.card.threshold_log_odds
    called = nan if odds is None else float((odds >= own).mean())
    cut = Cut(own, np.full(len(materials.table), own))
    return Verdict(
        "cannot_be_judged", "", 0.0, (why,), (nan, nan, nan), called, cut, options.margin
    )


def _verdict(
    model: Any, trials: Trials, materials: Materials, options: Options, kept: NDArray[np.bool_]
) -> Verdict:
    """Judge one model by what it said, with the likely cause where it knows nothing."""
    truth = (materials.material.table["label"] == SICK).to_numpy()
    if len(set(truth[kept])) < 2:
        return _no_verdict(model, materials, options, ONE_CLASS, trials.plain)
    if not len(materials.material.recipients):
        return _no_verdict(model, materials, options, FEW, trials.plain)
    if not materials.material.plans:
        return _no_verdict(model, materials, options, NO_DEVICE, trials.plain)
    own, margin = model.card.threshold_log_odds, options.margin
    verdict = judging.judge(materials.material, trials, own, kept, margin, materials.seed)
    if verdict.verdict == "cannot_be_judged" and not verdict.auroc[1] > judging.GATE:
        why = doubts.causes(model, verdict, materials, truth, kept)
        verdict = replace(verdict, reasons=(*verdict.reasons, *why))
    return verdict


def _told(
    model: Any,
    verdict: Verdict,
    precision: str,
    trials: Trials,
    others: Answers,
    tries: Sequence[Try],
    materials: Materials,
    options: Options,
    kept: NDArray[np.bool_],
) -> Audit:
    """An audit, with all that stands beside the verdict."""
    if math.isfinite(verdict.auroc[0]):
        other = suspects.effects(materials.material, tries, others, trials.plain, verdict, kept)
        verdict = replace(verdict, effects=(*verdict.effects, *other))
    return Audit(
        model.card.name,
        verdict,
        witness.strata(model, trials.plain, materials, precision),
        _notes(model, materials, options),
        materials,
        precision,
        model.card.sha256,
        model.card.as_read,
        int((~kept).sum()),
        witness.told(materials.table, materials.sure, trials.plain, verdict, kept),
        tuple(moved.most(materials.material, trials, verdict.cut.films, kept)),
    )


def _known(files: pd.Series, trained_on: Collection[str]) -> NDArray[np.bool_]:
    """Which films a model was trained on, by their place in the folder or their name alone."""
    names = files.str.rpartition("/")[2]
    return np.asarray(files.isin(trained_on) | names.isin(trained_on), bool)


def _notes(model: Any, materials: Materials, options: Options) -> tuple[str, ...]:
    """What to know of films and labels beside the verdict."""
    notes = list(materials.part)
    if materials.out_of:
        notes.append(
            f"These are {len(materials.table):,} of {materials.out_of:,} films, drawn at random."
        )
    if materials.labels.rendered:
        notes.append(
            "No film of this folder has labelled devices: devices were rendered from facts about "
            "real ones."
        )
    elif others := materials.elsewhere():
        notes.append(
            f"Devices of {len(others):,} films that are not judged are laid on too. A model that "
            "was trained on those films has seen these devices."
        )
    seen = _known(materials.table["file"], options.trained_on).any()
    if options.trained_on and not seen:
        notes.append(
            f"None of the {len(options.trained_on):,} names that were given as trained on is among "
            "these films: write them as in the folder, with their endings."
        )
    public = materials.table["file"].str.match(r"test/[^/]+/(IM-|NORMAL2-IM-|person)").mean() > 0.5
    if public and not seen and not model.card.recipe:
        notes.append(
            "If it was trained on another split of the public set, it may have seen these films; "
            "name those it was trained on with --trained-on FILE."
        )
    return tuple(notes)
