"""Do a run of the ledger again, and hold it to what its seeds said.

The same seed on another processor, or with other versions, adds in another order and ends
elsewhere: such a run is as another seed would be. It repeats the first when it lies within the
interval in which another seed's run is to be expected.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from xray.errors import DatasetError, ModelError
from xray.metrics.bootstrap import LEVEL, Floats
from xray.training import ablations, ledger, overrides, recipes, train

#: Metrics that are compared.
METRICS = tuple(f"{split}_{metric}" for split in ledger.SPLITS for metric in ("auroc", "accuracy"))


def another(values: Floats) -> tuple[float, float]:
    """Where the run of another seed is to be expected, 95 %, by the runs of some seeds.

    The prediction interval of a normal sample [1]_: mean -+ t s sqrt(1 + 1 / n). It is wider than
    the interval of the mean, in which most runs do not lie.

    References
    ----------
    .. [1] Hahn G. J., Meeker W. Q. (1991). Statistical Intervals. Wiley, section 4.7.
    """
    values = np.asarray(values, dtype=np.float64)
    n = len(values)
    if n < 2:
        return ablations.NAN, ablations.NAN
    half = stats.t.ppf((1 + LEVEL) / 2, n - 1) * values.std(ddof=1) * np.sqrt(1 + 1 / n)
    return float(max(0.0, values.mean() - half)), float(min(1.0, values.mean() + half))


def expected(table: pd.DataFrame, run: str) -> pd.DataFrame:
    """What a run of the ledger gave, and where another seed's would lie.

    Parameters
    ----------
    table : the ledger (``ledger.read``)
    run : hash or name of a run

    Returns
    -------
    DataFrame
        metric (of ``METRICS``), stored, low, high (nan where no other seed was run), n (seeds).

    Raises
    ------
    ModelError
        There is no such run.
    """
    row = _row(table, run)
    alike = ablations.alike(table, row)
    rows = [
        (metric, float(row[metric]), *another(alike[metric].to_numpy()), len(alike))
        for metric in METRICS
    ]
    return pd.DataFrame(rows, columns=["metric", "stored", "low", "high", "n"])


def _row(table: pd.DataFrame, run: str) -> dict[str, Any]:
    found = table[(table["run"] == run) | (table["name"] == run)].to_dict("records")
    if not found:
        raise ModelError(f"There is no run {run}; 'python -m xray ledger' lists them.")
    return {str(key): value for key, value in found[-1].items()}


def repeat(
    table: pd.DataFrame,
    run: str,
    data: Path,
    stage: train.Stage = lambda _: None,
    backbone_weights: Path | None = None,
) -> pd.DataFrame:
    """Train a run of the ledger again, in a folder that is gone afterwards.

    Returns
    -------
    DataFrame
        As :func:`expected`, with again (the metric now) and inside (whether it lies within low
        and high; where no other seed was run, whether it is the stored one to four decimals).

    Raises
    ------
    ModelError
        There is no such run, or films were left out of it by a list.
    DatasetError
        The folder holds other films.
    """
    wanted, row = expected(table, run), _row(table, run)
    changes = json.loads(row["changes"])
    if "exclude" in changes:
        raise ModelError(f"{run} left films out by a list of its own; repeat it by its command.")
    recipe = overrides.change(recipes.get(row["recipe"]), changes)
    with tempfile.TemporaryDirectory() as folder:
        job = train.Job(
            recipe, data, row["name"], Path(folder) / "runs", int(row["seed"]), backbone_weights,
            keep_weights=False,
        )  # fmt: skip
        card = train.train(job, stage)
        if card.data_hash != row["data_hash"]:
            raise DatasetError(
                f"{data} does not hold the films of {run}; give --data their folder."
            )
        now = ledger.row(job.out / job.name, card)
    again = wanted["metric"].map({metric: float(now[metric]) for metric in METRICS})
    near = (again - wanted["stored"]).abs() < 5e-5
    inside = again.between(wanted["low"], wanted["high"])
    return wanted.assign(again=again, inside=inside.where(wanted["n"] > 1, near))
