"""Looks in the database: read, changed, and taken back.

Nothing is lost or doubled: each change is one transaction that first takes the look's row (so
that two changes of it come one after the other, on SQLite and PostgreSQL alike), then looks
whether a change of the same key was made before (so that repeating a request is harmless), and
keeps the state before and after (so that it can be undone). What was answered is on the disk.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from xray.errors import LabelError
from xray.labels import annotation, database
from xray.labels.annotation import Change, Mark, State
from xray.labels.schema import Event, Film, Look
from xray.labels.schema import Mark as MarkRow

log = logging.getLogger(__name__)

#: Times that a request is sent again when the connection broke: harmless, since it has a key.
TRIES = 3

#: Columns of a look's state, and of a mark.
STATE = (Look.tech_text, Look.quality, Look.done)
MARK = (MarkRow.key, MarkRow.kind, MarkRow.confidence, MarkRow.geometry)

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="History")


@dataclass(frozen=True)
class OpenLook:
    """A look as it stands.

    Attributes
    ----------
    id, version : for changes; another version means that somebody changed it
    role : ``LOOK`` or ``FINAL``
    token : the film's name for labellers, which tells nothing
    file : the film's key, "split/label/name"; never to be shown to a labeller
    state : what it says
    """

    id: int
    version: int
    role: str
    token: str
    file: str
    state: State


class _Repeated(Exception):
    """A change of the same key was made before."""


def again(
    method: Callable[Concatenate[S, P], R],
) -> Callable[Concatenate[S, P], R]:
    """Send a request again whose connection broke, and tell failures in one sentence."""

    @functools.wraps(method)
    def asked(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, TRIES + 1):
            try:
                return method(self, *args, **kwargs)
            except DBAPIError as error:
                # Two who insert the same row at once: the second finds it when it asks again.
                passing = isinstance(error, OperationalError | IntegrityError)
                if attempt == TRIES or not (passing or error.connection_invalidated):
                    raise database.unreachable(error) from error
                log.warning("labels: %s failed, attempt %d", method.__name__, attempt)
                time.sleep(0.1 * attempt)
        raise AssertionError("unreachable")

    return asked


class History:
    """Looks of one database, with all that was done to them; safe for threads and processes.

    Parameters
    ----------
    engine : of ``label_database``; its tables are brought up to date at once
    """

    def __init__(self, engine: Engine) -> None:
        database.upgrade(engine)
        self.engine = engine
        self._reads = engine.execution_options(reads=True)
        self._films_seen: dict[int, tuple[str, str]] = {}

    def _film(self, c: Connection, film: int) -> tuple[str, str]:
        """Token and key of a film, which never change."""
        if film not in self._films_seen:
            row = c.execute(select(Film.token, Film.file).where(Film.id == film)).one()
            self._films_seen[film] = (row.token, row.file)
        return self._films_seen[film]

    def _insert(self, table: type[Any]) -> Any:
        """An insert that can pass over rows that are there, in the dialect's own words."""
        module = postgresql if self.engine.dialect.name == "postgresql" else sqlite
        return module.insert(table)

    @again
    def look(self, look: int) -> OpenLook:
        """Read a look.

        Raises
        ------
        LabelError
            There is none of this number.
        """
        with self._reads.begin() as c:
            return self._read(c, look)

    def _read(self, c: Connection, look: int) -> OpenLook:
        row = c.execute(
            select(Look.version, Look.role, Film.token, Film.file, *STATE)
            .join(Film)
            .where(Look.id == look)
        ).first()
        if row is None:
            raise LabelError("This film was taken out of the queue; go on with the next one.")
        state = State(self._marks(c, look), row.tech_text, row.quality, row.done)
        return OpenLook(look, row.version, row.role, row.token, row.file, state)

    def _marks(self, c: Connection, look: int) -> tuple[Mark, ...]:
        rows = c.execute(
            select(MarkRow.key, MarkRow.kind, MarkRow.confidence, MarkRow.geometry)
            .where(MarkRow.look_id == look)
            .order_by(MarkRow.id)
        )
        return tuple(Mark(*row) for row in rows)

    @again
    def change(self, look: int, change: Change, key: str, expected: int | None = None) -> OpenLook:
        """Make one change of a look, whole or not at all, and once whatever is repeated.

        Parameters
        ----------
        look : its number
        change : what to do (``label_look``)
        key : names this request; a request of the same key does nothing more
        expected : the version that the labeller saw; None where the change fits any

        Raises
        ------
        LabelError
            Somebody changed the look since, or the database does not answer.
        """
        try:
            with self.engine.begin() as c:
                row = self._take(c, look, key, expected)
                before = State(self._marks(c, look), row.tech_text, row.quality, row.done)
                after = change.apply(before)
                self._record(c, look, row.labeller_id, key, change.name, before, after)
                token, file = self._film(c, row.film_id)
            return OpenLook(look, row.version, row.role, token, file, after)
        except _Repeated:
            return self.look(look)

    def _take(self, c: Connection, look: int, key: str, expected: int | None) -> Any:
        """Take the look's row for this transaction; it is nobody else's until that ends."""
        taking = update(Look).where(Look.id == look)
        if expected is not None:
            taking = taking.where(Look.version == expected)
        row = c.execute(
            taking.values(version=Look.version + 1, touched=time.time()).returning(
                Look.version, Look.role, Look.film_id, Look.labeller_id, *STATE
            )
        ).first()
        if row is None:
            made = select(Event.id).where(Event.look_id == look, Event.key == key)
            if c.execute(made).first() is not None:
                raise _Repeated
            raise LabelError(
                "This film was changed in another window; look at it again and repeat what is "
                "missing."
            )
        return row

    def _record(
        self,
        c: Connection,
        look: int,
        labeller: int,
        key: str,
        action: str,
        before: State,
        after: State,
        undone: bool = False,
    ) -> None:
        """Write into the history what is done, and the new state of the look.

        Raises
        ------
        _Repeated
            The history holds this request; nothing was written.
        """
        entered = c.execute(
            self._insert(Event).on_conflict_do_nothing(),
            {
                "look_id": look,
                "labeller_id": labeller,
                "key": key,
                "action": action,
                "undone": undone,
                "before": annotation.to_json(before),
                "after": annotation.to_json(after),
                "at": time.time(),
            },
        )
        if not entered.rowcount:
            raise _Repeated
        old, new = set(map(_frozen, before.marks)), set(map(_frozen, after.marks))
        gone = [key for key, *_ in old - new]
        if gone:
            c.execute(delete(MarkRow).where(MarkRow.look_id == look, MarkRow.key.in_(gone)))
        fields = ("key", "kind", "confidence", "geometry")
        come = [
            {"look_id": look} | {name: getattr(mark, name) for name in fields}
            for mark in after.marks
            if _frozen(mark) not in old
        ]
        if come:
            c.execute(insert(MarkRow), come)
        if (before.tech_text, before.quality, before.done) != (
            after.tech_text,
            after.quality,
            after.done,
        ):
            c.execute(
                update(Look)
                .where(Look.id == look)
                .values(tech_text=after.tech_text, quality=after.quality, done=after.done)
            )

    @again
    def undo(self, collection: str, labeller: int, role: str, key: str) -> OpenLook | None:
        """Take back a labeller's last change that was not taken back yet, on whichever film.

        Parameters
        ----------
        collection, role : of the looks that are meant
        key : as in ``change``

        Returns
        -------
        OpenLook as it stands now; None when there is nothing to take back
        """
        with self._reads.begin() as c:
            repeated = c.execute(
                select(Event.look_id).where(Event.labeller_id == labeller, Event.key == key)
            ).scalar()
        if repeated is not None:
            return self.look(int(repeated))
        with self.engine.begin() as c:
            last = (
                select(Event.id, Event.look_id)
                .join(Look, Look.id == Event.look_id)
                .join(Film, Film.id == Look.film_id)
                .where(Event.labeller_id == labeller, ~Event.undone)
                .where(Film.collection == collection, Look.role == role)
            )
            row = c.execute(last.order_by(Event.id.desc()).limit(1)).first()
            if row is None:
                return None
            taken = self._take(c, row.look_id, key, None)
            # Now that the row is ours: the same event, if nobody took it back meanwhile.
            event = c.execute(
                update(Event)
                .where(Event.id == row.id, ~Event.undone)
                .values(undone=True)
                .returning(Event.before, Event.action)
            ).first()
            if event is None:
                return self._read(c, row.look_id)
            now = State(self._marks(c, row.look_id), taken.tech_text, taken.quality, taken.done)
            name = f"undo: {event.action}"
            before = annotation.from_json(event.before)
            self._record(c, row.look_id, labeller, key, name, now, before, undone=True)
            return self._read(c, row.look_id)

    def _begin(self, c: Connection, film: int, labeller: int, role: str) -> int:
        values = {"film_id": film, "labeller_id": labeller, "role": role, "touched": time.time()}
        return int(c.execute(insert(Look).values(**values).returning(Look.id)).scalar_one())


def _frozen(mark: Mark) -> tuple[str, str, float, str]:
    return mark.key, mark.kind, mark.confidence, repr(mark.geometry)
