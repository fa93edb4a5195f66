"""A look as a value, and what each change makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.labels.looks import begin, look
from xray.errors import LabelError
from xray.labels import annotation, format
from xray.labels.annotation import SURE, UNSURE, Mark, State
from xray.labels.store import Store


def test_presence_is_set_and_taken_back_with_what_was_drawn(store: Store) -> None:
    _, look = begin(store, "Ada")
    store.change(look, annotation.see("tube", UNSURE), "1")
    made = store.change(look, annotation.draw("d", "tube", [[1, 2], [3.5, 4]]), "2")
    assert made.state.confidence("tube") == UNSURE
    assert made.state.as_look()["devices"] == [
        {"kind": "tube", "geometry": [[1, 2], [3.5, 4]], "confidence": UNSURE}
    ]
    assert "present" not in made.state.as_look(), "it is drawn"
    sure = store.change(look, annotation.see("tube", SURE), "3")
    assert {mark.confidence for mark in sure.state.marks} == {SURE}
    gone = store.change(look, annotation.see("tube", 0), "4")
    assert gone.state.marks == ()
    line = store.change(look, annotation.see("line", SURE), "5")
    assert line.state.as_look()["present"] == [{"kind": "line", "confidence": SURE}]
    assert store.look(look) == line


STATE = State(
    (
        Mark("a", "line", SURE, [[1, 1], [2, 2]]),
        Mark("line", "line", UNSURE),
        Mark("t", "tube", 0.5),
    ),
    tech_text=True,
    quality="poor",
)


@pytest.mark.parametrize(
    "change",
    [
        annotation.see("line", UNSURE),
        annotation.see("line", 0),
        annotation.draw("d", "electrode", [5, 5, 1]),
        annotation.text(False),
        annotation.quality("rotated"),
        annotation.finish(),
        annotation.finish(nothing=True),
        annotation.copy(STATE),
    ],
    ids=lambda change: change.name,
)
def test_a_change_that_is_made_twice_is_made_once(change: annotation.Change) -> None:
    once = change.apply(STATE)
    assert once != STATE
    assert change.apply(once) == once


def test_changes_have_names_for_people() -> None:
    made = [
        annotation.see("line", SURE),
        annotation.see("line", UNSURE),
        annotation.see("line", 0),
        annotation.draw("d", "tube", [[1, 1], [2, 2]]),
        annotation.text(True),
        annotation.quality("poor"),
        annotation.finish(),
        annotation.finish(nothing=True),
    ]
    assert [change.name for change in made] == [
        "line there",
        "line perhaps there",
        "line not there",
        "tube drawn",
        "text seen",
        "film poor",
        "film finished",
        "nothing there",
    ]


def test_what_was_seen_is_as_sure_as_was_said_last() -> None:
    assert (STATE.confidence("line"), STATE.confidence("other")) == (SURE, 0)
    unsure = annotation.see("line", UNSURE).apply(STATE)
    assert unsure.confidence("line") == UNSURE
    shapes = [mark.geometry for mark in unsure.marks if mark.kind == "line"]
    assert shapes == [[[1, 1], [2, 2]], None]
    drawn = annotation.draw("d", "line", [[3, 3], [4, 4]]).apply(unsure)
    assert drawn.marks[-1].confidence == UNSURE
    gone = annotation.see("line", 0).apply(drawn)
    assert [mark.kind for mark in gone.marks] == ["tube"], "other kinds stay"


def test_nothing_there_takes_every_mark_away() -> None:
    state = annotation.finish(nothing=True).apply(STATE)
    assert state == State((), True, "poor", done=True)
    assert annotation.finish().apply(STATE).marks == STATE.marks


def test_a_film_has_only_so_many_marks() -> None:
    marks = tuple(Mark(f"{i}", "line", SURE) for i in range(format.MOST_MARKS))
    change = annotation.draw("one more", "electrode", [5, 5, 1])
    assert len(change.apply(State(marks[1:])).marks) == format.MOST_MARKS
    with pytest.raises(LabelError, match="take some away first"):
        change.apply(State(marks))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: annotation.see("spoon", SURE),
        lambda: annotation.quality("good"),
        lambda: annotation.draw("d", "line", [[1, 1]]),
        lambda: annotation.draw("d", "other", None),
    ],
)
def test_what_there_is_not_is_refused(wrong: Callable[[], object]) -> None:
    with pytest.raises(LabelError):
        wrong()


def test_a_look_of_a_file_and_back() -> None:
    given = look("tube", [[1, 1], [2, 2]], present=[{"kind": "line", "confidence": 0.4}])
    state = annotation.of_look(given)
    assert state.done and state.as_look() == given
    assert len({mark.key for mark in state.marks}) == 2
    assert not annotation.of_look(given, done=False).done
    with pytest.raises(LabelError):
        annotation.of_look({"devices": []})


def test_looks_are_joined_for_who_decides() -> None:
    one = State((Mark("a", "line", SURE, [[1, 1], [2, 2]]),), quality="rotated", done=True)
    other = State((Mark("a", "line", UNSURE, [[3, 3], [4, 4]]), Mark("t", "tube", UNSURE)), True)
    made = annotation.joined([one, other])
    assert [mark.geometry for mark in made.marks if mark.geometry] == [
        [[1, 1], [2, 2]],
        [[3, 3], [4, 4]],
    ]
    assert len({mark.key for mark in made.marks}) == len(made.marks)
    assert (made.confidence("line"), made.confidence("tube")) == (SURE, UNSURE)
    assert (made.tech_text, made.quality, made.done) == (True, "rotated", False)
    assert annotation.joined([]) == State()


def test_the_history_keeps_a_state_whole() -> None:
    kept = json.loads(json.dumps(annotation.to_json(STATE)))
    assert annotation.from_json(kept) == STATE
