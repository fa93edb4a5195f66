"""The database of the labels: which one, opened and brought up to date.

SQLite in a file of the user's, unless ``XRAY_LABELS`` names another database by its URL.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from xray.environment import user_dir
from xray.errors import LabelError

MIGRATIONS = Path(__file__).parent / "migrations"
#: Seconds that a writer waits for another on SQLite.
PATIENCE = 60
#: Any number; PostgreSQL's lock under which one process brings the tables up to date.
_LOCK = 7_302_115
#: Names in a driver's messages, and addresses, which are not always in quotes.
_QUOTED = re.compile(r"""(["']).*\1|(?<=host )\S+|\b\d{1,3}(\.\d{1,3}){3}\b|\S*@\S*""")


def url() -> URL:
    """Where the labels are: ``XRAY_LABELS``, or a SQLite file among the user's data.

    Not in the cache, whose content can be made again; nor among the artifacts, which are served.

    Raises
    ------
    LabelError
        ``XRAY_LABELS`` is no URL of a database that this program knows.
    """
    given = os.environ.get("XRAY_LABELS")
    if given:
        return parse(given)
    return URL.create("sqlite", database=str(user_dir() / "labels.sqlite"))


def parse(value: str) -> URL:
    """Read a URL: ``postgresql://user:password@host/name``, ``sqlite:////path/to/file``.

    Raises
    ------
    LabelError
        It is neither.
    """
    try:
        found = make_url(value)
    except ArgumentError:
        # The URL may hold a password: it is not quoted.
        raise LabelError(
            "XRAY_LABELS is no URL of a database; give postgresql://user:password@host/name or "
            "sqlite:////path/to/labels.sqlite."
        ) from None
    backend = found.get_backend_name()
    if backend in ("postgresql", "postgres"):
        return found.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and found.database not in (None, "", ":memory:"):
        return found
    raise LabelError(
        f"XRAY_LABELS names a database of the kind {backend}; labels are kept in SQLite "
        "(sqlite:////path/to/labels.sqlite) or PostgreSQL (postgresql://user:password@host/name)."
    )


def exists(at: URL) -> bool:
    """Whether there is something to read; a SQLite file is made at the first label only."""
    return at.get_backend_name() != "sqlite" or Path(str(at.database)).is_file()


def engine(at: URL) -> Engine:
    """Open a database; nothing is connected yet.

    Raises
    ------
    LabelError
        The folder of the file cannot be made, or the driver is missing.
    """
    if at.get_backend_name() == "sqlite":
        try:
            Path(str(at.database)).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LabelError(
                f"The folder of the labels cannot be made ({error.strerror}); set XRAY_LABELS to "
                "sqlite:////path/to/labels.sqlite in a folder that may be written."
            ) from error
    try:
        served = at.get_backend_name() == "postgresql"
        return prepared(create_engine(at, pool_pre_ping=served))
    except ModuleNotFoundError as error:
        raise LabelError(
            f"The package {error.name} is missing, which speaks to PostgreSQL; run: "
            'python -m pip install "psycopg[binary]"'
        ) from error


def prepared(made: Engine) -> Engine:
    """Set up an engine as labels need it; for one that somebody else made (``st.connection``)."""
    if made.dialect.name == "sqlite" and not event.contains(made, "connect", _connect):
        event.listen(made, "connect", _connect)
        event.listen(made, "begin", _begin)
        made.dispose()
    return made


def _connect(connection: Any, record: Any) -> None:
    """Durable and shared: write-ahead log, synced at each commit, waiting for other writers."""
    # Python's driver would begin transactions by itself, too late (see SQLAlchemy's manual).
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={1000 * PATIENCE}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A writer takes its turn before it reads: what it read cannot have changed when it writes.
    reads = connection.get_execution_options().get("reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def upgrade(made: Engine) -> None:
    """Bring the tables up to date; several processes may ask for it at once.

    Raises
    ------
    LabelError
        The database does not answer, or is newer than this program.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    try:
        with made.begin() as connection:
            if made.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise LabelError(
            "The labels were written by a newer version of this program; update the program."
        ) from error
    except SQLAlchemyError as error:
        raise unreachable(error) from error


def unreachable(error: Exception) -> LabelError:
    """What to say of a database that does not do what is asked; visitors read it too.

    Its URL stays out of it, and so does all that the driver quotes: hosts, users, and what a
    password that was written wrongly into the URL was taken for.
    """
    first = str(getattr(error, "orig", error)).strip().splitlines()
    said = _QUOTED.sub("…", first[0]) if first else type(error).__name__
    return LabelError(
        f"The labels' database does not answer ({said:.200}); "
        "check XRAY_LABELS and that the database runs, then try again."
    )
