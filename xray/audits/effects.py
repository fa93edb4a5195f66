"""Effects in one table: mean over films, with intervals by possible patient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray.metrics import bootstrap
from xray.metrics.odds import to_probability
from xray.metrics.patients import patients
from xray.models.registry import LogOdds

COLUMNS = (
    "test", "device", "label", "net_log_odds", "ci_low", "ci_high", "n",
    "probability_change", "called_before", "called_after", "called_sham", "family",
)  # fmt: skip


def interval(values: LogOdds, groups: NDArray[np.str_], seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of a mean, films of one possible patient drawn together.

    (nan, nan) for fewer than five films, which no resampling makes more.
    """
    if len(values) < 5:
        return float("nan"), float("nan")
    weights = bootstrap.resamples(groups, seed=seed)
    low, high, _ = bootstrap.percentiles(bootstrap.ratio(weights @ values, weights.sum(axis=1)))
    return low, high


def table(effects: pd.DataFrame, threshold: float, seed: int = 0) -> pd.DataFrame:
    """Summarise the trials of a battery.

    Parameters
    ----------
    effects : as ``interventions.measure`` gives it
    threshold : log-odds at which the model calls PNEUMONIA

    Returns
    -------
    DataFrame
        One row a suspect, over both classes (label "") and for each class: ``net_log_odds``
        (mean, beyond the sham) with its interval ``ci_low``..``ci_high``, ``n`` films,
        ``probability_change`` (mean change of P(PNEUMONIA) beyond the sham), and the shares
        called PNEUMONIA before, after and with the sham.
    """
    rows = []
    for (test, kind, family), group in effects.groupby(["test", "kind", "family"], sort=False):
        for label in ("", "NORMAL", "PNEUMONIA"):
            chosen = group if not label else group[group["label"] == label]
            if len(chosen):
                rows.append(
                    {"test": test, "device": kind, "label": label}
                    | _row(chosen, threshold, seed)
                    | {"family": family}
                )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def pooled(effects: pd.DataFrame, threshold: float, seed: int = 0) -> pd.DataFrame:
    """Insertions of all kinds of device together, over both classes and for each: as `table`."""
    chosen = effects[(effects["test"] == "insertion") & (effects["family"] == "device")]
    return table(chosen.assign(kind="all kinds"), threshold, seed)


def _row(group: pd.DataFrame, threshold: float, seed: int) -> dict[str, Any]:
    net = group["net"].to_numpy()
    low, high = interval(net, patients(group), seed)
    sign = float(group["sign"].iloc[0])
    change = to_probability(group["treated"].to_numpy()) - to_probability(group["sham"].to_numpy())
    return {
        "net_log_odds": float(net.mean()),
        "ci_low": low,
        "ci_high": high,
        "n": int(group["file"].nunique()),
        "probability_change": float(sign * change.mean()),
        "called_before": float((group["original"] >= threshold).mean()),
        "called_after": float((group["treated"] >= threshold).mean()),
        "called_sham": float((group["sham"] >= threshold).mean()),
    }


def lime_rows(lime: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """LIME weight of devices beyond shams, for labelled devices, drawn ones, and each kind."""
    rows = []
    for source, group in lime.groupby("source", sort=False):
        kinds = [("all kinds" if source == "drawn" else "labelled", group)]
        if source == "drawn":
            kinds += [(str(kind), part) for kind, part in group.groupby("kind", sort=False)]
        for kind, chosen in kinds:
            low, high = interval(chosen["net"].to_numpy(), patients(chosen), seed)
            rows.append(
                {
                    "test": f"lime_{source}",
                    "device": str(kind),
                    "label": "",
                    "net_log_odds": float(chosen["net"].mean()),
                    "ci_low": low,
                    "ci_high": high,
                    "n": int(chosen["file"].nunique()),
                    "family": "device",
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def kind_means(effects: pd.DataFrame) -> pd.DataFrame:
    """Net effect of each film and kind of device, (films, kinds); NaN where not tried."""
    chosen = effects[(effects["test"] == "insertion") & (effects["family"] == "device")]
    return chosen.pivot_table(index="file", columns="kind", values="net", aggfunc="mean")
