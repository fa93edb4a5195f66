"""Tables of the labelling workbench (SQLAlchemy 2), the same on SQLite and PostgreSQL.

A change of these classes needs a step in ``xray/labels/migrations/versions``; a test holds them
equal.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import JSON, Double, ForeignKey, Index, MetaData, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

#: Names of constraints, so that a later migration can name what it changes.
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

#: What a look is for: one of several blind ones, or the agreed one that an adjudicator makes.
LOOK, FINAL = "look", "final"


class Base(DeclarativeBase):
    """What the tables have in common."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {float: Double()}


class Film(Base):
    """A film in the queue of its collection; ``token`` is all that a labeller sees of its name."""

    __tablename__ = "films"
    __table_args__ = (
        UniqueConstraint("collection", "file"),
        Index("ix_films_queue", "collection", "claims", "priority"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    collection: Mapped[str]
    file: Mapped[str]
    token: Mapped[str] = mapped_column(unique=True)
    priority: Mapped[float] = mapped_column(server_default=text("0"))
    #: Looks begun or finished; those left lying give their claim back.
    claims: Mapped[int] = mapped_column(server_default=text("0"))


class Labeller(Base):
    """Somebody who labels."""

    __tablename__ = "labellers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class Look(Base):
    """One labeller's look at one film, or the agreed one; ``version`` counts its changes."""

    __tablename__ = "looks"
    __table_args__ = (
        UniqueConstraint("film_id", "labeller_id", "role"),
        # Only one agreed look a film, whoever makes it.
        Index(
            "uq_looks_final",
            "film_id",
            unique=True,
            sqlite_where=text("role = 'final'"),
            postgresql_where=text("role = 'final'"),
        ),
        Index("ix_looks_labeller_id", "labeller_id", "role", "done"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id"))
    labeller_id: Mapped[int] = mapped_column(ForeignKey("labellers.id"))
    role: Mapped[str] = mapped_column(server_default=LOOK)
    version: Mapped[int] = mapped_column(server_default=text("0"))
    done: Mapped[bool] = mapped_column(server_default=text("false"))
    claimed: Mapped[bool] = mapped_column(server_default=text("true"))
    tech_text: Mapped[bool] = mapped_column(server_default=text("false"))
    quality: Mapped[str] = mapped_column(server_default="ok")
    #: Unix time of the last change, seconds.
    touched: Mapped[float]


class Mark(Base):
    """A device in a look: its kind, and where it is (null: only that it is there)."""

    __tablename__ = "marks"
    __table_args__ = (UniqueConstraint("look_id", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    look_id: Mapped[int] = mapped_column(ForeignKey("looks.id"))
    key: Mapped[str]
    kind: Mapped[str]
    confidence: Mapped[float]
    geometry: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))


class Event(Base):
    """A change of a look, with what was before and after; ``key`` makes a repeat harmless."""

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("look_id", "key"),
        Index("ix_events_undo", "labeller_id", "undone", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    look_id: Mapped[int] = mapped_column(ForeignKey("looks.id"))
    labeller_id: Mapped[int] = mapped_column(ForeignKey("labellers.id"))
    key: Mapped[str]
    action: Mapped[str]
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    after: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: Whether it was taken back, or takes another back: neither can be undone again.
    undone: Mapped[bool] = mapped_column(server_default=text("false"))
    at: Mapped[float]
