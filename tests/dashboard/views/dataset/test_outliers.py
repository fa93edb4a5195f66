"""Thresholds of oddities decide, and are in the link."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.dashboard.conftest import Opener
from tests.helpers.visits import grid, words
from xray.dataset import outliers


def test_thresholds_of_oddballs_decide_and_are_in_the_link(
    visit: Opener, exports: dict[str, pd.DataFrame], public: pd.DataFrame
) -> None:
    oddity = outliers.BY_NAME["blurred"]
    scores = outliers.score(public)["blurred_score"].to_numpy()
    app = visit("dataset", section="Outliers", kind=oddity.title)
    assert len(exports["blurred.csv"]) == (scores >= oddity.threshold).sum() > 0
    limit = round(float(np.quantile(scores, 0.995)), 2)
    slider = app.slider(key="blurred_limit")
    slider.set_value(limit).run()
    odd = exports["blurred.csv"]
    assert len(odd) == (scores >= limit).sum() and 0 < len(odd) < len(scores)
    assert odd["blurred_score"].is_monotonic_decreasing
    assert grid(app, "odd films") == [file.rpartition("/")[2] for file in odd["file"].head(24)]
    again = visit("dataset", section="Outliers", kind=oddity.title, blurred_limit=f"{limit}")
    assert again.slider(key="blurred_limit").value == pytest.approx(limit)
    exports.clear()
    none = visit("dataset", section="Outliers", kind=oddity.title, blurred_limit=f"{oddity.high}")
    assert "No film is that odd" in words(none) and not exports
    beyond = visit("dataset", section="Outliers", kind=oddity.title, blurred_limit="99")
    assert "blurred_limit “99” is not between" in words(beyond)


def test_the_score_of_pixels_is_not_called_text_and_links_of_before_still_lead_to_it(
    visit: Opener,
) -> None:
    app = visit("dataset", section="Outliers", kind="Burned-in text", text_limit="0.3")
    assert app.selectbox(key="kind").value == "Bright corner strokes"
    assert app.slider(key="text_limit").value == pytest.approx(0.3)
    assert "ignored" not in words(app)
    assert "burned-in" not in words(app).lower()
    listed = visit(
        "browse", **{"with": "odd: burned-in text", "sort": "burned-in text: most first"}
    )
    assert listed.multiselect(key="with").value == ["odd: bright corner strokes"]
    assert listed.selectbox(key="sort").value == "bright corner strokes: most first"
    assert "ignored" not in words(listed)
