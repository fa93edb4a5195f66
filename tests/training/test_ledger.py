"""The ledger, its sweeps, and the changes that both are written in."""

from __future__ import annotations

import json
import multiprocessing
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from tests.helpers.runs import put_many, row_of
from xray.commands import main
from xray.errors import ArtifactError, DatasetError, ModelError
from xray.figures import base as figures
from xray.figures import generalization
from xray.figures import training as figures_runs
from xray.files import read_json, write_json, write_table
from xray.models.card import Card
from xray.training import ablations, ledger, overrides, recipes, replication
from xray.training import train as training

ROOT = Path(__file__).parents[2]

# ---- changes ----------------------------------------------------------------------------------


def test_a_change_of_several_phases_can_be_told_and_made() -> None:
    phases = (recipes.Phase(2, 1e-3, ("block5",)), recipes.Phase(1, 1e-4))
    made = replace(recipes.get("transfer"), phases=phases)
    told = overrides.difference(made.settings())
    assert overrides.change(recipes.get("transfer"), told).phases == phases
    with pytest.raises(ModelError, match="several phases"):
        overrides.change(made, {"epochs": 3})


@pytest.mark.parametrize(
    "changes",
    [
        {"hair": 1},
        {"name": "x"},
        {"size": 3},
        {"size": "big"},
        {"fraction": 0},
        {"epochs": 0},
        {"epochs": 1.5},
        {"fit": "fold"},
        {"augmentation": "wild"},
        {"augmentation": {"hair": 1}},
        {"class_weight": "2"},
        {"split": "mine"},
        {"batch": -1},
        {"network": "vgg"},
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        overrides.change(recipes.get("basic"), changes)


def test_a_setting_that_recipes_gained_since_changes_no_run() -> None:
    settings = recipes.get("augmented").settings()
    old = json.loads(json.dumps(settings))
    del old["planted"]
    for phase in old["phases"]:
        del phase["patience"]
    now = json.loads(json.dumps(replace(recipes.get("augmented"), planted=0.0).settings()))
    for phase in now["phases"]:
        phase["patience"] = recipes.Phase(1, 1.0).patience
    assert ledger.run_id(old, "data", 0) == ledger.run_id(now, "data", 0)
    assert ledger.run_id(old, "data", 0) != ledger.run_id(old, "data", 1)
    assert ledger.run_id(old, "data", 0) != ledger.run_id(old | {"planted": 0.5}, "data", 0)


# ---- the ledger -------------------------------------------------------------------------------


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setenv("XRAY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "artifacts"


SWEEP = """
about = "a test"
seeds = [0, 1, 2]
[[grid]]
recipe = "basic"
size = 16
framing = "film"
split = "original"
epochs = 1
options.filters = [[4]]
options.dense = [[4]]
"""


@pytest.mark.slow
def test_a_sweep_leaves_rows_and_no_run_is_done_twice(
    artifacts: Path,
    tmp_path: Path,
    synthetic_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Killed after the first run, gone on with on two workers, and asked for once more."""
    pytest.importorskip("distributed")
    path = tmp_path / "small.toml"
    path.write_text(SWEEP)
    line = ["sweep", str(path), "--data", str(synthetic_folder), "--json", str(tmp_path / "j.json")]
    add = ledger.add

    def dies(folder: Path, card: Card) -> None:
        add(folder, card)
        raise KeyboardInterrupt

    monkeypatch.setattr(ledger, "add", dies)
    assert main.main(line) == 130
    assert list(ledger.read()["seed"]) == [0]
    monkeypatch.setattr(ledger, "add", add)
    # In a process of its own, as a user starts it: workers are started anew from their parent.
    command = [sys.executable, "-m", "xray", *line, "--workers", "2"]
    subprocess.run(command, check=True, cwd=ROOT, timeout=300, capture_output=True)
    table = ledger.read().sort_values("seed", ignore_index=True)
    assert list(table["seed"]) == [0, 1, 2]
    made = {path.parent: path.stat().st_mtime for path in artifacts.glob("sweeps/*/card.json")}
    assert len(made) == 3
    assert not list(artifacts.glob("sweeps/*/*.keras"))
    assert main.main(line) == 0
    again = {path.parent: path.stat().st_mtime for path in artifacts.glob("sweeps/*/card.json")}
    assert again == made, "nothing was trained again"
    assert [row["name"] for row in read_json(tmp_path / "j.json")] == list(table["name"])
    assert "3 of 3" in capsys.readouterr().out
    # Two workers may finish in either order within a second.
    before = ledger.read().sort_values("run", ignore_index=True)
    assert main.main(["ledger", "--rebuild"]) == 0
    pd.testing.assert_frame_equal(ledger.read().sort_values("run", ignore_index=True), before)
    _repeats(table.iloc[2].to_dict(), synthetic_folder, tmp_path)


def _repeats(row: dict[str, object], films: Path, tmp_path: Path) -> None:
    """The command of a row gives its figures again."""
    words = shlex.split(str(row["command"]))[3:]
    out = tmp_path / "elsewhere"
    assert main.main([*words, "--data", str(films), "--out", str(out)]) == 0
    repeated = ledger.read(out).iloc[0]
    assert repeated["run"] == row["run"]
    for metric in ("val_auroc", "test_auroc", "test_accuracy", "threshold"):
        assert repeated[metric] == pytest.approx(row[metric], abs=0.02), metric


def test_two_processes_lose_no_row(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=put_many, args=(str(tmp_path), 20 * i)) for i in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(ledger.read(tmp_path)["name"]) == {f"run{i}" for i in range(40)}


# ---- a run again ------------------------------------------------------------------------------


def test_where_another_seed_may_end_is_the_prediction_interval() -> None:
    sm = pytest.importorskip("statsmodels.api")
    values = np.array([0.90, 0.92, 0.97, 0.93])
    frame = sm.OLS(values, np.ones(4)).fit().get_prediction([[1.0]]).summary_frame(alpha=0.05)
    wanted = frame[["obs_ci_lower", "obs_ci_upper"]].to_numpy()[0]
    low, high = replication.another(values)
    assert low == pytest.approx(wanted[0])
    assert high == pytest.approx(min(1.0, wanted[1]))
    assert np.isnan(replication.another(values[:1])).all()


def test_other_films_repeat_no_run(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pd.DataFrame([row_of("run0")], columns=ledger.COLUMNS)
    monkeypatch.setattr(training, "train", lambda job, _: Card(job.name, data_hash="y"))
    with pytest.raises(DatasetError, match="does not hold the films of run0"):
        replication.repeat(table, "run0", artifacts)
    listed = table.assign(changes='{"exclude": 3}')
    with pytest.raises(ModelError, match="left films out"):
        replication.repeat(listed, "run0", artifacts)


def test_a_ledger_of_other_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / ledger.FILE).write_text("run,name\n1,x\n")
    with pytest.raises(ArtifactError, match="--rebuild"):
        ledger.read(tmp_path)


def test_a_run_that_cannot_be_read_is_named_and_left_out(artifacts: Path) -> None:
    write_json(artifacts / "models" / "odd" / "card.json", {"hair": 1})
    table, problems = ledger.rebuild()
    assert table.empty
    assert "odd" in problems[0]


def test_the_committed_ledger_is_that_of_the_committed_runs() -> None:
    table = ledger.read(ROOT / "artifacts")
    assert len(table) > 0
    assert table["name"].is_unique
    for row in table.to_dict("records"):
        homes = [ROOT / "artifacts" / part / row["name"] for part in ("models", ledger.SWEEPS)]
        home = next(path for path in homes if path.is_dir())
        again = ledger.row(home)
        for column in ("run", "seed", "val_auroc", "test_auroc", "test_accuracy", "command"):
            assert again[column] == pytest.approx(row[column]) or again[column] == row[column]


#: The view of the page that names collapsed runs.
VIEW = "What each change did"

# ---- what the runs say ------------------------------------------------------------------------


def test_what_one_change_did_is_told_by_pairs_of_seeds(runs: pd.DataFrame) -> None:
    table = ablations.effects(runs, "test_auroc")
    changed = table.groupby("setting")["n"].apply(list).to_dict()
    assert changed == {"augmentation": [3, 3], "fraction": [3, 3], "class_weight": [1]}
    row = table[(table["setting"] == "augmentation") & table["context"].str.contains("100 %")]
    assert (row["before"].iloc[0], row["after"].iloc[0]) == ("none", "moderate")
    assert row["difference"].iloc[0] == pytest.approx(0.05, abs=0.002)
    assert row["low"].iloc[0] > 0
    assert np.isnan(table.loc[table["setting"] == "class_weight", "low"].iloc[0])
    assert "augmentation, none to moderate" in figures.title(
        figures_runs.effects(table[table["setting"] == "augmentation"], "test_auroc")
    )


def test_a_setting_without_a_column_is_told_by_what_it_changed() -> None:
    rows = [
        row_of(f"{place}-{seed}", seed=seed, other=json.dumps(other), test_accuracy=0.8 + gain)
        for place, (other, gain) in enumerate((({}, 0.0), ({"framing": "lungs"}, 0.05)))
        for seed in (0, 1)
    ]
    rows.append(row_of("both", other=json.dumps({"framing": "lungs", "batch": 8})))
    found = ablations.effects(pd.DataFrame(rows, columns=ledger.COLUMNS), "test_accuracy")
    assert len(found) == 1
    row = found.iloc[0]
    assert (row["setting"], row["n"]) == ("framing", 2)
    assert (row["before"], row["after"]) == ("the whole film", "the box around the lungs")
    assert row["difference"] == pytest.approx(0.05)
    lungs = row_of("wide", other=json.dumps({"framing": "lungs"}), fraction=0.5)
    fractions = ablations.effects(pd.DataFrame([*rows, lungs], columns=ledger.COLUMNS), "val_auroc")
    assert fractions.loc[fractions["setting"] == "fraction", "context"].tolist() == [
        "small64, 64 px, cut to the lungs"
    ]
    told = ablations.of_setting(pd.DataFrame(rows, columns=ledger.COLUMNS), "framing")
    assert list(told["metric"]) == ["val_accuracy", "test_accuracy", "val_auroc", "test_auroc"]
    said = figures.title(generalization.framing(told))
    assert said.startswith("1 way to train, shown the box around the lungs alone")
    assert "by +0.000 (more than another seed does: 0 of 1) on validation" in said
    assert "by +0.050 (more than another seed does: 1 of 1) on test" in said
    assert ablations.of_setting(pd.DataFrame(rows[:2], columns=ledger.COLUMNS), "framing").empty


@pytest.mark.parametrize("view", ["What each change did", "Learning curve", "All runs"])
def test_the_page_shows_every_view(artifacts: Path, runs: pd.DataFrame, view: str) -> None:
    write_table(artifacts / ledger.FILE, runs)
    page = AppTest.from_file(str(ROOT / "pages" / "cards.py"), default_timeout=120)
    page.query_params["section"] = "Runs"
    page.query_params["view"] = view
    page.run()
    assert not page.exception
    assert "13 training runs, 5 ways to train" in page.title[0].value
    assert page.segmented_control(key="view").value == view
    said = " ".join(each.value for each in page.warning)
    assert ("bare calls nearly every test film PNEUMONIA" in said) == (view == VIEW), said


def test_the_page_shows_one_kind_of_change(artifacts: Path, runs: pd.DataFrame) -> None:
    failed = row_of("failed", seed=1, size="96 x 96", val_auroc=0.5, test_called_half=0.0)
    write_table(artifacts / ledger.FILE, pd.concat([runs, pd.DataFrame([failed])]))
    page = AppTest.from_file(str(ROOT / "pages" / "cards.py"), default_timeout=120)
    page.query_params["section"] = "Runs"
    page.query_params["change"] = "class weights"
    page.run()
    assert not page.exception
    assert "no change can be told from chance" in " ".join(each.value for each in page.caption)
    assert "failed, seed 1, ranks validation films no better" in page.warning[0].value
    page.selectbox(key="change").set_value("size").run()
    assert not page.exception
    told = " ".join(str(each.proto.body) for each in page.get("html"))
    assert "No two groups of runs differ in size alone yet" in told


def test_a_collapse_is_named(runs: pd.DataFrame) -> None:
    lost = ablations.collapsed(runs)
    assert list(lost["name"]) == ["bare"]
    assert list(lost["call"]) == ["PNEUMONIA"]
    assert "13 runs" in figures.title(figures_runs.runs(runs))
