"""The commands that mend a model are those of its own recipe."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.helpers import shelf
from tests.helpers.visits import alone
from xray.commands.main import parser
from xray.dashboard.views.devices.remedies import WAYS


@pytest.mark.parametrize("world", ["one reader", "all clean"])
def test_a_reader_is_mended_by_its_own_recipe(
    world: str, shelf_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shelf.move_in(Path(shutil.copytree(shelf_folder, tmp_path / "shelf")), world)
    monkeypatch.setenv("XRAY_ARTIFACTS", str(copy))
    app = alone("devices", "Remedies")
    assert not app.exception
    commands = [code.value for code in app.code if " train " in code.value]
    assert len(commands) >= len(WAYS) - 1
    for command in commands:
        assert command.startswith("python -m xray train ")
        options = parser("train").parse_args(command.split()[3:])
        assert len(options.set) == 1
        if world == "one reader":
            assert options.recipe == "basic" and options.name.startswith("basic_")
