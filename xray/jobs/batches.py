"""Runs: long work that can be watched while it goes on, and taken up again where it stopped.

A run has a folder. ``status.json`` in it says how far the run is, for whoever looks; under
``batches`` lies what is finished, one file a batch, named by everything that its content
depends on. Nothing there is code: arrays, tables and JSON only.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from xray.environment import cache_dir
from xray.errors import ArtifactError
from xray.files import (
    hash_json,
    read_json,
    read_table,
    replacing,
    sha256_bytes,
    write_json,
    write_table,
    write_text,
)

State = Literal["running", "done", "failed", "stopped"]
STATUS, BATCHES = "status.json", "batches"
#: Seconds between two writes of the status, and after which a silent run counts as dead.
EVERY, SILENT = 1.0, 120.0
#: What a store gives for a batch that it does not hold; None may be a result.
MISSING = object()


@dataclass
class Status:
    """How far a run is.

    Attributes
    ----------
    verb, about : the command, and what it works on, for people.
    where : "this process", "2 workers here" or the scheduler's address.
    stage, done, total : the stretch of the work that goes on, and how much of it is done.
    batches, resumed : batches finished, and those of them that an earlier start had finished.
    workers, lost : workers there now, and workers that went away in mid-run.
    failures : what went wrong, one sentence each, the last twenty.
    started, updated : seconds since the epoch.
    """

    verb: str
    about: str = ""
    where: str = "this process"
    state: State = "running"
    stage: str = ""
    done: int = 0
    total: int = 0
    batches: int = 0
    resumed: int = 0
    workers: int = 0
    lost: int = 0
    failures: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)
    host: str = field(default_factory=socket.gethostname)
    process: int = field(default_factory=os.getpid)

    @property
    def silent(self) -> bool:
        """Whether a run that should be running has said nothing for ``SILENT`` seconds."""
        return self.state == "running" and time.time() - self.updated > SILENT


class Run:
    """One run: its status, written as it changes, and its finished batches.

    Parameters
    ----------
    status : what to start from.
    folder : the run's.
    keeps : whether finished batches are kept, so that the run can be taken up again.
    """

    def __init__(self, status: Status, folder: Path, keeps: bool = True) -> None:
        # Absolute: workers stand in other folders.
        self.status, self.folder = status, folder.resolve()
        self.batches = self.folder / BATCHES if keeps else None
        self._written = 0.0

    def say(self, **changes: Any) -> None:
        """Change fields of the status; it is written at most once in ``EVERY`` seconds."""
        for name, value in changes.items():
            setattr(self.status, name, value)
        self.status.updated = time.time()
        if self.status.updated - self._written >= EVERY:
            self.write()

    def failure(self, sentence: str) -> None:
        """Note what went wrong; shown on the command line and on the page."""
        self.status.failures = [*self.status.failures, sentence][-20:]
        self.write()

    def write(self) -> None:
        """Write the status now."""
        self._written = time.time()
        try:
            write_json(self.folder / STATUS, asdict(self.status))
        except OSError:
            # What is told of a run that keeps nothing is no reason to end it.
            if self.batches is not None:
                raise

    def finish(self, state: State, failure: str = "") -> None:
        """Say how it ended; batches of a run that is done are of no more use and go."""
        self.status.state = state
        if failure:
            self.status.failures = [*self.status.failures, failure][-20:]
        if state == "done" and self.batches is not None:
            shutil.rmtree(self.batches, ignore_errors=True)
        self.status.updated = time.time()
        self.write()


def folder_of(verb: str, identity: Any) -> Path:
    """Folder of a run in the cache: the same for the same command."""
    return cache_dir() / "runs" / f"{verb}-{hash_json(identity)[:12]}"


def recent(folder: Path | None = None, most: int = 8, age: float = 7 * 86_400) -> list[Status]:
    """Runs that anyone started on this cache, the last that said something first.

    Parameters
    ----------
    folder : folder of runs; the cache's when None.
    age : seconds after which a run is no longer told of.
    """
    folder = cache_dir() / "runs" if folder is None else folder
    found = [read_status(path) for path in folder.glob(f"*/{STATUS}")]
    late = time.time() - age
    known = [status for status in found if status is not None and status.updated > late]
    return sorted(known, key=lambda status: -status.updated)[:most]


def read_status(path: Path) -> Status | None:
    """Read a status file; None where it is missing or damaged."""
    try:
        value = read_json(path)
        names = {each.name for each in fields(Status)}
        return Status(**{name: entry for name, entry in value.items() if name in names})
    except (ArtifactError, TypeError, AttributeError):
        return None


def key(fixed: bytes, batch: bytes) -> str:
    """Name of a batch's result: what was done, with what, to what, by which code."""
    return sha256_bytes(code().encode() + fixed + batch)[:32]


@cache
def code() -> str:
    """Hash of the library's own source: results of other code are not taken up."""
    files = sorted(Path(__file__).parents[1].rglob("*.py"))
    return sha256_bytes(b"".join(path.read_bytes() for path in files))


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def _are_arrays(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(map(_is_array, value.values()))


def _save(path: Path, value: Any) -> None:
    with replacing(path) as beside, open(beside, "wb") as stream:
        if isinstance(value, dict):
            np.savez(stream, **value)
        else:
            np.save(stream, value, allow_pickle=False)


def _save_json(path: Path, value: Any) -> None:
    # Not write_json: a result may hold numbers that are not known, and only this module reads it.
    write_text(path, json.dumps(value, default=lambda number: number.tolist()))


#: Suffix, which results it is for, and what writes them; the first that takes a result.
_WRITERS: tuple[tuple[str, Callable[[Any], bool], Callable[[Path, Any], None]], ...] = (
    (".npy", _is_array, _save),
    (".npz", _are_arrays, _save),
    (".parquet", lambda value: isinstance(value, pd.DataFrame), write_table),
    (".json", lambda value: True, _save_json),
)


def put(folder: Path, name: str, value: Any) -> None:
    """Keep a result: an array, a dict of arrays, a table, or JSON-like data."""
    suffix, _, write = next(entry for entry in _WRITERS if entry[1](value))
    write(folder / (name + suffix), value)


def get(folder: Path, name: str) -> Any:
    """A kept result, or ``MISSING`` where there is none or it is damaged."""
    for suffix, _, _ in _WRITERS:
        path = folder / (name + suffix)
        if path.is_file():
            try:
                return _read(path)
            except (OSError, EOFError, ValueError, ArtifactError, zipfile.BadZipFile):
                return MISSING
    return MISSING


def _read(path: Path) -> Any:
    if path.suffix == ".parquet":
        return read_table(path)
    if path.suffix == ".json":
        return json.loads(path.read_text(encoding="utf-8"))
    loaded = np.load(path, allow_pickle=False)
    if path.suffix == ".npy":
        return loaded
    with loaded:
        return {name: loaded[name] for name in loaded.files}
