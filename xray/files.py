"""Where things live, and how they are written: whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xray.errors import ArtifactError, DatasetError

if TYPE_CHECKING:
    # For types only: the first page is drawn without a table, and pandas takes long to import.
    import pandas as pd

#: Called as ``progress(done, total)`` while work goes on; raises ``Stopped`` to end it.
Progress = Callable[[int, int], None]

ROOT = Path(__file__).resolve().parent.parent


#: Artifacts that travel inside an installed package; a checkout does not have this folder.
SHIPPED = Path(__file__).resolve().parent / "shipped"


def user_dir() -> Path:
    """Folder of what this user keeps: labels, and artifacts where there is no checkout."""
    home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return home / "xray-model-audit"


def artifacts_dir() -> Path:
    """Folder of everything that the app serves without computing (``XRAY_ARTIFACTS``).

    By default that of the checkout; a package installed elsewhere takes one of the user's.
    """
    home = user_dir() if SHIPPED.is_dir() else ROOT
    return Path(os.environ.get("XRAY_ARTIFACTS") or home / "artifacts")


def artifact(*parts: str) -> Path:
    """A file or folder of the artifacts, or else the one that travels in the package.

    What a verdict needs beside model and films is found by this function, so that an audit
    works wherever the package is installed.
    """
    own, shipped = artifacts_dir().joinpath(*parts), SHIPPED.joinpath(*parts)
    return shipped if shipped.exists() and not own.exists() else own


def data_dirs() -> list[Path]:
    """Folders of films named by ``XRAY_DATA``: one, or several with ``os.pathsep`` between.

    Whether they are folders is not looked at.
    """
    value = os.environ.get("XRAY_DATA", "")
    if value and Path(value).is_dir():
        # Its name may hold the separator.
        return [Path(value)]
    return [Path(part) for part in value.split(os.pathsep) if part.strip()]


def data_dir() -> Path | None:
    """First folder of films named by ``XRAY_DATA``, or None when it is not set.

    Raises
    ------
    DatasetError
        It is not a folder.
    """
    path = next(iter(data_dirs()), None)
    if path is not None and not path.is_dir():
        raise DatasetError(
            f"XRAY_DATA points to {path}, which is not a folder; set it to the folder of the films."
        )
    return path


def cache_dir() -> Path:
    """Folder for what can be computed again (``XRAY_CACHE``); made when absent."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "xray-model-audit"
    path = Path(os.environ.get("XRAY_CACHE") or default)
    path.mkdir(parents=True, exist_ok=True)
    return path


def sha256_bytes(data: bytes) -> str:
    """SHA-256 of bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's content, read in blocks."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


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


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside ``path`` to write to; it takes the place of ``path`` at the end.

    The file is flushed to disk and renamed only when the block ends without an error, so
    a reader sees the old file or the new one, never a part. The name's end is kept, because
    some writers choose their format by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".partial-", suffix=f"-{path.name}", dir=path.parent)
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        with open(beside, "rb") as stream:
            os.fsync(stream.fileno())
        # mkstemp makes files that only their owner reads; these are meant to be served.
        beside.chmod(0o644)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


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

    def guarded(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        formula = value.lstrip(" ").startswith(_FORMULA)
        # On one line: some programs begin a new cell at a carriage return, whatever stands around.
        line = " ".join(value.splitlines())
        return f"'{line}" if formula else line

    made = table.rename(columns=guarded)
    texts = made.select_dtypes(exclude=["number", "bool", "datetime"]).columns
    made[texts] = made[texts].map(guarded)
    return made.to_csv(index=False)


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
