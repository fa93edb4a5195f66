"""One labeller's look at one film as a value, and the changes that a keystroke makes to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from xray.errors import LabelError
from xray.labels import format
from xray.labels.format import KINDS

#: What a keystroke says: there, or perhaps there. The second is below the 0.5 from which a film
#: counts as showing a device, and above the 0.3 up to which it counts as free of devices.
SURE, UNSURE = 1.0, 0.4


@dataclass(frozen=True)
class Mark:
    """A device that was seen.

    Attributes
    ----------
    key : tells it from the others of the same look
    kind : one of ``KINDS``
    confidence : 0..1
    geometry : see ``format.geometry``; None where only its presence was marked
    """

    key: str
    kind: str
    confidence: float
    geometry: list[Any] | None = None


@dataclass(frozen=True)
class State:
    """What a look says: marks, burned-in text, quality of the film, and whether it is finished."""

    marks: tuple[Mark, ...] = ()
    tech_text: bool = False
    quality: str = "ok"
    done: bool = False

    def confidence(self, kind: str) -> float:
        """How surely a kind is there, 0..1."""
        return max((mark.confidence for mark in self.marks if mark.kind == kind), default=0.0)

    def as_look(self) -> dict[str, Any]:
        """The look in the format of the files (``label_format``)."""
        drawn = [mark for mark in self.marks if mark.geometry is not None]
        kinds = {mark.kind for mark in drawn}
        only = [m for m in self.marks if m.geometry is None and m.kind not in kinds]
        made: dict[str, Any] = {
            "devices": [
                {"kind": m.kind, "geometry": m.geometry, "confidence": m.confidence} for m in drawn
            ],
            "tech_text": self.tech_text,
            "quality": self.quality,
        }
        present = [{"kind": m.kind, "confidence": m.confidence} for m in only]
        return made | ({"present": present} if present else {})


@dataclass(frozen=True)
class Change:
    """A change with its name in the history.

    Attributes
    ----------
    name : for people
    apply : state before -> state after; applying it twice is the same as once
    """

    name: str
    apply: Callable[[State], State]


def of_look(value: Mapping[str, Any], done: bool = True) -> State:
    """State of a look in the format of the files.

    Raises
    ------
    LabelError
        It is not in the format.
    """
    checked = format.look(value)
    drawn = [
        Mark(f"file-{place}", each["kind"], each["confidence"], each["geometry"])
        for place, each in enumerate(checked["devices"])
    ]
    only = {each["kind"]: each["confidence"] for each in checked.get("present", ())}
    seen = [Mark(kind, kind, confidence) for kind, confidence in only.items()]
    return State((*drawn, *seen), checked["tech_text"], checked["quality"], done)


def see(kind: str, confidence: float) -> Change:
    """Say that a kind is there (``SURE``, ``UNSURE``), or is not (0): its marks go then."""
    if kind not in KINDS:
        raise LabelError(f"There is no kind of device named {kind}; choose of {', '.join(KINDS)}.")

    def apply(state: State) -> State:
        others = [mark for mark in state.marks if mark.kind != kind]
        if not confidence:
            return replace(state, marks=tuple(others))
        kept = [
            replace(mark, confidence=confidence)
            for mark in state.marks
            if mark.kind == kind and mark.geometry is not None
        ]
        return replace(state, marks=(*others, *kept, Mark(kind, kind, confidence)))

    words = {SURE: "there", UNSURE: "perhaps there"}.get(confidence, "not there")
    return Change(f"{kind} {words}", apply)


def draw(key: str, kind: str, shape: Sequence[Any]) -> Change:
    """Draw a device; it is as sure as its kind was marked, or sure.

    Raises
    ------
    LabelError
        The geometry does not fit the kind.
    """
    checked = format.geometry(kind, shape)

    def apply(state: State) -> State:
        if any(mark.key == key for mark in state.marks):
            return state
        if len(state.marks) >= format.MOST_MARKS:
            raise LabelError(
                f"{format.MOST_MARKS} marks are enough for one film; take some away first."
            )
        mark = Mark(key, kind, state.confidence(kind) or SURE, checked)
        return replace(state, marks=(*state.marks, mark))

    return Change(f"{kind} drawn", apply)


def text(shown: bool) -> Change:
    """Say whether technical text is burned into the film."""
    name = "text seen" if shown else "no text seen"
    return Change(name, lambda state: replace(state, tech_text=shown))


def quality(value: str) -> Change:
    """Say how good the film is, of ``format.QUALITIES``."""
    if value not in format.QUALITIES:
        choice = ", ".join(format.QUALITIES)
        raise LabelError(f"The quality of a film is one of {choice}, not {value}; choose one.")
    return Change(f"film {value}", lambda state: replace(state, quality=value))


def finish(nothing: bool = False) -> Change:
    """Finish the film; with ``nothing`` no device is there, and marks made before go."""

    def apply(state: State) -> State:
        return replace(state, marks=() if nothing else state.marks, done=True)

    return Change("nothing there" if nothing else "film finished", apply)


def copy(state: State) -> Change:
    """Take over what another look says, to go on from it."""
    marks = tuple(
        replace(mark, key=mark.key if mark.geometry is None else f"copy-{place}")
        for place, mark in enumerate(state.marks)
    )
    return Change("taken over", lambda _: replace(state, marks=marks, done=False))


def joined(states: Sequence[State]) -> State:
    """Everything that any of the looks marks."""
    drawn = [mark for state in states for mark in state.marks if mark.geometry is not None]
    seen = [
        Mark(kind, kind, top)
        for kind in KINDS
        if (top := max((s.confidence(kind) for s in states), default=0.0))
    ]
    marks = (*(replace(m, key=f"copy-{i}") for i, m in enumerate(drawn)), *seen)
    worst = max((s.quality for s in states), key=format.QUALITIES.index, default="ok")
    return State(marks, any(s.tech_text for s in states), worst)


def to_json(state: State) -> dict[str, Any]:
    """The state as the history keeps it."""
    return {
        "marks": [[m.key, m.kind, m.confidence, m.geometry] for m in state.marks],
        "tech_text": state.tech_text,
        "quality": state.quality,
        "done": state.done,
    }


def from_json(value: Mapping[str, Any]) -> State:
    """The state of an entry of the history."""
    marks = tuple(Mark(*each) for each in value["marks"])
    return State(marks, value["tech_text"], value["quality"], value["done"])
