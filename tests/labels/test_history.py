"""Changes of looks: made once, whole or not at all, and taken back."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError

from tests.labels.looks import begin
from xray.errors import LabelError
from xray.labels import annotation
from xray.labels.annotation import SURE
from xray.labels.history import TRIES, History, again
from xray.labels.schema import FINAL, LOOK, Event
from xray.labels.store import Store


def test_a_repeated_request_does_nothing_more(store: Store) -> None:
    who, look = begin(store, "Ada")
    change = annotation.draw("d", "electrode", [5, 5, 1])
    once = store.change(look, change, "key", expected=0)
    again = store.change(look, change, "key", expected=0)
    assert once == again
    assert len(again.state.marks) == 1
    undone = store.undo("c", who, LOOK, "undo key")
    assert undone == store.undo("c", who, LOOK, "undo key")
    assert undone is not None
    assert undone.state.marks == ()


def test_a_change_of_what_another_window_changed_is_refused(store: Store) -> None:
    _, look = begin(store, "Ada")
    seen = store.look(look).version
    store.change(look, annotation.see("line", SURE), "one window", expected=seen)
    with pytest.raises(LabelError, match="another window"):
        store.change(look, annotation.see("tube", SURE), "other window", expected=seen)
    assert store.look(look).state.confidence("tube") == 0


def test_undo_goes_back_step_by_step_over_films(store: Store) -> None:
    who, look = begin(store, "Ada")
    for key, change in {
        "1": annotation.see("line", SURE),
        "2": annotation.text(True),
        "3": annotation.quality("poor"),
        "4": annotation.finish(nothing=True),
    }.items():
        store.change(look, change, key)
    assert store.look(look).state == annotation.State((), True, "poor", True)
    second = store.next_film("c", who)
    assert second != look
    states = [store.undo("c", who, LOOK, f"u{i}") for i in range(5)]
    assert states[-1] is None
    assert [s.state.done for s in states if s] == [False] * 4
    assert [s.state.quality for s in states if s] == ["poor", "ok", "ok", "ok"]
    assert [s.state.tech_text for s in states if s] == [True, True, False, False]
    assert [s.state.confidence("line") for s in states if s] == [1, 1, 1, 0]
    assert store.undo("c", who, FINAL, "f") is None


def test_a_change_that_fails_leaves_nothing(store: Store) -> None:
    _, look = begin(store, "Ada")

    def fail(state: annotation.State) -> annotation.State:
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        store.change(look, annotation.Change("x", fail), "key")
    assert store.look(look).version == 0
    assert store.change(look, annotation.see("line", SURE), "key").state.confidence("line") == SURE


def test_a_look_that_is_not_there(store: Store) -> None:
    with pytest.raises(LabelError, match="taken out of the queue"):
        store.look(99)
    with pytest.raises(LabelError, match="changed in another window"):
        store.change(99, annotation.see("line", SURE), "key")


def test_each_change_counts_the_version(store: Store) -> None:
    _, look = begin(store, "Ada")
    first = store.look(look)
    assert (first.id, first.version, first.role) == (look, 0, LOOK)
    second = store.change(look, annotation.text(True), "1", expected=0)
    assert second.version == 1 and second == store.look(look)
    assert store.change(look, annotation.text(True), "2").version == 2


def test_the_history_says_what_was_done_and_by_whom(store: Store) -> None:
    who, look = begin(store, "Ada")
    store.change(look, annotation.see("line", SURE), "1")
    store.undo("c", who, LOOK, "2")
    with store.engine.connect() as c:
        rows = c.execute(select(Event).order_by(Event.id)).all()
    assert [(row.labeller_id, row.key, row.action, row.undone) for row in rows] == [
        (who, "1", "line there", True),
        (who, "2", "undo: line there", True),
    ]
    assert rows[0].before == rows[1].after and rows[0].after == rows[1].before
    assert annotation.from_json(rows[0].after).confidence("line") == SURE


def test_one_s_own_changes_are_taken_back_and_nobody_else_s(store: Store) -> None:
    ada, hers = begin(store, "Ada")
    _, his = begin(store, "Bob")
    store.change(hers, annotation.see("line", SURE), "k")
    store.change(his, annotation.see("tube", SURE), "k")
    assert store.undo("other collection", ada, LOOK, "u") is None
    undone = store.undo("c", ada, LOOK, "u")
    assert undone is not None and undone.id == hers and not undone.state.marks
    assert store.look(his).state.confidence("tube") == SURE
    assert store.undo("c", ada, LOOK, "u2") is None


class Moody(History):
    """Its requests fail a few times before they succeed."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.asked = list(errors), 0

    @again
    def ask(self, value: int, more: int = 0) -> int:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return value + more


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that were waited between requests, without waiting."""
    pauses: list[float] = []
    monkeypatch.setattr("xray.labels.history.time.sleep", pauses.append)
    return pauses


def broken(kind: type[DBAPIError]) -> DBAPIError:
    return kind("SELECT 1", {}, Exception("the connection broke"))


@pytest.mark.parametrize("kind", [OperationalError, IntegrityError])
def test_a_request_whose_connection_broke_is_sent_again(
    kind: type[DBAPIError], waited: list[float]
) -> None:
    moody = Moody(broken(kind), broken(kind))
    assert moody.ask(1, more=2) == 3
    assert moody.asked == 3 and len(waited) == 2


def test_a_request_that_keeps_failing_is_one_sentence(waited: list[float]) -> None:
    moody = Moody(*(broken(OperationalError) for _ in range(TRIES)))
    with pytest.raises(LabelError, match="check XRAY_LABELS"):
        moody.ask(1)
    assert moody.asked == TRIES


def test_a_request_that_is_wrong_is_not_sent_again(waited: list[float]) -> None:
    moody = Moody(broken(ProgrammingError))
    with pytest.raises(LabelError):
        moody.ask(1)
    assert moody.asked == 1 and not waited
    refused = Moody(LabelError("This film was changed."))
    with pytest.raises(LabelError, match="was changed"):
        refused.ask(1)
    assert refused.asked == 1
