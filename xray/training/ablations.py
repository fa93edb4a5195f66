"""What the runs of the ledger say: means over seeds, what one change did, the learning curve.

Runs that differ in nothing but the seed are one group. The seed draws the network's first
weights, the order of the films, their augmentation, and which films a fraction keeps; split and
test films are the same for all. Intervals are 95 %, Student's t over seeds; of one run there is
none. They say what another seed would do, not what other test films would.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from xray import classes
from xray.metrics.bootstrap import LEVEL, Floats
from xray.models.framing import FRAMINGS
from xray.training.diagnosis import SAME_CALL
from xray.training.ledger import SETTINGS

#: Columns in which the runs of a group agree.
SAME = [*SETTINGS, "other", "split", "data_hash"]
#: Metrics to look at -> words for people.
METRICS = {
    "test_auroc": "test AUROC",
    "test_accuracy": "test accuracy",
    "test_balanced_accuracy": "test balanced accuracy",
    "test_specificity": "test specificity",
    "test_accuracy_half": "test accuracy at one half",
    "val_auroc": "validation AUROC",
    "val_accuracy": "validation accuracy",
}
#: Setting -> words for people.
WORDS = {
    "size": "size",
    "fit": "shape",
    "augmentation": "augmentation",
    "fraction": "share of the training films",
    "class_weight": "class weights",
    "network": "network",
    "epochs": "epochs",
    "framing": "what the network is shown",
}
#: Values that others are compared with, where a change has a plain side.
PLAIN = {
    "framing": "film",
    "fit": "squash",
    "augmentation": "none",
    "class_weight": "balanced",
}
#: Validation AUROC up to which a training has learnt nothing: chance is one half, and on some 600
#: films it strays from that by 0.05 once in twenty times.
CHANCE = 0.55
NAN = float("nan")


def t_interval(values: Floats) -> tuple[float, float]:
    """Student's t interval of a mean, 95 %; nan where there are fewer than two values."""
    values = np.asarray(values, dtype=np.float64)
    n = len(values)
    if n < 2:
        return NAN, NAN
    half = stats.t.ppf((1 + LEVEL) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n)
    return float(values.mean() - half), float(values.mean() + half)


def alike(ledger: pd.DataFrame, run: pd.Series | dict[str, Any]) -> pd.DataFrame:
    """Rows of the ledger that differ from a run in nothing but the seed; each seed once."""
    same = [ledger[column].eq(run[column]) for column in SAME]
    return ledger[np.logical_and.reduce(same)].drop_duplicates("seed", keep="last")


def groups(ledger: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Mean of a metric over the seeds of each group.

    Parameters
    ----------
    ledger : as ``ledger.read`` gives it
    metric : key of ``METRICS``

    Returns
    -------
    DataFrame
        ``SAME``, recipe (of the group's first run), train_films, mean, low, high, n (seeds),
        values (tuple, by seed), seeds (tuple), collapsed (runs that call nearly every test film
        the same at one half).
    """
    rows = []
    for key, alike in ledger.groupby(SAME, sort=False, dropna=False):
        # A seed that was run twice counts once, by its last run.
        runs = alike.drop_duplicates("seed", keep="last").sort_values("seed")
        values = runs[metric].to_numpy(dtype=np.float64)
        called = runs["test_called_half"].to_numpy(dtype=np.float64)
        low, high = t_interval(values)
        rows.append(
            {
                **dict(zip(SAME, key, strict=True)),
                "recipe": runs["recipe"].iloc[0],
                "train_films": float(runs["train_films"].mean()),
                "mean": float(values.mean()),
                # No metric here lies outside 0 to 1, whatever three seeds suggest.
                "low": float(np.maximum(low, 0.0)),
                "high": float(np.minimum(high, 1.0)),
                "n": len(values),
                "values": tuple(values.tolist()),
                "seeds": tuple(runs["seed"].tolist()),
                "collapsed": int((np.maximum(called, 1 - called) >= SAME_CALL).sum()),
            }
        )
    columns = [*SAME, "recipe", "train_films", "mean", "low", "high", "n"]
    return pd.DataFrame(rows, columns=[*columns, "values", "seeds", "collapsed"])


def effects(ledger: pd.DataFrame, metric: str) -> pd.DataFrame:
    """What one change did: pairs of groups that differ in one setting, seed by seed.

    The epochs may differ along with the share of the films, whose epochs are shorter. Trainings
    that learnt nothing are left out (:func:`nothing_learnt` names them): that a training failed
    is no effect of the change, and one of them would drown what the others show.

    Returns
    -------
    DataFrame
        setting (key of ``WORDS``), before, after (its values, for people), context (what both
        have), difference (mean of after less before over the seeds that both have), low, high
        (t over pairs), n (pairs), sorted by setting.
    """
    learnt = ledger.drop(index=nothing_learnt(ledger).index)
    found = groups(learnt, metric).to_dict("records")
    rows = []
    for place, one in enumerate(found):
        for other in found[place + 1 :]:
            changed = _changed(one, other)
            if changed is None:
                continue
            before, after = sorted((one, other), key=lambda group: _rank(group, changed))
            pairs = _paired(before, after)
            if not len(pairs):
                continue
            low, high = t_interval(pairs)
            texts = value(before, changed), value(after, changed)
            mean = float(pairs.mean())
            rows.append((changed, *texts, context(before, changed), mean, low, high, len(pairs)))
    columns = ["setting", "before", "after", "context", "difference", "low", "high", "n"]
    table = pd.DataFrame(rows, columns=columns)
    order = {setting: place for place, setting in enumerate(WORDS)}
    return table.sort_values(
        ["setting", "context", "after"],
        key=lambda column: column.map(order) if column.name == "setting" else column,
        ignore_index=True,
    )


def by_chance(table: pd.DataFrame) -> str:
    """Say how many intervals of :func:`effects` would leave out zero if nothing did anything."""
    n = int(table["low"].notna().sum())
    if not n:
        return "One seed each: no interval, so that no change can be told from chance."
    return (
        f"Of {n} {'interval' if n == 1 else 'intervals'} of {LEVEL:.0%}, about "
        f"{n * (1 - LEVEL):.1f} would leave out zero by chance, even if no change did anything."
    )


def of_setting(ledger: pd.DataFrame, setting: str) -> pd.DataFrame:
    """What changing one setting did to accuracy and AUROC, on validation and on test.

    Returns
    -------
    DataFrame
        Rows of :func:`effects` with a column more, metric (key of ``METRICS``): of every context
        in turn. Without rows where no two groups differ in the setting.
    """
    parts = []
    for metric in ("val_accuracy", "test_accuracy", "val_auroc", "test_auroc"):
        found = effects(ledger, metric)
        parts.append(found[found["setting"] == setting].assign(metric=metric))
    return pd.concat(parts, ignore_index=True)


def _changed(one: dict[Any, Any], other: dict[Any, Any]) -> str | None:
    """The one setting in which two groups differ; None where it is none or several.

    Networks differ in one setting where one option of theirs does.
    """
    apart = {key for key in SAME if one[key] != other[key]}
    if apart == {"fraction", "epochs"}:
        return "fraction"
    if apart == {"other"}:
        apart = _apart(one["other"], other["other"])
    if len(apart) != 1 or not apart <= WORDS.keys():
        return None
    if apart == {"network"} and len(_apart(one["network"], other["network"])) > 1:
        return None
    return apart.pop()


def _apart(one: str, other: str) -> set[str]:
    """Keys in which two settings written as JSON differ."""
    before, after = json.loads(one), json.loads(other)
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def _rank(group: dict[Any, Any], setting: str) -> tuple[bool, bool, float, str]:
    """The plain side of a change first, then the one without, then the smaller."""
    mine = _value(group, setting)
    number = re.match(r"[\d.]+", str(mine))
    size = float(number[0]) if number else len(str(mine))
    return mine != PLAIN.get(setting, mine), mine != "none", size, str(mine)


def _value(group: dict[Any, Any], setting: str) -> Any:
    """A setting of a group; what is not in a column of its own, and left out, is as it is plain."""
    if setting in group:
        return group[setting]
    return json.loads(group["other"]).get(setting, PLAIN.get(setting))


def _paired(before: dict[Any, Any], after: dict[Any, Any]) -> Floats:
    """Differences of the seeds that both groups have."""
    first = dict(zip(before["seeds"], before["values"], strict=True))
    second = dict(zip(after["seeds"], after["values"], strict=True))
    return np.array([second[seed] - first[seed] for seed in first if seed in second])


def value(group: dict[Any, Any], setting: str) -> str:
    """A setting's value for people."""
    if setting == "fraction":
        return f"{100 * float(group['fraction']):g} %"
    if setting == "network":
        return _network(str(group["network"]))
    if setting == "size":
        return f"{group['size']} pixels"
    if setting == "framing":
        return FRAMINGS[_value(group, setting)]
    return str(_value(group, setting))


def _network(text: str) -> str:
    network = json.loads(text)
    parts = ["/".join(map(str, network["filters"])) if "filters" in network else network["network"]]
    parts += [f"dense {'/'.join(map(str, network['dense']))}"] if "dense" in network else []
    parts += ["RGB"] if network.get("rgb") else ["grey"]
    parts += ["batch-normalised"] if network.get("normalise") else []
    parts += [f"{network['pool']}-pooled"] if "pool" in network else []
    parts += [f"dropout {network['dropout']:g}"] if "dropout" in network else []
    parts += [network["activation"]] if "activation" in network else []
    return ", ".join(parts)


def context(group: dict[Any, Any], setting: str) -> str:
    """What a group is, beside one setting, in a few words."""
    words = [str(group["recipe"]).removesuffix("_augmented").removesuffix("_letterboxed")]
    if setting != "size":
        words.append(f"{str(group['size']).split(' ', maxsplit=1)[0]} px")
    if setting != "fraction":
        words.append(f"{100 * float(group['fraction']):g} % of the films")
    if setting != "augmentation" and group["augmentation"] != "none":
        words.append("augmented")
    if setting != "network" and json.loads(group["network"]).get("normalise"):
        words.append("batch-normalised")
    if setting != "framing" and _value(group, "framing") == "lungs":
        words.append("cut to the lungs")
    return ", ".join(words)


def curve(ledger: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The learning curve: the runs that differ in share of the films and augmentation only.

    Of several families of such runs the one with the most groups is taken.

    Returns
    -------
    DataFrame
        As :func:`groups`, of one family, by augmentation and fraction; without rows where no
        family has two shares.
    """
    found = groups(ledger, metric)
    free = [key for key in SAME if key not in {"fraction", "epochs", "augmentation"}]
    families = [
        family.sort_values(["augmentation", "fraction"], ignore_index=True)
        for _, family in found.groupby(free, sort=False)
        if family["fraction"].nunique() > 1
    ]
    if not families:
        return found.iloc[:0]
    family = max(families, key=len)
    # One group a point: where several differ in epochs, the one with the most seeds.
    return (
        family.sort_values("n", kind="stable")
        .drop_duplicates(["augmentation", "fraction"], keep="last")
        .sort_values(["augmentation", "fraction"], ignore_index=True)
    )


def finding(table: pd.DataFrame, metric: str) -> str:
    """Say in a sentence what augmentation did on the learning curve's shares of the films.

    Parameters
    ----------
    table : of :func:`curve`
    """
    sides: dict[float, dict[str, Any]] = {}
    for row in table.to_dict("records"):
        side = "without" if row["augmentation"] == "none" else "with"
        sides.setdefault(float(row["fraction"]), {})[side] = row
    said = []
    for fraction in sorted(sides):
        both = sides[fraction]
        if len(both) < 2:
            continue
        pairs = _paired(both["without"], both["with"])
        low, high = t_interval(pairs)
        if not len(pairs):
            continue
        text = f"{100 * fraction:g} %: {pairs.mean():+.3f}"
        text += " (one seed)" if len(pairs) == 1 else ""
        if np.isfinite(low):
            verdict = "clear" if low > 0 or high < 0 else "may be chance"
            text += f" ({low:+.3f} to {high:+.3f}, {len(pairs)} seeds: {verdict})"
        said.append(text)
    if not said:
        return "No share of the films was learnt from both with and without augmentation yet"
    return f"What augmentation adds to {METRICS[metric]}, by share of the films: " + "; ".join(said)


def nothing_learnt(ledger: pd.DataFrame) -> pd.DataFrame:
    """Runs that rank validation films no better than chance, up to ``CHANCE``.

    Not the same as :func:`collapsed`: a network whose probabilities all lie above one half may
    rank its films well.
    """
    return ledger[ledger["val_auroc"].astype(np.float64) <= CHANCE]


def collapsed(ledger: pd.DataFrame) -> pd.DataFrame:
    """Runs that give nearly every test film the same call at a threshold of one half.

    Returns
    -------
    DataFrame
        Rows of the ledger, with ``call``, the class that they call.
    """
    called = ledger["test_called_half"].astype(np.float64)
    same = (called >= SAME_CALL) | (called <= 1 - SAME_CALL)
    found = ledger[same].copy()
    found["call"] = np.where(called[same] > 0.5, classes.positive(), classes.negative())
    return found
