"""Work done elsewhere gives what it gives here, is taken up again, and outlives kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.helpers.fakes import Fake, thin_and_bright
from tests.jobs import scale_jobs as jobs
from xray.audits import inputs, showing, suspects
from xray.audits.inputs import Labels
from xray.dataset import index
from xray.environment import ROOT
from xray.errors import FilmError, XrayError
from xray.files import write_json
from xray.films.pixels import as_bytes
from xray.jobs import batches as batch_runs
from xray.jobs import executor
from xray.jobs.batches import Run, Status
from xray.models import evaluation


def test_this_process_is_the_default_and_dask_is_not_imported() -> None:
    script = (
        "import sys\n"
        "from tests.jobs import scale_jobs as jobs\n"
        "from xray.jobs import executor\n"
        "assert list(executor.each(jobs.squares, [[1, 2], [3]])) == [[1, 4], [9]]\n"
        "import xray.audits.audit, xray.models.evaluation, xray.commands.audit\n"
        "assert not {'dask', 'distributed'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


def test_results_come_in_order_with_progress_also_on_threads() -> None:
    batches = [[i] for i in range(40)]
    for threads in (1, 3):
        seen: list[tuple[int, int]] = []
        found = list(
            executor.each(
                jobs.slower_at_first,
                batches,
                total=40,
                progress=lambda *call, seen=seen: seen.append(call),
                threads=threads,
            )
        )
        assert found == batches
        assert seen == [(i + 1, 40) for i in range(40)]


def _forked(work: str) -> str:
    """What a process without threads prints that hands ``work`` of a batch to copies of itself."""
    script = (
        "import os, signal, threading\n"
        "from xray.errors import XrayError\n"
        "from xray.jobs import executor\n"
        f"def work(batch): {work}\n"
        "def all_(): return list(executor.each(work, [[i] for i in range(40)], threads=2, fork=True"
        "))\n"
        "mother = os.getpid()\n"
        "try: found = all_()\n"
        "except XrayError as error: print(error); raise SystemExit\n"
        "assert [number for number, _ in found] == list(range(40))\n"
        "print(mother in {process for _, process in found}, end=' ')\n"
        "done = threading.Event()\n"
        "threading.Thread(target=done.wait).start()\n"
        "print({process for _, process in all_()} == {mother})\n"
        "done.set()\n"
    )
    made = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return made.stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_a_process_without_threads_is_forked_and_one_with_threads_is_not() -> None:
    assert _forked("return batch[0], os.getpid()") == "False True"


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_a_fork_that_is_killed_is_told_in_a_sentence() -> None:
    said = _forked("os.kill(os.getpid(), signal.SIGKILL) if batch[0] == 7 else None")
    assert said.startswith("A process of this work was ended from outside")


def test_batches_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def many() -> Iterator[list[int]]:
        for i in range(1_000):
            taken.append(i)
            yield [i]

    results = executor.each(jobs.squares, many(), threads=2)
    next(results)
    assert len(taken) <= 2 * executor.AHEAD
    results.close()


def test_the_next_batch_is_prepared_while_one_is_at_work() -> None:
    begun = [threading.Event() for _ in range(4)]

    def prepare(batch: list[int], times: int) -> list[int]:
        begun[batch[0]].set()
        return [value * times for value in batch]

    def work(batch: list[int], times: int) -> int:
        following = batch[0] // times + 1
        # Were it not under way, this would wait in vain.
        assert following == 4 or begun[following].wait(30)
        return batch[0]

    seen: list[tuple[int, int]] = []
    found = executor.each(
        work,
        [[i] for i in range(4)],
        total=4,
        prepare=prepare,
        times=10,
        progress=lambda *call: seen.append(call),
    )
    assert list(found) == [0, 10, 20, 30]
    assert seen == [(i + 1, 4) for i in range(4)]


def test_what_preparing_raises_is_raised() -> None:
    def prepare(batch: list[int]) -> list[int]:
        if batch == [1]:
            raise FilmError("Film 1 is bad; leave it out.")
        return batch

    results = executor.each(list, [[0], [1], [2]], prepare=prepare)
    assert next(results) == [0]
    with pytest.raises(FilmError, match="Film 1 is bad"):
        list(results)


def test_a_run_that_is_kept_prepares_its_batches_too(tmp_path: Path) -> None:
    run = Run(Status("test"), tmp_path / "run")
    with executor.working(run):
        found = list(executor.each(jobs.squares, [[1], [2]], prepare=jobs.squares))
    assert found == [[1], [16]]


def test_a_run_that_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    """The second start does only what the first did not finish."""
    batches = [[i] for i in range(6)]
    diary = tmp_path / "diary"
    job = partial(_watched, tmp_path / "run", batches, diary)
    with pytest.raises(FilmError):
        job(bad=4)
    assert jobs.read(diary) == [0, 1, 2, 3]
    status = batch_runs.read_status(tmp_path / "run" / batch_runs.STATUS)
    assert status is not None
    assert (status.state, status.failures) == ("failed", ["Film 4 is bad; leave it out."])
    # What is fixed is part of a result's name, so that the bad film is named in a file instead.
    assert job(bad=None) == [[i] for i in range(6)]
    assert jobs.read(diary) == [0, 1, 2, 3, 4, 5]
    status = batch_runs.read_status(tmp_path / "run" / batch_runs.STATUS)
    assert status is not None
    assert (status.state, status.resumed, status.batches) == ("done", 4, 6)
    assert not (tmp_path / "run" / batch_runs.BATCHES).exists(), (
        "finished batches are of no more use"
    )


def _watched(
    folder: Path, batches: list[list[int]], diary: Path, bad: int | None
) -> list[list[int]]:
    write_json(diary.with_suffix(".bad"), bad)
    run = Run(Status("test"), folder)
    with executor.working(run):
        return list(executor.each(jobs.noted, batches, diary=str(diary)))


# From here on with Dask: two processes of one thread each.

#: Address of a scheduler, and what to speak to it with.
Place = tuple[str, Any]


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Place]:
    pytest.importorskip("distributed")
    from xray.jobs import cluster

    with cluster.local(2) as place:
        yield place


def _at(scheduler: Place, folder: Path) -> executor.working:  # type: ignore[valid-type]
    from xray.jobs.cluster import Cluster

    run, (address, security) = Run(Status("test"), folder), scheduler
    return executor.working(run, Cluster(address, run, security=security))


@pytest.mark.skipif(not Path("/proc/self/environ").is_file(), reason="needs Linux's /proc")
def test_workers_start_with_what_glibc_reads_once(scheduler: Place, tmp_path: Path) -> None:
    """Set a moment later, as Dask does it by default, the variables would say nothing."""
    from xray.jobs.cluster import ENVIRONMENT

    names = [name for name in ENVIRONMENT if name.startswith("MALLOC")]
    with _at(scheduler, tmp_path / "run"):
        found = list(executor.each(jobs.started_with, [names]))
    assert found == [[ENVIRONMENT[name] for name in names]]


@pytest.mark.slow
def test_workers_give_what_this_process_gives(
    scheduler: Place, synthetic_folder: Path, tmp_path: Path
) -> None:
    """Devices laid on, other suspects and predictions, within 1e-6."""
    model = Fake(thin_and_bright)
    rows = evaluation.choose(synthetic_folder, "test")
    here = _evidence(model, synthetic_folder, rows)
    with _at(scheduler, tmp_path / "run"):
        there = _evidence(model, synthetic_folder, rows)
    for one, other in zip(here, there, strict=True):
        pd.testing.assert_frame_equal(one, other, rtol=0, atol=1e-6)


def _evidence(model: Fake, folder: Path, rows: pd.DataFrame) -> list[pd.DataFrame]:
    pixels = as_bytes(index.load_pixels(folder, rows, (96, 96)))
    told = Labels("facts", "hash", True)
    sure = pd.DataFrame({"confidence": 0.0}, rows.index).reset_index(drop=True)
    shown = inputs.assemble(
        rows.assign(person="", subtype=""), pixels, {}, sure, "films", "hash", told
    )
    trials = showing.ask([model], shown.material)[0]
    tries = suspects.prepare(shown.material, shown.has_text)
    answers = suspects.ask([model], shown.material, tries, ["float32"])[0]
    found, damaged = evaluation.predict(model, folder, rows)
    assert not damaged and len(tries) > 40
    laid = [
        pd.DataFrame({"device": trials.device[kind], "null": trials.null[kind]})
        for kind in trials.device
    ]
    return [*laid, pd.DataFrame({"changed": answers.changed, "sham": answers.sham}), found]


def test_what_a_worker_raises_is_raised_here(scheduler: Place, tmp_path: Path) -> None:
    write_json(tmp_path / "diary.bad", 1)
    batches = [[0], [1]]
    with (
        pytest.raises(FilmError, match="Film 1 is bad"),
        _at(scheduler, tmp_path / "run"),
    ):
        list(executor.each(jobs.noted, batches, diary=str(tmp_path / "diary")))


def test_a_result_that_is_not_seen_in_the_folder_yet_is_sent(
    scheduler: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network's file system shows other machines a new file late."""
    monkeypatch.setattr(batch_runs, "get", lambda *_: batch_runs.MISSING)
    batches, diary = [[i] for i in range(5)], tmp_path / "diary"
    with _at(scheduler, tmp_path / "run"):
        assert list(executor.each(jobs.slow_and_noted, batches, diary=str(diary))) == batches
    assert sorted(jobs.read(diary)) == list(range(5)), "what is kept is not done again"


@pytest.mark.slow
def test_a_killed_worker_costs_at_most_its_batch(scheduler: Place, tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    batches = [[i] for i in range(24)]
    victims: set[int] = set()

    def kill(done: int, total: int) -> None:
        if done == 6:
            victim = int((tmp_path / "diary.process").read_text())
            victims.add(victim)
            os.kill(victim, signal.SIGKILL)

    with _at(scheduler, tmp_path / "run"):
        found = list(
            executor.each(jobs.slow_and_noted, batches, total=24, progress=kill, diary=str(diary))
        )
    assert found == batches
    begun = jobs.read(diary)
    assert victims
    assert sorted(set(begun)) == list(range(24))
    assert len(begun) <= 25, "only the batch that the worker was at is begun twice"


@pytest.mark.slow
def test_a_killed_scheduler_is_waited_for(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    from xray.jobs.cluster import Cluster

    address, processes = jobs.start_cluster(workers=1)
    diary = tmp_path / "diary"
    batches = [[i] for i in range(10)]

    def kill(done: int, total: int) -> None:
        if done == 4:
            jobs.stop_cluster(processes)
            processes[:] = jobs.start_cluster(workers=1, address=address)[1]

    run = Run(Status("test"), tmp_path / "run")
    place = Cluster(address, run, patience=120)
    try:
        with executor.working(run, place):
            found = list(
                executor.each(
                    jobs.slow_and_noted, batches, total=10, progress=kill, diary=str(diary)
                )
            )
    finally:
        place.close()
        jobs.stop_cluster(processes)
    assert found == batches
    assert len(jobs.read(diary)) <= 12, "what was finished is not done again"
    assert any("went away" in sentence for sentence in run.status.failures)


@pytest.mark.parametrize("garbled", [1, 1_000], ids=["once", "always"])
def test_a_greeting_that_came_with_other_news_is_asked_for_again(
    garbled: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    from xray.jobs import cluster

    asked: list[str] = []

    class Client:
        def __init__(self, address: str, **_: object) -> None:
            asked.append(address)
            assert len(asked) > garbled  # as distributed does where the greeting is not alone

        def wait_for_workers(self, count: int, timeout: float) -> None: ...

        def nthreads(self) -> dict[str, int]:
            return {"worker": 1}

        def run(self, look: object, *_: object) -> dict[str, bool]:
            return {"worker": True}

        def close(self, timeout: float) -> None: ...

    monkeypatch.setattr(distributed, "Client", Client)
    run = Run(Status("test"), tmp_path)
    if garbled == 1:
        cluster.Cluster("tcp://127.0.0.1:1", run).close()
        assert (len(asked), run.status.workers) == (2, 1)
    else:
        with pytest.raises(XrayError, match="No scheduler with workers answers"):
            cluster.Cluster("tcp://127.0.0.1:1", run)
        assert len(asked) == cluster.GREETINGS


def test_a_scheduler_that_is_not_there_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    from xray.jobs import cluster

    monkeypatch.setattr(cluster, "ANSWER", 0.5)
    run = Run(Status("test"), tmp_path)
    with (
        pytest.raises(XrayError, match="No scheduler with workers answers"),
        cluster.connected(run, None, "tcp://127.0.0.1:9"),
    ):
        pass


def test_without_dask_a_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xray.jobs import cluster

    monkeypatch.setitem(sys.modules, "distributed", None)
    run = Run(Status("test"), tmp_path)
    with (
        pytest.raises(XrayError, match="install -r requirements-cluster"),
        cluster.connected(run, 2, None),
    ):
        pass


def test_a_model_travels_as_its_file_and_never_as_weights(tmp_path: Path) -> None:
    """What is pickled names the file and its hash; another file there is refused."""
    keras = pytest.importorskip("keras")
    from xray.errors import ModelError
    from xray.models import registry
    from xray.models.model import Model

    network = keras.Sequential(
        [keras.Input((32, 32, 1)), keras.layers.Flatten(), keras.layers.Dense(1, "sigmoid")]
    )
    path = tmp_path / "mine.keras"
    network.save(path)
    model = registry.load(str(path), threshold=0.4)
    data = executor.pack(model)
    assert len(data) < 1_000
    films = np.random.default_rng(0).random((3, 32, 32), np.float32)
    again = executor._unpacked(executor.pack((len, {"model": model})))[1]["model"]
    assert again.card == model.card
    np.testing.assert_allclose(again.log_odds(films), model.log_odds(films), atol=1e-6)
    with pytest.raises(ModelError, match="lies in no file"):
        executor.pack(Model(model.card, keras.models.clone_model(network)))
    network.set_weights([weight * 0.5 for weight in network.get_weights()])
    network.save(path)
    registry._again.cache_clear()
    import pickle

    with pytest.raises(ModelError, match="another file"):
        pickle.loads(data)


def test_many_films_are_explained_as_one_by_one(
    synthetic_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of films: the same weights as film by film, in one list."""
    from xray.commands.main import main
    from xray.models import registry

    monkeypatch.setattr(registry, "load", lambda name, **_: Fake(thin_and_bright))
    films = sorted((synthetic_folder / "test" / "NORMAL").iterdir())[:2]
    plain = ["--evaluations", "64", "--precision", "float32", "--superpixels", "20"]
    entries = []
    for film in films:
        out = tmp_path / "one.json"
        assert main(["explain", "fake", str(film), *plain, "--json", str(out)]) == 0
        entries.append(json.loads(out.read_text()))
    out = tmp_path / "many.json"
    assert main(["explain", "fake", *map(str, films), *plain, "--json", str(out)]) == 0
    told = json.loads(out.read_text())
    assert [entry.pop("name") for entry in told] == [film.stem for film in films]
    assert told == entries


def test_what_runs_is_said_in_a_line() -> None:
    from xray.dashboard.views.devices.running import says

    status = Status("audit", "basic", stage="LIME", done=3, total=9, workers=2, lost=1, batches=4)
    assert says(status) == ("audit basic · 2 workers, 1 lost · LIME: 3 of 9 · 4 batches done")


@pytest.mark.slow
def test_evaluate_on_two_workers_prints_what_it_prints_here(
    synthetic_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verb itself: the same metrics, and a status that was left."""
    from xray.commands.main import main

    pytest.importorskip("distributed")
    keras = pytest.importorskip("keras")
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path / "artifacts"))
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [keras.Input((32, 32, 1)), keras.layers.Flatten(), keras.layers.Dense(1, "sigmoid")]
    )
    network.save(tmp_path / "mine.keras")
    found = []
    for place in ([], ["--workers", "2", "--run", str(tmp_path / "run")]):
        out = tmp_path / f"metrics-{len(place)}.json"
        command = ["evaluate", str(tmp_path / "mine.keras"), "--data", str(synthetic_folder)]
        assert main([*command, "--json", str(out), *place]) == 0
        found.append(json.loads(out.read_text()))
    assert found[0] == found[1]
    status = batch_runs.read_status(tmp_path / "run" / batch_runs.STATUS)
    assert status is not None
    assert (status.state, status.verb, status.workers) == ("done", "evaluate", 2)
