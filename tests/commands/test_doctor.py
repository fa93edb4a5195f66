"""The doctor finds what is broken, says what to do, and keeps quiet about the rest."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.helpers import shelf
from xray import environment
from xray.commands import doctor as doctor_
from xray.commands.main import main
from xray.environment import artifacts_dir
from xray.files import write_json, write_table
from xray.models.card import WEIGHTS, read_cards, write_card
from xray.reports import overview

ROOT = Path(__file__).parents[2]


def _by_name(checks: Iterator[doctor_.Check]) -> dict[str, doctor_.Check]:
    return {check.name: check for check in checks}


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the artifacts to be broken."""
    folder = tmp_path / "artifacts"
    for part in ("dataset", "devices", "models/basic"):
        shutil.copytree(artifacts_dir() / part, folder / part)
    monkeypatch.setenv("XRAY_ARTIFACTS", str(folder))
    return folder


def test_whole_artifacts_are_found_whole(copy: Path) -> None:
    found = _by_name(doctor_.artifacts())
    assert found["model basic"].state == "ok"
    assert found["device labels"].state == "ok"


@pytest.mark.parametrize("file", [WEIGHTS, "predictions.csv"])
def test_a_changed_or_missing_file_of_a_model_is_named(copy: Path, file: str) -> None:
    path = copy / "models" / "basic" / file
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    check = _by_name(doctor_.artifacts())["model basic"]
    assert check.state == "bad"
    assert file in check.found
    path.unlink()
    check = _by_name(doctor_.artifacts())["model basic"]
    assert check.state == "bad"
    assert file in check.found
    assert "git" in check.advice


def test_git_is_not_asked_for_what_a_user_added(copy: Path) -> None:
    (card,) = read_cards()
    home = copy / "models" / "basic"
    write_card(replace(card, role="user"), home)
    (home / WEIGHTS).unlink()
    (home / "metrics.csv").write_text("")
    (copy / "audits").mkdir()
    (copy / "audits" / "basic.json").write_text("{")
    found = _by_name(doctor_.artifacts())
    for name in ("model basic", "metrics basic", "audit basic"):
        assert found[name].state == "bad"
        assert "git" not in found[name].advice
        assert "python -m xray a" in found[name].advice
    (home / "card.json").write_text("{")
    advice = _by_name(doctor_.artifacts())["model basic"].advice
    assert "git" in advice
    assert "where you added it" in advice


def test_what_is_kept_for_the_first_page_of_other_models_is_named(copy: Path) -> None:
    assert _by_name(doctor_.artifacts())["first page"].state == "note", "nothing is kept"
    shown = overview.shown(read_cards())
    overview.store(shown, {})
    assert _by_name(doctor_.artifacts())["first page"].state == "ok"
    write_card(replace(shown[0], title="Renamed"), copy / "models" / "basic")
    check = _by_name(doctor_.artifacts())["first page"]
    assert check.state == "note"
    assert "rows" in check.found and "class counts" not in check.found
    assert "showcase --front" in check.advice


def test_damaged_tables_and_audits_are_named(copy: Path) -> None:
    (copy / "devices" / "devices.csv").write_text("file\n")
    (copy / "audits").mkdir()
    (copy / "audits" / "basic.json").write_text("{")
    found = _by_name(doctor_.artifacts())
    assert found["device labels"].state == "bad"
    assert found["audit basic"].state == "bad"
    assert found["films of the public set"].state == "ok"


def test_audits_of_an_earlier_version_and_the_panel_are_looked_at(copy: Path) -> None:
    write_json(copy / "audits" / "basic.json", shelf.earlier("basic"))
    found = _by_name(doctor_.artifacts())
    assert found["audit basic"].state == "note"
    assert "earlier version" in found["audit basic"].found
    assert found["audit basic"].advice == "run 'python -m xray audit basic'."
    assert found["panel"].state == "note" and "sensitivity" in found["panel"].found
    write_json(copy / "audits" / "basic.json", shelf.world("one reader")["basic"])
    write_table(copy / "panel" / "quality.csv", shelf.quality())
    found = _by_name(doctor_.artifacts())
    assert found["audit basic"].state == found["panel's record"].state == "ok"
    assert found["panel"].state == "bad" and "panel.csv is missing" in found["panel"].found


def test_packages_are_held_to_their_bounds(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(
        "numpy>=1  # kept\npandas>=99\nno-such-package-at-all\n"
        'colorama>=99; sys_platform == "nowhere"\n'
    )
    found = _by_name(doctor_.packages(file))
    assert set(found) == {"package pandas", "package no-such-package-at-all"}
    assert all(check.state == "bad" and "pip install" in check.advice for check in found.values())


@pytest.mark.parametrize(("here", "state"), [((3, 10), "bad"), ((3, 12), "ok"), ((3, 14), "bad")])
def test_python_outside_the_range_is_refused(
    here: tuple[int, int], state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (*here, 0, "final", 0))
    assert next(doctor_.python()).state == state


def test_a_small_machine_is_told_what_will_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "memory", lambda: 2**30)
    check = next(doctor_.memory())
    assert check.state == "note"
    assert "Explain" in check.advice


def test_a_cache_that_cannot_be_written_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XRAY_CACHE", str(tmp_path / "file" / "cache"))
    check = next(doctor_.cache())
    assert check.state == "note"
    assert "XRAY_CACHE" in check.advice


def test_films(synthetic_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XRAY_DATA", raising=False)
    assert next(doctor_.data()).state == "note"
    monkeypatch.setenv("XRAY_DATA", str(synthetic_folder))
    check = next(doctor_.data())
    assert check.state == "ok"
    assert check.found.startswith("48 in")
    monkeypatch.setenv("XRAY_DATA", os.pathsep.join(["/nowhere", str(synthetic_folder)]))
    assert [check.state for check in doctor_.data()] == ["bad", "ok"]


def test_exit_code_and_json(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "found.json"
    (copy / "models" / "basic" / "card.json").write_text("{")
    assert main(["doctor", "--json", str(out)]) == 2
    printed = capsys.readouterr()
    assert "checks failed" in printed.err
    assert "BAD   model basic" in printed.out
    found = {check["name"]: check for check in json.loads(out.read_text())}
    assert found["model basic"]["state"] == "bad"
    monkeypatch.setattr(doctor_, "examine", lambda: [doctor_.Check("all", "ok", "fine")])
    assert main(["doctor"]) == 0


def test_it_speaks_where_no_package_is_installed(tmp_path: Path) -> None:
    """A stock Python without this environment's packages (-S hides them) still gets advice."""
    done = subprocess.run(
        [sys.executable, "-S", "-m", "xray", "doctor"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "pip install -r requirements.txt" in done.stdout


def _imported(folder: Path) -> set[str]:
    """Top-level names that the modules below a folder import."""
    names: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return names


def _named(file: str) -> set[str]:
    lines = [line.partition("#")[0].strip() for line in (ROOT / file).read_text().splitlines()]
    return {
        canonicalize_name(Requirement(line).name)
        for line in lines
        if line and not line.startswith("-r")
    }


@pytest.mark.parametrize(
    ("folders", "files"),
    [
        (
            ("xray", "pages"),
            ("requirements.txt", "requirements-cluster.txt", "requirements-shap.txt"),
        ),
        (
            ("tests", "benchmarks"),
            (
                "requirements.txt",
                "requirements-cluster.txt",
                "requirements-dev.txt",
                "requirements-shap.txt",
            ),
        ),
    ],
)
def test_what_is_imported_is_required(folders: tuple[str, ...], files: tuple[str, ...]) -> None:
    """Every third-party module that is imported comes with a package that is asked for by name."""
    # Optional ones are asked for by name where they are used, and by nobody else.
    optional = {"onnx", "onnxruntime"}
    # What explanations are held against comes into an environment of the benchmark's own.
    optional |= {"captum", "tf_keras_vis", "torch"}
    own = {"xray", "pages", "tests", "benchmarks", *optional}
    own |= {path.stem for path in (ROOT / "tests").glob("*.py")}
    imported = set().union(*(_imported(ROOT / folder) for folder in folders))
    asked = set().union(*(_named(file) for file in files))
    homes = packages_distributions()
    lost = {
        name: homes.get(name, ["not installed"])
        for name in imported - own - set(sys.stdlib_module_names)
        if not {canonicalize_name(home) for home in homes.get(name, [])} & asked
    }
    assert lost == {}
