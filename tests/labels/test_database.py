"""What the labels' database says to visitors: no address, no user, no password."""

from __future__ import annotations

import pytest

from xray.errors import LabelError
from xray.labels import database
from xray.labels.store import Store

PRIVATE = ("db.ward.internal", "10.1.2.3", "labeller", "s3cret", "geheim", "audit_db", "@")


@pytest.mark.parametrize(
    "said",
    [
        'connection to server at "10.1.2.3", port 5432 failed: FATAL:  password authentication '
        'failed for user "labeller"',
        "failed to resolve host 'geheim@db.ward.internal': [Errno -2] Name or service not known",
        'could not translate host name "s3cret@db.ward.internal" to address',
        'FATAL:  database "audit_db" does not exist',
        "connection to server at 10.1.2.3, port 5432 failed: Connection refused",
        "no pg_hba.conf entry for host 10.1.2.3, user labeller@db.ward.internal, SSL off",
    ],
)
def test_a_driver_s_message_loses_its_names(said: str) -> None:
    words = str(database.unreachable(Exception(said)))
    assert not any(each in words for each in PRIVATE), words
    assert "check XRAY_LABELS" in words


def test_sqlite_still_says_what_is_wrong() -> None:
    assert "database is locked" in str(database.unreachable(Exception("database is locked")))


@pytest.mark.parametrize("password", ["s3cret", "s3cret@geheim", "s3cret%40x", "s3cret/geheim"])
def test_a_server_that_is_not_there_quotes_no_password(password: str) -> None:
    pytest.importorskip("psycopg")
    url = f"postgresql://labeller:{password}@127.0.0.1:1/audit_db?connect_timeout=2"
    with pytest.raises(LabelError) as error:
        Store(database.engine(database.parse(url)))
    words = str(error.value)
    assert not any(each in words for each in (*PRIVATE, "127.0.0.1")), words


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:/labeller:s3cret@db.ward.internal",
        "mysql://labeller:s3cret@10.1.2.3/x",
        "labeller:s3cret@10.1.2.3",
    ],
)
def test_a_wrong_url_is_not_quoted(url: str) -> None:
    with pytest.raises(LabelError) as error:
        database.engine(database.parse(url))
    assert not any(each in str(error.value) for each in PRIVATE[:-1])
