"""No session meets half a module: neither the first page, of pandas, nor the others, of scipy."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import pytest

from xray.dashboard import startup
from xray.environment import ROOT

#: Prints what came in of scipy after ``tables``, with all that pages and explanations import.
LATER = """
import importlib, json, pkgutil, sys
from xray.dashboard import startup

startup.tables()
before = {name for name in sys.modules if name.startswith("scipy.")}
import keras, lime.lime_image, shap, tensorflow
from xray.dashboard import views

for module in pkgutil.walk_packages(views.__path__, f"{views.__name__}."):
    importlib.import_module(module.name)
after = {name for name in sys.modules if name.startswith("scipy.")}
leaves = ("scipy.cluster", "scipy.io", "scipy._lib._disjoint_set")  # No other part imports them.
print(json.dumps([len(before), sorted(n for n in after - before if not n.startswith(leaves))]))
"""


@pytest.mark.slow
def test_all_of_scipy_has_come_in_before_several_sessions_can_enter_it() -> None:
    """Its parts import each other: two threads that enter at different ends get half of one."""
    done = subprocess.run(
        [sys.executable, "-c", LATER], cwd=ROOT, capture_output=True, text=True, check=True
    )
    before, later = json.loads(done.stdout.splitlines()[-1])
    assert before > 100
    assert later == []


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
