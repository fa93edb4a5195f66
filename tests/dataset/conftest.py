"""Folders in a state that a test cannot bring about by itself."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest


@pytest.fixture
def forbid(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Forbids to list folders whose path ends so.

    Permissions do not bind the superuser that many containers run tests as.
    """

    def named(end: str) -> None:
        listing = os.scandir

        def refuse(path: str) -> object:
            if str(path).endswith(end):
                raise PermissionError(13, "Permission denied")
            return listing(path)

        monkeypatch.setattr(os, "scandir", refuse)

    return named
