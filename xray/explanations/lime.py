"""LIME for films: log-odds, orthogonal designs, a stopping rule, and when not to be believed.

The surrogate is the lime package's own (``lime.lime_base.LimeBase``; Ribeiro, Singh and
Guestrin 2016). What differs is which perturbations are evaluated, that log-odds are explained
rather than probabilities (which saturate), and that every weight has a standard error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from xray.errors import FilmError
from xray.explanations import designs, superpixels, surrogate
from xray.explanations.designs import Masks
from xray.explanations.perturbation import FILLS, Fill, Parts, filled
from xray.explanations.result import Explanation
from xray.explanations.superpixels import Labels
from xray.explanations.surrogate import Floats, Surrogate
from xray.files import sha256_bytes
from xray.films.pixels import Pixels
from xray.jobs.progress import Progress
from xray.metrics.odds import to_probability
from xray.models import precision as precisions
from xray.models.model import Predictor

__all__ = ["Explanation", "Settings", "explain"]

Target = Literal["log_odds", "probability"]

#: Bars below which an explanation says of itself that it should not be read.
MIN_SUPERPIXELS = 10
MIN_SPREAD = {"log_odds": 0.02, "probability": 0.002}
MIN_R2 = 0.5
MIN_AGREEMENT = 0.8
#: By how much more a design must have settled while all of its rows lack their complements, and in
#: proportion while some do: interactions of two superpixels are not cancelled there. Of five values
#: the smallest by which three networks agree better than by the lime package's 1,000 evaluations,
#: on 50 public train films (docs/peers.md).
SURER = 0.10
#: Shares of the complements of the first block after which an explanation may stop.
STOPS = (0.0, 0.25, 0.5, 0.75)


#: More tell nothing: parts of a few pixels, and a model that answers for hours.
MOST_SUPERPIXELS, MOST_EVALUATIONS = 1000, 100_000


@dataclass(frozen=True)
class Settings:
    """How to explain; the same settings, film, model and segments give the same explanation.

    Attributes
    ----------
    seed : int
        Randomises the design, nothing else.
    n_superpixels : int
        Superpixels wanted (see ``superpixels.segment``).
    fill : one of ``FILLS``
    design : one of ``designs.DESIGNS``
    target : "log_odds" or "probability"
    floor, ceiling : int
        Least and most evaluations; half a design is always made. Parts of blocks of the design
        are added until the leading superpixels are settled.
    settled : float in [0, 1]
        Overlap of the five leading superpixels to expect between repeats at which to stop; up to
        ``SURER`` more while the first block is not whole. The expectation errs on the low side:
        repeats agree better than it says.
    precision : "float32", "bfloat16", or "auto"
        Arithmetic of the perturbed films (the whole film is always predicted in float32);
        "auto" takes what ``precision.probe`` found best on this machine.
    """

    seed: int = 0
    n_superpixels: int = superpixels.DEFAULT_COUNT
    fill: Fill = "mean"
    design: str = "folded"
    target: Target = "log_odds"
    floor: int = 40
    ceiling: int = 480
    settled: float = 0.8
    precision: str = "auto"

    def __post_init__(self) -> None:
        for name, value, known in (
            ("fill", self.fill, tuple(FILLS)),
            ("design", self.design, tuple(designs.DESIGNS)),
            ("target", self.target, tuple(MIN_SPREAD)),
            ("precision", self.precision, ("auto", "float32", "bfloat16")),
        ):
            if value not in known:
                raise FilmError(f"Unknown {name} '{value}'; choose one of {', '.join(known)}.")
        for words, number, least, most in (
            ("A seed", self.seed, 0, 2**32 - 1),
            ("The number of superpixels", self.n_superpixels, 2, MOST_SUPERPIXELS),
            ("The number of evaluations", self.ceiling, 2, MOST_EVALUATIONS),
        ):
            if not least <= number <= most:
                raise FilmError(f"{words} is from {least} to {most}, not {number}; give another.")


def explain(
    predictor: Predictor,
    pixels: Pixels,
    settings: Settings | None = None,
    *,
    segments: Labels | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Explanation:
    """Explain one film.

    Parameters
    ----------
    predictor : a loaded model, or anything with its methods.
    pixels : (H, W) float32 in [0, 1]
        The film at any size.
    settings : how; the defaults when None.
    segments : (h, w) int or None
        Superpixels at the model's input size, labelled from 0 without gaps; cut by
        ``superpixels.segment`` when None.
    progress : called with (evaluations done, evaluations planned so far).
    **options : fields of ``Settings`` that replace those of ``settings``.

    Returns
    -------
    Explanation

    Raises
    ------
    FilmError
        The film, a setting or the segments cannot be used.
    """
    settings = _settings(predictor, settings, options)
    parts = take_apart(predictor, pixels, settings, segments)
    masks = np.ones((1, parts.count), bool)
    # In float32 whatever follows, so that every page shows the same prediction.
    log_odds = parts.log_odds(predictor, masks)
    size = designs.block_size(settings.design, parts.count)
    for block in _blocks(parts, settings):
        done = len(masks)
        report = None if progress is None else _shifted(progress, done)
        masks = np.concatenate([masks, block])
        log_odds = np.append(log_odds, parts.log_odds(predictor, block, settings.precision, report))
        target = log_odds if settings.target == "log_odds" else to_probability(log_odds)
        fitted = surrogate.fit(masks, target)
        agreement = surrogate.expected_overlap(fitted)
        if agreement >= settings.settled + SURER * lacking(len(masks) - 1, size):
            break
    why = _why_unstable(fitted, agreement, target, settings)
    return Explanation(
        segments=parts.labels,
        weights=fitted.weights,
        stderr=fitted.stderr,
        freedom=fitted.freedom,
        intercept=fitted.intercept,
        r2=fitted.r2,
        log_odds=float(log_odds[0]),
        probability=float(to_probability(log_odds[:1])[0]),
        n_evaluations=len(masks),
        agreement=agreement,
        stable=not why,
        why_unstable=why,
        params=_parameters(predictor, parts, settings),
    )


def take_apart(
    predictor: Predictor, pixels: Pixels, settings: Settings, segments: Labels | None = None
) -> Parts:
    """Resize a film (H, W) for the model, cut its superpixels (or take them), and fill them."""
    grey = predictor.prepare(np.asarray(pixels, np.float32)[None])[0]
    if not np.isfinite(grey).all():
        raise FilmError("The film holds values that are not numbers; read it again.")
    if segments is None:
        return _parts(grey.tobytes(), grey.shape, settings.n_superpixels, settings.fill)
    labels = _checked(segments, grey)
    return Parts(grey, filled(grey, labels, settings.fill), labels)


@lru_cache(maxsize=4)
def _parts(film: bytes, shape: tuple[int, int], count: int, fill: Fill) -> Parts:
    """A film cut and filled: once for all models of a request that read it at the same size."""
    grey = np.frombuffer(film, np.float32).reshape(shape)
    labels = superpixels.segment(grey, count)
    labels.setflags(write=False)
    return Parts(grey, filled(grey, labels, fill), labels)


def _blocks(parts: Parts, settings: Settings) -> Iterator[Masks]:
    """Masks to evaluate after the whole film: to the floor, in parts of a block, to the ceiling."""
    seed = int(sha256_bytes(parts.grey.tobytes() + parts.labels.tobytes())[:12], 16)
    # Films must not share one randomisation: its errors would not average out over them.
    rng = np.random.default_rng([settings.seed, seed])
    size = designs.block_size(settings.design, parts.count)
    # Coins may stop anywhere.
    least = settings.floor - 1
    first = least if settings.design == "coin_flips" else max(1, -(-least // size)) * size
    masks = [designs.block(settings.design, parts.count, rng) for _ in range(-(-first // size))]
    begun = np.concatenate(masks)[:first]
    if settings.design == "folded" and first == size:
        # A Hadamard matrix alone is balanced; its complements follow in parts.
        half = size // 2
        begun = begun[: max(half, settings.ceiling - 1)]
        stops = [half + int(half * share) for share in STOPS]
        cuts = [stop for stop in stops if least <= stop < len(begun)]
        yield from np.split(begun, cuts)
    else:
        yield begun
    for _ in range((settings.ceiling - 1 - first) // size):
        yield from designs.halves(settings.design, designs.block(settings.design, parts.count, rng))


def lacking(rows: int, size: int) -> float:
    """Share of a first Hadamard matrix, ``size`` / 2 rows, without its complement, 0..1."""
    return min(1.0, max(0.0, 2 * (size - rows) / size))


def _shifted(progress: Progress, done: int) -> Progress:
    """``progress`` for a part of the work that starts after ``done`` evaluations."""
    return lambda part, total: progress(done + part, done + total)


def _parameters(predictor: Predictor, parts: Parts, settings: Settings) -> dict[str, Any]:
    """Everything an explanation depends on, fit for JSON and for a cache's key."""
    return {
        **asdict(settings),
        "model": predictor.card.name,
        "model_sha256": predictor.card.sha256,
        "film_sha256": sha256_bytes(parts.grey.tobytes()),
        "segments_sha256": sha256_bytes(parts.labels.tobytes()),
        "size": list(parts.grey.shape),
        "fit": predictor.card.fit,
    }


def _settings(predictor: Predictor, settings: Settings | None, options: dict[str, Any]) -> Settings:
    """Settings with options put in and "auto" decided."""
    settings = Settings(**({} if settings is None else asdict(settings)) | options)
    if settings.precision == "auto":
        settings = replace(settings, precision=precisions.probe(predictor).choice)
    return settings


def _checked(segments: Labels, grey: Pixels) -> Labels:
    """Superpixels that someone else cut, or a ``FilmError`` that says what is wrong."""
    labels = np.ascontiguousarray(segments, np.int32)
    if labels.shape != grey.shape:
        raise FilmError(
            f"The superpixels are {labels.shape[0]}x{labels.shape[1]} but the model reads "
            f"{grey.shape[0]}x{grey.shape[1]}; cut them at the model's size."
        )
    if labels.min() != 0 or len(np.unique(labels)) != labels.max() + 1:
        raise FilmError("Superpixels must be numbered 0, 1, 2 and so on without gaps.")
    return labels


def _why_unstable(fitted: Surrogate, agreement: float, target: Floats, settings: Settings) -> str:
    """Why an explanation should not be read, or an empty string."""
    count = len(fitted.weights)
    if count < MIN_SUPERPIXELS:
        return f"The film gives only {count} superpixels, too few to tell its parts apart."
    if float(np.std(target)) < MIN_SPREAD[settings.target]:
        return "The prediction stays the same whatever part of the film is hidden."
    if fitted.r2 < MIN_R2:
        return (
            f"The superpixels' weights account for only {fitted.r2:.0%} of how the prediction "
            "changes: the model does not add them up."
        )
    if agreement < MIN_AGREEMENT:
        return (
            f"A repeat would share only about {agreement:.0%} of the five leading superpixels; "
            "allow more evaluations."
        )
    return ""
