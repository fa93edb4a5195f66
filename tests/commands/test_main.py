"""Every verb explains itself, and refuses bad input with one sentence and exit code 2."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from xray.commands.main import VERBS, main

ROOT = Path(__file__).parents[2]

#: Verb -> command lines that cannot work. A verb without any has no input that can be bad.
BAD: dict[str, list[list[str]]] = {
    "fetch": [["--no-such-option"]],
    "index": [["no/such/folder"], [], ["tests", "--table", "x.csv"], ["tests", "--columns", "z"]],
    "train": [["no-such-recipe"], ["basic", "--data", "no/such/folder"], ["basic"], []]
    + [["basic", "--set", each] for each in ("fraction", "fraction=2", "hair=long", "size=[1")],
    "sweep": [["no/such/file.toml"], ["README.md"], ["sweeps/learning_curve.toml"], []],
    "ledger": [["--no-such-option"], ["--repeat", "nothing"], ["--repeat", "basic"]],
    "evaluate": [
        ["no-such-model"],
        ["basic", "--data", "no/such/folder"],
        ["--workers", "2", "--scheduler", "tcp://127.0.0.1:9"],
    ],
    "explain": [["no-such-model", "film.png"], ["basic", "no-such-film.png"], ["basic"]],
    "audit": [["no-such-model", "--data", "tests"], ["basic", "--data", "no/such/folder"], []],
    "panel": [["--networks", "nowhere", "--data", "nowhere"]],
    "showcase": [["no-such-model"]],
    "demo": [["--seed", "one"]],
    "lungs": [["--data", "no/such/folder", "--masks", "no/such/folder"], []],
    "card": [["nobody"], []],
    "add": [["no-such-file.keras", "--name", "x"], ["README.md", "--name", "x"], []],
    "label": [[], ["--import", "README.md"], ["--queue"], ["--export", "x.jsonl"]],
    "report": [["--out", "tests"]],
    "doctor": [["--no-such-option"]],
}


def _run(arguments: list[str]) -> int:
    """Exit code, also where argparse exits by itself."""
    try:
        return main(arguments)
    except SystemExit as end:
        return int(end.code or 0)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_its_module_and_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module(f"xray.commands.{verb}")
    assert _run([verb, "--help"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"usage: python -m xray {verb}")
    assert VERBS[verb].capitalize() in " ".join(printed.split())


def test_every_module_of_commands_is_a_verb() -> None:
    found = {path.stem for path in (ROOT / "xray" / "commands").glob("[a-z]*.py")}
    assert found == set(VERBS) | {"main"}
    assert set(BAD) == set(VERBS)


@pytest.mark.parametrize(
    "line",
    [
        "evaluate basic --json tests",
        "audit basic --data tests --json tests",
        "audit basic --data tests --json README.md/new/audit.json",
        "card basic --out tests",
        "index tests --json tests",
        "explain basic film.png --out README.md",
        "label --export tests",
        "report --out tests",
        "report --out README.md/report.html",
    ],
)
def test_results_that_cannot_be_written_are_told_before_the_work(
    line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("xray.files.tempfile.mkstemp", lambda **_: pytest.fail("it was written"))
    assert _run(line.split()) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(("error: --json ", "error: --out ", "error: --export "))
    assert "tests is a folder; give" in said or "README.md is no folder that may be" in said


@pytest.mark.parametrize(
    "line",
    [
        "explain basic film.png --seed -1",
        "audit basic --seed -1",
        "train basic --seed -1",
        "demo --seed -1",
        "demo --seed 4294967296",
        "panel --networks none --seed -1",
        "panel --networks none --again -1",
        "lungs --masks none --seed -1",
        "lungs --masks none --epochs 0",
        "label --sample 6 --out none --seed -1",
        "label --sample -6 --out none",
        "label --queue -3",
        "evaluate --workers 0",
    ],
)
def test_numbers_that_cannot_be_are_refused_before_any_work(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(line.split()) == 2
    assert "cannot be it; give a whole number" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("verb", "arguments"), [(verb, each) for verb, lines in BAD.items() for each in lines]
)
def test_bad_input_gets_one_sentence_and_exit_code_2(
    verb: str,
    arguments: list[str],
    labels_url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("XRAY_DATA", raising=False)
    monkeypatch.chdir(ROOT)
    assert _run([verb, *arguments]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if "error:" in line]
    assert len(lines) == 1
    assert "Traceback" not in lines[0]


@pytest.mark.parametrize("line", ["index tests --out t.xlsx", "ledger --out tests"])
def test_a_table_is_written_as_its_ending_says(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(line.split()) == 2
    assert "is no table; end its name in .csv or .parquet" in capsys.readouterr().err


def test_the_whole_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["--help"]) == 0
    printed = capsys.readouterr().out
    assert all(verb in printed for verb in VERBS)
    assert _run(["--version"]) == 0
    assert _run([]) == 2
    assert _run(["no-such-verb"]) == 2


@pytest.mark.parametrize("verb", ["audit", "evaluate", "report"])
def test_help_does_not_wait_for_tensorflow(verb: str) -> None:
    code = (
        "import sys; from xray.commands.main import main\n"
        f"try: main(['{verb}', '--help'])\n"
        "except SystemExit: pass\n"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_missing_package_is_named() -> None:
    """-S hides the packages of this environment."""
    done = subprocess.run(
        [sys.executable, "-S", "-m", "xray", "report"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install -r requirements.txt" in done.stderr
    assert "Traceback" not in done.stderr
