"""Does bfloat16 pay on this machine, for this model? Measured once, kept, shown."""

from __future__ import annotations

import os
import platform
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from xray.classes import HEALTHY, SICK
from xray.environment import cache_dir
from xray.errors import ArtifactError
from xray.files import hash_json, read_json, write_json
from xray.films.pixels import Pixels
from xray.models.model import LogOdds, Predictor

#: Largest difference of log-odds allowed, as a share of how much they vary over the films.
TOLERANCE = 0.1
#: Least gain for which the coarser arithmetic is worth it. Small networks gain up to a third, more
#: or less from one measurement to the next: their figures would hang on how busy a machine is.
MIN_SPEEDUP = 1.5
#: Films of the probe.
FILMS = 32
_measuring = threading.Lock()


@dataclass(frozen=True)
class Precision:
    """What the probe found.

    Attributes
    ----------
    choice : "float32" or "bfloat16"
    max_difference : float
        Largest difference in log-odds between the two over the probe's films; 0 where
        bfloat16 was not tried.
    spread : float
        Standard deviation of the float32 log-odds over the same films.
    speedup : float
        Films a second in bfloat16 over films a second in float32; 0 where not tried.
    films_per_second : float
        With the choice; 0 where nothing was measured.
    reason : str
        Why this choice, as one sentence.
    """

    choice: str
    max_difference: float = 0.0
    spread: float = 0.0
    speedup: float = 0.0
    films_per_second: float = 0.0
    reason: str = ""


def probe(predictor: Predictor, refresh: bool = False) -> Precision:
    """Choose the arithmetic for perturbed films, by measurement.

    The result is kept in the cache folder by machine and model, so that it is measured once.
    A predictor without a file hash (not a stored model) is not probed, and none is where the
    environment's XRAY_PRECISION is "float32", which gives the same figures on every machine.

    Parameters
    ----------
    refresh : measure again even where a result is kept.
    """
    if not predictor.card.sha256:
        return Precision("float32", reason="A model without a stored file is not probed.")
    if os.environ.get("XRAY_PRECISION") == "float32":
        return Precision("float32", reason="XRAY_PRECISION asks for float32.")
    if not has_bfloat16():
        return Precision("float32", reason="This processor has no bfloat16 arithmetic.")
    key = hash_json([_machine(), predictor.card.sha256, FILMS, TOLERANCE, MIN_SPEEDUP])
    path = cache_dir() / "precision" / f"{key[:24]}.json"
    # Two measurements at once would both be wrong.
    with _measuring:
        if path.is_file() and not refresh:
            try:
                return Precision(**read_json(path))
            except (ArtifactError, TypeError):
                path.unlink(missing_ok=True)
        found = _measure(predictor)
        with suppress(OSError):
            write_json(path, asdict(found))
        return found


@lru_cache(maxsize=1)
def has_bfloat16() -> bool:
    """Whether the processor has bfloat16 arithmetic; without it, it would be emulated slowly."""
    return bool({"avx512_bf16", "amx_bf16", "bf16"} & set(_cpu()["flags"].split()))


def _measure(predictor: Predictor) -> Precision:
    films = _films(predictor)
    timed = _timed(predictor, films, ("float32", "bfloat16"))
    (exact, exact_time), (coarse, coarse_time) = timed["float32"], timed["bfloat16"]
    difference, spread = float(np.abs(coarse - exact).max()), float(exact.std())
    speedup = exact_time / coarse_time
    within = difference <= TOLERANCE * spread
    choice = "bfloat16" if within and speedup >= MIN_SPEEDUP else "float32"
    limit = f"{TOLERANCE:.0%} of their spread, {spread:.3g}"
    if choice == "bfloat16":
        reason = f"{speedup:.1f} times as fast, log-odds within {difference:.2g} ({limit})."
    elif not within:
        reason = f"In bfloat16 log-odds are off by {difference:.2g}, more than {limit}."
    else:
        reason = f"bfloat16 is only {speedup:.2f} times as fast here."
    rate = FILMS / (coarse_time if choice == "bfloat16" else exact_time)
    return Precision(choice, difference, spread, speedup, rate, reason)


def _films(predictor: Predictor) -> Pixels:
    """Synthetic films with parts hidden at random, at the model's input size."""
    from xray.drawing.phantoms import phantom

    rng = np.random.default_rng(0)
    bases = [phantom(seed, label=label).pixels for seed, label in ((0, HEALTHY), (1, SICK))]
    grey = predictor.prepare(np.stack(bases))
    height, width = grey.shape[1:]
    cells = rng.random((FILMS, 6, 6)) < 0.5
    rows, columns = np.arange(height) * 6 // height, np.arange(width) * 6 // width
    hidden = cells[:, rows[:, None], columns[None, :]]
    chosen = grey[np.arange(FILMS) % len(grey)]
    return np.where(hidden, chosen.mean(axis=(1, 2), keepdims=True), chosen)


def _timed(
    predictor: Predictor, films: Pixels, precisions: tuple[str, ...]
) -> dict[str, tuple[LogOdds, float]]:
    """Log-odds of all films and the seconds they take, by precision.

    The precisions take turns, and of each the quicker half counts, twice: what else the machine
    does then slows both. The first call compiles and is not timed.
    """
    said: dict[str, list[LogOdds]] = {precision: [] for precision in precisions}
    best = dict.fromkeys(precisions, float("inf"))
    for precision in precisions:
        predictor.log_odds_prepared(films[:2], precision)
    for half in np.split(films, 2):
        for precision in precisions:
            start = time.perf_counter()
            said[precision].append(predictor.log_odds_prepared(half, precision))
            best[precision] = min(best[precision], time.perf_counter() - start)
    return {name: (np.concatenate(parts), 2 * best[name]) for name, parts in said.items()}


def _machine() -> dict[str, str]:
    """What the result depends on beside the model."""
    from importlib.metadata import PackageNotFoundError, version

    installed = {}
    for name in ("keras", "tensorflow", "tensorflow-cpu"):
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            continue
    return {"cpu": _cpu()["model name"], "system": platform.platform(), **installed}


@lru_cache(maxsize=1)
def _cpu() -> dict[str, str]:
    """Model name and feature flags of the processor; empty where the system hides them."""
    found = {"model name": platform.processor(), "flags": ""}
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.is_file() else []:
        key, _, value = (part.strip() for part in line.partition(":"))
        if key in ("model name", "flags", "Features"):
            found["flags" if key == "Features" else key] = value
        if not key and found["flags"]:
            break
    return found
