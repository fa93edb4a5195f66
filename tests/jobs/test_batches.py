"""What a run says of itself, and what it keeps of its finished batches."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xray.files import write_json
from xray.jobs import batches as batch_runs
from xray.jobs.batches import Run, Status


@pytest.mark.parametrize(
    "value",
    [
        np.array([[1.5, np.nan]], np.float32),
        {"a": np.arange(3), "b": np.zeros((0, 2, 2), np.uint8)},
        pd.DataFrame({"x": [0.1, np.nan], "name": ["a", ""]}),
        [{"net": 0.1 + 0.2, "n": 3}, None],
    ],
    ids=["array", "arrays", "table", "json"],
)
def test_results_are_kept_exactly(tmp_path: Path, value: object) -> None:
    batch_runs.put(tmp_path, "one", value)
    found = batch_runs.get(tmp_path, "one")
    if isinstance(value, pd.DataFrame):
        pd.testing.assert_frame_equal(found, value)
    elif isinstance(value, np.ndarray):
        np.testing.assert_array_equal(found, value)
        assert found.dtype == value.dtype
    elif isinstance(value, dict):
        assert found.keys() == value.keys()
        assert all((found[name] == value[name]).all() for name in value)
    else:
        assert found == value


def test_a_damaged_result_is_made_again(tmp_path: Path) -> None:
    assert batch_runs.get(tmp_path, "one") is batch_runs.MISSING
    (tmp_path / "one.npz").write_bytes(b"PK torn")
    assert batch_runs.get(tmp_path, "one") is batch_runs.MISSING


def test_silent_and_damaged_runs(tmp_path: Path) -> None:
    batch_runs.Run(Status("audit", "basic"), tmp_path / "a").write()
    batch_runs.Run(Status("index"), tmp_path / "b").write()
    (tmp_path / "b" / batch_runs.STATUS).write_text("{")
    assert [status.verb for status in batch_runs.recent(tmp_path)] == ["audit"]
    late = replace(batch_runs.recent(tmp_path)[0], updated=time.time() - 2 * batch_runs.SILENT)
    assert late.silent
    assert not replace(late, state="done").silent


@pytest.mark.parametrize(
    ("name", "data"),
    [("one.npy", b"torn"), ("one.json", b"{"), ("one.parquet", b"PAR1 torn"), ("one.npz", b"")],
)
def test_a_damaged_result_of_any_kind_is_none(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert batch_runs.get(tmp_path, "one") is batch_runs.MISSING


def test_no_result_is_a_result_too(tmp_path: Path) -> None:
    batch_runs.put(tmp_path, "one", None)
    assert batch_runs.get(tmp_path, "one") is None
    batch_runs.put(tmp_path, "two", {})
    assert batch_runs.get(tmp_path, "two") == {}


def test_results_with_objects_are_refused(tmp_path: Path) -> None:
    """An array of objects would be code when it is read."""
    with pytest.raises(ValueError, match="Object arrays"):
        batch_runs.put(tmp_path, "one", np.array([object()]))
    assert batch_runs.get(tmp_path, "one") is batch_runs.MISSING


def test_the_status_is_written_once_in_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1_000.0]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    run = Run(Status("audit"), tmp_path / "run")

    def written() -> int:
        status = batch_runs.read_status(tmp_path / "run" / batch_runs.STATUS)
        assert status is not None
        return status.done

    run.say(done=1)
    assert written() == 1
    clock[0] += batch_runs.EVERY / 2
    run.say(done=2)
    assert (run.status.done, written()) == (2, 1)
    clock[0] += batch_runs.EVERY
    run.say(done=3)
    assert written() == 3


def test_how_a_run_ended_is_written_at_once(tmp_path: Path) -> None:
    run = Run(Status("audit"), tmp_path / "run")
    assert run.batches is not None
    run.write()
    batch_runs.put(run.batches, "one", [1])
    for number in range(25):
        run.failure(f"Film {number} is bad.")
    run.finish("failed", "It stopped.")
    status = batch_runs.read_status(run.folder / batch_runs.STATUS)
    assert status is not None and status.state == "failed"
    assert status.failures == [
        *(f"Film {number} is bad." for number in range(6, 25)),
        "It stopped.",
    ]
    assert batch_runs.get(run.batches, "one") == [1], "it can be taken up again"
    run.finish("done")
    assert not run.batches.exists()
    assert Run(Status("audit"), tmp_path / "other", keeps=False).batches is None


def test_a_status_of_another_version_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / batch_runs.STATUS
    write_json(path, {"verb": "index", "done": 3, "mood": "good"})
    status = batch_runs.read_status(path)
    assert status is not None and (status.verb, status.done, status.total) == ("index", 3, 0)
    for wrong in ([], 3, {"done": 3}):
        write_json(path, wrong)
        assert batch_runs.read_status(path) is None, "a run has a verb"


def test_runs_are_told_of_for_a_while_the_latest_first(tmp_path: Path) -> None:
    now = time.time()
    for name, age in (("a", 50), ("b", 5), ("c", 500)):
        Run(Status(name, updated=now - age), tmp_path / name).write()
    assert [each.verb for each in batch_runs.recent(tmp_path)] == ["b", "a", "c"]
    assert [each.verb for each in batch_runs.recent(tmp_path, most=1)] == ["b"]
    assert [each.verb for each in batch_runs.recent(tmp_path, age=100)] == ["b", "a"]
    assert batch_runs.recent(tmp_path / "nowhere") == []


def test_the_same_command_has_the_same_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XRAY_CACHE", str(tmp_path))
    folder = batch_runs.folder_of("audit", {"model": "basic", "films": 3})
    assert folder == batch_runs.folder_of("audit", {"films": 3, "model": "basic"})
    assert folder.parent == tmp_path / "runs" and folder.name.startswith("audit-")
    others = [
        batch_runs.folder_of("audit", {"model": "basic", "films": 4}),
        batch_runs.folder_of("index", {"model": "basic", "films": 3}),
    ]
    assert len({folder, *others}) == 3


def test_a_result_is_named_by_code_settings_and_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    first = batch_runs.key(b"settings", b"batch")
    assert first == batch_runs.key(b"settings", b"batch") and len(first) == 32
    others = {batch_runs.key(b"other", b"batch"), batch_runs.key(b"settings", b"other")}
    monkeypatch.setattr(batch_runs, "code", lambda: "another")
    others.add(batch_runs.key(b"settings", b"batch"))
    assert len({first, *others}) == 4


def test_a_run_that_keeps_nothing_needs_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(batch_runs, "write_json", refused)
    status = Status("index", "films", "this process")
    Run(status, tmp_path, keeps=False).write()
    with pytest.raises(PermissionError):
        Run(status, tmp_path).write()
