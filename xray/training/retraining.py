"""Would two models come out in this order again, had both been trained again?

An interval of their difference on the test films says what other films would do to two networks
that stay as they are. Another seed makes other networks of the same recipes, and the ledger knows
what those did.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from xray.metrics.bootstrap import LEVEL, Floats
from xray.training import ablations


def order(ledger: pd.DataFrame, models: dict[str, str], metric: str, titles: dict[str, str]) -> str:
    """Say in one sentence whether two models would come out in this order again.

    They probably would when the one that leads as stored leads in all pairs of a training of the
    one and a training of the other, and Welch's interval of the mean difference [1]_ leaves out
    zero. A training that learnt nothing is left out and named: who sees one trains again.

    Parameters
    ----------
    ledger : as ``ledger.read`` gives it
    models : name -> hash of the weights, of two models
    metric : key of ``ablations.METRICS``
    titles : name -> name for people

    References
    ----------
    .. [1] Welch B. L. (1947). The generalization of "Student's" problem when several different
       population variances are involved. Biometrika 34, 28-35.
    """
    stored = {name: ledger[ledger["model_hash"] == weights] for name, weights in models.items()}
    every = {
        name: ablations.alike(ledger, row.iloc[-1]) for name, row in stored.items() if len(row)
    }
    lost = {name: ablations.nothing_learnt(table) for name, table in every.items()}
    runs = {name: table.drop(index=lost[name].index) for name, table in every.items()}
    single = [titles[name] for name in models if name not in runs or len(runs[name]) < 2]
    if single:
        return (
            f"Not known: the ledger holds no second training of {' and of '.join(single)}, and "
            f"another seed may end elsewhere (a sweep over seeds tells: 'python -m xray sweep')."
        )
    lead = {name: float(row[metric].iloc[-1]) for name, row in stored.items()}
    first, second = sorted(models, key=lambda name: -lead[name])
    a, b = (runs[name][metric].to_numpy(dtype=np.float64) for name in (first, second))
    words = ablations.METRICS[metric]
    if lead[first] == lead[second]:
        return f"As stored, {titles[first]} and {titles[second]} are level in {words}."
    ahead = int((a[:, None] > b[None, :]).sum())
    low, high = welch(a, b)
    each = f"{len(a)} and {len(b)} seeds" if len(a) != len(b) else f"{len(a)} seeds each"
    figures = (
        f"{titles[first]} leads {titles[second]} in {words} in {ahead} of {len(a) * len(b)} "
        f"pairs of their trainings ({each}), on average by {a.mean() - b.mean():.3f} "
        f"(95 % {low:.3f} to {high:.3f})."
    )
    for name in (first, second):
        if dead := len(lost[name]):
            figures += (
                f" Left out, because it learnt nothing: {dead} of {len(every[name])} trainings of "
                f"{titles[name]}."
            )
    if ahead == len(a) * len(b) and low > 0:
        return f"Would probably come out in this order again: {figures}"
    return f"May come out the other way: {figures}"


def welch(a: Floats, b: Floats) -> tuple[float, float]:
    """Welch's interval, 95 %, of the difference of two means; a point where no value differs."""
    if np.ptp(a) == 0 and np.ptp(b) == 0:
        return float(a[0] - b[0]), float(a[0] - b[0])
    found = stats.ttest_ind(a, b, equal_var=False).confidence_interval(LEVEL)
    return float(found.low), float(found.high)
