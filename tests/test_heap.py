"""Modules are taken out of the collector's way once, and what is garbage still goes."""

from __future__ import annotations

import gc
import sys
import types
import weakref
from collections.abc import Iterator

import pytest

from xray import heap


class Node:
    """May point to itself."""

    def __init__(self) -> None:
        self.self = self


@pytest.fixture
def unfrozen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(heap, "_known", len(sys.modules))
    yield
    gc.unfreeze()


def test_only_many_new_modules_are_worth_it(
    unfrozen: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not heap.settle()
    for number in range(heap.ENOUGH):
        monkeypatch.setitem(sys.modules, f"made_{number}", types.ModuleType(f"made_{number}"))
    before = gc.get_freeze_count()
    assert heap.settle()
    assert gc.get_freeze_count() > before
    assert not heap.settle()


def test_garbage_goes_before_and_after(unfrozen: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap, "_known", -heap.ENOUGH)
    node = Node()
    gone = weakref.ref(node)
    del node
    assert heap.settle()
    assert gone() is None
    node = Node()
    gone = weakref.ref(node)
    del node
    gc.collect()
    assert gone() is None
