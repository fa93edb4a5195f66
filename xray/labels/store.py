"""The labels' store: films in a queue, those who label, and what came of it.

See ``label_history`` for how a change of a label is kept safe.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import Connection, func, select, update

from xray.errors import LabelError
from xray.labels import database
from xray.labels.annotation import Mark, State
from xray.labels.history import MARK, STATE, History, again
from xray.labels.schema import FINAL, LOOK, Event, Film, Labeller, Look
from xray.labels.schema import Mark as MarkRow

#: Looks that a film is to get, by labellers who do not see each other's.
WANTED = 2
#: Seconds after which a film that was begun and left lying is given to others too.
STALE = 24 * 3600.0
_NAME = 80
#: Longest issuer and subject of an account: OpenID Connect allows 255 characters to the subject.
_ACCOUNT = 255


class New(NamedTuple):
    """A finished look that was made elsewhere.

    Attributes
    ----------
    labeller : number of its maker
    role : ``LOOK`` or ``FINAL``
    """

    file: str
    labeller: int
    role: str
    state: State


class Store(History):
    """The labels of one database; safe for threads and processes.

    Parameters
    ----------
    engine : of ``label_database``; its tables are brought up to date at once
    """

    # --- films and labellers -----------------------------------------------------------------

    @again
    def enqueue(self, collection: str, priorities: Mapping[str, float]) -> int:
        """Put films into the queue; those that are there get the new priority.

        Parameters
        ----------
        collection : the films' dataset; keys are told apart within it
        priorities : "split/label/name" -> 0..1, the highest first

        Returns
        -------
        int, films that were new
        """
        with self.engine.begin() as c:
            rows = c.execute(
                select(Film.file, Film.priority).where(Film.collection == collection)
            ).all()
            known = {str(file): float(priority) for file, priority in rows}
            new = [
                {"collection": collection, "file": file, "priority": p, "token": _token()}
                for file, p in priorities.items()
                if file not in known
            ]
            if new:
                c.execute(self._insert(Film).on_conflict_do_nothing(), new)
            moved = [(f, p) for f, p in priorities.items() if abs(known.get(f, p) - p) > 1e-9]
            for file, priority in moved:
                c.execute(
                    update(Film)
                    .where(Film.collection == collection, Film.file == file)
                    .values(priority=priority)
                )
            return len(new)

    @again
    def labeller(self, name: str) -> int:
        """Give somebody's number; a name that is new is entered.

        Raises
        ------
        LabelError
            The name is empty or too long.
        """
        name = " ".join(name.split())
        if not name or len(name) > _NAME or not name.isprintable():
            raise LabelError(f"Give a name of 1 to {_NAME} characters to label under.")
        with self.engine.begin() as c:
            return self._labeller(c, name)

    @again
    def account(self, issuer: str, subject: str) -> int:
        """Give a signed-in account's number; one that is new is entered.

        It is kept under issuer and subject with a control character between, which no name that
        is typed may hold: nobody can take an account's place by its name.

        Raises
        ------
        LabelError
            Issuer and subject are not of the kind that providers give.
        """
        if (
            not (issuer and subject and f"{issuer}{subject}".isprintable())
            or max(len(issuer), len(subject)) > _ACCOUNT
        ):
            raise LabelError("The sign-in gives this account an odd name; sign in with another.")
        with self.engine.begin() as c:
            return self._labeller(c, f"{issuer}\x1f{subject}")

    def _labeller(self, c: Connection, name: str) -> int:
        c.execute(self._insert(Labeller).values(name=name).on_conflict_do_nothing())
        return int(c.execute(select(Labeller.id).where(Labeller.name == name)).scalar_one())

    # --- whose turn it is --------------------------------------------------------------------

    @again
    def next_film(
        self, collection: str, labeller: int, among: set[str] | None = None
    ) -> int | None:
        """Give a labeller the film to label now.

        The one that was begun and not finished, else the next of the queue that wants another
        look and that this labeller has not seen. Two who ask at once get no third look at a film.

        Parameters
        ----------
        among : the only films that can be shown now; all when None

        Returns
        -------
        int, the look; None when nothing is left
        """
        with self.engine.begin() as c:
            mine = c.execute(
                select(Look.id, Film.file)
                .join(Film)
                .where(Look.labeller_id == labeller, Look.role == LOOK, ~Look.done)
                .where(Film.collection == collection)
                .order_by(Look.touched.desc(), Look.id.desc())
            ).all()
            for look, file in mine:
                if among is None or file in among:
                    return int(look)
            self._release(c)
            film = self._waiting(c, collection, labeller, among)
            if film is None:
                return None
            return self._begin(c, film, labeller, LOOK)

    def _waiting(
        self, c: Connection, collection: str, labeller: int, among: set[str] | None
    ) -> int | None:
        """The film of the highest priority that wants a look of this labeller, claimed."""
        seen = select(Look.film_id).where(Look.labeller_id == labeller, Look.role == LOOK)
        step, start = 200, 0
        while True:
            found = c.execute(
                select(Film.id, Film.file)
                .where(Film.collection == collection, Film.claims < WANTED)
                .where(Film.id.not_in(seen))
                .order_by(Film.priority.desc(), Film.id)
                .limit(step)
                .offset(start)
            ).all()
            for film, file in found:
                if among is not None and file not in among:
                    continue
                # Checked again on the row itself: another labeller may have been quicker.
                taken = c.execute(
                    update(Film)
                    .where(Film.id == film, Film.claims < WANTED)
                    .values(claims=Film.claims + 1)
                )
                if taken.rowcount:
                    return int(film)
            if len(found) < step:
                return None
            start += step

    def _release(self, c: Connection) -> None:
        """Give back the claims of looks that were left lying; what they hold stays."""
        left = c.execute(
            update(Look)
            .where(Look.role == LOOK, ~Look.done, Look.claimed)
            .where(Look.touched < time.time() - STALE)
            .values(claimed=False)
            .returning(Look.film_id)
        ).all()
        for (film,) in left:
            c.execute(update(Film).where(Film.id == film).values(claims=Film.claims - 1))

    # --- the agreed look ---------------------------------------------------------------------

    @again
    def adjudicate(self, collection: str, token: str, labeller: int) -> int:
        """Begin the agreed look at a film, or go on with it.

        Raises
        ------
        LabelError
            Somebody else decides on this film, or this labeller is one of those who differ.
        """
        with self.engine.begin() as c:
            film = c.execute(
                select(Film.id).where(Film.collection == collection, Film.token == token)
            ).scalar_one()
            final = c.execute(
                select(Look.id, Look.labeller_id).where(Look.film_id == film, Look.role == FINAL)
            ).first()
            if final is not None and final.labeller_id != labeller:
                raise LabelError("Somebody else decides on this film; choose another.")
            if final is not None:
                return int(final.id)
            own = select(Look.id).where(Look.film_id == film, Look.labeller_id == labeller)
            if c.execute(own).first() is not None:
                raise LabelError(
                    "You labelled this film yourself; somebody else has to decide on it."
                )
            return self._begin(c, int(film), labeller, FINAL)

    # --- what was labelled -------------------------------------------------------------------

    @again
    def finished(self, collection: str) -> list[tuple[str, str, str, int, State]]:
        """All finished looks: (file, token, role, labeller, state), by film, oldest look first."""
        with self._reads.begin() as c:
            rows = c.execute(
                select(Look.id, Film.file, Film.token, Look.role, Look.labeller_id, *STATE)
                .join(Film)
                .where(Film.collection == collection, Look.done)
                .order_by(Film.file, Look.id)
            ).all()
            marks: dict[int, list[Mark]] = {}
            found = c.execute(
                select(MarkRow.look_id, *MARK)
                .join(Look, Look.id == MarkRow.look_id)
                .join(Film)
                .where(Film.collection == collection, Look.done)
                .order_by(MarkRow.id)
            )
            for look, *mark in found:
                marks.setdefault(look, []).append(Mark(*mark))
        return [
            (
                r.file,
                r.token,
                r.role,
                r.labeller_id,
                State(tuple(marks.get(r.id, ())), r.tech_text, r.quality, r.done),
            )
            for r in rows
        ]

    @again
    def progress(self, collection: str, labeller: int | None = None) -> dict[str, int]:
        """Count: films in the queue, looks finished, films with all the looks they want, mine."""
        done = select(Look.film_id, func.count().label("n")).where(Look.role == LOOK, Look.done)
        counts = done.join(Film).where(Film.collection == collection).group_by(Look.film_id)
        each = counts.subquery()
        with self._reads.begin() as c:
            films = select(func.count()).select_from(Film).where(Film.collection == collection)
            looks = select(func.coalesce(func.sum(each.c.n), 0))
            full = select(func.count()).where(each.c.n >= WANTED)
            mine = (
                select(func.count())
                .select_from(Look)
                .join(Film)
                .where(Film.collection == collection, Look.labeller_id == labeller)
                .where(Look.done, Look.role == LOOK)
            )
            asked = {"films": films, "looks": looks, "full": full, "mine": mine}
            return {name: int(c.execute(query).scalar_one()) for name, query in asked.items()}

    @again
    def content(self) -> int:
        """A number that grows with every change; equal numbers mean equal labels."""
        with self._reads.begin() as c:
            return int(c.execute(select(func.coalesce(func.max(Event.id), 0))).scalar_one())

    @again
    def collections(self) -> list[str]:
        """Names of the collections that have films in the queue."""
        with self._reads.begin() as c:
            return list(
                c.execute(select(Film.collection).distinct().order_by(Film.collection)).scalars()
            )

    @again
    def put(self, collection: str, looks: Sequence[New]) -> int:
        """Enter finished looks that were made elsewhere, all or none; few, since others wait.

        A look that is there already stays as it is. An agreed one is passed over where there is
        one, and where its maker is one of those who labelled the film.

        Returns
        -------
        int, looks that were new
        """
        with self.engine.begin() as c:
            films = self._films(c, collection, {look.file for look in looks})
            taken = self._taken(c, set(films.values()))
            new = 0
            for file, who, role, state in looks:
                film = films[file]
                mine = {(film, who, LOOK), (film, 0, FINAL)} if role == FINAL else set()
                if (film, who, role) in taken or mine & taken:
                    continue
                taken |= {(film, who, role), *({(film, 0, FINAL)} if role == FINAL else ())}
                look = self._begin(c, film, who, role)
                action = "imported decision" if role == FINAL else "imported"
                self._record(c, look, who, "import", action, State(), state, undone=True)
                if role == LOOK:
                    c.execute(update(Film).where(Film.id == film).values(claims=Film.claims + 1))
                new += 1
            return new

    def _films(self, c: Connection, collection: str, files: set[str]) -> dict[str, int]:
        rows = [{"collection": collection, "file": f, "token": _token()} for f in sorted(files)]
        if rows:
            c.execute(self._insert(Film).on_conflict_do_nothing(), rows)
        found = c.execute(
            select(Film.file, Film.id).where(Film.collection == collection, Film.file.in_(files))
        )
        return {str(file): int(film) for file, film in found}

    def _taken(self, c: Connection, films: set[int]) -> set[tuple[int, int, str]]:
        """(film, labeller, role) of every look at films; agreed ones as labeller 0 too."""
        rows = c.execute(
            select(Look.film_id, Look.labeller_id, Look.role).where(Look.film_id.in_(films))
        ).all()
        found = {(int(f), int(who), str(role)) for f, who, role in rows}
        return found | {(f, 0, role) for f, _, role in found if role == FINAL}

    @again
    def films(self, collection: str) -> set[str]:
        """Every film that was put into the queue of a collection."""
        with self._reads.begin() as c:
            rows = c.execute(select(Film.file).where(Film.collection == collection)).scalars()
            return {str(file) for file in rows}


def _token() -> str:
    """A name for a film that nobody can compute from the file's."""
    return secrets.token_hex(6)


@contextmanager
def opened(url: str | None = None) -> Iterator[Store]:
    """Open the store for the length of a block: ``XRAY_LABELS``, the user's file, or ``url``."""
    engine = database.engine(database.parse(url) if url else database.url())
    try:
        yield Store(engine)
    finally:
        engine.dispose()
