"""An audit here and now: what it needs, and what is shown where that is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.visits import alone, words


def test_without_films_the_demonstration_is_offered(on_shelf: Path) -> None:
    app = alone("devices", model="basic")
    assert "set XRAY_DATA" in words(app)
    assert "python -m xray demo" in [code.value for code in app.code]
    assert not [button for button in app.button if button.label.startswith("Audit")]


def test_with_films_the_model_can_be_audited(
    on_shelf: Path, synthetic_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XRAY_DATA", str(synthetic_folder))
    app = alone("devices", model="basic")
    (button,) = [each for each in app.button if each.label.startswith("Audit")]
    assert button.label == "Audit Model basic now"
