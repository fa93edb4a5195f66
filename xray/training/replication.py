"""What training a write-up's network here gave, beside what the write-up reported."""

from __future__ import annotations

import pandas as pd

from xray.metrics.published import WriteUp
from xray.training import ablations

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
