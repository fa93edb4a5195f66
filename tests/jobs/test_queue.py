"""The queue does work once, one at a time, and lets go of what nobody wants."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from xray.errors import ModelError, XrayError
from xray.jobs.progress import Progress
from xray.jobs.queue import Queue, Status


def until(look: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not look():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.005)


class Gate:
    """Work that holds the queue until it is opened."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.runs = 0

    def __call__(self, progress: Progress) -> str:
        self.runs += 1
        while not self.opened.wait(0.005):
            progress(self.runs, 10)
        return "through"


def ended(queue: Queue, key: str, owner: str = "a") -> Status:
    until(lambda: not queue.status(key, owner).active)
    return queue.status(key, owner)


def test_identical_requests_are_computed_once() -> None:
    queue, gate = Queue(), Gate()
    queue.submit("film", "a", gate)
    queue.submit("film", "b", gate)
    assert len(queue) == 1
    assert queue.result("film") is None and queue.result("other") is None
    gate.opened.set()
    assert ended(queue, "film", "a").result == "through" == queue.result("film")
    assert queue.submit("film", "c", gate).result == "through"
    assert gate.runs == 1


def test_one_at_a_time_with_positions() -> None:
    queue, gate = Queue(), Gate()
    queue.submit("first", "a", gate)
    until(lambda: queue.status("first", "a").state == "running")
    queue.submit("second", "b", lambda progress: 2)
    third = queue.submit("third", "c", lambda progress: 3)
    assert third == Status("waiting", ahead=2)
    assert queue.status("second", "b").ahead == 1
    until(lambda: queue.status("first", "a").total == 10)
    queue.cancel("second", "b")
    assert queue.status("third", "c").ahead == 1
    gate.opened.set()
    assert ended(queue, "third").result == 3
    assert queue.status("second", "b").state == "stopped"


def test_cancel_ends_work_only_when_nobody_else_waits() -> None:
    queue, gate = Queue(), Gate()
    queue.submit("film", "a", gate)
    queue.submit("film", "b", gate)
    until(lambda: queue.status("film", "b").state == "running")
    queue.cancel("film", "a")
    assert queue.status("film", "a").state == "stopped", "seen by who stopped"
    time.sleep(0.03)
    # Looking as "b" keeps it; a look counts as interest.
    assert queue.status("film", "b").state == "running"
    queue.cancel("film", "b")
    assert not gate.opened.is_set()
    until(lambda: len(queue) == 0)
    gate.opened.set()
    assert queue.submit("film", "a", gate).active
    assert ended(queue, "film").result == "through"


def test_who_stopped_may_ask_again_and_sees_what_others_waited_for() -> None:
    queue, gate = Queue(), Gate()
    for owner in "abc":
        queue.submit("film", owner, gate)
    queue.cancel("film", "a")
    queue.cancel("film", "c")
    assert queue.submit("film", "a", gate).active and queue.status("film", "a").active
    assert queue.status("film", "c").state == "stopped"
    gate.opened.set()
    assert ended(queue, "film").result == "through"
    assert queue.status("film", "c").result == "through" and gate.runs == 1


def test_what_may_wait_comes_after_all_else() -> None:
    queue, gate, order = Queue(), Gate(), list[str]()
    queue.submit("first", "a", gate)
    until(lambda: queue.status("first", "a").state == "running")
    for key, later in (("rest", True), ("film", False), ("more", True), ("other", False)):
        queue.submit(key, "a", lambda _, key=key: order.append(key), later)
    ahead = {key: queue.status(key, "a").ahead for key in ("rest", "film", "more", "other")}
    assert ahead == {"film": 1, "other": 2, "rest": 3, "more": 4}
    gate.opened.set()
    until(lambda: not len(queue))
    assert order == ["film", "other", "rest", "more"]


def test_what_may_wait_leaves_a_pause_to_what_has_just_ended() -> None:
    now, order = [0.0], list[str]()
    queue = Queue(pause=5, clock=lambda: now[0])
    queue.submit("film", "a", lambda _: order.append("film"))
    until(lambda: order == ["film"] and not len(queue))
    queue.submit("rest", "a", lambda _: order.append("rest"), later=True)
    queue.submit("other", "a", lambda _: order.append("other"))
    until(lambda: order == ["film", "other"] and len(queue) == 1)
    now[0] = 4.9
    queue.submit("third", "a", lambda _: order.append("third"))
    until(lambda: order == ["film", "other", "third"] and len(queue) == 1)
    now[0] = 9.8
    queue.submit("more", "a", lambda _: order.append("more"), later=True)
    assert queue.status("rest", "a").state == "waiting"
    now[0] = 9.95
    queue.submit("last", "a", lambda _: order.append("last"), later=True)
    until(lambda: not len(queue))
    assert order == ["film", "other", "third", "rest", "more", "last"]


def test_a_pause_ends_by_itself() -> None:
    queue, order = Queue(pause=0.2), list[str]()
    queue.submit("film", "a", lambda _: order.append("film"))
    queue.submit("rest", "a", lambda _: order.append("rest"), later=True)
    until(lambda: not len(queue))
    assert order == ["film", "rest"]


def test_abandoned_work_is_dropped() -> None:
    now = [0.0]
    queue, gate = Queue(patience=60, clock=lambda: now[0]), Gate()
    queue.submit("film", "closed tab", gate)
    until(lambda: gate.runs == 1)
    queue.submit("next", "b", lambda progress: "served")
    now[0] = 61.0
    queue.status("next", "b")
    until(lambda: queue.status("next", "b").state == "done")


def test_errors_become_a_sentence_and_the_queue_goes_on() -> None:
    queue = Queue()

    def broken(progress: Progress) -> None:
        raise ModelError("The model is damaged; restore it.")

    def surprising(progress: Progress) -> None:
        raise ZeroDivisionError("secret path /home/x")

    queue.submit("broken", "a", broken)
    queue.submit("surprising", "a", surprising)
    queue.submit("fine", "a", lambda progress: 1)
    assert ended(queue, "fine").result == 1
    assert queue.status("broken", "a").error == "The model is damaged; restore it."
    assert queue.status("surprising", "a").state == "failed"
    assert "secret" not in queue.status("surprising", "a").error
    # Work that needs it is told so, and does not try again what failed.
    with pytest.raises(XrayError, match=r"The model is damaged; restore it\."):
        queue.result("broken")
    # A failed piece of work may be tried again.
    assert queue.submit("broken", "a", lambda progress: 2).active
    assert ended(queue, "broken").result == 2


def test_results_are_bounded_in_number_and_bytes() -> None:
    many = Queue(entries=3)
    for i in range(6):
        many.submit(f"{i}", "a", lambda progress: 0)
    ended(many, "5")
    until(lambda: sum(many.status(f"{i}", "a").state == "done" for i in range(6)) == 3)
    assert many.status("0", "a").state == "unknown"

    large = Queue(bytes=3_000_000)

    def megabyte(progress: Progress) -> Any:
        return np.zeros(1_000_000, np.uint8)

    for i in range(5):
        large.submit(f"{i}", "a", megabyte)
        ended(large, f"{i}")
    assert [large.status(f"{i}", "a").state for i in range(5)].count("done") == 2


def test_a_full_queue_says_so() -> None:
    queue, gate = Queue(waiting=2), Gate()
    queue.submit("running", "a", gate)
    until(lambda: queue.status("running", "a").state == "running")
    queue.submit("1", "a", gate)
    queue.submit("2", "a", gate)
    with pytest.raises(XrayError, match="try again"):
        queue.submit("3", "a", gate)
    assert queue.submit("2", "b", gate).active
    gate.opened.set()
