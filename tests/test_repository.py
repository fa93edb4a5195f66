"""What the repository holds and how its parts hang together, as README and CONTRIBUTING promise."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {"tensorflow", "keras"}
#: Modules that define Keras layers: they import Keras, and are imported inside functions only.
LAYERS = {"xray.augmenting", "xray.lung_crop"}


def _tracked() -> list[Path]:
    """Files that git holds; the test is skipped outside a clone."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("needs git and a clone")
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def _modules() -> Iterator[tuple[str, ast.Module]]:
    """Modules of the library by their dotted names, and the pages."""
    for path in [*(ROOT / "xray").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "app.py"]:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        yield name.removesuffix(".__init__"), ast.parse(path.read_text())


def _typing_only(tree: ast.Module) -> set[ast.AST]:
    """Nodes below ``if TYPE_CHECKING``, which never run."""
    return {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }


def _imports(tree: ast.Module, top: bool = False) -> set[str]:
    """Dotted names that a module imports; with ``top`` only those that importing it imports."""
    skipped = _typing_only(tree)
    if top:
        functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
        skipped |= {
            inner
            for node in ast.walk(tree)
            if isinstance(node, functions)
            for inner in ast.walk(node)
        }
    found: set[str] = set()
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


MODULES = dict(_modules())


#: Modules that import nothing of ours but each other.
LOWEST = "files errors health batch_runs executor cluster parts collection"

#: How high a module stands, by how its name begins; what is not named stands in the middle, 4.
#: A module may import its own level and those below.
LEVELS = {
    "app": 7,
    "pages": 7,
    "xray.commands": 7,
    "xray.cli": 7,
    "xray.__main__": 7,
    "xray.dashboard": 6,
    "xray.figures": 5,
    "xray.report": 5,
    "xray.front": 5,
    "xray.doctor": 5,
    "xray.model_card": 5,
    "xray.film_view": 5,
    **dict.fromkeys(
        (f"xray.{n}" for n in ("aspects", "dataset", "splits", "scan", "film_facts")), 2
    ),
    **dict.fromkeys((f"xray.{n}" for n in ("quality", "device_labels")), 2),
    **dict.fromkeys((f"xray.label_{n}" for n in ("format", "look", "schema", "database")), 2),
    **dict.fromkeys((f"xray.label_{n}" for n in ("history", "store", "exchange", "source")), 2),
    **dict.fromkeys((f"xray.{n}" for n in ("films", "dicom", "jpeg", "sniff", "strip", "grey")), 1),
    **dict.fromkeys((f"xray.{n}" for n in LOWEST.split()), 0),
}


def _level(name: str) -> int:
    if name == "xray":
        return 0
    return next((level for start, level in LEVELS.items() if name.startswith(start)), 4)


def test_imports_go_one_way() -> None:
    wrong = {
        (name, other)
        for name, tree in MODULES.items()
        for other in _imports(tree) & MODULES.keys()
        if _level(other) > _level(name)
    }
    assert wrong == set()


def test_no_module_imports_itself_through_others() -> None:
    graph = {name: _imports(tree, top=True) & MODULES.keys() for name, tree in MODULES.items()}
    graph = {name: {other for other in to if other != name} for name, to in graph.items()}
    while leaves := {name for name, to in graph.items() if not to & graph.keys()}:
        graph = {name: to for name, to in graph.items() if name not in leaves}
    assert graph == {}, "these import each other in a circle"


def test_only_the_dashboard_and_pages_know_streamlit() -> None:
    knowing = {name for name, tree in MODULES.items() if _first(_imports(tree)) & {"streamlit"}}
    assert {name for name in knowing if _level(name) < 6} == set()
    assert not any(name.startswith("xray.commands") for name in knowing)


def test_tensorflow_is_imported_on_first_use_only() -> None:
    top = {name: _imports(tree, top=True) for name, tree in MODULES.items()}
    assert {name for name, names in top.items() if _first(names) & HEAVY} == LAYERS
    assert {name for name, names in top.items() if names & LAYERS} == set()


def _first(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def test_pages_are_thin() -> None:
    lines = {
        name: len((ROOT / f"{name.replace('.', '/')}.py").read_text().splitlines())
        for name in MODULES
        if name.startswith("pages.")
    }
    assert {name: n for name, n in lines.items() if n > 130} == {}


def test_no_film_and_nothing_large_is_tracked() -> None:
    tracked = _tracked()
    films = [p for p in tracked if p.suffix.lower() in {".jpg", ".jpeg", ".dcm", ".dicom"}]
    assert [p for p in films if not p.name.startswith("synthetic-")] == []
    # One file may be large: the fine-tuned VGG19, half precision and compressed.
    assert [p.parent.name for p in tracked if p.stat().st_size > 20e6] in ([], ["transfer"])
    assert sum(p.stat().st_size for p in tracked) < 100e6


def test_the_readme_has_one_command_to_start_and_one_to_test() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()
    commands = [line for line in lines if line.startswith("python3 -m venv")]
    assert [command.rpartition("&& ")[2] for command in commands] == [
        ".venv/bin/streamlit run app.py",
        ".venv/bin/python -m pytest",
    ]
    for command in commands:
        words = shlex.split(command)
        assert (ROOT / words[words.index("-r") + 1]).is_file()


#: Model of README's table -> its folder.
README_MODELS = {
    "basic CNN, whole films": "whole_film",
    "basic CNN": "basic",
    "basic CNN, augmented": "augmented",
    "VGG19 transfer": "transfer",
}


@pytest.mark.parametrize("title", README_MODELS)
def test_the_readmes_table_is_what_the_artifacts_say(title: str) -> None:
    name = README_MODELS[title]
    lines = (ROOT / "README.md").read_text().splitlines()
    line = next(line for line in lines if line.startswith(f"| {title} |"))
    accuracy, auroc, verdict = (cell.strip() for cell in line.strip("|").split("|")[1:])
    table = pd.read_csv(ROOT / "artifacts" / "models" / name / "metrics.csv")
    table = table[(table["split"] == "test") & (table["positive"] == "PNEUMONIA")]
    for metric, cell in (("accuracy", accuracy), ("auroc", auroc)):
        row = table[table["metric"] == metric].iloc[0]
        assert cell == f"{row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})"
    audit = json.loads((ROOT / "artifacts" / "audits" / f"{name}.json").read_text())
    assert verdict.startswith(audit["verdict"].replace("_", " "))
    alone = re.search("rests on one kind of device, the ([a-z ]+):", audit["reasons"][-1])
    assert verdict.partition(": ")[2] == (f"by the {alone[1]} alone" if alone else "")


def test_links_inside_the_documents_lead_somewhere() -> None:
    lost = []
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
            if "://" not in target and not (path.parent / target).exists():
                lost.append((path.name, target))
    assert lost == []


def test_the_container_copies_what_there_is_and_has_no_rights() -> None:
    lines = [
        line.split() for line in (ROOT / "Dockerfile").read_text().splitlines() if line.strip()
    ]
    copied = [
        word
        for line in lines
        if line[0] == "COPY" and not line[1].startswith("--")
        for word in line[1:-1]
    ]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    users = [line[1] for line in lines if line[0] == "USER"]
    assert users
    assert users[-1] not in {"root", "0"}
    assert any(line[0] == "HEALTHCHECK" for line in lines)
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    assert "!.streamlit" not in ignored, "secrets.toml must stay out"
