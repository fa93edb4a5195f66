"""Faults: full disks, kill -9, damaged artifacts, rival writers, vanished films, odd clocks."""

from __future__ import annotations

import errno
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from xray.commands.main import main
from xray.dataset import index, public_set
from xray.drawing import rendering
from xray.environment import artifacts_dir
from xray.errors import DatasetError, XrayError
from xray.files import read_json, write_json, write_table
from xray.labels import devices
from xray.models import evaluation
from xray.models.card import models_dir, read_card, read_cards, read_predictions
from xray.training import recipes, train

ROOT = Path(__file__).parents[2]

#: Stops at its first progress report and waits there to be killed.
HANG = """
import sys, time
def hang(done, total):
    print("there", flush=True)
    time.sleep(600)
"""


def _killed(code: str, environment: dict[str, str] | None = None) -> None:
    """Run Python code until it says "there", then kill -9 it."""
    process = subprocess.Popen(
        [sys.executable, "-c", HANG + code],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline().strip() == b"there"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        process.stdout.close()


@pytest.fixture
def copied(synthetic_folder: Path, tmp_path: Path) -> Path:
    """Films that a test may damage."""
    return Path(shutil.copytree(synthetic_folder, tmp_path / "films"))


def test_a_full_disk_keeps_the_old_file_and_is_said_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "index.json"
    write_json(out, {"old": True})
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path / "none"))

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_json(out, {"old": False})
    assert read_json(out) == {"old": True}
    assert [path.name for path in tmp_path.iterdir()] == ["index.json"]
    assert main(["report", "--out", str(tmp_path / "report.html")]) == 2
    error = capsys.readouterr().err
    assert "No space left" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "report.html").exists()


def test_a_file_that_may_grow_no_further_ends_in_a_sentence(copied: Path, tmp_path: Path) -> None:
    """The system itself refuses the write, as a full disk does."""
    resource = pytest.importorskip("resource", reason="needs a system with limits")
    del resource
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "from xray.commands.main import main\n"
        f"sys.exit(main(['index', {str(copied)!r}, '--out', {str(tmp_path / 'o.csv')!r}]))"
    )
    cache = tmp_path / "cache"
    done = subprocess.run(
        [sys.executable, "-B", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XRAY_CACHE": str(cache)},
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "error: " in done.stderr
    assert not (tmp_path / "o.csv").exists()
    assert list(cache.glob("*.parquet")) == []


def test_index_goes_on_after_kill_9(copied: Path, tmp_path: Path) -> None:
    environment = {"XRAY_CACHE": str(tmp_path / "cache")}
    code = (
        "from pathlib import Path; from xray.dataset import index\n"
        f"index.index(Path({str(copied)!r}), hang)"
    )
    _killed(code, environment)
    done = subprocess.run(
        [sys.executable, "-m", "xray", "index", str(copied), "--json", str(tmp_path / "o.json")],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert read_json(tmp_path / "o.json")


def test_a_write_that_is_killed_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    _killed(
        "from pathlib import Path\n"
        "from xray.files import replacing\n"
        f"with replacing(Path({str(path)!r})) as beside:\n"
        "    beside.write_text('half of the new')\n"
        "    hang(1, 2)\n"
    )
    assert path.read_text() == "old"
    (tmp_path / "models").mkdir()
    assert read_cards(tmp_path / "models") == []


@pytest.mark.slow
def test_training_goes_on_after_kill_9(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XRAY_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "models"
    recipe = replace(
        recipes.get("basic"),
        size=(32, 32),
        split="original",
        batch=8,
        options={"filters": [4], "dense": [4]},
        phases=(recipes.Phase(3, 1e-3),),
    )
    job = train.Job(recipe, copied, "tiny", out)
    (tmp_path / "job.pickle").write_bytes(pickle.dumps(job))
    # Killed in the second epoch: the checkpoint of the first is there.
    _killed(
        f"""
import pickle
from pathlib import Path
from xray.training import train
def stage(name):
    return (lambda done, total: done > 4 and hang(done, total)) if name == "train" else None
train.train(pickle.loads(Path({str(tmp_path / "job.pickle")!r}).read_bytes()), stage)
"""
    )
    assert not (out / "tiny" / "card.json").exists()
    assert read_cards(out) == []
    states = list((tmp_path / "cache" / "runs").glob("*/state.json"))
    assert len(states) == 1
    done: list[int] = []
    card = train.train(job, lambda name: lambda now, _: done.append(now) if name == "train" else 0)
    assert len(card.history["loss"]) == 3
    assert done[0] == 4, "the first epoch was not trained again"
    assert read_card(out / "tiny").problem == ""


def test_two_writers_of_one_artifact_leave_one_of_them_whole(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    write_json(path, {"who": "first", "rows": []})
    code = (
        "import sys; from pathlib import Path; from xray.files import write_json\n"
        f"for i in range(60): write_json(Path({str(path)!r}), "
        "{'who': sys.argv[1], 'rows': [sys.argv[1]] * 4000})"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, who], cwd=ROOT) for who in "ab"]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        value = read_json(path)
        assert set(value["rows"]) <= {value["who"]}
        seen.add(value["who"])
    assert [writer.wait() for writer in writers] == [0, 0]
    assert read_json(path)["who"] in "ab"
    assert [each.name for each in tmp_path.iterdir()] == ["card.json"]


def _own_card() -> object:
    return [card.problem or read_predictions(card.name) for card in read_cards()]


#: Artifact -> what reads it.
READERS: dict[str, Callable[[], object]] = {
    "dataset/films.csv": public_set.read,
    "dataset/films224.csv": public_set.read,
    "devices/devices.csv": devices.load,
    "devices/devices_test.jsonl": devices.load_geometry,
    "models/basic/card.json": _own_card,
    "models/basic/predictions.csv": lambda: read_predictions("basic"),
    "models/basic/metrics.csv": lambda: evaluation.reproduced(
        read_card(models_dir() / "basic"), read_predictions("basic")
    ),
    "devices/shapes.json": lambda: rendering.read(
        (64, 64), artifacts_dir() / "devices" / rendering.FILE
    ),
}


@pytest.mark.parametrize("damage", ["missing", "empty", "half", "noise", "other", "folder"])
@pytest.mark.parametrize("name", READERS)
def test_damaged_artifacts_end_in_a_sentence(
    name: str, damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is wrong with a file, nothing but an error for people leaves its reader."""
    folder, real = tmp_path / "artifacts", artifacts_dir()
    for part in ("dataset", "devices", "models/basic"):
        if (real / part).is_dir():
            shutil.copytree(real / part, folder / part)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = path.read_bytes() if path.is_file() else b"{}"
    path.unlink(missing_ok=True)
    if damage == "folder":
        path.mkdir()
    elif damage != "missing":
        other = json.dumps([1, None, {"a": []}]).encode()
        half = data[: len(data) // 2]
        path.write_bytes(
            {"empty": b"", "half": half, "noise": bytes(range(256)) * 9, "other": other}[damage]
        )
    monkeypatch.setenv("XRAY_ARTIFACTS", str(folder))
    for module in (devices._load, devices._load_geometry):
        module.cache_clear()
    try:
        READERS[name]()
    except XrayError as error:
        assert str(error).strip()
    for module in (devices._load, devices._load_geometry):
        module.cache_clear()


def test_films_that_vanish_are_named_or_left_out(copied: Path) -> None:
    table = index.usable(index.index(copied))
    gone = copied / table["path"].iloc[3]
    gone.unlink()
    with pytest.raises(DatasetError, match=gone.name):
        index.load_pixels(copied, table, (32, 32))
    again = index.index(copied)
    assert len(again) == len(table) - 1
    shutil.rmtree(copied)
    with pytest.raises(DatasetError):
        index.index(copied)


def test_a_film_that_vanishes_while_predicting_costs_only_itself(copied: Path) -> None:
    from tests.helpers.fakes import Fake

    rows = evaluation.choose(copied, "test")
    (copied / rows["path"].iloc[0]).unlink()
    found, damaged = evaluation.predict(Fake(lambda film: float(film.mean())), copied, rows)
    assert len(found) == len(rows) - 1
    assert len(damaged) == 1


def test_a_clock_that_jumps_hides_no_change(copied: Path) -> None:
    before = index.index(copied).set_index("path")
    first, second = before.index[:2]
    for path, when in ((first, 4_000_000_000), (second, 1)):
        os.utime(copied / path, (when, when))
    shutil.copyfile(copied / second, copied / first)
    os.utime(copied / first, (4_000_000_001, 4_000_000_001))
    after = index.index(copied).set_index("path")
    assert after.loc[first, "sha256"] == before.loc[second, "sha256"]
    assert after.loc[second, "sha256"] == before.loc[second, "sha256"]


def test_readers_of_a_table_never_see_a_part_of_it(tmp_path: Path) -> None:
    import pandas as pd

    path = tmp_path / "predictions.csv"
    tables = [pd.DataFrame({"file": [f"{k}"] * 3000}) for k in range(2)]
    write_table(path, tables[0])
    stop = threading.Event()

    def write() -> None:
        k = 0
        while not stop.is_set():
            k = 1 - k
            write_table(path, tables[k])

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(60):
            table = pd.read_csv(path)
            assert len(table) == 3000
            assert table["file"].nunique() == 1
    finally:
        stop.set()
        thread.join()
