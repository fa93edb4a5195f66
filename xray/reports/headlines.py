"""Sentences of the first page and of titles: the answer, what was done about it, the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from xray import classes, text
from xray.audits import findings, stored
from xray.audits.findings import Change
from xray.models.card import Card
from xray.reports import sentences
from xray.reports.sentences import Audit
from xray.text import interval, percent

if TYPE_CHECKING:
    # For types only: tables take long to import; the first page does without.
    import pandas as pd

    from xray.audits.showcase import Example


def answer(cards: Sequence[Card], told: Sequence[Card], audits: Mapping[str, Audit]) -> str:
    """The Overview's title: how many models read devices on whole films, and cropped to the lungs.

    It is the ``title`` of all rows of the table where other models are shown than those that are
    cropped to the lungs, or where none of whole films reads devices.

    Parameters
    ----------
    cards : models that are shown
    told : those, and the networks of whole films
    """
    both = pairs(told, audits)
    before, now = ([audits[pair[side]]["verdict"] for pair in both] for side in (0, 1))
    read, left = before.count("reads_devices"), now.count("reads_devices")
    if (
        not read
        or "cannot_be_judged" in (*before, *now)
        or {card.name for card in cards} != {alone for _, alone in both}
    ):
        worst = mended(told, audits)
        rows = [card for card in told if worst and card.name == worst[0] and card not in cards]
        return title([*rows, *cards], audits)
    undecided = now.count("inconclusive")
    return (
        f"Shown whole films, {read} of {len(both)} models {'reads' if read == 1 else 'read'} "
        f"devices; cropped to the lungs, {left or 'none is found to'}"
        + (f" (for {undecided}, more films must tell)" if undecided else "")
    )


def title(cards: Sequence[Card], audits: Mapping[str, Audit]) -> str:
    """Which of the models read devices, as a title: one sentence, in calls of 100."""
    done = [card for card in cards if card.name in audits]
    if not done:
        return "Do these models read lungs, or the devices on the chest?"
    of = {
        key: [card for card in done if audits[card.name]["verdict"] == key]
        for key in findings.VERDICTS
    }
    count = len(done)
    if of["reads_devices"]:
        return _title_of_readers(of["reads_devices"], audits, count)
    clear = len(of["no_reliance"])
    if of["inconclusive"]:
        return _title_of_open(of["inconclusive"], of["no_reliance"], audits, count)
    if clear == count:
        limit = max(findings.margin(audits[card.name], "calls") for card in done)
        models = {1: "this model", 2: "both models"}.get(count, f"all {count} models")
        return f"Devices change fewer than {limit:g} of 100 calls of {models}"
    if clear:
        return (
            f"Devices change nothing that matters in {clear} of {count} models; "
            f"{count - clear} cannot be judged"
        )
    return "This model cannot be judged" if count == 1 else f"None of {count} models can be judged"


def _title_of_open(
    cards: Sequence[Card], calm: Sequence[Card], audits: Mapping[str, Audit], count: int
) -> str:
    """The title where none is known to read devices, and of some it is open."""
    clear = len(calm)
    if not clear:
        some = "this model" if count == 1 else f"{len(cards)} of {count} models"
        return f"More films must tell whether devices change the calls of {some}"
    limit = max(findings.margin(audits[card.name], "calls") for card in calm)
    said = f"Devices change fewer than {limit:g} of 100 calls of {clear} of {count} models"
    if len(cards) > 1:
        return f"{said}; for {len(cards)} others more films must tell"
    kinds = findings.kinds(audits[cards[0].name], "inconclusive")
    names = text.names([findings.PLURAL[kind] for kind in findings.KINDS if kind in kinds])
    return f"{said}; for {cards[0].title or cards[0].name} more films must tell about {names}"


def _title_of_readers(cards: Sequence[Card], audits: Mapping[str, Audit], count: int) -> str:
    """The title where some of ``count`` models read devices: how many, and what the worst does."""
    top, change = max(
        ((card, _leading(audits[card.name])) for card in cards),
        key=lambda found: abs(found[1].margins) if found[1] else 0.0,
    )
    name = top.title or top.name
    verb = "reads" if len(cards) == 1 else "read"
    said = (
        f"{name} reads devices" if count == 1 else f"{len(cards)} of {count} models {verb} devices"
    )
    if change is None:
        return said
    # Its interval stands in the model's row.
    does = sentences.does(change).partition(" (")[0]
    return f"{said}: {findings.ONE[change.kind]} makes {'it' if count == 1 else name} {does}"


def _leading(audit: Audit) -> Change | None:
    return findings.strongest(audit, findings.kinds(audit, "reads_devices"))


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
        f"In training, {percent(share[known.positive])} of the children with {classes.spoken()} "
        f"wear tubes, wires or electrodes, and {percent(share[known.negative])} of the others. "
        f"{danger}"
    )


def example(shown: Example, threshold: float) -> str:
    """What the Overview's picture is, and how it was chosen; ``threshold`` as a probability."""
    from xray.metrics.odds import to_probability

    match = percent(float(to_probability(shown.match)))
    return (
        f"Drawn by this program, no patient. It calls sick from {percent(threshold)} on. "
        f"With the match, the same cut without the device: {match}. Of {shown.films} such films "
        f"{shown.changed} change their call; {'of those plain to see ' if shown.plain else ''}"
        "this one changes most."
    )


def picture(shown: Example, title: str) -> str:
    """What the Overview's picture shows."""
    such = f" ({findings.SUCH[shown.kind]})" if shown.kind in findings.SUCH else ""
    return f"{sentences.ONE[shown.kind]}{such} changes the call of {title}"


def pairs(cards: Sequence[Card], audits: Mapping[str, Audit]) -> list[tuple[str, str]]:
    """Networks of whole films, each with the same one cropped to the lungs, both audited."""
    known = {card.name for card in cards} & audits.keys()
    return [pair for pair in stored.LUNGS_ALONE.items() if {*pair} <= known]


def mended(cards: Sequence[Card], audits: Mapping[str, Audit]) -> tuple[str, str, Change] | None:
    """The network of whole films that devices move most, its remedy, and what moves it.

    None where none was audited that reads devices.
    """
    found = [
        (whole, alone, change)
        for whole, alone in pairs(cards, audits)
        if (change := _leading(audits[whole])) is not None
    ]
    return max(found, key=lambda pair: abs(pair[2].margins), default=None)


def remedy(cards: Sequence[Card], audits: Mapping[str, Audit]) -> str:
    """What devices did to a network of whole films, and do when films are cropped to the lungs.

    Of the pair that devices moved most; "" where none was audited that reads devices.
    """
    found = mended(cards, audits)
    if found is None:
        return ""
    whole, alone, change = found
    titles = {card.name: card.title or card.name for card in cards}
    said = f"{sentences.ONE[change.kind]} makes {titles[whole]} {sentences.does(change)}."
    now = [
        each
        for each in findings.changes(audits[alone], change.kind)
        if (each.label, each.unit) == (change.label, change.unit)
    ]
    if now:
        said += f" The remedy, to crop films to the lungs, leaves {_less(now[0])}."
    return said


def _less(change: Change) -> str:
    """A change in few words: "under 1 more (-1 to 2)"."""
    count, _, ends = sentences.how_much(change).partition(" ")
    if change.unit == "auroc_drop":
        return f"a {'fall' if change.value > 0 else 'rise'} of {count} {ends}".rstrip()
    way = "more" if change.value >= 0 else "fewer"
    return f"{'under 1' if count == '0' else count} {way} {ends}".rstrip()


def hidden(models: Sequence[tuple[str, str, Audit]]) -> str:
    """What hiding the lungs leaves, as the title of a page.

    Parameters
    ----------
    models : name, title and audit of each
    """
    found = [
        (title_, value)
        for _, title_, audit in models
        if findings.judged(audit) and (value := findings.stratum(audit, "lungs hidden", "auroc"))
    ]
    if not found:
        return "Whether models need the lungs is not measured yet"
    title_, (area, low, high) = max(found, key=lambda entry: entry[1][0])
    said = f"AUROC {area:.2f} ({interval(low, high)})"
    if low <= 0.6:
        return f"With the lungs hidden no model does much better than chance: at most {said}"
    return f"With the lungs hidden {title_} still tells sick from healthy: {said}"
