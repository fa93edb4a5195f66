"""Databases of labels, one of each kind, that are empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from tests.labels import label_servers
from xray.labels import database
from xray.labels.store import Store, opened


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Address of a PostgreSQL that is started once."""
    with label_servers.postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh database of each kind."""
    if request.param == "sqlite":
        with label_servers.quick_folder() as folder:
            yield f"sqlite:///{folder / 'labels.sqlite'}"
        return
    address = request.getfixturevalue("server")
    engine = database.engine(database.parse(address))
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    yield address


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A store of each kind of database."""
    with opened(url) as made:
        yield made
