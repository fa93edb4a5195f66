"""Sentences computed from results, the same on the pages and in the report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xray import text
from xray.audits import findings
from xray.audits.findings import Change
from xray.text import interval, number

if TYPE_CHECKING:
    # For types only: tables and what explains films take long to import; not every page needs them.

    import pandas as pd

    from xray.explanations.result import Explanation
    from xray.explanations.sanity import Sanity

Audit = Mapping[str, Any]


#: Kind -> what begins a sentence about it.
ONE = {kind: words[0].upper() + words[1:] for kind, words in findings.ONE.items()}


#: Words in the reason why a stored audit is not believed -> the words of the chip.
NOT_BELIEVED = {
    "is damaged": "audit damaged",
    "earlier version": "audit of an earlier version",
    "other weights": "audit of other weights",
    "other options": "audit by other options",
}


def chip(audit: Audit | None, gap: str = "") -> tuple[str, str]:
    """Key of a model's verdict, and the words of its chip: "reads supports and tubes".

    Parameters
    ----------
    gap : why there is no audit to believe, a sentence
    """
    if audit is None:
        return "not_audited", next((said for part, said in NOT_BELIEVED.items() if part in gap), "")
    key = str(audit["verdict"])
    read = [findings.PLURAL[kind] for kind in findings.kinds(audit, "reads_devices")]
    if key != "reads_devices" or not read:
        return key, ""
    return key, f"reads {text.names(read)}" if len(read) < 3 else f"reads {len(read)} kinds"


def laid_on(kind: str) -> str:
    """What films show: "with wires", or "as they are" for no kind."""
    return f"with {findings.PLURAL.get(kind, kind)}" if kind else "as they are"


def finding(audit: Audit | None, gap: str = "") -> str:
    """What an audit found about one model, in calls of 100, in one to four sentences.

    Parameters
    ----------
    gap : why there is no audit, a sentence
    """
    if audit is None:
        return gap or "No audit has been run on this model yet."
    verdict = audit["verdict"]
    if verdict == "cannot_be_judged":
        return _unjudged(audit)
    said = [
        _reads(change)
        for kind in findings.kinds(audit, "reads_devices")
        if (change := findings.strongest(audit, [kind])) is not None
    ]
    said += [_clear(audit), _open(audit)]
    if unknown := findings.kinds(audit, "cannot_be_judged"):
        said.append(f"{_begin(unknown)} cannot be judged: too few films show them.")
    return " ".join(filter(None, said)) or " ".join(map(str, audit.get("reasons") or []))


def _begin(kinds: Sequence[str]) -> str:
    words = text.names([findings.PLURAL[kind] for kind in findings.KINDS if kind in kinds])
    return words[:1].upper() + words[1:]


def _reads(change: Change) -> str:
    return f"{ONE[change.kind]} makes it {does(change)}."


def does(change: Change) -> str:
    """What a change does, after "makes it": "call 9 more of 100 healthy people sick"."""
    size = how_much(change)
    if change.unit == "auroc_drop":
        way = ("worse", "falls") if change.value > 0 else ("better", "rises")
        return f"tell sick from healthy {way[0]}: AUROC {way[1]} by {size}"
    way_ = "more" if change.value >= 0 else "fewer"
    count, _, ends = size.partition(" ")
    who = "sick" if change.sick else "healthy"
    return f"call {count} {way_} of 100 {who} people sick {ends}".rstrip()


def how_much(change: Change) -> str:
    """Size of a change with its interval, its sign left to the words: "9 (5 to 13)".

    Calls are whole numbers, unless one would then look like the margin itself.
    """
    sign = -1 if change.value < 0 else 1
    low, high = sorted((sign * change.low, sign * change.high))
    said = [abs(each) for each in (change.value, low, high) if math.isfinite(each)]
    digits = [n for n in (0, 1) if all(round(each, n) != change.margin for each in said)]
    places = 3 if change.unit != "calls" else min(digits, default=2)

    def shown(number: float) -> str:
        return f"{number:.{places}f}" if places else whole(number)

    ends = f" ({shown(low)} to {shown(high)})" if math.isfinite(low + high) else ""
    return f"{shown(abs(change.value))}{ends}"


def whole(value: float) -> str:
    """A number of calls of 100, without a part of one: "9"; "-0" is "0"."""
    return f"{round(value) + 0:d}"


def _clear(audit: Audit) -> str:
    """What changes nothing that matters, and the most that any of it does."""
    clear = findings.kinds(audit, "no_reliance")
    if not clear:
        return ""
    if audit["verdict"] != "no_reliance":
        return f"{_begin(clear)} change nothing that matters."
    limit = findings.margin(audit, "calls")
    said = f"No device changes its calls by {limit:g} or more of 100 people."
    top = findings.strongest(audit, clear)
    return f"{said} The largest change: {_seen(top)}." if top else said


def _seen(change: Change) -> str:
    """A change as a fact: "supports, 2 more of 100 healthy people called sick (-1 to 5)"."""
    kind, size = findings.PLURAL[change.kind], how_much(change)
    if change.unit == "auroc_drop":
        return f"{kind}, AUROC {'falls' if change.value > 0 else 'rises'} by {size}"
    count, _, ends = size.partition(" ")
    way = "more" if change.value >= 0 else "fewer"
    said = f"under 1 {way}" if count == "0" else f"{count} {way}"
    who = "sick" if change.sick else "healthy"
    return f"{kind}, {said} of 100 {who} people called sick {ends}".rstrip()


def _open(audit: Audit) -> str:
    kinds = findings.kinds(audit, "inconclusive")
    if not kinds:
        return ""
    top = findings.strongest(audit, kinds)
    seen = f" The largest change seen: {_seen(top)}." if top else ""
    names = text.names([findings.PLURAL[kind] for kind in findings.KINDS if kind in kinds])
    return f"More films must tell whether {names} change its calls.{seen}"


def lime(audit: Audit, limits: Mapping[str, float]) -> str:
    """What LIME's own weights would have said of a model; "" where nothing is known of them.

    Parameters
    ----------
    limits : weight by kind from which LIME is said to point (``stored.limits``)
    """
    points = findings.pointed(findings.effects(audit, "lime"), limits)
    if points is None:
        return ""
    read = findings.kinds(audit, "reads_devices")
    if not points:
        return (
            "LIME alone would not have found it: it points at no kind of device."
            if read
            else ("LIME alone points at no kind of device either.")
        )
    names = text.names([findings.PLURAL[kind] for kind in findings.KINDS if kind in points])
    agreed = "as the audit found" if set(points) <= set(read) else "which the audit did not confirm"
    return f"LIME alone points at {names}, {agreed}."


def _unjudged(audit: Audit) -> str:
    """Why a model cannot be judged; what the audit itself says follows."""
    reasons = " ".join(map(str, audit.get("reasons") or []))
    ends = [number(audit.get(f"auroc{end}")) for end in ("", "_low", "_high")]
    if not all(map(math.isfinite, ends)):
        return reasons or "It cannot be judged."
    said = f"It cannot be judged: its AUROC on these films is {ends[0]:.2f}"
    return f"{said} ({interval(ends[1], ends[2])}). {reasons}".strip()


def notes(audit: Audit) -> list[str]:
    """What an audit adds to ``finding``: another threshold, what would settle it, its films.

    The last reason of a verdict that is settled says what ``finding`` does.
    """
    reasons, films = (list(map(str, audit.get(key) or [])) for key in ("reasons", "notes"))
    if audit.get("verdict") == "cannot_be_judged":
        return films
    return [*(reasons if audit.get("verdict") == "inconclusive" else reasons[:-1]), *films]


def advice(audit: Audit) -> str:
    """What to do about a verdict, in a sentence; "" where nothing follows from it."""
    if audit.get("verdict") == "reads_devices":
        kinds = [findings.PLURAL[kind] for kind in findings.kinds(audit, "reads_devices")]
        return f"Do not rely on calls of people with {text.names(kinds) or 'devices'}."
    if audit.get("verdict") == "inconclusive":
        return "Audit on more films before relying on calls of people with devices."
    if audit.get("verdict") == "cannot_be_judged":
        return "Check classes, scale and threshold, and audit again."
    return ""


def why(audit: Audit | None, gap: str = "") -> str:
    """The reason for a verdict in about six words; why a stored audit is not believed, whole."""
    if audit is None:
        return gap if any(part in gap for part in NOT_BELIEVED) else "no audit to show"
    verdict = audit["verdict"]
    if verdict == "cannot_be_judged":
        return _why_unjudged(number(audit.get("auroc")))
    if verdict == "no_reliance":
        return f"every change under {findings.margin(audit, 'calls'):g} of 100"
    top = findings.strongest(audit, findings.kinds(audit, verdict))
    return _why_changed(top, verdict == "inconclusive") if top else "see its reasons"


def _why_unjudged(area: float) -> str:
    if not math.isfinite(area):
        return "its answers cannot be read"
    if area < 0.4:
        return f"AUROC {area:.2f}: classes seem reversed"
    if area < 0.6:
        return f"AUROC {area:.2f}: no better than guessing"
    return f"AUROC {area:.2f}: not judged"


def _why_changed(top: Change, open_: bool) -> str:
    """A change in few words: "supports: perhaps 2 more of 100 sick found (0 to 4)"."""
    kind = findings.PLURAL[top.kind] + (": perhaps" if open_ else ":")
    count, _, ends = how_much(top).partition(" ")
    if top.unit == "auroc_drop":
        return f"{kind} AUROC {'falls' if top.value > 0 else 'rises'} by {count} {ends}".rstrip()
    who = "sick found" if top.sick else "healthy called sick"
    way = "more" if top.value >= 0 else "fewer"
    return f"{kind} {count} {way} of 100 {who} {ends}".rstrip()


def record(quality: pd.DataFrame) -> str:
    """How often this test was right about networks of known answers; "" where it is not known.

    Parameters
    ----------
    quality : of ``stored.quality``
    """
    by = {row["measure"]: row for row in quality[quality["kind"] == ""].to_dict("records")}
    found, accused = (by.get(name) or {} for name in ("detection", "false_alarms"))
    if not number(found.get("n")) > 0:
        return ""
    of_readers, of_others = (100 * number(each.get("value")) for each in (found, accused))
    return (
        f"Tried on networks of known answers, this test found {of_readers:.0f} of 100 readers. "
        f"It accused {of_others:.0f} of 100 others."
    )


def stability(why: Explanation) -> str:
    """Whether an explanation may be read, and what that rests on."""
    if not why.stable:
        return f"Not stable enough to read: {why.why_unstable}"
    return (
        f"Stable: {100 * why.agreement:.0f} % of the five leading superpixels would lead again. "
        f"The weights account for {100 * max(why.r2, 0):.0f} % of what hiding pieces does "
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


def suspects(audit: Audit) -> str:
    """What of all else moves a model most, in a sentence; "" where the audit did not try."""
    found = findings.others(audit)
    if not found:
        return ""
    most = found[0]
    limit = f"{most.margin:g} of 100 calls"
    if all(-each.margin < each.low and each.high < each.margin for each in found):
        return f"Nothing else that was tried changes more than {limit}."
    who = "sick" if most.sick else "healthy"
    way = "more" if most.value > 0 else "fewer"
    unsure = "" if most.shown else f" This may be less than {limit}, which do not matter."
    device = findings.strongest(audit, findings.kinds(audit))
    ahead = device is None or abs(most.margins) > abs(device.margins)
    # What squashing and JPEG quality leave in films was measured on the public set alone.
    rendered = (audit.get("labels") or {}).get("rendered")
    of = " of the public set" if rendered and most.kind in ("aspect", "jpeg") else ""
    count, _, ends = how_much(most).partition(" ")
    clear = most.low > 0 or most.high < 0
    return (
        f"{'More than any device, the' if ahead and clear else 'Of all else the'} "
        f"{findings.SUSPECTS[most.kind]} {'moves it' if clear else 'changes most, but not clearly'}"
        f". Made as in the other class{of}, {count} {way} "
        f"of 100 {who} people are called sick {ends}".rstrip()
        + f".{unsure}"
    )


def witness(audit: Audit) -> str:
    """What people filmed with and without a device say; "" where too few give one."""
    found = audit.get("witness") or {}
    if not found:
        return ""
    before, after = (number(found.get(f"called_{name}")) for name in ("without", "with"))
    return (
        f"{found['children']} people were filmed with a device and without. Of 100 such films "
        f"{after:.0f} are called sick with it and {before:.0f} without (difference "
        f"{interval(number(found['calls_low']), number(found['calls_high']), 0)}). "
        f"{found['agreement']} Somebody without the device is often less ill."
    )


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
