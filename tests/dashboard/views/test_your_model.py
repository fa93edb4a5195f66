"""The page "Your model": commands filled in, a preview, and the check of a model at hand."""

from __future__ import annotations

import shlex
import shutil
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.helpers import networks as tiny
from xray.commands.main import main
from xray.dashboard.views import your_model
from xray.environment import ROOT


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "artifacts"
    folder.mkdir()
    for part in ("dataset", "devices"):
        shutil.copytree(ROOT / "artifacts" / part, folder / part)
    monkeypatch.setenv("XRAY_ARTIFACTS", str(folder))
    monkeypatch.setenv("XRAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("XRAY_DATA", raising=False)
    return folder


def _visit() -> AppTest:
    test = AppTest.from_file(str(ROOT / "pages" / "your_model.py"), default_timeout=120)
    test.run()
    assert not test.exception
    return test


def _code(test: AppTest) -> str:
    return "\n".join(block.value for block in test.code)


def test_the_command_is_filled_in_and_a_shell_takes_it() -> None:
    line = your_model.command(
        "/home/me/my models/x; rm -rf.keras", "mine", {"scale": "byte", "resize": "", "size": "64"}
    )
    words = shlex.split(line)
    assert words[:5] == ["python", "-m", "xray", "add", "/home/me/my models/x; rm -rf.keras"]
    assert words[5:] == ["--name", "mine", "--scale", "byte", "--size", "64"]


def test_the_six_lines_are_python() -> None:
    lines = your_model.torch_lines("a'b.onnx", 128, 1)
    assert len(lines.splitlines()) == 6
    compile(lines, "six lines", "exec")
    assert "torch.zeros(1, 1, 128, 128)" in lines
    compile(your_model.object_lines("mine", 64), "an object", "exec")


def test_without_a_model_it_says_how_to_bring_one(artifacts: Path) -> None:
    test = _visit()
    assert "python -m xray add my-model.keras --name my-model --resize squash" in _code(test)
    test.text_input[0].set_value("/home/me/net.onnx")
    test.radio(key="kind").set_value("PyTorch").run()
    assert not test.exception
    assert "torch.onnx.export" in _code(test)
    assert "xray add /home/me/net.onnx" in _code(test)
    assert not any(each.label.startswith("Try") for each in test.button)


def test_a_model_is_tried_on_a_few_films(
    artifacts: Path, tmp_path: Path, synthetic_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("keras")
    tiny.network().save(tmp_path / "mine.keras")
    assert main(["add", str(tmp_path / "mine.keras"), "--name", "mine"]) == 0
    monkeypatch.setenv("XRAY_DATA", str(synthetic_folder))
    test = _visit()
    button = next(each for each in test.button if each.label == "Try 10 films")
    button.click().run()
    for _ in range(100):
        if len(test.dataframe):
            break
        time.sleep(0.2)
        test.run()
    table = test.dataframe[0].value
    assert table["options"].iloc[0] == "as given"
    assert not test.exception
