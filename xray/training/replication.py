"""Trained again: write-ups' networks, our own from other seeds, and rows of the ledger."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from xray.errors import DatasetError, ModelError
from xray.jobs.progress import Stage
from xray.metrics.bootstrap import LEVEL, Floats
from xray.metrics.published import WriteUp
from xray.training import ablations, ledger, overrides, recipes, train

#: Metric of a write-up -> column of the ledger, words. Write-ups cut probabilities at one half.
COLUMNS = {
    "accuracy": ("test_accuracy_half", "accuracy at a threshold of one half"),
    "auroc": ("test_auroc", "AUROC"),
}


def trained(item: WriteUp, ledger: pd.DataFrame) -> str:
    """Say in two sentences whether trainings of a write-up's recipe reach what it reported.

    Every run of the recipe counts, whatever setting of it was changed; those that learnt nothing
    are counted apart. Empty where the write-up has no recipe or the ledger no run of it.

    Parameters
    ----------
    item : the write-up; ``model`` names its recipe
    ledger : as ``ledger.read`` gives it
    """
    runs = ledger[ledger["recipe"] == item.model]
    failed = ablations.nothing_learnt(runs)
    learnt = runs.drop(index=failed.index)
    if not len(learnt):
        return ""
    ways = len(ablations.groups(learnt, "test_auroc"))
    said = []
    for metric, (column, words) in COLUMNS.items():
        if text := item.stated.get(metric):
            values = learnt[column].astype(float)
            low, high = f"{values.min():.3f}", f"{values.max():.3f}"
            reached = int((values >= float(text)).sum())
            said.append(
                f"{words} {low if low == high else f'{low} to {high}'} "
                f"({reached or 'none'} of {len(values)} as high as reported)"
            )
    return (
        f"Recipe {item.model}, trained here {_times(len(learnt))}"
        + (f", in {ways} ways" if ways > 1 else "")
        + (f" ({_times(len(failed))} more it learnt nothing)" if len(failed) else "")
        + f": on the test films {', '.join(said)}. To train it: python -m xray train {item.model}"
    )


def _times(n: int) -> str:
    return {1: "once", 2: "twice"}.get(n, f"{n} times")


def order(ledger: pd.DataFrame, models: dict[str, str], metric: str, titles: dict[str, str]) -> str:
    """Say in a few sentences whether two models would come out in this order again.

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
            f"Not known: the ledger holds no second training of {' and of '.join(single)}. "
            "Another seed may end elsewhere; 'python -m xray sweep' tells."
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
        f"Of {len(a) * len(b)} pairs of their trainings ({each}), {titles[first]} leads in "
        f"{ahead}. "
        f"Its mean lead over {titles[second]} in {words} is {a.mean() - b.mean():.3f} "
        f"(95 % {low:.3f} to {high:.3f})."
    )
    for name in (first, second):
        if dead := len(lost[name]):
            figures += (
                f" {dead} of {len(every[name])} trainings of {titles[name]} learnt nothing and "
                f"{'is' if dead == 1 else 'are'} left out."
            )
    if ahead == len(a) * len(b) and low > 0:
        return f"Would probably come out in this order again. {figures}"
    return f"May come out the other way. {figures}"


def welch(a: Floats, b: Floats) -> tuple[float, float]:
    """Welch's interval, 95 %, of the difference of two means; a point where no value differs."""
    if np.ptp(a) == 0 and np.ptp(b) == 0:
        return float(a[0] - b[0]), float(a[0] - b[0])
    found = stats.ttest_ind(a, b, equal_var=False).confidence_interval(LEVEL)
    return float(found.low), float(found.high)


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
    stage: Stage = lambda _: None,
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
            recipe,
            data,
            row["name"],
            Path(folder) / "runs",
            int(row["seed"]),
            backbone_weights,
            keep_weights=False,
        )
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
