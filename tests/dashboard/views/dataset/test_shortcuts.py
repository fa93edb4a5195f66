"""What gives the class away."""

from __future__ import annotations

from tests.dashboard.conftest import Opener


def test_what_gives_the_class_away(visit: Opener) -> None:
    app = visit("dataset", section="Shortcuts in the data")
    assert app.title[0].value.startswith("Height alone tells the classes apart")
