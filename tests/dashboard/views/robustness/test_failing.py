"""Groups that nobody named: searched when asked, told with what they are of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.helpers.visits import alone, settle, words
from xray.figures import failing as figure
from xray.models.failing_groups import Found, Group


def test_groups_are_searched_when_asked(artifacts: Path, exports: dict[str, pd.DataFrame]) -> None:
    app = alone("robustness", "Where it fails")
    assert "searched on one half of the people and tested on the other" in words(app)
    app.button(key="search groups").click().run()
    settle(app)
    said = words(app)
    assert "groups searched" in said and "had no part in the search" in said
    assert not app.exception


@pytest.mark.parametrize("count", [0, 2])
def test_the_figure_shows_each_group_with_its_interval(count: int) -> None:
    group = Group(
        "height above 1,900", "facts", np.ones(4, bool), 50, 20, 0.4, 0.25, 0.57, 0.05, 0.001
    )
    found = Found((group,) * count, 900, 5, 400, 40)
    made = figure.groups(found, "basic", "Basic")
    assert len(made.data[0].x) == count
    title = made.layout.meta["title"]
    if count:
        assert made.data[0].x[0] == pytest.approx(40) and made.data[1].x[0] == pytest.approx(5)
        assert made.data[0].error_x.array[0] == pytest.approx(17)
        assert "Basic errs on 40% (25% to 57%) of films with height above 1,900" in title
    else:
        assert "No group of films was found" in title
