"""The battery: films changed once, then shown to any number of models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray.audits.suspects import SUSPECTS, Mask, Subject, Suspect, Trial
from xray.films import lungs as lung_fields
from xray.films.pixels import Bytes, Pixels, as_bytes, as_float
from xray.jobs import executor
from xray.jobs.progress import Progress
from xray.models.model import LogOdds

#: Side of the films that devices are drawn into; larger networks see them enlarged.
SIDE = 224
#: Films that are predicted, and films that are changed, as one piece of work.
SHOWN, CHANGED = 128, 8


@dataclass(frozen=True, eq=False)
class Battery:
    """Films and what was done to them.

    Attributes
    ----------
    films : DataFrame
        One row a film: file, label, person, free (no device known or seen), marked.
    originals : (N, H, W) uint8
    trials : DataFrame
        One row a trial: film (row of ``films``), test, kind, family, sign, draw (0 for the first
        time the suspect was tried on the film).
    treated, sham : (T, H, W) uint8
    """

    films: pd.DataFrame
    originals: Bytes
    trials: pd.DataFrame
    treated: Bytes
    sham: Bytes


def subjects(pixels: Pixels | Bytes, masks: Sequence[Mask | None] | None = None) -> list[Subject]:
    """Films (N, H, W) with their lungs, and the marks of their devices where known."""
    fields = lung_fields.estimate_many(list(as_float(pixels)))
    marks = masks if masks is not None else [None] * len(pixels)
    return [
        Subject(as_float(film), field, mask)
        for film, field, mask in zip(pixels, fields, marks, strict=True)
    ]


def build(
    films: pd.DataFrame,
    under_test: Sequence[Subject],
    seed: int = 0,
    suspects: Sequence[Suspect] = SUSPECTS,
    progress: Progress | None = None,
) -> Battery:
    """Apply every suspect to every film it fits.

    Parameters
    ----------
    films : file, label, person, free, marked; one row a subject
    seed : the same seed draws the same devices into the same film, whatever the other films are

    Returns
    -------
    Battery
    """
    asked = list(
        zip(
            films["file"],
            films["free"],
            films["marked"],
            range(len(films)),
            under_test,
            strict=True,
        )
    )
    made = executor.over(
        _change,
        asked,
        CHANGED,
        progress=progress,
        seed=seed,
        # By default a worker takes its own: functions made by functions do not travel.
        suspects=None if suspects is SUSPECTS else suspects,
    )
    shape = under_test[0].film.shape if under_test else (SIDE, SIDE)
    # Room for all that could be; what is not used is never given memory. Joining the parts would
    # hold all of them twice, a gigabyte each.
    most = len(films) * sum(suspect.draws for suspect in suspects)
    treated, sham = (np.empty((most, *shape), np.uint8) for _ in range(2))
    rows: list[tuple[Any, ...]] = []
    for part in made:
        here = slice(len(rows), len(rows) + len(part["film"]))
        treated[here], sham[here] = part["treated"], part["sham"]
        for film, place, draw in zip(part["film"], part["suspect"], part["draw"], strict=True):
            which = suspects[place]
            rows.append((int(film), which.test, which.kind, which.family, which.sign, int(draw)))
    return Battery(
        films.reset_index(drop=True),
        as_bytes(np.stack([subject.film for subject in under_test])),
        pd.DataFrame(rows, columns=["film", "test", "kind", "family", "sign", "draw"]),
        treated[: len(rows)],
        sham[: len(rows)],
    )


def _change(
    batch: Sequence[tuple[str, bool, bool, int, Subject]],
    seed: int,
    suspects: Sequence[Suspect] | None,
) -> dict[str, NDArray[Any]]:
    """Apply every suspect to some films.

    (T, H, W) treated and sham; (T,) film, suspect and draw.
    """
    treated: list[Bytes] = []
    sham: list[Bytes] = []
    which: list[tuple[int, int, int]] = []
    for file, free, marked, film, subject in batch:
        for place, suspect in enumerate(suspects or SUSPECTS):
            if not {"free": free, "marked": marked, "any": True}[suspect.needs]:
                continue
            for draw in range(suspect.draws):
                trial = attempt(file, subject, suspect, seed, draw)
                if trial is not None:
                    treated.append(as_bytes(trial.treated))
                    sham.append(as_bytes(trial.sham))
                    which.append((film, place, draw))
    none = np.empty((0, *batch[0][-1].film.shape), np.uint8)
    places = np.array(which, np.int64).reshape(-1, 3)
    return {
        "film": places[:, 0],
        "suspect": places[:, 1],
        "draw": places[:, 2],
        "treated": np.stack(treated) if treated else none,
        "sham": np.stack(sham) if sham else none,
    }


def attempt(
    file: str, subject: Subject, suspect: Suspect, seed: int, draw: int = 0
) -> Trial | None:
    """Apply a suspect to one film for the ``draw``-th time, as every audit with this seed does."""
    words = [seed, *_digits(file), *_digits(suspect.name), *([draw] if draw else [])]
    rng = np.random.default_rng(words)
    return suspect.apply(subject, rng)


def _digits(text: str) -> list[int]:
    """A text as seed words that do not change between runs, as Python's own hash does."""
    return list(text.encode())


def predict(
    model: Any, films: Bytes, precision: str = "float32", progress: Progress | None = None
) -> LogOdds:
    """Log-odds of films (N, H, W) uint8, a few hundred at a time so that memory stays bounded."""
    parts = executor.over(
        _log_odds, films, SHOWN, progress=progress, prepare=_at_size, model=model,
        precision=precision,
    )  # fmt: skip
    return np.concatenate([np.empty(0), *parts])


def _at_size(films: Bytes, model: Any, precision: str) -> Pixels:
    """Some films at the model's size."""
    return np.asarray(model.prepare(as_float(films)))


def _log_odds(grey: Pixels, model: Any, precision: str) -> LogOdds:
    """Log-odds of some films at the model's size."""
    return np.asarray(model.log_odds_prepared(grey, precision=precision), np.float64)


def measure(
    model: Any, battery: Battery, precision: str = "float32", progress: Progress | None = None
) -> tuple[LogOdds, pd.DataFrame]:
    """Show a battery to a model.

    Returns
    -------
    originals : (N,) log-odds of the films as they are
    effects : DataFrame
        One row a trial: the battery's columns and file, label, person, and the log-odds
        ``original``, ``treated``, ``sham`` and ``net`` = sign x (treated - sham).
    """
    total = len(battery.originals) + 2 * len(battery.treated)

    def shifted(before: int) -> Progress | None:
        return (lambda done, _: progress(before + done, total)) if progress else None

    n, t = len(battery.originals), len(battery.treated)
    originals = predict(model, battery.originals, precision, shifted(0))
    effects = battery.trials.copy()
    for name in ("file", "label", "person"):
        effects[name] = battery.films[name].to_numpy()[effects["film"]]
    effects["original"] = originals[effects["film"]]
    effects["treated"] = predict(model, battery.treated, precision, shifted(n))
    effects["sham"] = predict(model, battery.sham, precision, shifted(n + t))
    effects["net"] = effects["sign"] * (effects["treated"] - effects["sham"])
    return originals, effects
