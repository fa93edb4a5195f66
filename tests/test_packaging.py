"""The package that pip builds: everything a verdict needs is in it, and no film is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import xray
from xray.commands.main import main
from xray.environment import ROOT
from xray.films import formats

#: What a build reads of the clone.
EXTRAS = {"cluster": {"cryptography", "dask", "distributed"}, "shap": {"shap"}}
SOURCES = (
    *("pyproject.toml", "README.md", "requirements.txt"),
    *(f"requirements-{extra}.txt" for extra in EXTRAS),
)
FOLDERS = (
    "xray",
    *(f"artifacts/{part}" for part in ("dataset", "devices", "networks")),
)
#: Bytes that the wheel may have.
LARGEST = 3e6


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built of a copy: a build leaves folders behind. It asks nothing of any network."""
    folder = tmp_path_factory.mktemp("build")
    leave = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=leave)
    for name in SOURCES:
        shutil.copy(ROOT / name, folder / name)
    # What somebody may have made in a clone stays there.
    (folder / "artifacts" / "devices" / "own.jsonl").write_text("{}\n")
    code = "from setuptools import build_meta; build_meta.build_wheel('dist')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (made,) = (folder / "dist").glob("*.whl")
    return made


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [each for each in archive.namelist() if each.endswith(".dist-info/METADATA")]
        return Parser().parsestr(archive.read(name).decode())


def test_the_wheel_holds_the_library_and_what_a_verdict_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    own = [path for path in (ROOT / "xray").rglob("*") if path.is_file()]
    library = {path.relative_to(ROOT).as_posix() for path in own if path.suffix != ".pyc"}
    assert {name for name in held if not name.startswith("xray/shipped/")} == library
    assert held - library == {
        *(f"xray/shipped/dataset/{name}.csv" for name in ("films", "films224", "giveaways")),
        "xray/shipped/dataset/shift.csv",
        *(f"xray/shipped/devices/{name}" for name in ("devices.csv", "devices_test.jsonl")),
        "xray/shipped/devices/devices_train_second.jsonl",
        "xray/shipped/devices/shapes.json",
        *(f"xray/shipped/devices/{name}.md" for name in ("CARD", "README")),
        *(f"xray/shipped/networks/lungs/{name}" for name in ("card.json", "lungs.keras")),
        "xray/shipped/networks/lungs/README.md",
    }


def test_the_wheel_is_small_and_holds_no_film(wheel: Path) -> None:
    assert wheel.stat().st_size < LARGEST
    with zipfile.ZipFile(wheel) as archive:
        films = [name for name in archive.namelist() if formats.picture_format(archive.read(name))]
    assert films == []


def test_the_metadata_is_that_of_the_clone(metadata: Message) -> None:
    assert (metadata["Name"], metadata["Version"]) == ("xray-model-audit", xray.__version__)
    lines = [line.partition("#")[0].strip() for line in (ROOT / "requirements.txt").open()]
    asked = [Requirement(line) for line in metadata.get_all("Requires-Dist") or []]
    plain = {str(each) for each in asked if "extra" not in str(each.marker or "")}
    assert plain == {str(Requirement(line)) for line in lines if line}
    assert set(metadata.get_all("Provides-Extra") or []) == set(EXTRAS)
    for extra, names in EXTRAS.items():
        assert {each.name for each in asked if f'"{extra}"' in str(each.marker)} == names
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {xray.__version__}" in text


#: Run where the wheel is unpacked and nothing else of the clone is at hand.
OUTSIDE = """
import sys
from pathlib import Path
from xray import environment
from xray.audits import inputs
from xray.dataset import public_set
from xray.drawing import rendering
from xray.films import lungs
from xray.labels import database, devices
from xray.reports import render

home, unpacked = Path(sys.argv[1]), Path(sys.argv[2])
assert Path(environment.__file__).is_relative_to(unpacked)
assert environment.artifacts_dir() == home / "xray-model-audit" / "artifacts"
path = environment.artifact("devices", rendering.FILE)
assert len(rendering.read((32, 32), path)) > 100 and inputs.KINDS
assert len(devices.load()) == 5856 and len(devices.load_geometry()) == 624
assert len(public_set.read()) == 5856
assert lungs.network() is not None, "the lungs would be guessed"
assert (database.MIGRATIONS / "versions").is_dir()
assert render.render("results.html", "x", clinical="", groups=[], environment="")
mine = environment.artifacts_dir() / "devices" / "shapes.json"
mine.parent.mkdir(parents=True)
mine.write_text("{}")
assert environment.artifact("devices", "shapes.json") == mine, "one's own comes first"
"""


def _run(wheel: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    unpacked = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XRAY_")}
    around = {"PYTHONPATH": str(unpacked), "XDG_DATA_HOME": str(folder / "home")}
    around |= {"XRAY_CACHE": str(folder / "cache"), "TF_CPP_MIN_LOG_LEVEL": "2"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=kept | around,
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_a_verdict_needs_is_found_outside_the_clone(wheel: Path, tmp_path: Path) -> None:
    done = _run(wheel, tmp_path, "-c", OUTSIDE, str(tmp_path / "home"), str(tmp_path / "site"))
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_command_line_works_outside_the_clone(wheel: Path, tmp_path: Path) -> None:
    done = _run(wheel, tmp_path, "-m", "xray", "--version")
    assert done.stdout == f"python -m xray {xray.__version__}\n"
    missing = _run(wheel, tmp_path, "-S", "-m", "xray", "report")
    assert missing.returncode == 2
    assert "pip install xray-model-audit" in missing.stderr


@pytest.mark.parametrize(
    ("called", "named"),
    [("/opt/bin/xray", "xray"), ("C:/xray.exe", "xray"), ("xray/__main__.py", "python -m xray")],
)
def test_usage_and_errors_name_the_command_as_it_was_called(
    called: str, named: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [called])
    with pytest.raises(SystemExit) as end:
        main(["audit"])
    assert end.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith(f"usage: {named} audit")
    assert f"{named} audit: error:" in told
