"""Why a model keeps less on test than validation promises: threshold, mix of films, or the films.

Conventions as in ``xray.metrics.scores``. Three questions, each with its own table: what another
threshold would have given (:func:`points`), what validation would have said had it held the
test's mix of films (:func:`mixes`), and how validation and test films of one class differ
(:func:`shifts`). What neither explains is the films themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from xray import classes
from xray.errors import ArtifactError
from xray.metrics import bootstrap, odds, scores
from xray.metrics import patients as patients_
from xray.metrics.bootstrap import Bools, Floats
from xray.text import interval

SPLITS = ("val", "test")
#: Operating points of :func:`points` -> what they are, for people.
POINTS = {
    "validation": "validation films, own threshold",
    "own": "test films, own threshold",
    "half": "test films, threshold one half",
    "best": "test films, their own best threshold, an upper bound and no result",
}
#: Groups of :func:`rankings` -> the positive films that are ranked against all negative ones;
#: of the whole class its name is said (:func:`group_title`).
GROUPS = {"": "", "bacteria": "bacterial pneumonia", "virus": "viral pneumonia"}
#: Facts whose shift is told -> words for people.
FACTS = {
    "aspect": "native width / height",
    "height": "native height",
    "mean": "brightness",
    "contrast": "contrast",
    "lungs": "share of the film that lungs fill",
    "device": "confidence that a device shows",
    "log_odds": "the model's log-odds",
}
#: Mixes of :func:`mixes` -> words for people.
MIXES = {
    "label": "classes",
    "subtype": "classes and subtypes",
    "devices": "classes, subtypes and devices",
    "height": "classes and native heights",
    "aspect": "classes and native shapes",
    "mean": "classes and brightness",
    "lungs": "classes and shares that lungs fill",
}
#: Bands that a measured fact is cut into, at quantiles of the test films of a class.
BANDS = 3


@dataclass(frozen=True, eq=False)
class Part:
    """The films of one split: ``table`` with the facts of each, truth ``y``, ``log_odds``.

    ``drawn`` is (B, N): bootstrap draws of possible patients.
    """

    table: pd.DataFrame
    y: Bools
    log_odds: Floats
    drawn: Floats


def parts(
    predictions: pd.DataFrame, facts: pd.DataFrame, devices: pd.DataFrame | None = None
) -> dict[str, Part]:
    """Validation and test films of a model with what is known of them.

    Parameters
    ----------
    predictions : as ``card.predictions`` gives them
    facts : table of films (``xray.dataset.index``); films that it lacks have no facts
    devices : labels as ``devices.load`` gives them

    Raises
    ------
    ArtifactError
        One of the two splits is missing, or lacks a class.
    """
    known = facts.set_index("file")
    found = {}
    for seed, split in enumerate(SPLITS):
        rows = predictions[predictions["split"] == split].reset_index(drop=True)
        y = classes.is_positive(rows["label"]).to_numpy(dtype=bool)
        if not len(y) or y.all() or not y.any():
            raise ArtifactError(
                f"There are no {split} predictions of both classes; evaluate the model on "
                "validation and test films."
            )
        at = known.reindex(rows["file"])
        shown = pd.Series(np.nan, index=rows["file"])
        if devices is not None:
            shown = devices["confidence"].reindex(rows["file"]).astype(np.float64)
        table = pd.DataFrame(
            {
                "label": rows["label"],
                "subtype": at["subtype"].fillna("").to_numpy(),
                "aspect": (at["width"] / at["height"]).to_numpy(dtype=np.float64),
                **{key: at[key].to_numpy(dtype=np.float64) for key in ("height", "mean")},
                "contrast": at["contrast"].to_numpy(dtype=np.float64),
                "lungs": at.get("lung_fraction", shown * np.nan).to_numpy(dtype=np.float64),
                "device": shown.to_numpy(),
                "log_odds": rows["log_odds"],
            }
        )
        drawn = bootstrap.resamples(patients_.patients(rows), seed=seed)
        found[split] = Part(table, y, rows["log_odds"].to_numpy(dtype=np.float64), drawn)
    return found


def points(films: dict[str, Part], threshold: float) -> pd.DataFrame:
    """What a model does at its threshold, at one half, and at the best there could have been.

    Parameters
    ----------
    films : of :func:`parts`
    threshold : the model's, log-odds

    Returns
    -------
    DataFrame
        point (key of ``POINTS``), threshold (probability of the positive class), metric (accuracy,
        balanced_accuracy, recall, specificity), value, low, high. The interval of the best
        point is that of a threshold given beforehand, so it is too good as well.
    """
    val, test = films["val"], films["test"]
    cuts = {
        "validation": (val, threshold),
        "own": (test, threshold),
        "half": (test, 0.0),
        "best": (test, best_threshold(test.y, test.log_odds)),
    }
    tables = []
    for point, (part, cut) in cuts.items():
        scored = scores.at_threshold(part.y, part.log_odds, cut, "", part.drawn)
        chance = float(odds.to_probability(cut))
        tables.append(scored.assign(point=point, threshold=chance))
    table = pd.concat(tables, ignore_index=True)
    wanted = ("accuracy", "balanced_accuracy", "recall", "specificity")
    kept = table[table["metric"].isin(wanted)]
    return kept[["point", "threshold", "metric", "value", "low", "high"]].reset_index(drop=True)


def best_threshold(y: Bools, log_odds: Floats) -> float:
    """The threshold (log-odds) of greatest accuracy on these very films; for upper bounds only."""
    values = np.unique(log_odds)
    cuts = np.r_[values, np.nextafter(values[-1], np.inf)]
    order = np.sort(log_odds[y]), np.sort(log_odds[~y])
    found = len(order[0]) - np.searchsorted(order[0], cuts, side="left")
    cleared = np.searchsorted(order[1], cuts, side="left")
    place = int(np.argmax(found + cleared))
    below = values[place - 1] if place else cuts[place]
    return float((below + cuts[place]) / 2) if place < len(values) else float(cuts[place])


def rankings(films: dict[str, Part]) -> pd.DataFrame:
    """AUROC on validation and test, for all of the class and by subtype; no threshold is in it.

    Returns
    -------
    DataFrame
        group (key of ``GROUPS``), split, value, low, high, n (films of the positive class), drop
        (validation less test), drop_low, drop_high. Groups that a split lacks are left out.
    """
    rows = []
    for group in GROUPS:
        draws = {}
        for split in SPLITS:
            part = films[split]
            used = ~part.y | ((part.table["subtype"] == group).to_numpy() | (group == ""))
            if not (used & part.y).any():
                break
            weights = np.vstack([bootstrap.single(len(part.y)), part.drawn])[:, used]
            n = int((used & part.y).sum())
            draws[split] = (bootstrap.auroc(part.y[used], part.log_odds[used], weights), n)
        if len(draws) < len(SPLITS):
            continue
        fall = draws["val"][0] - draws["test"][0]
        drop = (float(fall[0]), *bootstrap.percentiles(fall[1:])[:2])
        for split, (many, n) in draws.items():
            low, high, _ = bootstrap.percentiles(many[1:])
            rows.append((group, split, float(many[0]), low, high, n, *drop))
    columns = ["group", "split", "value", "low", "high", "n", "drop", "drop_low", "drop_high"]
    return pd.DataFrame(rows, columns=columns)


def mixes(films: dict[str, Part], threshold: float) -> pd.DataFrame:
    """Validation weighted so that it holds the test's mix of films, beside test itself.

    Every validation film counts as often as films of its kind occur on test for one on
    validation (post-stratification); a drop that stays is within the kinds.

    Returns
    -------
    DataFrame
        mix ("validation", keys of ``MIXES``, "test"), metric (accuracy, auroc), value, low, high
        (bootstrap by possible patient, the weights made anew in each draw), covered (share of
        the test films of whose kind validation holds any), explained (share of the drop from
        validation to test that is gone; nan where there is no drop).
    """
    val, test = films["val"], films["test"]
    ends = {
        "validation": _values(val, threshold, np.vstack([bootstrap.single(len(val.y)), val.drawn])),
        "test": _values(test, threshold, np.vstack([bootstrap.single(len(test.y)), test.drawn])),
    }
    rows = [("validation", metric, many, 1.0) for metric, many in ends["validation"].items()]
    for mix in MIXES:
        weights, covered = _weights(films, mix)
        if weights is not None:
            made = _values(val, threshold, weights)
            rows += [(mix, metric, many, covered) for metric, many in made.items()]
    rows += [("test", metric, many, 1.0) for metric, many in ends["test"].items()]
    found = []
    for mix, metric, many, covered in rows:
        low, high, _ = bootstrap.percentiles(many[1:])
        first, last = ends["validation"][metric][0], ends["test"][metric][0]
        gone = (first - many[0]) / (first - last) if first > last else np.nan
        found.append((mix, metric, float(many[0]), low, high, covered, float(gone)))
    columns = ["mix", "metric", "value", "low", "high", "covered", "explained"]
    return pd.DataFrame(found, columns=columns)


def _values(part: Part, threshold: float, weights: Floats) -> dict[str, Floats]:
    """Accuracy and AUROC of each weighting, (B,)."""
    right = ((part.log_odds >= threshold) == part.y).astype(np.float64)
    return {
        "accuracy": bootstrap.ratio(weights @ right, weights.sum(axis=1)),
        "auroc": bootstrap.auroc(part.y, part.log_odds, weights),
    }


def _weights(films: dict[str, Part], mix: str) -> tuple[Floats | None, float]:
    """Weights of the validation films, (1 + B, N), and the share of test that they stand for."""
    val_kinds, test_kinds = (_kinds(films, split, mix) for split in SPLITS)
    if val_kinds is None or test_kinds is None:
        return None, 0.0
    val, test = pd.Categorical(val_kinds), pd.Categorical(test_kinds)
    share = pd.Series(test).value_counts(normalize=True)
    both = [kind for kind in val.categories if kind in share.index]
    covered = float(share[both].sum())
    drawn = np.vstack([bootstrap.single(len(val)), films["val"].drawn])
    weights = np.zeros_like(drawn)
    for kind in both:
        inside = np.asarray(val == kind)
        total = drawn[:, inside].sum(axis=1, keepdims=True)
        # A draw that holds no film of a kind leaves the kind out.
        weights[:, inside] = share[kind] * bootstrap.ratio(
            drawn[:, inside], total + 0 * drawn[:, inside]
        )
    return np.nan_to_num(weights), covered


def _kinds(films: dict[str, Part], split: str, mix: str) -> pd.Series | None:
    """Kind of each film of a split for a mix; None where too little is known."""
    table, label = films[split].table, films[split].table["label"]
    if mix == "label":
        return label
    kind = label + " " + table["subtype"]
    if mix == "subtype":
        return kind
    if mix == "devices":
        known = table["device"].notna()
        return kind + " " + (table["device"] >= 0.5).astype(str) if known.all() else None
    out = np.full(len(table), "", dtype=object)
    for name in classes.current().labels:
        of_test = films["test"].table
        values = of_test.loc[of_test["label"] == name, mix].dropna()
        ours = table.loc[label == name, mix]
        if len(values) < BANDS or ours.notna().mean() < 0.95:
            return None
        edges = np.quantile(values, np.arange(1, BANDS) / BANDS)
        band = np.searchsorted(edges, ours.fillna(values.median()).to_numpy(), side="left")
        out[(label == name).to_numpy()] = [f"{name} {place}" for place in band]
    return pd.Series(out, index=table.index)


def shifts(films: dict[str, Part]) -> pd.DataFrame:
    """How validation and test films of one class differ.

    Returns
    -------
    DataFrame
        label, fact (key of ``FACTS``), val, test (medians), larger (chance that a test film has
        more of it than a validation film, ties one half: 0.5 where the two are alike), low, high
        (bootstrap by possible patient). Facts that are not known are left out.
    """
    rows = []
    for label in classes.current().labels:
        for fact in FACTS:
            chosen = {
                split: ((films[split].table["label"] == label) & films[split].table[fact].notna())
                for split in SPLITS
            }
            values = {
                split: films[split].table.loc[mask, fact].to_numpy(dtype=np.float64)
                for split, mask in chosen.items()
            }
            if min(len(each) for each in values.values()) < 2:
                continue
            y = np.r_[np.zeros(len(values["val"]), bool), np.ones(len(values["test"]), bool)]
            drawn = np.hstack([films[s].drawn[:, chosen[s].to_numpy()] for s in SPLITS])
            weights = np.vstack([bootstrap.single(len(y)), drawn])
            many = bootstrap.auroc(y, np.r_[values["val"], values["test"]], weights)
            low, high, _ = bootstrap.percentiles(many[1:])
            medians = (float(np.median(values[split])) for split in SPLITS)
            rows.append((label, fact, *medians, float(many[0]), low, high))
    columns = ["label", "fact", "val", "test", "larger", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def fall(
    before: tuple[float, float, float], after: tuple[float, float, float]
) -> tuple[float, float, float]:
    """By how much a score falls between two sets of people, with its 95 % interval.

    From the scores' own intervals by squaring and adding (Zou G. Y., Donner A. (2008), Stat. Med.
    27, 1693-1702; of shares it is method 10 of Newcombe R. G. (1998), Stat. Med. 17, 873-890).

    Parameters
    ----------
    before, after : value, low, high of each; NaN where an end is not known

    Returns
    -------
    tuple
        before less after, low, high; the ends are NaN where one of those above is.
    """
    (one, one_low, one_high), (two, two_low, two_high) = before, after
    less = np.hypot(one - one_low, two_high - two)
    more = np.hypot(one_high - one, two - two_low)
    return one - two, float(one - two - less), float(one - two + more)


def finding(title: str, mixed: pd.DataFrame, points_: pd.DataFrame) -> str:
    """Say in a sentence what the drop in accuracy of a model comes from.

    Parameters
    ----------
    title : the model, for people
    mixed, points_ : of :func:`mixes` and :func:`points`
    """
    accuracy = mixed[mixed["metric"] == "accuracy"]
    ends = {
        row["mix"]: (row["value"], row["low"], row["high"]) for row in accuracy.to_dict("records")
    }
    drop, low, high = (100 * each for each in fall(ends["validation"], ends["test"]))
    if not low > 0:
        return (
            f"{title} does not clearly lose accuracy from validation to test: "
            f"{-drop:+.1f} points ({interval(-high, -low, 1)})"
        )
    at = points_[points_["metric"] == "accuracy"]
    reached = dict(zip(at["point"], at["value"], strict=True))
    back = reached["best"] - reached["own"]
    shares = dict(zip(accuracy["mix"], accuracy["explained"], strict=True))
    best = max(MIXES.keys() & shares.keys(), key=lambda mix: float(shares[mix]))
    return (
        f"{title} loses {drop:.1f} points of accuracy ({interval(low, high, 1)}) from validation "
        f"to test: the mix that "
        f"explains most ({MIXES[best]}) accounts for {_percent(shares[best])}, and no "
        f"threshold could win back more than {100 * back:.1f} points"
    )


def _percent(share: float) -> str:
    return f"{100 * max(0.0, share):.0f} % of it"


def group_title(group: str) -> str:
    """A group of :func:`rankings` for people."""
    return GROUPS[group] or f"all {classes.spoken()}"
