"""Sentences computed from results, the same on the pages and in the report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xray import classes
from xray.models.registry import Card
from xray.text import interval, number, percent

if TYPE_CHECKING:
    # For types only: tables and what explains films take long to import; not every page needs them.
    import pandas as pd

    from xray.audits.showcase import Example
    from xray.explanations.result import Explanation
    from xray.explanations.sanity import Sanity

Audit = Mapping[str, Any]


def headline(audit: Audit) -> Mapping[str, Any] | None:
    """The effect that stands for an audit: drawn-in devices of all kinds, over both classes.

    The insertion that pools most films where there is no such row; None without insertions.
    """
    rows = [row for row in audit.get("effects", []) if row.get("test") == "insertion"]
    pooled = [row for row in rows if row.get("device") == "all kinds" and not row.get("label")]
    ranked = sorted(rows, key=lambda row: number(row.get("n")), reverse=True)
    return next(iter(pooled or ranked), None)


def finding(audit: Audit | None) -> str:
    """What an audit found about one model, in a sentence with its interval."""
    if audit is None:
        return "No audit has been run on this model yet."
    row = headline(audit)
    effect = ""
    if row is not None:
        effect = (
            f"A device drawn in moves its log-odds by {number(row['net_log_odds']):+.2f} "
            f"beyond a sham (95 % interval "
            f"{interval(number(row.get('ci_low')), number(row.get('ci_high')))}, "
            f"{row.get('n', '?')} films)."
        )
    smallest = number(audit.get("minimum_detectable_effect"))
    if audit.get("verdict") == "no_reliance_shown" and math.isfinite(smallest):
        effect += (
            f" Reliance that moves films by {smallest:.2f} spreads of its log-odds or more would "
            "have been seen."
        )
    return f"{effect} {_against_controls(audit)}".strip() or "Its audit holds no insertion test."


def undecided(audit: Audit | None) -> str:
    """Why an audit stays inconclusive, in a sentence; empty for every other verdict."""
    if audit is None or audit.get("verdict") != "inconclusive" or not audit.get("reasons"):
        return ""
    # The last reason is the one that decided; what follows its first sentence explains it.
    sentence, full_stop, _ = str(audit["reasons"][-1]).partition(". ")
    return f"{sentence}." if full_stop else sentence


def _against_controls(audit: Audit) -> str:
    """An audit's score beside the threshold that the control models set; empty without either."""
    score, limit = number(audit.get("score")), number(audit.get("score_threshold"))
    if not (math.isfinite(score) and math.isfinite(limit)):
        return ""
    ends = interval(number(audit.get("score_low")), number(audit.get("score_high")))
    return f"Reliance score {score:.2f} ({ends}); controls without reliance stay below {limit:.2f}."


def scores(cards: Sequence[Card], audits: Mapping[str, Audit]) -> pd.DataFrame:
    """Scores of the audited models, as ``overview.scores`` draws them."""
    import pandas as pd

    columns = ["model", "title", "verdict", "score", "low", "high", "threshold"]
    keys = ("score", "score_low", "score_high", "score_threshold")
    rows = [
        [card.name, card.title or card.name, audits[card.name].get("verdict")]
        + [number(audits[card.name].get(key)) for key in keys]
        for card in cards
        if math.isfinite(number(audits.get(card.name, {}).get("score")))
    ]
    return pd.DataFrame(rows, columns=columns)


def title(cards: Sequence[Card], audits: Mapping[str, Audit]) -> str:
    """How many of the models read devices, as the Overview's title."""
    done = [audits[card.name] for card in cards if card.name in audits]
    if not done:
        return "Do these models read lungs, or the devices on the child?"
    guilty = sum(audit.get("verdict") == "reads_devices" for audit in done)
    open_ = sum(audit.get("verdict") == "inconclusive" for audit in done)
    models = "model" if len(done) == 1 else "models"
    if guilty:
        verb = "reads" if guilty == 1 else "read"
        return f"{guilty} of {len(done)} {models} {verb} devices"
    if all(audit.get("verdict") == "no_reliance_shown" for audit in done):
        return f"No reliance on devices shown in {len(done)} {models}"
    return f"Whether these models read devices stays open: {open_} of {len(done)} inconclusive"


def question(labels: pd.DataFrame) -> str:
    """Why one must ask: who wears devices in the training films.

    Parameters
    ----------
    labels : columns split, label, has_device (see ``devices.load``).
    """
    danger = "A model may learn the device and never look at the lung."
    known = classes.current()
    if not classes.is_default():
        # The counts are of the public set alone.
        return f"The ill wear tubes, wires and electrodes more often than others. {danger}"
    share = labels[labels["split"] == "train"].groupby("label")["has_device"].mean()
    return (
        f"In the films these models learnt from, {percent(share[known.positive])} of the children "
        f"with {classes.spoken()} wear tubes, wires or electrodes, and "
        f"{percent(share[known.negative])} of the others. {danger}"
    )


def example(shown: Example, title: str) -> str:
    """What the Overview's picture is, and how it was chosen."""
    whole = "on which the model is undecided" if shown.undecided else "tried"
    return (
        f"{title} on a synthetic film (no patient). Of the {shown.films} {whole}, this one has "
        "the median effect: half change more, half less."
    )


def basis(scores: pd.DataFrame) -> str:
    """What metrics rest on: films, positive class, threshold, intervals."""
    n = int(scores["n"].max())
    positive = scores["positive"].iloc[0]
    return (
        f"{n} test films, {positive} positive, each model at the threshold chosen on its "
        "validation films; 95 % intervals."
    )


def stability(why: Explanation) -> str:
    """Whether an explanation may be read, and what that rests on."""
    if not why.stable:
        return f"Not stable enough to read: {why.why_unstable}"
    return (
        f"Stable: {100 * why.agreement:.0f} % of the five leading superpixels would lead again; "
        f"the weights account for {100 * max(why.r2, 0):.0f} % of what hiding pieces does "
        f"({why.n_evaluations} evaluations)."
    )


def sanity(checked: Sanity) -> list[str]:
    """What the sanity checks of an explanation found."""
    curve = checked.deletion
    says = [
        f"hiding superpixels by weight moves the prediction "
        f"{'faster than' if curve.passed else 'no faster than'} in random order "
        f"({curve.score:+.2f}, 95 % interval {interval(curve.low, curve.high)})."
    ]
    if (random := checked.randomisation) is not None:
        verb = "changes" if random.passed else "hardly changes"
        says.append(
            f"with the network's weights shuffled, the explanation {verb} "
            f"(rank correlation {random.correlation:+.2f})."
        )
    return says


def lungs(audit: Audit) -> str:
    """Where LIME's weight lies, in a sentence; "" where the audit does not say."""
    found = audit.get("lungs") or {}
    if not found:
        return ""
    weight, low, high, area = (
        f"{100 * number(found.get(name)):.0f} %"
        for name in ("weight_share", "weight_share_low", "weight_share_high", "area_share")
    )
    return f"LIME lays {weight} ({low} to {high}) of its weight on the lungs, which take {area}."


def sanity_overall(audit: Audit) -> str:
    """What the sanity checks of explanations found over films; "" where the audit has none."""
    rows = {row["measure"]: row for row in audit.get("sanity") or []}
    says = []
    for name, does in (
        ("deletion_passed", "hiding superpixels by weight beats random order"),
        ("randomisation_passed", "shuffling the network's weights changes the explanation"),
    ):
        if row := rows.get(name):
            mean, low, high = (100 * number(row[key]) for key in ("mean", "low", "high"))
            says.append(
                f"{does} in {mean:.0f} % of {row['n']:.0f} films ({low:.0f} to {high:.0f} %)"
            )
    return f"Can its explanations be read? {'; '.join(says).capitalize()}." if says else ""
