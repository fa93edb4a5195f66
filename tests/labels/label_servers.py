"""Databases for the tests of the labels: SQLite files, and a real PostgreSQL of the test's own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.serving import free_port


def _programs() -> Path | None:
    """Folder of initdb and pg_ctl; Debian keeps them out of the way."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    folders += [Path(found).resolve().parent] if found else []
    return next((f for f in folders if (f / "initdb").exists() and (f / "pg_ctl").exists()), None)


def _user() -> str | None:
    """Whom to run it as: PostgreSQL refuses root. None: as whoever runs the tests."""
    if os.geteuid():
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), "")


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder in memory where there is one, thrown away at the end.

    Every save waits until it is on the disk, up to 30 ms on a busy one. What a killed process
    leaves is the same in memory, so ten thousand saves need not wait for it.
    """
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(prefix="xray-labels-", dir=memory if memory.is_dir() else None)
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres() -> Iterator[str]:
    """Run a PostgreSQL with a cluster of its own on a free port; gives its URL."""
    programs, user = _programs(), _user()
    if programs is None:
        pytest.skip("needs PostgreSQL (apt install postgresql)")
    if user == "":
        pytest.skip("needs a user without rights to run PostgreSQL as")
    pytest.importorskip("psycopg")
    with quick_folder() as folder:
        yield from _cluster(programs, user, folder)


def _cluster(programs: Path, user: str | None, folder: Path) -> Iterator[str]:
    if user:
        shutil.chown(folder, user)

    def run(program: str, *arguments: str) -> None:
        # Not captured: the server inherits what pg_ctl writes to, and would keep a pipe open.
        with open(os.devnull, "wb") as nowhere:
            subprocess.run(
                [str(programs / program), "-D", str(folder / "data"), *arguments],
                check=True,
                user=user,
                cwd="/",
                stdout=nowhere,
                stderr=nowhere,
                timeout=120,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            )

    port = free_port()
    run("initdb", "-U", "labels", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql://labels@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
