"""Fixtures of the tests of figures."""

from __future__ import annotations

import pytest

from tests.helpers import two_models
from xray.models.lineup import Entrant


@pytest.fixture(scope="session")
def films() -> two_models.Films:
    """Truth, and log-odds of a weak and a strong model."""
    return two_models.made()


@pytest.fixture(scope="session")
def entrants(films: two_models.Films) -> list[Entrant]:
    """Both as the pages know them."""
    y, log_odds = films
    return [
        Entrant(name, two_models.TITLES[name], score, 0.0, (y, score))
        for name, score in log_odds.items()
    ]
