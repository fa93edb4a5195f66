"""Do the verdict's intervals cover the truth as often as they say? Simulated films and donors.

    python -m benchmarks.crossed_intervals --donors 20 --repeats 1000

Films lie at random distances from a model's threshold, by log-odds of several shapes; each donor's
device moves them by an amount of its own, and each picture by chance. Films and donors are drawn
anew each time, crossed as in an audit. The interval of the calls is compared with the effect in
the population, for calls counted at the threshold and for those averaged around it (``measures``).
"over_5" and "under_5" are how often the one-sided 95 % bounds lie beyond the effect, of 5 at most.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks import _common
from xray.audits import insertion, measures, uncertainty
from xray.audits.uncertainty import CALLS, Influence, Measure

#: Population -> (mean shift by devices, spread over donors, skewed?, chance of one picture), in
#: standard deviations of the films' distance from the threshold.
POPULATIONS = {
    "no effect": (0.0, 0.0, False, 0.15),
    "donors differ, no effect on average": (0.0, 0.15, False, 0.15),
    "a margin's effect": (0.1, 0.1, False, 0.15),
    "strong": (0.5, 0.3, False, 0.2),
    "few donors make it": (0.15, 0.3, True, 0.15),
}


class _Heaps(stats.rv_continuous):  # type: ignore[misc]
    """Two heaps of films with nothing between them, as of networks that are sure of all films."""

    #: Share, mean and spread of each heap.
    OF = ((0.7, -1.5, 0.3), (0.3, 6.0, 0.3))

    def _cdf(self, x: Any) -> Any:
        return sum(share * stats.norm.cdf(x, mean, spread) for share, mean, spread in self.OF)

    def _rvs(self, size: Any = None, random_state: Any = None) -> Any:
        upper = random_state.random(size) < self.OF[1][0]
        normal = random_state.standard_normal(size)
        first, second = (mean + spread * normal for _, mean, spread in self.OF)
        return np.where(upper, second, first)

    def _stats(self) -> Any:
        mean = sum(share * at for share, at, _ in self.OF)
        return mean, sum(s * (w**2 + (at - mean) ** 2) for s, at, w in self.OF), None, None


#: Shapes of the films' log-odds, and whether the threshold lies where a share is called (else at
#: their zero).
SHAPES = {
    "normal": (stats.norm(), True),
    "heavy tails": (stats.t(3), True),
    "skewed": (stats.gamma(2), True),
    "skewed the other way": (stats.gumbel_l(), True),
    "two heaps": (stats.beta(0.5, 0.5), True),
    "two heaps, a gap": (_Heaps()(), False),
    "an edge": (stats.uniform(), True),
}


def shifts(
    rng: np.random.Generator, mean: float, spread: float, skewed: bool, count: int
) -> NDArray[np.float64]:
    """What the devices of some donors do; skewed ones follow an exponential distribution."""
    if skewed:
        return np.asarray(mean + spread * (rng.exponential(1.0, count) - 1))
    return np.asarray(rng.normal(mean, spread, count))


def distances(shape: str, share: float) -> Any:
    """Distribution of the films' distances from the threshold: unit spread, a share beyond it."""
    of, shared = SHAPES[shape]
    spread = float(of.std())
    level = float(of.isf(share)) if shared else 0.0
    return of.dist(*of.args, loc=-level / spread, scale=1 / spread)


def truth(population: str, distance: Any, draws: int = 400_000) -> float:
    """Calls of 100 that devices add in the population, over very many donors."""
    mean, spread, skewed, chance = POPULATIONS[population]
    rng = np.random.default_rng(1)
    given = shifts(rng, mean, spread, skewed, draws)
    by_chance = chance * rng.normal(size=draws)
    return float(100 * (distance.sf(-given - by_chance) - distance.sf(-by_chance)).mean())


def once(
    rng: np.random.Generator, population: str, distance: Any, films: int, donors: int, draws: int
) -> NDArray[np.float64]:
    """One simulated audit: figure and bounds of its 90 % and 95 % intervals, counted and averaged.

    Returns
    -------
    (2, 5) : by way: value, low and high at 90 %, low and high at 95 %
    """
    mean, spread, skewed, chance = POPULATIONS[population]
    plain = distance.rvs(films, random_state=rng)
    given = shifts(rng, mean, spread, skewed, donors)
    film = np.repeat(np.arange(films), draws)
    deck = np.concatenate([rng.permutation(donors) for _ in range(-(-len(film) // donors))])
    donor = deck[: len(film)]
    with_device = plain[film] + given[donor] + chance * rng.normal(size=len(film))
    with_null = plain[film] + chance * rng.normal(size=len(film))
    level, rows = np.zeros(len(film)), []
    for wide in (0.0, measures.width(plain)):
        change = measures.calls(with_device, level, wide) - measures.calls(with_null, level, wide)
        value = float(change.mean())
        influence = Influence((change - value) / len(change), film, donor)
        figure = Measure("insertion", "line", "NORMAL", CALLS, value, influence, films=films)
        errors = uncertainty.joint([figure])
        bounds = [errors.interval(np.array([value]), level) for level in (0.90, 0.95)]
        rows.append([value, *(bound[0] for pair in bounds for bound in pair)])
    return np.array(rows)


def coverage(
    population: str,
    shape: str,
    repeats: int,
    films: int,
    donors: int,
    draws: int,
    share: float,
    seed: int,
) -> list[dict[str, float | str]]:
    """How often the intervals hold the population's effect, and how far figures lie from it."""
    distance = distances(shape, share)
    effect = truth(population, distance)
    rng = np.random.default_rng(seed)
    found = np.array(
        [once(rng, population, distance, films, donors, draws) for _ in range(repeats)]
    )
    error = np.sqrt(((found[:, :, 0] - effect) ** 2).mean(axis=0))
    held = (found[:, :, [1, 3]] <= effect) & (effect <= found[:, :, [2, 4]])
    return [
        {
            "scores": shape,
            "population": population,
            "effect": effect,
            "calls": way,
            "covered_90": float(held[:, i, 0].mean()),
            "covered_95": float(held[:, i, 1].mean()),
            "over_5": float((found[:, i, 1] > effect).mean()),
            "under_5": float((found[:, i, 2] < effect).mean()),
            "bias": float(found[:, i, 0].mean() - effect),
            "error": float(error[i]),
            "of_counted": float(error[i] / error[0]),
        }
        for i, way in enumerate(("counted", "averaged"))
    ]


def main() -> None:
    """Print the coverage of every population, and write it where asked."""
    parser = _common.parser(__doc__)
    parser.add_argument("--films", type=int, default=209, help="healthy films (default 209)")
    parser.add_argument("--donors", type=int, default=20, help="donor children (default 20)")
    parser.add_argument("--draws", type=int, default=insertion.DRAWS, help="donors a film")
    parser.add_argument("--called", type=float, default=0.2, help="share called (default 0.2)")
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    size = given.repeats, given.films, given.donors, given.draws, given.called, given.seed
    rows = [
        row
        for shape in SHAPES
        for population in POPULATIONS
        for row in coverage(population, shape, *size)
    ]
    _common.report("crossed_intervals", rows, {}, given.json)


if __name__ == "__main__":
    main()
