"""How well the leading superpixels of explanations agree, and by how many evaluations.

    XRAY_DATA=FOLDER python -m benchmarks.agreement [--models NAME ...] [--films N] [--split train]
        [--surer X ...] [--json FILE]

Of every film and model many evaluations are made once: coin flips as the lime package draws them,
and randomised blocks of our design. Every way to explain takes its evaluations from these, so
that ways differ in nothing else. "reference" is the overlap of the five leading superpixels with
those of all evaluations that a way did not use; "repeats" that between two runs of a way that share
no evaluation but the whole film. "times" are evaluations over K + 1, the fewest that determine
the weights of K superpixels. Intervals are 95 % bootstrap intervals over films. Among the networks
is one whose sigmoid is rebuilt as a softmax of two. ``--split train --surer 0.05 0.1`` is how
``lime.SURER`` was chosen (docs/peers.md).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks import _common
from xray.explanations import designs, lime, surrogate
from xray.explanations.designs import Masks
from xray.explanations.surrogate import Floats
from xray.films.pixels import Pixels
from xray.metrics.odds import to_probability
from xray.models import precision, registry
from xray.models.model import Model

#: Blocks of our design and coin flips of a film.
BLOCKS, COINS = 4, 1000
#: What the model with two outputs is called.
SOFTMAX = "softmax"


@dataclass(frozen=True, eq=False)
class Pool:
    """Evaluations of one film: the whole film, then ``BLOCKS`` blocks, then coin flips."""

    masks: Masks
    log_odds: Floats
    size: int

    def block(self, number: int) -> NDArray[np.int64]:
        """Rows of a block; they begin again after the last."""
        return 1 + number % BLOCKS * self.size + np.arange(self.size)

    def fit(self, rows: NDArray[np.int64], probability: bool = False) -> surrogate.Surrogate:
        """The surrogate of the whole film and some rows."""
        rows = np.append(0, rows)
        target = self.log_odds[rows]
        return surrogate.fit(self.masks[rows], to_probability(target) if probability else target)

    def reference(self, used: NDArray[np.int64]) -> Floats:
        """Weights by all evaluations but those used."""
        return self.fit(np.setdiff1d(np.arange(1, len(self.masks)), used)).weights


def pool(model: Model, film: Pixels, seed: int, arithmetic: str) -> Pool:
    """Evaluate a film as often as all ways together need."""
    parts = lime.take_apart(model, film, lime.Settings())
    rng = np.random.default_rng(seed)
    blocks = [designs.block("folded", parts.count, rng) for _ in range(BLOCKS)]
    coins = rng.integers(0, 2, (COINS, parts.count)).astype(bool)
    masks = np.concatenate([np.ones((1, parts.count), bool), *blocks, coins])
    return Pool(masks, parts.log_odds(model, masks, arithmetic), len(blocks[0]))


def ours(
    found: Pool, number: int, settings: lime.Settings, surer: float = lime.SURER
) -> NDArray[np.int64]:
    """Rows that ``lime.explain`` evaluates when its blocks are these; it may take more than two."""
    one, two = found.block(number), found.block(number + 1)
    half, quarter = found.size // 2, found.size // 4
    first = np.r_[:quarter, half : half + quarter]
    stages = [one[: half + int(half * share)] for share in lime.STOPS]
    stages += [one, np.concatenate([one, two[first]]), np.concatenate([one, two])]
    for rows in stages:
        agreement = surrogate.expected_overlap(found.fit(rows))
        if agreement >= settings.settled + surer * lime.lacking(len(rows), found.size):
            break
    return rows


def measure(
    found: Pool, surer: Sequence[float] = (lime.SURER,)
) -> dict[str, tuple[float, float, float]]:
    """Of each way: evaluations over K + 1, overlap with the reference, overlap of repeats."""
    coins = np.arange(1 + BLOCKS * found.size, len(found.masks))
    flips = [coins[: COINS // 2], coins[COINS // 2 :]]
    numbers = range(BLOCKS)
    ways = {
        f"lime package, {COINS}": ([coins], True),
        f"lime package, {COINS // 2}": (flips, True),
        "one Hadamard matrix": ([found.block(n)[: found.size // 2] for n in numbers], False),
        "with its complement": ([found.block(n) for n in numbers], False),
        # Every other: a run that goes on takes the block after its own.
        **{
            f"ours, {of:.2f} surer": (
                [ours(found, n, lime.Settings(), of) for n in numbers[::2]],
                False,
            )
            for of in surer
        },
    }
    limit = found.masks.shape[1] + 1
    rows = {}
    for name, (runs, probability) in ways.items():
        weights = [found.fit(run, probability).weights for run in runs]
        near = [
            surrogate.overlap(one, found.reference(run))
            for one, run in zip(weights, runs, strict=True)
        ]
        pairs = [surrogate.overlap(one, two) for one, two in combinations(weights, 2)]
        rows[name] = (
            float(np.median([len(run) + 1 for run in runs])) / limit,
            float(np.mean(near)),
            float(np.mean(pairs)) if pairs else float("nan"),
        )
    return rows


def load(name: str, folder: Path | None) -> Model:
    """A registered model; ``SOFTMAX`` is "augmented" with two outputs in its sigmoid's place."""
    if name != SOFTMAX:
        home = folder if folder and (folder / name / "card.json").is_file() else None
        return registry.load(name, home)
    import keras

    from xray.models import objects

    model = registry.load("augmented")
    logit = model.network.output
    both = keras.layers.Concatenate()([keras.ops.zeros_like(logit), logit])
    network = keras.Model(model.network.input, keras.layers.Softmax()(both), name=SOFTMAX)
    made = objects.wrap(network, SOFTMAX, positive_index=(1,))
    assert isinstance(made, Model)
    return made


def interval(values: NDArray[np.float64]) -> str:
    """Mean and 95 % bootstrap interval over films: "0.93 (0.90 to 0.95)"."""
    if np.isnan(values).all():
        return ""
    drawn = np.random.default_rng(0).choice(values, (2000, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{values.mean():.2f} ({low:.2f} to {high:.2f})"


def main() -> None:
    """Measure, print and write."""
    parser = _common.parser(__doc__)
    parser.add_argument("--films", type=int, default=50)
    parser.add_argument("--models", nargs="+", default=["basic", "whole_film", SOFTMAX, "transfer"])
    parser.add_argument("--folder", type=Path, help="folder of further models")
    parser.add_argument("--split", default="test", choices=["train", "test"])
    parser.add_argument("--surer", type=float, nargs="+", default=[lime.SURER])
    options = parser.parse_args()
    films, source = _common.pick_films(options.films, options.split)
    rows: list[dict[str, Any]] = []
    for name in options.models:
        model = load(name, options.folder)
        arithmetic = precision.probe(model).choice
        found = [
            measure(pool(model, film, seed, arithmetic), options.surer)
            for seed, film in enumerate(tqdm(films, desc=name, file=sys.stderr))
        ]
        for way in found[0]:
            times, near, repeats = np.array([each[way] for each in found]).T
            rows.append(
                {
                    "model": name,
                    "films": f"{len(films)} {source}",
                    "way": way,
                    "times, median": round(float(np.median(times)), 2),
                    "reference": interval(near),
                    "repeats": interval(repeats),
                }
            )
    _common.report("agreement", rows, {}, options.json)


if __name__ == "__main__":
    main()
