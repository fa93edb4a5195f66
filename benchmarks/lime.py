"""LIME, measured: the stock package, shap's partition explainer and ours, in one run.

Seconds, perturbations (also as a multiple of K + 1, the fewest that determine the weights of K
superpixels), agreement of repeats and R2 of an explanation, on the same films, models
and superpixels. ``python -m benchmarks.lime [--json FILE]``; real films where ``XRAY_DATA`` is
set, synthetic ones otherwise. Agreement is the overlap of the five leading superpixels between
repeats that differ in nothing but their random numbers.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks import _common
from xray.explanations import superpixels, surrogate
from xray.explanations.lime import Settings, explain, take_apart
from xray.explanations.surrogate import Floats
from xray.files import write_json
from xray.films.pixels import Pixels
from xray.metrics import odds
from xray.models import precision, registry
from xray.models.card import WEIGHTS, models_dir
from xray.models.model import Model

STOCK = "stock lime, model.predict"
STOCK_COMPILED = "stock lime, compiled predictor"
SHAP = "shap partition explainer"
OURS = "ours"


@dataclass(frozen=True)
class Run:
    """One explanation of one film."""

    seconds: float
    cpu_seconds: float
    perturbations: int
    weights: Floats
    r2: float


class Stopwatch:
    """Wall and processor time of a block, in seconds; the latter hardly sees other programs."""

    def __enter__(self) -> Stopwatch:
        self.started = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall = time.perf_counter() - self.started[0]
        self.cpu = time.process_time() - self.started[1]


#: Explains a film with a seed.
Method = Callable[[Pixels, int], Run]


def stock(model: Model, kind: str) -> Method:
    """The lime package at its defaults but for the superpixels, which are ours.

    Parameters
    ----------
    kind : "predict" calls ``model.predict`` ten films at a time, as the package's
        documentation shows; "float32" and "bfloat16" give it our compiled predictor, and 64
        films at a time.
    """
    from lime import lime_image

    from xray.models import inputs

    card = model.card
    # Compiling is not measured, for anyone.
    warm = np.zeros((10, *card.size), np.float32)
    if kind == "predict":
        import keras

        # As a user has it: the network with its sigmoid or softmax at the end.
        network = keras.saving.load_model(models_dir() / card.name / WEIGHTS)
        network.predict(inputs.scaled(warm, card.scale, card.channels), verbose=0)
    else:
        model.log_odds_prepared(warm, kind)

    def classify(images: NDArray[Any]) -> NDArray[np.float64]:
        grey = np.asarray(images[..., 0], np.float32)
        if kind != "predict":
            positive = odds.to_probability(model.log_odds_prepared(grey, kind))
        else:
            out = network.predict(inputs.scaled(grey, card.scale, card.channels), verbose=0)
            positive = out[:, card.positive_index[0] if out.shape[1] > 1 else 0]
        return np.stack([1 - positive, positive], axis=1)

    def run(film: Pixels, seed: int) -> Run:
        grey = model.prepare(film[None])[0]
        with Stopwatch() as watch, _quiet(lime_image):
            explainer = lime_image.LimeImageExplainer(random_state=seed)
            found = explainer.explain_instance(
                grey.astype(np.float64),
                classify,
                top_labels=None,
                labels=(1,),
                batch_size=10 if kind == "predict" else 64,
                segmentation_fn=lambda _: superpixels.segment(grey),
            )
        weights = np.array([weight for _, weight in sorted(found.local_exp[1])])
        return Run(watch.wall, watch.cpu, 1000, weights, float(found.score))

    return run


def ours(model: Model, arithmetic: str) -> Method:
    """This library at its defaults."""
    settings = Settings(precision=arithmetic)

    def run(film: Pixels, seed: int) -> Run:
        with Stopwatch() as watch:
            found = explain(model, film, settings, seed=seed)
        return Run(watch.wall, watch.cpu, found.n_evaluations, found.weights, found.r2)

    return run


def shap_partition(model: Model, evaluations: int) -> Method:
    """shap's partition explainer of the log-odds, its pixels' values added up by superpixel."""
    import shap

    def run(film: Pixels, seed: int) -> Run:
        parts = take_apart(model, film, Settings())
        shape = (*parts.grey.shape, 1)

        def log_odds(images: NDArray[Any]) -> Floats:
            return model.log_odds_prepared(np.asarray(images, np.float32).reshape(-1, *shape[:2]))

        with Stopwatch() as watch:
            # The same fill as ours.
            masker = shap.maskers.Image(parts.fill.ravel(), shape)
            explainer = shap.explainers.Partition(log_odds, masker)
            found = explainer(
                parts.grey.reshape(1, *shape), max_evals=evaluations, batch_size=64, silent=True
            )
        values = np.asarray(found.values[0], np.float64).ravel()
        weights = np.bincount(parts.labels.ravel(), values).astype(np.float64)
        return Run(watch.wall, watch.cpu, evaluations, weights, float("nan"))

    return run


def measure(
    name: str, films: list[Pixels], repeats: int, shap_limit: int, wanted: list[str]
) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """All methods on one model; returns the table's rows and ratios of seconds."""
    model = registry.load(name)
    found = precision.probe(model)
    print(f"{name}: {found.choice}. {found.reason}", file=sys.stderr)
    here = ["float32"] + ["bfloat16"] * precision.has_bfloat16()
    arithmetics = [each for each in here if each in wanted] or here[:1]
    if len(here) == 1:
        print("bfloat16 is not available on this processor: float32 only.", file=sys.stderr)
    methods = [(STOCK, "float32", stock(model, "predict"))]
    methods += [(STOCK_COMPILED, each, stock(model, each)) for each in arithmetics]
    methods += [(OURS, each, ours(model, each)) for each in arithmetics]
    rows: list[dict[str, Any]] = []
    for title, arithmetic, method in methods:
        rows.append({"model": name, "method": title, "precision": arithmetic})
        rows[-1] |= _repeated(method, films, repeats, f"{name}: {title}, {arithmetic}")
    target = min(float(row["agreement"]) for row in rows if row["method"] == OURS)
    rows.append({"model": name, "method": SHAP, "precision": "float32"})
    rows[-1] |= _shap_until(model, films, target, shap_limit)
    return rows, _ratios(name, rows, found.choice)


def _repeated(method: Method, films: list[Pixels], repeats: int, title: str) -> dict[str, Any]:
    """Median seconds, perturbations, agreement and R2 over films and repeats."""
    seconds, cpu, counts, limits, overlaps, r2 = [], [], [], [], [], []
    for film in tqdm(films, desc=title, file=sys.stderr):
        runs = [method(film, 1 + seed) for seed in range(repeats)]
        seconds += [run.seconds for run in runs]
        cpu += [run.cpu_seconds for run in runs]
        counts += [run.perturbations for run in runs]
        # Fewer evaluations than superpixels and an intercept determine no weights.
        limits += [len(run.weights) + 1 for run in runs]
        r2 += [run.r2 for run in runs]
        overlaps += [
            surrogate.overlap(one.weights, two.weights) for one, two in combinations(runs, 2)
        ]
    return {
        "seconds": float(np.median(seconds)),
        "cpu_seconds": float(np.median(cpu)),
        "perturbations": float(np.mean(counts)),
        "times_limit": float(np.mean(counts) / np.mean(limits)),
        "agreement": float(np.mean(overlaps)),
        "r2": float(np.mean(r2)),
    }


def _shap_until(model: Model, films: list[Pixels], agreement: float, limit: int) -> dict[str, Any]:
    """Double shap's evaluations until twice as many name the same five superpixels.

    The partition explainer has no random numbers, so that its repeats always agree; what can
    be asked of it is that it has settled.
    """
    evaluations = 128
    shap_partition(model, evaluations)(films[0], 0)  # compiles; not measured
    runs = [shap_partition(model, evaluations)(film, 0) for film in films]
    while True:
        doubled = [shap_partition(model, 2 * evaluations)(film, 0) for film in films]
        settled = float(
            np.mean(
                [
                    surrogate.overlap(one.weights, two.weights)
                    for one, two in zip(runs, doubled, strict=True)
                ]
            )
        )
        if settled >= agreement or 2 * evaluations >= limit:
            break
        runs, evaluations = doubled, 2 * evaluations
    return {
        "seconds": float(np.median([run.seconds for run in runs])),
        "cpu_seconds": float(np.median([run.cpu_seconds for run in runs])),
        "perturbations": float(evaluations),
        "agreement": settled,
        "r2": None,
    }


def _ratios(name: str, rows: list[dict[str, Any]], choice: str) -> dict[str, float]:
    """How many times the time of ours each method takes, by wall and by processor time."""
    ratios = {}
    for unit in ("seconds", "cpu_seconds"):
        times = {(row["method"], row["precision"]): row[unit] for row in rows}
        arithmetics = [arithmetic for method, arithmetic in times if method == OURS]
        for arithmetic in arithmetics:
            chosen = ", chosen" if arithmetic == choice else ""
            against = {STOCK: "float32", STOCK_COMPILED: arithmetic, SHAP: "float32"}
            for method, theirs in against.items():
                label = f"{name}: {method} ({theirs}) / ours ({arithmetic}{chosen}), {unit}"
                ratios[label] = times[method, theirs] / times[OURS, arithmetic]
    return ratios


def memory(name: str, film: Pixels) -> float:
    """Peak memory of an explanation above the loaded model in MB, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return float(pool.apply(_memory, (name, film)))


def _memory(name: str, film: Pixels) -> float:
    model = registry.load(name)
    arithmetic = precision.probe(model).choice
    loaded, peak, done = _resident(), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.002):
            peak[0] = max(peak[0], _resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    explain(model, film, precision=arithmetic)
    done.set()
    watcher.join()
    return peak[0] - loaded


def _resident() -> float:
    """Resident memory of this process in MB (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


class _quiet:
    """Silences the lime package's own progress bar, which would count as its time."""

    def __init__(self, module: Any) -> None:
        self.module = module

    def __enter__(self) -> None:
        self.kept, self.module.tqdm = self.module.tqdm, lambda rows: rows

    def __exit__(self, *_: object) -> None:
        self.module.tqdm = self.kept


def main() -> None:
    """Measure, print the table and the ratios, and write them where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the table and the ratios here")
    parser.add_argument("--films", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--models", nargs="+", default=["basic", "transfer"])
    parser.add_argument(
        "--precisions",
        nargs="+",
        choices=["float32", "bfloat16"],
        default=["float32", "bfloat16"],
        help="arithmetic of the compiled predictor and of ours; default both",
    )
    parser.add_argument("--shap-limit", type=int, default=1024, help="most evaluations of shap")
    options = parser.parse_args()
    films, source = _common.pick_films(options.films)
    rows: list[dict[str, Any]] = []
    ratios: dict[str, float] = {}
    for name in options.models:
        more, times = measure(name, films, options.repeats, options.shap_limit, options.precisions)
        rows, ratios = rows + more, ratios | times
    peaks = {name: memory(name, films[0]) for name in options.models}
    print(f"{len(films)} {source} films, {options.repeats} repeats each\n")
    print(pd.DataFrame(rows).to_string(index=False, float_format=lambda x: f"{x:.3f}"))
    print()
    for label, ratio in ratios.items():
        print(f"{ratio:7.1f}  {label}")
    for name, peak in peaks.items():
        print(f"{peak:7.0f}  MB above the loaded model at the peak of an explanation: {name}")
    if options.json:
        write_json(
            options.json,
            {"name": "lime", "films": source, "rows": rows, "ratios": ratios, "peak_mb": peaks},
        )


if __name__ == "__main__":
    main()
