"""Labels in the database: kept, undone, shared, and neither lost nor doubled."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from tests.labels.looks import QUEUE, begin
from xray.errors import LabelError
from xray.labels import annotation
from xray.labels.annotation import SURE
from xray.labels.schema import FINAL, Event, Film, Look, Mark
from xray.labels.store import Store, opened

ROOT = Path(__file__).parents[2]


def test_the_queue_gives_the_highest_priority_first_and_what_was_begun_again(store: Store) -> None:
    who, look = begin(store, "Ada")
    assert store.look(look).file == "test/NORMAL/4.jpeg"
    assert store.next_film("c", who) == look, "begun and not finished"
    store.change(look, annotation.finish(), "k")
    following = store.next_film("c", who)
    assert following is not None
    assert store.look(following).file == "test/NORMAL/3.jpeg"
    assert store.next_film("other collection", who) is None
    assert store.next_film("c", store.labeller("Bob"), {"test/NORMAL/0.jpeg"}) is not None


def test_a_films_name_for_labellers_tells_nothing_and_is_its_own(store: Store) -> None:
    _, look = begin(store, "Ada")
    shown = store.look(look)
    assert len(shown.token) == 12
    assert "NORMAL" not in shown.token
    with store.engine.begin() as c:
        assert len(set(c.execute(select(Film.token)).scalars())) == len(QUEUE)


def test_a_film_gets_two_looks_and_no_third(store: Store) -> None:
    store.enqueue("c", {"test/NORMAL/0.jpeg": 1.0})
    first, second, third = (store.labeller(name) for name in ("Ada", "Bob", "Cy"))
    looks = [store.next_film("c", who) for who in (first, second)]
    assert None not in looks
    assert looks[0] != looks[1]
    assert store.next_film("c", third) is None
    with store.engine.begin() as c:  # Ada went away a while ago
        c.execute(update(Look).where(Look.id == looks[0]).values(touched=time.time() - 9e5))
    assert store.next_film("c", third) is not None
    assert store.next_film("c", first) == looks[0], "what she began is still hers"


def test_only_a_third_person_decides_and_only_one(store: Store) -> None:
    who, look = begin(store, "Ada")
    token = store.look(look).token
    with pytest.raises(LabelError, match="somebody else"):
        store.adjudicate("c", token, who)
    judge = store.labeller("Judge")
    final = store.adjudicate("c", token, judge)
    assert store.adjudicate("c", token, judge) == final
    assert store.look(final).role == FINAL
    with pytest.raises(LabelError, match="Somebody else decides"):
        store.adjudicate("c", token, store.labeller("Cy"))


def test_ten_who_open_a_new_database_at_once_find_one_set_of_tables(url: str) -> None:
    def work(i: int) -> int:
        with opened(url) as store:
            store.enqueue("c", QUEUE)
            return store.labeller(f"L{i % 2}")

    with ThreadPoolExecutor(10) as pool:
        assert len(set(pool.map(work, range(10)))) == 2
    with opened(url) as store:
        assert store.progress("c")["films"] == len(QUEUE)


def test_a_database_of_a_newer_program_is_left_alone(store: Store) -> None:
    with store.engine.begin() as c:
        c.execute(text("UPDATE alembic_version SET version_num = 'from the future'"))
    with pytest.raises(LabelError, match="newer version"):
        Store(store.engine)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("nonsense", "no URL"),
        ("mysql://a:secret@b/c", "kind mysql"),
        ("sqlite://", "kind sqlite"),
        ("postgresql://labels:secret@127.0.0.1:1/x", "does not answer"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_sentence_without_its_password(
    value: str, says: str
) -> None:
    if value.startswith("postgresql"):
        pytest.importorskip("psycopg")
    with pytest.raises(LabelError, match=says) as raised, opened(value):
        pass
    assert "secret" not in str(raised.value)


def test_names_and_shapes_that_are_none_are_refused(store: Store) -> None:
    for name in ("", "  ", "x" * 81, "a\0b"):
        with pytest.raises(LabelError):
            store.labeller(name)
    assert store.labeller(" Ada  L ") == store.labeller("Ada L")
    for kind, shape in (("tube", [[1, 2]]), ("electrode", [1, 2]), ("other", [0, 0, 11, 1])):
        with pytest.raises(LabelError):
            annotation.draw("k", kind, shape)
    with pytest.raises(LabelError):
        annotation.see("spoon", SURE)


# --- many at once, and a server that is killed -----------------------------------------------

#: Of labels in the stress test; XRAY_STRESS=1 makes it the ten thousand of a real campaign, which
#: take a minute or more.
LABELLERS, MARKS = 10, 10
LABELS = 10_000 if os.environ.get("XRAY_STRESS") else 1_000


def start(url: str, names: list[str], log: Path) -> subprocess.Popen[bytes]:
    worker = Path(__file__).parent / "label_worker.py"
    with open(log, "ab") as stream:
        return subprocess.Popen(
            [sys.executable, str(worker), url, ",".join(names), str(MARKS)],
            stdout=stream,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )


def _busier(logs: list[Path]) -> int | None:
    """The server that made an eighth of all labels; None before one has."""
    made = [len(log.read_bytes().splitlines()) for log in logs]
    return made.index(max(made)) if max(made) >= LABELS // 8 else None


@pytest.mark.slow
def test_ten_labellers_at_once_and_a_kill(url: str, tmp_path: Path) -> None:
    """Two servers of five labellers each; one is killed in the middle and started again."""
    looks = LABELS // MARKS
    with opened(url) as store:
        store.enqueue("stress", {f"train/NORMAL/{i}.png": 0.0 for i in range(looks // 2)})
        names = [f"labeller {i}" for i in range(LABELLERS)]
        logs = [tmp_path / "first.log", tmp_path / "second.log"]
        processes = [start(url, names[:5], logs[0]), start(url, names[5:], logs[1])]
        try:
            end = time.monotonic() + 300
            # Whichever server gets on: one may be quicker to start and leave little to the other.
            while (busy := _busier(logs)) is None:
                assert time.monotonic() < end, "the labellers do not get on"
                time.sleep(0.02)
            processes[busy].kill()
            processes[busy].wait()
            processes[busy] = start(url, names[5 * busy : 5 * busy + 5], logs[busy])
            assert [process.wait(300) for process in processes] == [0, 0]
        finally:
            for process in processes:
                process.kill()
        with store.engine.begin() as c:
            made = Counter(tuple(row) for row in c.execute(select(Event.look_id, Event.key)))
            marks = c.execute(select(func.count()).select_from(Mark)).scalar_one()
            per_film = Counter(c.execute(select(Look.film_id)).scalars())
            per_look = Counter(c.execute(select(Mark.look_id)).scalars())
            workers = len(set(c.execute(select(Look.labeller_id)).scalars()))
        assert store.progress("stress")["full"] == looks // 2
    answered = set()
    for log in logs:
        whole = log.read_bytes().rpartition(b"\n")[0].decode()
        answered |= {(int(line.split()[0]), line.split()[1]) for line in whole.splitlines()}
    assert answered <= set(made), "an answered label is lost"
    assert set(made.values()) == {1}, "a label is doubled"
    assert len(made) == LABELS + looks
    assert marks == LABELS
    assert set(per_look.values()) == {MARKS}
    assert set(per_film.values()) == {2}
    # Of a short queue the last to come, be it a whole server, may find nothing left.
    assert LABELLERS // 2 <= workers <= LABELLERS
