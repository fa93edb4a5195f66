"""Do the verdict's intervals cover the truth as often as they say? Simulated films and donors.

    python -m benchmarks.crossed_intervals --donors 20 --repeats 1000

Films lie at random distances from a model's threshold; each donor's device moves them by an
amount of its own, and each picture by chance. Films and donors are drawn anew each time, crossed
as in an audit, and the interval of the calls is compared with the effect in the population.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from benchmarks import _common
from xray.audits import uncertainty
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


def shifts(
    rng: np.random.Generator, mean: float, spread: float, skewed: bool, count: int
) -> NDArray[np.float64]:
    """What the devices of some donors do; skewed ones follow an exponential distribution."""
    if skewed:
        return np.asarray(mean + spread * (rng.exponential(1.0, count) - 1))
    return np.asarray(rng.normal(mean, spread, count))


def truth(mean: float, spread: float, skewed: bool, chance: float, healthy: float) -> float:
    """Calls of 100 that devices add in the population, over very many donors."""
    given = shifts(np.random.default_rng(1), mean, spread, skewed, 200_000)
    wide = np.sqrt(1 + chance**2)
    return float(100 * (norm.cdf((given - healthy) / wide) - norm.cdf(-healthy / wide)).mean())


def once(
    rng: np.random.Generator, name: str, films: int, donors: int, draws: int, healthy: float
) -> tuple[float, NDArray[np.float64]]:
    """One simulated audit: its figure and the 90 % and 95 % intervals (2, 2)."""
    mean, spread, skewed, chance = POPULATIONS[name]
    distance = rng.normal(-healthy, 1, films)
    given = shifts(rng, mean, spread, skewed, donors)
    film = np.repeat(np.arange(films), draws)
    deck = np.concatenate([rng.permutation(donors) for _ in range(-(-len(film) // donors))])
    donor = deck[: len(film)]
    with_device = distance[film] + given[donor] + chance * rng.normal(size=len(film)) > 0
    with_null = distance[film] + chance * rng.normal(size=len(film)) > 0
    change = 100.0 * (with_device.astype(float) - with_null)
    value = float(change.mean())
    influence = Influence((change - value) / len(change), film, donor)
    figure = Measure("insertion", "line", "NORMAL", CALLS, value, influence, films=films)
    errors = uncertainty.joint([figure])
    bounds = [errors.interval(np.array([value]), level) for level in (0.90, 0.95)]
    return value, np.array([[low[0], high[0]] for low, high in bounds])


def coverage(
    name: str, repeats: int, films: int, donors: int, draws: int, share: float, seed: int
) -> dict[str, float | str]:
    """How often the intervals hold the population's effect, and how wide they are."""
    healthy = float(-norm.ppf(share))
    effect = truth(*POPULATIONS[name], healthy)
    rng = np.random.default_rng(seed)
    found = [once(rng, name, films, donors, draws, healthy) for _ in range(repeats)]
    bounds = np.array([each for _, each in found])
    held = (bounds[:, :, 0] <= effect) & (effect <= bounds[:, :, 1])
    return {
        "population": name,
        "effect": effect,
        "covered_90": float(held[:, 0].mean()),
        "covered_95": float(held[:, 1].mean()),
        "spread": float(np.std([value for value, _ in found])),
        "mean_error": float((bounds[:, 1, 1] - bounds[:, 1, 0]).mean() / 4),
    }


def main() -> None:
    """Print the coverage of every population, and write it where asked."""
    parser = _common.parser(__doc__)
    parser.add_argument("--films", type=int, default=209, help="healthy films (default 209)")
    parser.add_argument("--donors", type=int, default=20, help="donor children (default 20)")
    parser.add_argument("--draws", type=int, default=8, help="donors a film (default 8)")
    parser.add_argument("--called", type=float, default=0.2, help="share called (default 0.2)")
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rows = [
        coverage(
            name, given.repeats, given.films, given.donors, given.draws, given.called, given.seed
        )
        for name in POPULATIONS
    ]
    _common.report("crossed_intervals", rows, {}, given.json)


if __name__ == "__main__":
    main()
