"""LIME as evidence: what devices weigh in a model's explanations, against shams of their shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
import pandas as pd

from xray.audits.suspects import Mask, Subject
from xray.drawing import devices, shams
from xray.explanations import perturbation, superpixels, surrogate
from xray.explanations.designs import Masks
from xray.explanations.superpixels import Labels
from xray.explanations.surrogate import Floats
from xray.films.pixels import Bytes, Pixels, as_bytes, as_float
from xray.jobs import executor
from xray.jobs.progress import Progress
from xray.models.model import Predictor

#: How films are perturbed here. Hidden superpixels are painted over from their surroundings,
#: because the mean grey of a thin bright line is the line itself. Few are hidden at a time: with
#: half of the film gone, as in LIME's coin flips, what a device adds drowns in what the gaps do.
#: Device and sham are hidden half of the time, since their weights are what is asked for.
FILL: perturbation.Fill = "inpaint"
HIDDEN = 0.12
EVALUATIONS = 64
#: Cases that are explained as one piece of work.
PIECE = 2


@dataclass(frozen=True, eq=False)
class Case:
    """A film that shows a device, real or drawn, with what its weight is held against.

    For a labelled device that is a region of the same shape elsewhere in the same film; for a
    drawn one the same place of the film ``plain``, which is the film before it was drawn in.

    ``labels`` are the film's superpixels, of which the device is the last but one and the sham the
    last; ``fill`` and ``plain_fill`` the films with every superpixel hidden. All models are asked
    about the same superpixels, cut and painted over once.
    """

    file: str
    label: str
    person: str
    kind: str
    source: Literal["labelled", "drawn"]
    film: Bytes
    plain: Bytes | None
    device: Mask
    sham: Mask
    lungs: Mask
    labels: Labels
    fill: Bytes
    plain_fill: Bytes | None


def cases(
    films: pd.DataFrame, under_test: Sequence[Subject], seed: int = 0, most: int = 56
) -> list[Case]:
    """Choose films and mark what to weigh in them.

    Parameters
    ----------
    films : file, label, person, free, marked; one row a subject
    most : cases with labelled devices at most, and half as many as with drawn ones, which go
        through the kinds of device in turn

    Returns
    -------
    list of Case, those with labelled devices first
    """
    made: list[Case] = []
    rng = np.random.default_rng([seed, 7])
    order = rng.permutation(len(films))
    for i in order[films["marked"].to_numpy()[order]][:most]:
        subject = under_test[i]
        if subject.devices is not None and 0 < subject.devices.mean() < 0.25:
            made += _case(films.iloc[i], "labelled", subject, subject.film, rng)
    for turn, i in enumerate(order[films["free"].to_numpy()[order]][: 2 * most]):
        plain, field = under_test[i].film, under_test[i].lungs
        kind = devices.KINDS[turn % len(devices.KINDS)]
        drawn = devices.draw(plain, kind, rng, "test", field)
        subject = Subject(drawn.film, field, drawn.mask > 0.3)
        made += _case(films.iloc[i], kind, subject, drawn.film, rng, plain)
    return made


def _case(
    row: pd.Series,
    kind: str,
    subject: Subject,
    film: Pixels,
    rng: np.random.Generator,
    plain: Pixels | None = None,
) -> list[Case]:
    """One case; none where there is no device, or no room for its sham."""
    device, lungs = subject.devices, subject.lungs.field
    assert device is not None
    sham = shams.moved(device, rng, device, film) & ~device
    if not device.any() or not sham.any():
        return []
    labels = superpixels.segment(film, lungs=lungs, masks=(device, sham))
    fills = [
        None if each is None else as_bytes(perturbation.filled(each, labels, FILL))
        for each in (film, plain)
    ]
    assert fills[0] is not None
    return [
        Case(
            str(row["file"]), str(row["label"]), str(row["person"]), kind,
            "labelled" if plain is None else "drawn", as_bytes(film),
            None if plain is None else as_bytes(plain), device, sham, lungs,
            labels, fills[0], fills[1],
        )
    ]  # fmt: skip


def _at(mask: Mask, size: tuple[int, int]) -> Mask:
    """A mask at a model's size; thin devices keep every pixel that they cover by a fifth."""
    small = cv2.resize(mask.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small > 0.2)


def at_size(case: Case, size: tuple[int, int]) -> tuple[Labels, int, int] | None:
    """Superpixels of a case at a model's size, and which are the device and the sham.

    None where one of them vanishes at that size.
    """
    device = _at(case.device, size)
    sham = _at(case.sham, size) & ~device
    if not device.any() or not sham.any():
        return None
    labels = cv2.resize(case.labels, size[::-1], interpolation=cv2.INTER_NEAREST)
    last = int(case.labels.max())
    labels[sham], labels[device] = last, last - 1
    # Small superpixels may have gone; numbers are without gaps, device and sham last.
    dense = np.asarray(np.unique(labels, return_inverse=True)[1].reshape(size), np.int32)
    last = int(dense.max())
    return dense, last - 1, last


def measure(
    model: Predictor,
    under_test: Sequence[Case],
    seed: int = 0,
    precision: str = "float32",
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Explain every case and read off what devices, shams and lungs weigh.

    Returns
    -------
    DataFrame
        One row a case: file, label, person, kind, source; ``device`` and ``sham`` (weights on
        log-odds), ``net`` = device - sham; ``lung_weight`` (share of the absolute weight on
        superpixels that are mostly lung), ``lung_area`` (their share of the area); r2.
    """
    numbered = list(enumerate(under_test))
    parts = executor.over(
        _weigh_some, numbered, PIECE, progress=progress, model=model, seed=seed, precision=precision
    )
    rows = [row for part in parts for row in part if row is not None]
    columns = [
        "file", "label", "person", "kind", "source", "device", "sham", "net",
        "lung_weight", "lung_area", "r2",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _weigh_some(
    batch: Sequence[tuple[int, Case]], model: Predictor, seed: int, precision: str
) -> list[dict[str, Any] | None]:
    """Weigh some cases; each has a generator of its own, by its number."""
    return [
        _weigh(model, case, np.random.default_rng([seed, number]), precision)
        for number, case in batch
    ]


def _weigh(
    model: Predictor, case: Case, rng: np.random.Generator, precision: str
) -> dict[str, Any] | None:
    """Weigh device, sham and lungs of one case; None where a region vanishes at this size."""
    films = [
        each for each in (case.film, case.fill, case.plain, case.plain_fill) if each is not None
    ]
    shown = model.prepare(as_float(np.stack(films)))
    size = (int(shown.shape[1]), int(shown.shape[2]))
    cut = at_size(case, size)
    if cut is None:
        return None
    labels, device, sham = cut
    masks = local_masks(int(labels.max()) + 1, (device, sham), rng)
    weights, r2 = _weights(model, perturbation.Parts(shown[0], shown[1], labels), masks, precision)
    against = float(weights[sham])
    if case.plain is not None:
        plain = perturbation.Parts(shown[2], shown[3], labels)
        against = float(_weights(model, plain, masks, precision)[0][device])
    lung = superpixels.owners(labels, _at(case.lungs, size))
    strength = np.abs(weights)
    area = np.bincount(labels.ravel(), minlength=len(weights)).astype(float)
    return {
        "file": case.file,
        "label": case.label,
        "person": case.person,
        "kind": case.kind,
        "source": case.source,
        "device": float(weights[device]),
        "sham": against,
        "net": float(weights[device]) - against,
        "lung_weight": float(strength[lung].sum() / max(strength.sum(), 1e-12)),
        "lung_area": float(area[lung].sum() / area.sum()),
        "r2": r2,
    }


def local_masks(count: int, asked: Sequence[int], rng: np.random.Generator) -> Masks:
    """Masks near the whole film: few superpixels hidden, those asked about half of the time.

    Returns
    -------
    (EVALUATIONS + 1, count) bool
        True is shown; the first row is the whole film. The columns asked about are balanced
        against each other.
    """
    masks = rng.random((EVALUATIONS, count)) > HIDDEN
    for place, column in enumerate(asked):
        masks[:, column] = (np.arange(EVALUATIONS) >> place) % 2 == 0
    return np.concatenate([np.ones((1, count), bool), masks])


def _weights(
    model: Predictor, parts: perturbation.Parts, masks: Masks, precision: str
) -> tuple[Floats, float]:
    """Weights of the superpixels of a film on log-odds, and the surrogate's R2."""
    fitted = surrogate.fit(masks, parts.log_odds(model, masks, precision, None))
    return fitted.weights, fitted.r2
