"""What calls are worth where a model would be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.visits import alone, words


@pytest.mark.parametrize("view", ["Predictive values", "Decision curve"])
@pytest.mark.parametrize("positive", ["PNEUMONIA", "NORMAL"])
def test_every_view_works_for_either_class(artifacts: Path, view: str, positive: str) -> None:
    app = alone("performance", "Costs", view=view, positive=positive)
    assert not app.warning
    assert len(app.get("plotly_chart")) == 1


def test_prevalence_and_price_decide_who_costs_least(artifacts: Path) -> None:
    app = alone("performance", "Costs", prevalence="5", ratio="40")
    assert app.title[0].value.endswith("where 5 % are PNEUMONIA and a miss weighs 40 false alarms")
    wrong = alone("performance", "Costs", prevalence="1_0")
    assert wrong.slider(key="prevalence").value == 20
    assert "is not a plain number" in words(wrong)
