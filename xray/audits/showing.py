"""Show films with devices laid in to models, beside what has everything but the device.

Each picture is drawn once for all models, and brought once to each size that a model takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from xray.audits.insertion import Ints, Material, Odds, Plan
from xray.drawing import laying
from xray.drawing.removal import inpaint
from xray.errors import ModelError
from xray.films.pixels import Pixels, as_float
from xray.jobs import executor
from xray.jobs.progress import Progress

#: Films that are drawn and shown together.
CHUNK = 96


@dataclass(frozen=True, eq=False)
class Trials:
    """Log-odds that one model gave.

    Attributes
    ----------
    plain : (N,) of the films as they are
    device, null, cloud : by kind, (T,) along the kind's plan
    relieved, sham : by thin kind, along its relief
    problem : why it could not answer for some picture; "" where it answered for all
    """

    plain: Odds
    device: dict[str, Odds] = field(default_factory=dict)
    null: dict[str, Odds] = field(default_factory=dict)
    cloud: dict[str, Odds] = field(default_factory=dict)
    relieved: dict[str, Odds] = field(default_factory=dict)
    sham: dict[str, Odds] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, eq=False)
class Step:
    """Pictures that are drawn and shown together.

    Attributes
    ----------
    names : which of a ``Trials``' fields
    kind : of device; "" for plain films
    rows : places along the films, the plan or the relief
    clouds : which of the rows have a cloud too
    """

    names: tuple[str, ...]
    kind: str
    rows: Ints
    clouds: Ints = field(default_factory=lambda: np.empty(0, int))

    def __len__(self) -> int:
        """Pictures."""
        return len(self.names) * len(self.rows) + len(self.clouds)


#: Name, kind, places and (n, S, S) films.
Pictures = tuple[str, str, Ints, Pixels]


def ask(
    models: Sequence[Any],
    material: Material,
    *,
    clouds: bool = True,
    precision: str | Sequence[str] = "float32",
    progress: Progress | None = None,
) -> list[Trials]:
    """Show all that was prepared to models.

    Parameters
    ----------
    models : with ``card`` and ``log_odds_prepared``
    clouds : show the second contrast too, for the first donor of each film
    precision : arithmetic, one for all models or one for each
    progress : called with pictures shown and to show
    """
    if isinstance(precision, str):
        precision = [precision] * len(models)
    results = [Trials(np.full(len(material.films), np.nan)) for _ in models]
    steps = list(_steps(material, clouds))
    # One thread draws the next pictures while the models look at these.
    answered = executor.each(
        show,
        steps,
        total=sum(map(len, steps)),
        progress=progress,
        prepare=_drawn,
        material=material,
        models=list(models),
        precision=list(precision),
    )
    for answers in answered:
        for name, kind, places, of_models in answers:
            for i, odds in enumerate(of_models):
                trials = results[i]
                if isinstance(odds, str):
                    results[i] = replace(trials, problem=trials.problem or odds)
                    continue
                if not kind:
                    trials.plain[places] = odds
                    continue
                length = _length(material, name, kind)
                kept = getattr(trials, name).setdefault(kind, np.full(length, np.nan))
                kept[places] = odds
    return results


def show(
    drawn: list[Pictures], material: Material, models: Sequence[Any], precision: Sequence[str]
) -> list[list[Any]]:
    """Name, kind, places, and what every model says of pictures, brought once to each size.

    A sentence stands for what a model cannot say; the others go on.
    """
    made = []
    for name, kind, places, films in drawn:
        sizes: dict[Any, Pixels] = {}
        answers = []
        for model, arithmetic in zip(models, precision, strict=True):
            key = (tuple(model.card.size), model.card.fit)
            if key not in sizes:
                sizes[key] = model.prepare(films)
            try:
                answers.append(model.log_odds_prepared(sizes[key], precision=arithmetic))
            except ModelError as error:
                answers.append(str(error))
        made.append([name, kind, places, answers])
    return made


def _length(material: Material, name: str, kind: str) -> int:
    plan = material.reliefs[kind] if name in ("relieved", "sham") else material.plans[kind]
    return len(plan.film)


def first(plan: Plan) -> Ints:
    """The first trial of each film: those that have clouds."""
    return np.flatnonzero(np.r_[True, plan.film[1:] != plan.film[:-1]])


def _steps(material: Material, clouds: bool) -> Iterator[Step]:
    """All that is shown, ``CHUNK`` places at a time."""
    for rows in _chunks(len(material.films)):
        yield Step(("plain",), "", rows)
    for kind, plan in material.plans.items():
        clouded = first(plan) if clouds else np.empty(0, int)
        for rows in _chunks(len(plan.film)):
            yield Step(("device", "null"), kind, rows, np.intersect1d(rows, clouded))
    for kind, relief in material.reliefs.items():
        for rows in _chunks(len(relief.film)):
            yield Step(("relieved", "sham"), kind, rows)


def _chunks(length: int) -> Iterator[Ints]:
    for start in range(0, length, CHUNK):
        yield np.arange(start, min(start + CHUNK, length))


def _drawn(
    step: Step, material: Material, models: Sequence[Any], precision: Sequence[str]
) -> list[Pictures]:
    """Draw a step's pictures."""
    if not step.kind:
        return [("plain", "", step.rows, as_float(material.films[step.rows]))]
    if "device" in step.names:
        return _laid(material, step.kind, step.rows, set(step.clouds.tolist()))
    return _relieved(material, step.kind, step.rows)


def _laid(material: Material, kind: str, rows: Ints, clouded: set[int]) -> list[Pictures]:
    plan, donors = material.plans[kind], material.donors[kind]
    made = []
    for row in rows:
        place, layer = plan.film[row], plan.layer[row]
        made.append(
            laying.lay(
                as_float(material.films[place]),
                material.boxes[place],
                donors.layers[layer],
                donors.nulls[layer][plan.null[row]],
                plan.places[row],
            )
        )
    clouds = [i for i, row in enumerate(rows) if int(row) in clouded]
    out = [
        ("device", kind, rows, np.stack([each.device for each in made])),
        ("null", kind, rows, np.stack([each.null for each in made])),
    ]
    if clouds:
        out.append(("cloud", kind, rows[clouds], np.stack([made[i].cloud for i in clouds])))
    return out


def _relieved(material: Material, kind: str, rows: Ints) -> list[Pictures]:
    relief = material.reliefs[kind]
    films = {row: as_float(material.films[relief.film[row]]) for row in rows.tolist()}
    return [
        (name, kind, rows, np.stack([inpaint(film, masks[row]) for row, film in films.items()]))
        for name, masks in (("relieved", relief.masks), ("sham", relief.elsewhere))
    ]
