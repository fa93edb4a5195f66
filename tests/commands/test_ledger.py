"""``ledger``: the table of training runs, made again, and one of its runs trained again."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.helpers.runs import row_of
from xray.commands import main
from xray.files import read_table, write_table
from xray.jobs.progress import Stage
from xray.models.card import Card
from xray.training import ledger, recipes, replication
from xray.training import train as training


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path / "artifacts"))
    return tmp_path / "artifacts"


def test_a_line_a_run_and_the_command_that_repeats_it(
    artifacts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row_of("one", test_auroc=0.9), row_of("two", seed=1, command="python -m xray train x")]
    write_table(artifacts / ledger.FILE, pd.DataFrame(rows, columns=ledger.COLUMNS))
    out = tmp_path / "runs.csv"
    assert main.main(["ledger", "--out", str(out)]) == 0
    first, second, count = capsys.readouterr().out.splitlines()
    assert first == (
        "one: AUROC 0.970 on validation, 0.900 on test; accuracy 0.500, 0.500; "
        "python -m xray train small64"
    )
    assert second.startswith("two: ") and second.endswith("; python -m xray train x")
    assert count.startswith("2 runs in ")
    assert list(read_table(out)["name"]) == ["one", "two"]


def test_no_ledger_is_one_of_no_runs(artifacts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["ledger"]) == 0
    assert capsys.readouterr().out == f"0 runs in {artifacts / 'ledger.csv'}.\n"


def test_a_folder_that_is_no_run_is_told_and_the_rest_goes_on(
    artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = artifacts / "sweeps" / "broken"
    broken.mkdir(parents=True)
    (broken / "card.json").write_text("{")
    write_table(artifacts / ledger.FILE, pd.DataFrame([row_of("old")], columns=ledger.COLUMNS))
    assert main.main(["ledger", "--rebuild"]) == 0
    printed = capsys.readouterr()
    assert "broken" in printed.err and len(printed.err.splitlines()) == 1
    assert printed.out.splitlines()[-1].startswith("0 runs in "), "what has no folder is gone"


def test_a_wrong_name_and_no_films_are_told_before_any_training(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("XRAY_DATA", raising=False)
    monkeypatch.setattr(training, "train", lambda *_: pytest.fail("it trained"))
    write_table(artifacts / ledger.FILE, pd.DataFrame([row_of("run0")], columns=ledger.COLUMNS))
    assert main.main(["ledger", "--repeat", "other"]) == 2
    assert "other" in capsys.readouterr().err
    assert main.main(["ledger", "--repeat", "run0"]) == 2
    assert "give --data FOLDER" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "now", "code"),
    [("run0", 0.88, 0), ("run0", 0.5, 2), ("alone", 0.9, 0), ("alone", 0.91, 2)],
)
def test_a_run_again_is_held_to_what_other_seeds_gave(
    artifacts: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    now: float,
    code: int,
) -> None:
    rows = [
        row_of(f"run{seed}", seed=seed, **dict.fromkeys(replication.METRICS, value))
        for seed, value in enumerate((0.9, 0.91, 0.89))
    ]
    alone = dict.fromkeys(replication.METRICS, 0.9)
    rows.append(row_of("alone", size="96 x 96", **alone))
    write_table(artifacts / ledger.FILE, pd.DataFrame(rows, columns=ledger.COLUMNS))
    jobs: list[training.Job] = []

    def train(job: training.Job, stage: Stage) -> Card:
        jobs.append(job)
        return Card(job.name, data_hash="x")

    monkeypatch.setattr(training, "train", train)
    monkeypatch.setattr(ledger, "row", lambda *_: dict.fromkeys(replication.METRICS, now))
    assert main.main(["ledger", "--repeat", name, "--data", str(tmp_path)]) == code
    assert jobs[0].recipe == recipes.get("small64")
    assert not jobs[0].out.exists(), "what it made is gone"
    printed = capsys.readouterr()
    assert ("ended elsewhere in validation AUROC" in printed.err) == (code == 2)
    assert ("no other seed was run" in printed.out) == (name == "alone")
