"""The tables of the database: what they hold apart, and that the steps make them."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from xray.labels.schema import FINAL, LOOK, Base, Event, Film, Labeller, Look, Mark
from xray.labels.store import Store


def test_the_migrations_make_the_tables_of_the_schema(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []


def refused(store: Store, row: Base) -> None:
    with pytest.raises(IntegrityError), Session(store.engine) as session:
        session.add(row)
        session.commit()


def film(name: str, collection: str = "c", token: str = "") -> Film:
    return Film(collection=collection, file=name, token=token or f"{collection}-{name}")


def kept(store: Store, *rows: Base) -> list[int]:
    """Numbers of rows that were entered."""
    with Session(store.engine) as session:
        session.add_all(rows)
        session.commit()
        return [row.id for row in rows]  # type: ignore[attr-defined]


def test_a_film_is_once_in_a_collection_and_its_token_is_its_own(store: Store) -> None:
    kept(store, film("a"), film("b"), film("a", "other"))
    refused(store, film("a", token="another"))
    refused(store, film("c", token="c-a"))


def test_what_is_not_said_has_a_default(store: Store) -> None:
    [number] = kept(store, film("a"))
    [who] = kept(store, Labeller(name="Ada"))
    [look] = kept(store, Look(film_id=number, labeller_id=who, touched=1.5))
    with Session(store.engine) as session:
        made = session.get_one(Look, look)
        assert (made.role, made.version, made.quality, made.touched) == (LOOK, 0, "ok", 1.5)
        assert (made.done, made.claimed, made.tech_text) == (False, True, False)
        found = session.get_one(Film, number)
        assert (found.priority, found.claims) == (0, 0)


def test_a_labeller_looks_once_and_one_decides(store: Store) -> None:
    [number] = kept(store, film("a"))
    ada, bob = kept(store, Labeller(name="Ada"), Labeller(name="Bob"))
    kept(store, Look(film_id=number, labeller_id=ada, touched=0.0))
    refused(store, Look(film_id=number, labeller_id=ada, touched=1.0))
    kept(store, Look(film_id=number, labeller_id=bob, touched=0.0))
    kept(store, Look(film_id=number, labeller_id=ada, role=FINAL, touched=0.0))
    refused(store, Look(film_id=number, labeller_id=bob, role=FINAL, touched=0.0))
    refused(store, Labeller(name="Ada"))


def test_marks_and_changes_are_told_apart_within_a_look(store: Store) -> None:
    one, other = kept(store, film("a"), film("b"))
    [ada] = kept(store, Labeller(name="Ada"))
    first, second = kept(
        store, *(Look(film_id=each, labeller_id=ada, touched=0.0) for each in (one, other))
    )
    shape = [[1, 2], [3.5, 1 / 3]]
    [mark, _] = kept(
        store,
        Mark(look_id=first, key="k", kind="line", confidence=0.1, geometry=shape),
        Mark(look_id=second, key="k", kind="line", confidence=0.1, geometry=None),
    )
    with Session(store.engine) as session:
        assert session.get_one(Mark, mark).geometry == shape, "to the last digit"
        assert session.get_one(Mark, mark).confidence == 0.1
        assert session.query(Mark).filter(Mark.geometry.is_(None)).count() == 1
    refused(store, Mark(look_id=first, key="k", kind="tube", confidence=1.0))
    about = {"labeller_id": ada, "key": "k", "action": "x", "before": {}, "after": {}, "at": 0.0}
    kept(store, Event(look_id=first, **about), Event(look_id=second, **about))
    refused(store, Event(look_id=first, **about))
