"""Files of labels from somebody: under whose name, of which films, and what they decide."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from xray.commands.main import main
from xray.dashboard.signin import may_decide
from xray.errors import LabelError
from xray.labels import annotation, exchange, format
from xray.labels.annotation import Change
from xray.labels.format import Row
from xray.labels.schema import FINAL, LOOK, Event, Labeller
from xray.labels.store import WANTED, Store, opened

EMPTY: dict[str, Any] = {"devices": [], "tech_text": False, "quality": "ok"}
FILMS = [f"test/NORMAL/{number}.jpeg" for number in range(5)]


@pytest.fixture
def store(labels_url: str) -> Iterator[Store]:
    with opened() as made:
        made.enqueue("c", dict.fromkeys(FILMS, 0.5))
        yield made


def test_a_file_counts_as_one_labeller_however_many_looks_it_holds(store: Store) -> None:
    rows = [Row(file, (EMPTY, EMPTY)) for file in FILMS]
    thief, other = store.labeller("Thief"), store.labeller("Other")
    for _ in range(2):
        found = exchange.enter(store, "c", rows, thief, set(FILMS))
        assert "further looks" in found.left_out[0]
    looks = [who for *_, role, who, _ in store.finished("c") if role == LOOK]
    assert looks == [thief] * len(FILMS)
    assert exchange.pairs(store, "c") == {}
    assert WANTED == 2 and store.next_film("c", other) is not None, "the queue wants another's look"
    assert store.next_film("c", thief) is None


def test_decisions_stand_only_where_asked_for_and_are_in_the_history(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [Row(file, (EMPTY,), adjudicated=True) for file in FILMS]
    judge = store.labeller("Judge")
    exchange.enter(store, "c", [Row(FILMS[0], (EMPTY,))], judge, set(FILMS))
    found = exchange.enter(store, "c", rows, judge, set(FILMS))
    assert found.decisions == 0 and "not asked for" in found.left_out[0]
    assert not any(row.adjudicated for row in exchange.rows(store, "c"))
    with caplog.at_level(logging.WARNING):
        found = exchange.enter(store, "c", rows, judge, set(FILMS), decisions=True)
    assert found.decisions == len(FILMS) - 1, "nobody decides on a film of their own"
    assert "1 agreed looks were left out" in found.left_out[0]
    assert f"{judge} entered 0 looks and 4 decisions" in caplog.text
    with store.engine.connect() as c:
        actions = c.execute(select(Event.action).where(Event.labeller_id == judge)).scalars()
        assert list(actions) == ["imported"] + ["imported decision"] * 4
    other = store.labeller("Other")
    assert exchange.enter(store, "c", rows, other, set(FILMS), decisions=True).decisions == 1


def test_unknown_films_and_too_many_looks_are_refused_whole(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [Row(FILMS[0], (EMPTY,)), Row("test/NORMAL/made-up.jpeg", (EMPTY,))]
    with pytest.raises(LabelError, match=r"1 of the file's 2 films .*made-up"):
        exchange.enter(store, "c", rows, store.labeller("Thief"), set(FILMS))
    monkeypatch.setattr(exchange, "MOST_LOOKS", 1)
    with pytest.raises(LabelError, match="more than 1 looks"):
        exchange.enter(store, "c", [Row(FILMS[0], (EMPTY, EMPTY))], 1, set(FILMS))
    assert store.finished("c") == []


def test_others_write_while_a_long_file_is_entered(store: Store) -> None:
    files = [f"test/NORMAL/long-{number}.jpeg" for number in range(600)]
    rows = [Row(file, (EMPTY,)) for file in files]
    importer, other = store.labeller("Importer"), store.labeller("Other")
    look = store.next_film("c", other)
    assert look is not None
    thread = threading.Thread(target=exchange.enter, args=(store, "c", rows, importer, set(files)))
    thread.start()
    written = between = 0
    while thread.is_alive():
        store.change(look, Change("nothing", lambda state: state), f"key {written}")
        written += 1
        # In one piece, either none of the file's looks is there or all are.
        between += 0 < len(store.finished("c")) < len(files)
    thread.join()
    assert len(store.finished("c")) == len(files)
    assert between, "another wrote before all were entered"


def test_the_command_enters_under_a_name_and_known_films_only(
    labels_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "labels.jsonl"
    format.write(given, [Row(FILMS[0], (EMPTY, EMPTY))])
    command = ["label", "--import", str(given), "--collection", "c"]
    assert main(command) == 2
    assert "not in this collection" in capsys.readouterr().err
    with opened() as store:
        store.enqueue("c", {FILMS[0]: 0.5})
    assert main([*command, "--name", "Team"]) == 0
    assert "one labeller" in capsys.readouterr().err
    assert main([*command, "--name", "Team", "--several"]) == 0
    with opened() as store, store.engine.connect() as c:
        names = dict(c.execute(select(Labeller.id, Labeller.name)).all())
        made = [names[who] for *_, who, _ in store.finished("c")]
    assert made == ["Team", "Team 1", "Team 2"]


@pytest.mark.parametrize(
    ("claims", "rule", "expected"),
    [
        ({}, {"deciders": ["a@b.c"]}, True),
        ({}, None, False),
        ({}, {}, False),
        ({"email_verified": False}, {"deciders": ["a@b.c"]}, False),
        ({"is_logged_in": False}, {"deciders": ["a@b.c"]}, False),
        ({"email": "", "email_verified": True}, {"deciders": [""]}, False),
        ({"email": "x@b.c"}, {"deciders": ["a@b.c"]}, False),
    ],
)
def test_who_may_enter_files(
    claims: dict[str, Any], rule: dict[str, Any] | None, expected: bool
) -> None:
    known = {"is_logged_in": True, "email": "A@b.c", "email_verified": True}
    assert may_decide(known | claims, rule) is expected


def test_an_agreed_look_of_a_file_is_one_of_its_importer(store: Store) -> None:
    judge = store.labeller("Judge")
    row = Row(FILMS[1], (EMPTY,), adjudicated=True)
    exchange.enter(store, "c", [row], judge, set(FILMS), decisions=True)
    [(file, _, role, who, state)] = store.finished("c")
    assert (file, role, who) == (FILMS[1], FINAL, judge)
    assert state == annotation.of_look(EMPTY)
