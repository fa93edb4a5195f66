"""Pandas is never half imported while the first page makes its figures."""

from __future__ import annotations

import threading

import pytest

from xray.dashboard import startup


def test_who_needs_pandas_waits_for_the_figures_of_the_first_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(startup, "_ready", threading.Event())
    begun, ended = threading.Event(), threading.Event()

    def other_page() -> None:
        begun.set()
        startup.tables()
        ended.set()

    thread = threading.Thread(target=other_page)
    with startup.undisturbed():
        thread.start()
        assert begun.wait(10)
        assert not ended.wait(0.3), "a figure is being made"
    thread.join(10)
    assert ended.is_set()


def test_once_pandas_is_there_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "_ready", threading.Event())
    startup.tables()
    ended = threading.Event()
    with startup.undisturbed():
        thread = threading.Thread(target=lambda: (startup.tables(), ended.set()))
        thread.start()
        assert ended.wait(10)
        thread.join()
