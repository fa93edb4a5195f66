"""Modules are taken out of the collector's way, and what is garbage still goes."""

from __future__ import annotations

import gc
import sys
import threading
import time
import types
import weakref
from collections.abc import Iterator

import pytest

from xray.dashboard import startup


class Node:
    """Points to itself: only the collector can tell that it is garbage."""

    def __init__(self) -> None:
        self.self = self


@pytest.fixture
def just_looked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(startup, "_modules", len(sys.modules))
    monkeypatch.setattr(startup, "_looked", time.monotonic())
    yield
    gc.unfreeze()


def test_only_many_new_modules_or_time_are_worth_it(
    just_looked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not startup.settle()
    for number in range(startup.ENOUGH):
        monkeypatch.setitem(sys.modules, f"made_{number}", types.ModuleType(f"made_{number}"))
    assert startup.settle()
    assert gc.get_freeze_count() > 1_000
    assert not startup.settle()
    assert not startup.settle(now=True), "nothing came in"
    monkeypatch.setattr(startup, "_looked", time.monotonic() - startup.AGAIN)
    assert startup.settle()


def test_a_long_collection_is_worth_another_look(
    just_looked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Networks that were loaded hold much and bring few modules."""
    monkeypatch.setattr(startup, "_looked", time.monotonic() - startup.AGAIN)
    assert startup.settle()
    held = [[number] for number in range(400_000)]
    gc.collect()
    assert not startup.settle(), "the last look was a moment ago"
    assert startup.settle(now=True), "heavy work has ended"
    assert gc.get_freeze_count() > len(held)
    more = [[number] for number in range(400_000)]
    gc.collect()
    monkeypatch.setattr(startup, "_looked", time.monotonic() - startup.PAUSE)
    assert startup.settle()
    assert gc.get_freeze_count() > len(held) + len(more)
    monkeypatch.setattr(startup, "_looked", time.monotonic() - startup.PAUSE)
    gc.collect()
    assert not startup.settle(), "what is frozen takes no time"


def test_a_session_that_was_frozen_goes_at_the_next_look(
    just_looked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Node()
    gone = weakref.ref(session)
    monkeypatch.setattr(startup, "_looked", time.monotonic() - startup.AGAIN)
    assert startup.settle()
    del session
    gc.collect()
    assert gone() is not None, "it was frozen with the modules"
    monkeypatch.setattr(startup, "_looked", time.monotonic() - startup.AGAIN)
    assert startup.settle()
    assert gone() is None


def test_a_server_makes_ready_what_is_likely_to_be_asked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []

    def warm(name: str) -> None:
        done.append(name)
        if name == "broken":
            raise OSError("no such file")

    monkeypatch.setattr(startup, "serving", threading.Event())
    monkeypatch.setattr(startup, "_foreseen", set())
    assert startup.foresee(["basic"], warm) is None, "nobody is served"
    startup.serving.set()
    monkeypatch.setattr(startup, "memory", lambda: startup.ROOMY - 1)
    assert startup.foresee(["basic"], warm) is None, "there is no room"
    monkeypatch.setattr(startup, "memory", lambda: None)
    thread = startup.foresee(["broken", "basic"], warm)
    assert thread is not None
    thread.join(10)
    assert done == ["broken", "basic"]
    assert startup.foresee(["basic", "broken"], warm) is None


def test_streamlit_does_not_make_networks_forget_what_is_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from streamlit.runtime.scriptrunner import script_runner

    forgotten: list[bool] = []
    backend = types.SimpleNamespace(clear_session=lambda: forgotten.append(True))
    monkeypatch.setitem(sys.modules, "keras", types.SimpleNamespace(backend=backend))
    script_runner._clean_problem_modules()
    assert forgotten == [True]
    startup.settle()
    script_runner._clean_problem_modules()
    assert forgotten == [True]
    # While another thread imports Keras, there is half of it.
    monkeypatch.setitem(sys.modules, "keras", types.ModuleType("keras"))
    startup.settle()
