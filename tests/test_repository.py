"""What the repository holds, as README and CONTRIBUTING promise."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from xray.figures import palette
from xray.reports import sentences

ROOT = Path(__file__).parent.parent


def _tracked() -> list[Path]:
    """Files that git holds; the test is skipped outside a clone."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("needs git and a clone")
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def test_no_film_and_nothing_large_is_tracked() -> None:
    tracked = _tracked()
    films = [p for p in tracked if p.suffix.lower() in {".jpg", ".jpeg", ".dcm", ".dicom"}]
    assert [p for p in films if not p.name.startswith("synthetic-")] == []
    # Two files may be large: the fine-tuned VGG19s, half precision and compressed.
    large = {p.parent.name for p in tracked if p.stat().st_size > 20e6}
    assert large <= {"transfer", "whole_film_transfer"}
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
    "basic CNN, augmented, whole films": "whole_film_augmented",
    "VGG19 transfer, whole films": "whole_film_transfer",
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
    if "kinds" in audit:
        key, words = sentences.chip(audit)
        assert verdict == (words or palette.verdict(key).words)
        return
    # An audit of an earlier version counts for nothing, until it is made anew.
    assert verdict == "not audited with real devices yet"


def test_links_inside_the_documents_lead_somewhere() -> None:
    lost = []
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)]+)\)", path.read_text()):
            name, _, anchor = target.partition("#")
            there = path.parent / name if name else path
            if "://" in target or (there.exists() and (not anchor or anchor in _anchors(there))):
                continue
            lost.append((path.name, target))
    assert lost == []


def _anchors(path: Path) -> set[str]:
    """What GitHub calls the headings of a document; lines of code blocks are none."""
    bare = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.+)$", bare, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


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
