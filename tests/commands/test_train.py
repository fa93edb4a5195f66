"""``train``: lists of films to leave out, told before any training; and what came of it, after."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from xray.commands import main
from xray.commands import train as command
from xray.dataset import index
from xray.jobs.progress import Stage
from xray.models.card import Card
from xray.training import recipes
from xray.training import train as training


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[training.Job]:
    """Jobs that the command would train; nothing is trained."""
    jobs: list[training.Job] = []

    def train(job: training.Job, stage: Stage) -> Card:
        jobs.append(job)
        return Card(job.name, parameters=1, wall_time_s=1.0, threshold=0.5)

    monkeypatch.setattr(training, "train", train)
    monkeypatch.setattr(command, "read_predictions", lambda name, folder: predicted([-2.0, 2.0]))
    return jobs


def predicted(log_odds: list[float]) -> pd.DataFrame:
    """Predictions of as many test films, NORMAL and PNEUMONIA in turn."""
    labels = ["NORMAL", "PNEUMONIA"] * (len(log_odds) // 2)
    return pd.DataFrame({"split": "test", "label": labels, "log_odds": log_odds})


def films_of(folder: Path, part: str) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in (folder / part).rglob("*.*"))


def test_unknown_films_of_a_list_are_named_and_the_rest_is_left_out(
    synthetic_folder: Path,
    tmp_path: Path,
    asked: list[training.Job],
    capsys: pytest.CaptureFixture[str],
) -> None:
    known = [films_of(synthetic_folder, "train")[0], films_of(synthetic_folder, "test")[0]]
    path = tmp_path / "exclude.csv"
    pd.DataFrame({"file": [*known, "train/NORMAL/ghost.jpeg", "胸部.jpeg"]}).to_csv(
        path, index=False
    )
    code = main.main(
        ["train", "basic", "--data", str(synthetic_folder), "--exclude", str(path), "--out", "x"]
    )
    printed = capsys.readouterr()
    assert code == 0 and len(asked) == 1
    warnings = [line for line in printed.err.splitlines() if line.startswith("warning:")]
    assert len(warnings) == 1
    assert "2 of 4 films on the list are not in this dataset" in warnings[0]
    assert "train/NORMAL/ghost.jpeg, 胸部.jpeg" in warnings[0]
    table = index.index(synthetic_folder)
    split = training.assign(asked[0], table)
    by_file = dict(zip(table["file"], split, strict=True))
    assert by_file[known[0]] == "", "a train film on the list trains nothing"
    assert by_file[known[1]] == "test", "test films stay, so that models remain comparable"
    assert split.ne("").sum() == len(table) - 1


def test_a_list_of_known_films_is_taken_without_a_word(
    synthetic_folder: Path,
    tmp_path: Path,
    asked: list[training.Job],
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "exclude.csv"
    pd.DataFrame({"file": films_of(synthetic_folder, "train")[:3]}).to_csv(path, index=False)
    arguments = ["train", "basic", "--data", str(synthetic_folder), "--exclude", str(path)]
    assert main.main(arguments) == 0
    assert "warning" not in capsys.readouterr().err
    assert len(asked[0].exclude) == 3
    assert asked[0].key("data") != training.Job(
        recipes.get("basic"), synthetic_folder, "basic", tmp_path
    ).key("data"), "another list is another training"


@pytest.mark.parametrize("content", [b"", b"name\na.jpeg\n", b"\xff\xfe\x00\x01", None])
def test_a_list_that_is_none_ends_before_training(
    content: bytes | None,
    synthetic_folder: Path,
    tmp_path: Path,
    asked: list[training.Job],
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "exclude.csv"
    if content is not None:
        path.write_bytes(content)
    arguments = ["train", "basic", "--data", str(synthetic_folder), "--exclude", str(path)]
    assert main.main(arguments) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if "error:" in line]
    assert len(errors) == 1 and not asked


@pytest.mark.parametrize("log_odds", [[0.0] * 200, [-0.1] * 200, [-1.0, 1.0] * 100])
def test_a_network_that_learnt_nothing_is_told_at_once(
    log_odds: list[float],
    synthetic_folder: Path,
    asked: list[training.Job],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "read_predictions", lambda name, folder: predicted(log_odds))
    assert main.main(["train", "basic", "--data", str(synthetic_folder), "--name", "mine"]) == 0
    printed = capsys.readouterr().out
    dead = len(set(log_odds)) == 1
    label = "PNEUMONIA" if log_odds[0] >= 0 else "NORMAL"
    assert (f"degenerate: mine calls 200 of 200 films {label}" in printed) == dead
    assert ("another --seed" in printed) == dead
    assert "Now: python -m xray evaluate mine" in printed
