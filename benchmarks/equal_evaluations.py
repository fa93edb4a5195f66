"""Explanations at equal evaluations: ours, the lime package, shap's partition, and shapiq's best.

    python3.12 -m venv PEERS && PEERS/bin/pip install "shapiq[proxy]==1.8.0"
    XRAY_DATA=FOLDER python -m benchmarks.equal_evaluations --shapiq PEERS/bin/python
        [--models NAME ...] [--films N] [--reference N] [--json FILE]

Every way gets 1, 2, 4 and 8 times K + 1 evaluations of a network, the fewest that determine the
weights of K superpixels, with the same superpixels and fill. "reference" is the overlap of the five
leading superpixels with those of the same way's own target by many more evaluations: weights on
probabilities for the lime package, weights on log-odds for ours, Shapley values of log-odds for
shapiq (its leverage sampling), Owen values for the partition. "repeats" is the overlap of two runs
that differ in nothing but their random numbers; the partition draws none. Intervals are 95 %
bootstrap intervals over films. shapiq needs a newer Python than this project: it runs in a process
of its own, which asks this one for what the network says.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from tqdm import tqdm

from benchmarks import _common, agreement
from benchmarks.lime import shap_partition
from xray.explanations import designs, lime, surrogate
from xray.explanations.designs import Masks
from xray.explanations.surrogate import Floats
from xray.films.pixels import Pixels
from xray.metrics.odds import to_probability
from xray.models import precision
from xray.models.model import Model

TIMES = (1, 2, 4, 8)
#: shapiq's ways, as ``CHILD`` makes them; the first is the reference of all three.
SHAPIQ = ("LeverageSHAP", "OddSHAP", "ProxySHAP")
#: Ways whose runs do not differ.
FIXED = "shap, partition"

#: Runs in shapiq's own environment: a line asks for values, coalitions are asked back.
CHILD = """
import json, sys, warnings
import numpy as np
from shapiq.approximator import LeverageSHAP, OddSHAP, ProxySHAP
warnings.simplefilter("ignore")
MADE = {
    "LeverageSHAP": lambda n, seed: LeverageSHAP(n, random_state=seed),
    "OddSHAP": lambda n, seed: OddSHAP(n, random_state=seed),
    "ProxySHAP": lambda n, seed: ProxySHAP(n, max_order=1, index="SV", random_state=seed),
}
into, out = sys.stdin.buffer, sys.stdout.buffer
def game(coalitions):
    masks = np.atleast_2d(np.asarray(coalitions)).astype(np.uint8)
    out.write(f"ask {len(masks)}\\n".encode() + masks.tobytes())
    out.flush()
    return np.frombuffer(into.read(8 * len(masks)))
for line in iter(into.readline, b""):
    way, count, budget, seed = json.loads(line)
    found = MADE[way](count, seed).approximate(budget, game)
    values = np.array([found[(i,)] for i in range(count)], np.float64)
    out.write(b"done\\n" + values.tobytes())
    out.flush()
"""

#: Log-odds of masks (N, K).
Game = Callable[[Masks], Floats]


@dataclass(frozen=True, eq=False)
class Shapiq:
    """shapiq in a process of its own: what it reads and what it writes."""

    to: IO[bytes]
    told: IO[bytes]

    def values(self, way: str, count: int, budget: int, seed: int, game: Game) -> Floats:
        """Shapley values (K,) by so many evaluations."""
        self.to.write(json.dumps([way, count, budget, seed]).encode() + b"\n")
        self.to.flush()
        while words := self.told.readline().split():
            if words[0] == b"done":
                return np.frombuffer(self.told.read(8 * count))
            masks = np.frombuffer(self.told.read(int(words[1]) * count), np.uint8)
            said = game(masks.reshape(-1, count).astype(bool))
            self.to.write(said.astype(np.float64).tobytes())
            self.to.flush()
        raise RuntimeError(f"shapiq ended during {way}; its own words are above.")


@contextmanager
def shapiq(python: Path) -> Iterator[Shapiq]:
    """Start shapiq under another Python, until the block ends."""
    command = [str(python), "-c", CHILD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        yield Shapiq(process.stdin, process.stdout)
        process.stdin.close()


def flips(count: int, evaluations: int, seed: int) -> Masks:
    """The whole film and coin flips, as the lime package draws them, (evaluations, K)."""
    rng = np.random.default_rng([seed, 5])
    coins = rng.integers(0, 2, (evaluations - 1, count)).astype(bool)
    return np.concatenate([np.ones((1, count), bool), coins])


def packaged(masks: Masks, log_odds: Floats) -> Floats:
    """Weights (K,) on probabilities, as the lime package takes them."""
    return surrogate.fit(masks, to_probability(log_odds)).weights


def ours(count: int, evaluations: int, seed: int, game: Game) -> Floats:
    """Weights (K,) by the whole film and so many rows of our design."""
    rng = np.random.default_rng([seed, 7])
    size = designs.block_size("folded", count)
    blocks = [designs.block("folded", count, rng) for _ in range(-(-evaluations // size))]
    masks = np.concatenate([np.ones((1, count), bool), *blocks])[:evaluations]
    return surrogate.fit(masks, game(masks)).weights


def measure(
    model: Model, film: Pixels, seed: int, peers: Shapiq | None, reference: int
) -> dict[tuple[str, int], tuple[float, float]]:
    """Overlap with the reference and of repeats, by way and times K + 1, of one film."""
    parts = lime.take_apart(model, film, lime.Settings())
    arithmetic, count = precision.probe(model).choice, parts.count

    def game(masks: Masks) -> Floats:
        return parts.log_odds(model, masks, arithmetic)

    seeds = 2 * seed, 2 * seed + 1
    last = 10**6 + seed
    # One set of coin flips is the reference of two ways, each for its own target.
    many = flips(count, reference, last)
    said = game(many)

    def package(evaluations: int, seed: int) -> Floats:
        masks = flips(count, evaluations, seed)
        return packaged(masks, game(masks))

    ways: dict[str, tuple[Floats, Callable[[int, int], Floats]]] = {
        "lime package": (packaged(many, said), package),
        "ours": (surrogate.fit(many, said).weights, lambda n, s: ours(count, n, s, game)),
        FIXED: (
            shap_partition(model, reference)(film, 0).weights,
            lambda n, s: shap_partition(model, n)(film, 0).weights,
        ),
    }
    if peers is not None:
        far = peers.values(SHAPIQ[0], count, reference, last, game)
        for way in SHAPIQ:
            ways[f"shapiq, {way}"] = (
                far,
                lambda n, s, way=way: peers.values(way, count, n, s, game),  # type: ignore[misc]
            )
    found = {}
    for name, (goal, run) in ways.items():
        for times in TIMES:
            runs = [run(times * (count + 1), s) for s in (seeds[:1] if name == FIXED else seeds)]
            near = float(np.mean([surrogate.overlap(each, goal) for each in runs]))
            same = surrogate.overlap(runs[0], runs[-1]) if len(runs) > 1 else float("nan")
            found[name, times] = near, same
    return found


def main() -> None:
    """Measure, print and write."""
    parser = _common.parser(__doc__)
    parser.add_argument("--films", type=int, default=50)
    parser.add_argument("--models", nargs="+", default=["basic", "whole_film", agreement.SOFTMAX])
    parser.add_argument("--folder", type=Path, help="folder of further models")
    parser.add_argument("--shapiq", type=Path, help="a Python that has shapiq; left out without")
    parser.add_argument("--reference", type=int, default=4096, help="evaluations of a reference")
    options = parser.parse_args()
    films, source = _common.pick_films(options.films)
    rows: list[dict[str, Any]] = []
    for name in options.models:
        model = agreement.load(name, options.folder)
        if options.shapiq:
            with shapiq(options.shapiq) as peers:
                rows += _rows(name, model, films, source, peers, options.reference)
        else:
            rows += _rows(name, model, films, source, None, options.reference)
    _common.report("equal_evaluations", rows, {}, options.json)


def _rows(
    name: str,
    model: Model,
    films: list[Pixels],
    source: str,
    peers: Shapiq | None,
    reference: int,
) -> list[dict[str, Any]]:
    """A row a way and times, of one network."""
    found = [
        measure(model, film, seed, peers, reference)
        for seed, film in enumerate(tqdm(films, desc=name, file=sys.stderr))
    ]
    made = []
    for way, times in found[0]:
        near, same = np.array([each[way, times] for each in found]).T
        made.append(
            {
                "model": name,
                "films": f"{len(films)} {source}",
                "way": way,
                "times": times,
                "reference": agreement.interval(near),
                "repeats": agreement.interval(same),
            }
        )
    return made


if __name__ == "__main__":
    main()
