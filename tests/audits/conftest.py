"""Fixtures of the tests of audits."""

from __future__ import annotations

import pytest

from tests.helpers import worn
from xray.audits import inputs
from xray.audits.inputs import Materials
from xray.audits.insertion import Material


@pytest.fixture(scope="session")
def material() -> Material:
    """Device-free films of both classes, and as many sick children that wear a wire."""
    return worn.material()


@pytest.fixture(scope="session")
def shown() -> Materials:
    """Forty synthetic films of both classes, with rendered lines and supports."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inputs.rendering, "read", worn.few_layers)
        return worn.materials(["NORMAL", "PNEUMONIA"] * 20)
