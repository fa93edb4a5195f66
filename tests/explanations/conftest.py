"""Fixtures of the tests of explanations."""

from __future__ import annotations

import pytest

from tests.helpers.linear import Linear


@pytest.fixture
def model() -> Linear:
    return Linear(interaction=5.0)
