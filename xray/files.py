"""How files are written, whole or not at all, and read."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xray.errors import ArtifactError, FolderError

if TYPE_CHECKING:
    # For types only: the first page is drawn without a table, and pandas takes long to import.
    import pandas as pd


def sha256_bytes(data: bytes) -> str:
    """SHA-256 of bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's content, read in blocks."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_tree(path: Path) -> str:
    """SHA-256 of a file, or of a folder's files with their names; "" where there is none."""
    if not path.is_dir():
        return sha256_file(path) if path.is_file() else ""
    files = sorted(each for each in path.rglob("*") if each.is_file())
    return hash_json([[each.relative_to(path).as_posix(), sha256_file(each)] for each in files])


def digest(path: Path) -> str:
    """SHA-256 of a file; "" where there is none. Read again only when the file was replaced."""
    try:
        state = path.stat()
    except OSError:
        return ""
    return _digest(str(path), state.st_ino, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=512)
def _digest(path: str, inode: int, modified: int, size: int) -> str:
    return sha256_file(Path(path))


def hash_json(value: Any) -> str:
    """SHA-256 of a JSON-like value, the same whatever the order of its keys."""
    return sha256_bytes(json.dumps(value, sort_keys=True, default=str).encode())


#: Begins the names of files that are being written.
PARTIAL = ".partial-"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside ``path`` to write to; it takes the place of ``path`` at the end.

    The file is flushed to disk and renamed only when the block ends without an error, so
    a reader sees the old file or the new one, never a part. The name's end is kept, because
    some writers choose their format by it.

    Raises
    ------
    ArtifactError
        A folder of this name is there.
    OSError
        It cannot be written; names ``path``, never the path beside.
    """
    path = Path(path)
    _no_folder(path)
    beside: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=PARTIAL, suffix=f"-{path.name}", dir=path.parent)
        os.close(handle)
        beside = Path(name)
        yield beside
        with open(beside, "rb") as stream:
            os.fsync(stream.fileno())
        # mkstemp makes files that only their owner reads; these are meant to be served.
        beside.chmod(0o644)
        beside.replace(path)
    except OSError as error:
        if PARTIAL in str(error.filename):
            error.filename = str(path)
        raise
    finally:
        if beside is not None:
            beside.unlink(missing_ok=True)


def _no_folder(path: Path) -> None:
    if path.is_dir():
        raise FolderError(f"{path} is a folder; give the name of a file, such as {path / 'new'}.")


def check_output(path: Path, file: bool) -> None:
    """Say before the work that what comes of it cannot be written.

    Parameters
    ----------
    path : of a file, or of a folder of files; either is made when absent, with those above it
    file : whether it can only be a file

    Raises
    ------
    ArtifactError
    """
    if file:
        _no_folder(path)
    above = [*path.parents] if file else [path, *path.parents]
    near = next(each for each in above if each.exists())
    if not near.is_dir() or not os.access(near, os.W_OK | os.X_OK):
        raise ArtifactError(
            f"{path} cannot be written: {near} is no folder that may be written; name another."
        )


def write_bytes(path: Path, data: bytes) -> None:
    """Write bytes whole or not at all."""
    with replacing(path) as beside:
        beside.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write text (UTF-8) whole or not at all."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file, indented and ending in a newline, whole or not at all."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    ArtifactError
        The file is missing or is not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ArtifactError(f"{path} is missing; make it again or restore it.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ArtifactError(f"{path} cannot be read as JSON ({error}); rebuild it.") from error


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV or Parquet, by the suffix, whole or not at all."""
    with replacing(path) as beside:
        if path.suffix == ".parquet":
            table.to_parquet(beside, index=False)
        else:
            table.to_csv(beside, index=False)


#: What a spreadsheet takes for the beginning of a formula, or passes over before one.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def spreadsheet(table: pd.DataFrame) -> str:
    """A table as CSV for people to open: no text in it is a formula.

    An apostrophe is put before text that a spreadsheet would compute. Numbers stay as they are.
    Source: OWASP, "CSV Injection".
    """
    return harmless(table, "'").to_csv(index=False)


def harmless(table: pd.DataFrame, mark: str) -> pd.DataFrame:
    """A table with ``mark`` before each text and name of a column that would be a formula."""

    def guarded(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        formula = value.lstrip(" ").startswith(_FORMULA)
        # On one line: some programs begin a new cell at a carriage return, whatever stands around.
        line = " ".join(value.splitlines())
        return f"{mark}{line}" if formula else line

    made = table.rename(columns=guarded)
    texts = made.select_dtypes(exclude=["number", "bool", "datetime"]).columns
    made[texts] = made[texts].map(guarded)
    return made


def read_table(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read a CSV or Parquet table.

    Raises
    ------
    ArtifactError
        The file is missing or damaged.
    """
    import pandas as pd

    path = Path(path)
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path, columns=columns)
        return pd.read_csv(path, usecols=columns)
    except FileNotFoundError as error:
        raise ArtifactError(f"{path} is missing; make it again or restore it.") from error
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path} is damaged ({error}); rebuild it.") from error
