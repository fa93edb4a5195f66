"""What gives the class away."""

from __future__ import annotations

from tests.dashboard.conftest import Opener
from tests.helpers.visits import words


def test_what_gives_the_class_away_in_the_films_that_are_chosen(visit: Opener) -> None:
    app = visit("dataset", section="Shortcuts in the data")
    assert app.title[0].value.startswith("Height alone tells the classes of train apart")
    assert "Stronger, but not known of most films: JPEG quality" in words(app)
    app.segmented_control(key="split").set_value("test").run()
    assert app.title[0].value.startswith("Width alone tells the classes of test apart")
    assert "Stronger, but" not in words(app)
    linked = visit("dataset", section="Shortcuts in the data", split="test")
    assert linked.title[0].value == app.title[0].value
