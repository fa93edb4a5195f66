"""What one audit says, read from its JSON: kinds, changes of calls, and which of them leads.

No tables and no models: the first page reads audits before anything heavy is imported.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from xray import classes
from xray.text import number

Audit = Mapping[str, Any]
Unit = Literal["calls", "auroc_drop"]

#: Kinds of devices in the order of every list.
KINDS = ("line", "tube", "electrode", "other", "support")
#: Kind -> what people call many of them, and one of them.
PLURAL = {
    "line": "wires",
    "tube": "tubes",
    "electrode": "electrodes",
    "other": "clips",
    "support": "supports",
}
ONE = {
    "line": "a wire",
    "tube": "a tube",
    "electrode": "an electrode",
    "other": "a clip",
    "support": "a support",
}
#: The bounds that readers are found by; a record by others is of an earlier rule.
BOUNDS = "one-sided, kind by kind; averaged calls"
#: Other suspects -> what people call them.
SUSPECTS = {
    "marker": "side marker",
    "text": "burned-in text",
    "aspect": "aspect of the film",
    "framing": "framing",
    "jpeg": "JPEG quality",
    "brightness": "brightness",
}
#: What less usual kinds are, in few words.
SUCH = {"support": "sandbag, hand", "other": "or pad"}
#: What the words above stand for.
HELP = (
    "Wires: leads and thin lines. Supports: sandbags, cushions and hands that hold somebody. "
    "Clips: also pads and what else lies on the chest. "
    "The labels mix up electrodes and clips: what is said of one may be true of the other."
)
#: Margins of an audit that names none: points of 100 calls, and AUROC.
MARGIN: dict[Unit, float] = {"calls": 3.0, "auroc_drop": 0.02}
VERDICTS = ("reads_devices", "no_reliance", "inconclusive", "cannot_be_judged")


@dataclass(frozen=True)
class Change:
    """How far devices of one kind change a model.

    Attributes
    ----------
    kind : str, or the name of another suspect
    label : true class of the films; "" for both
    unit : "calls", points of 100 films called positive; or "auroc_drop", the fall of AUROC
    value, low, high : with its 95 % interval, NaN where there is none
    margin : smallest change of this unit that matters
    """

    kind: str
    label: str
    unit: Unit
    value: float
    low: float
    high: float
    margin: float

    @property
    def sick(self) -> bool:
        """Whether it is of films of the positive class."""
        return bool(self.label) and classes.side(self.label)

    @property
    def healthy(self) -> bool:
        """Whether it is of films of the negative class."""
        return not classes.side(self.label)

    @property
    def margins(self) -> float:
        """The change in margins; beyond 1 or -1 it matters."""
        return self.value / self.margin

    @property
    def shown(self) -> bool:
        """Whether the whole interval lies beyond the margin."""
        return self.low > self.margin or self.high < -self.margin


def margin(audit: Audit, unit: Unit) -> float:
    """Smallest change that matters: points of 100 calls, or AUROC."""
    key = "calls" if unit == "calls" else "auroc"
    value = number((audit.get("margin") or {}).get(key))
    return value if math.isfinite(value) and value > 0 else MARGIN[unit]


def kinds(audit: Audit, verdict: str = "") -> list[str]:
    """Kinds of a verdict, the largest effect first; all kinds where no verdict is named."""
    rows = [
        row
        for row in audit.get("kinds") or []
        if row.get("kind") in KINDS and verdict in ("", row.get("verdict"))
    ]
    ranked = sorted(rows, key=lambda row: -abs(_score(row)))
    return [str(row["kind"]) for row in ranked]


def _score(row: Mapping[str, Any]) -> float:
    score = number(row.get("score"))
    return score if math.isfinite(score) else 0.0


def judged(audit: Audit) -> bool:
    """Whether anything can be said of a model's calls; else none of them may be shown."""
    return audit.get("verdict") != "cannot_be_judged" and bool(kinds(audit))


def effects(audit: Audit, test: str, kind: str | None = None) -> list[Mapping[str, Any]]:
    """Rows of one test; of one kind where it is named."""
    return [
        row
        for row in audit.get("effects") or []
        if row.get("test") == test and kind in (None, row.get("kind"))
    ]


def changes(audit: Audit, kind: str) -> list[Change]:
    """Changes that decide about a kind: calls of either class, and AUROC in the swap test."""
    units: tuple[tuple[str, Unit], ...] = (("insertion", "calls"), ("swap", "auroc_drop"))
    found = []
    for test, unit in units:
        for row in effects(audit, test, kind):
            value, low, high = (number(row.get(f"{unit}{end}")) for end in ("", "_low", "_high"))
            if math.isfinite(value):
                label = str(row.get("label") or "")
                found.append(Change(kind, label, unit, value, low, high, margin(audit, unit)))
    return found


def pointed(rows: Sequence[Mapping[str, Any]], limits: Mapping[str, float]) -> list[str] | None:
    """Kinds that LIME's weights point at; None where no kind has a threshold.

    Parameters
    ----------
    rows : effects of the test "lime"
    limits : share by kind from which it is said to point (``stored.limits``)
    """
    known = [row for row in rows if row["kind"] in limits]
    if not known:
        return None
    return [str(row["kind"]) for row in known if number(row["share"]) > limits[row["kind"]]]


def others(audit: Audit) -> list[Change]:
    """Changes by other suspects in calls, the largest first; none where no call can be read."""
    found: list[Change] = []
    if audit.get("verdict") == "cannot_be_judged":
        return found
    for name in SUSPECTS:
        for row in effects(audit, name):
            value, low, high = (number(row.get(f"calls{end}")) for end in ("", "_low", "_high"))
            if math.isfinite(value):
                label = str(row.get("label") or "")
                change = Change(name, label, "calls", value, low, high, margin(audit, "calls"))
                found.append(change)
    return sorted(found, key=lambda change: -abs(change.value))


def strongest(audit: Audit, names: Sequence[str]) -> Change | None:
    """The largest change by some kinds, in margins.

    One in calls of which the whole interval lies beyond the margin goes before every other:
    it is what can be said most plainly.
    """
    found = [change for kind in names for change in changes(audit, kind)]
    plain = [change for change in found if change.unit == "calls" and change.shown]
    return max(plain or found, key=lambda change: abs(change.margins), default=None)


def called(audit: Audit) -> dict[str, float]:
    """Healthy films called sick, of 100, by kind of device laid on; "" as they are.

    Beside supports stands the other kind that changes most. What the same shapes change without a
    device is taken off. Kinds that could not be judged are left out, and all of them where the
    model cannot be.
    """
    if not judged(audit):
        return {}
    unknown = kinds(audit, "cannot_be_judged")
    rows = {
        str(row["kind"]): row
        for row in effects(audit, "insertion")
        if not classes.side(str(row.get("label") or ""))
        and row.get("kind") not in unknown
        and all(math.isfinite(number(row.get(name))) for name in ("called_before", "calls"))
    }
    others = [kind for kind in rows if kind != "support"]
    most = sorted(others, key=lambda kind: -abs(number(rows[kind]["calls"])))[:1]
    kinds_ = [*most, *(kind for kind in rows if kind == "support")]
    if not kinds_:
        return {}
    before = number(rows[kinds_[0]]["called_before"])
    after = {kind: before + number(rows[kind]["calls"]) for kind in kinds_}
    return {"": before} | {kind: min(max(value, 0.0), 100.0) for kind, value in after.items()}


def stratum(audit: Audit, name: str, metric: str) -> tuple[float, float, float] | None:
    """A metric on a part of the films, with its 95 % interval; None where it was not measured.

    Parameters
    ----------
    name : "all films", "with a device", "without a device", "lungs hidden" or
        "all but lungs hidden"
    metric : "auroc", "sensitivity" or "specificity"
    """
    for row in audit.get("strata") or []:
        if row.get("stratum") == name and row.get("metric") == metric:
            value, low, high = (number(row.get(end)) for end in ("value", "low", "high"))
            return (value, low, high) if math.isfinite(value) else None
    return None
