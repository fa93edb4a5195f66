"""What gives the class away."""

from __future__ import annotations

from tests.dashboard.views.conftest import Opener


def test_what_gives_the_class_away(visit: Opener) -> None:
    assert (
        visit("dataset", section="Shortcuts in the data")
        .title[0]
        .value.startswith("Height alone tells the classes apart")
    )
    title = visit("devices", section="In the films").title[0].value.replace("\\", "")
    assert "of PNEUMONIA against 2.5 % of NORMAL films show a device" in title
