"""A folder of films as a table, one row a film, and its pixels.

The table
---------
Every function that takes or gives "the table" means a frame with at least these columns:

file : key of a film, "split/label/name", such as "test/PNEUMONIA/person1_virus_6.jpeg"
path : where the film lies, relative to the folder, with forward slashes
name, split, label : file name; "train", "val", "test" or ""; class
subtype : "bacteria", "virus" or "" (by the name)
person : possible patient (by the name; see ``patients.person``); "" unknown
width, height : pixels, upright; NaN where the file cannot be read
mode : colour mode in Pillow's words ("L", "RGB", ...)
bytes : size of the file
mean, contrast : mean and standard deviation of the grey values in [0, 1], of a small copy
sha256 : hash of the file's bytes
phash : perceptual hash, 64 bits as 16 hexadecimal digits
jpeg_quality : estimated from the quantisation tables, 1..100; NaN where the file is no JPEG
error : why the film cannot be read; "" when it can
and the scores of outliers (``outliers.STORED``).
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import cv2
import numpy as np
import pandas as pd

from xray import classes as names
from xray.classes import Classes
from xray.dataset import aspects, composition
from xray.dataset import facts as film_facts
from xray.dataset.left_out import LeftOut
from xray.dataset.listing import Listing
from xray.dataset.scan import Found, scan
from xray.environment import cache_dir
from xray.errors import ArtifactError, DatasetError, FilmError
from xray.files import hash_json, read_table, sha256_file, write_table
from xray.films import decode
from xray.films.pixels import Pixels
from xray.films.resize import resize
from xray.jobs import executor
from xray.jobs.progress import Progress
from xray.metrics.patients import person, subtype

COLUMNS = [
    *("file", "path", "name", "split", "label", "subtype", "person", "width", "height"),
    *("mode", "bytes", "mean", "contrast", "sha256", "phash", "jpeg_quality", "error"),
]

#: What the cache holds of a film.
FACTS = ["path", "bytes", "modified", *film_facts.UNREADABLE, "error"]

#: Films that are measured together.
BATCH = 32

#: Seconds that a thread waits before it asks another for Python's lock; Python's own are 0.005.
PATIENCE = 0.0003

#: Films from which on processes pay that measure in place of threads, where there may be any.
MANY = 500

#: Never more at once: a laptop stays usable and a shared server fair.
WORKERS = 2


@dataclass(frozen=True, eq=False)
class Index:
    """What indexing a folder gave.

    Attributes
    ----------
    table : one row a film, sorted by ``file``; columns as the module says
    warnings : sentences for people: what was left out and why, what is odd
    read : films opened in this run
    reused : films whose facts came from the run before
    seconds : wall time
    classes : the two classes
    unit, seen, left_out : as in ``scan.Scan``: what was looked at, how many, and what of it was
        left out; films that cannot be read are in the table, with their ``error``
    """

    table: pd.DataFrame
    warnings: tuple[str, ...]
    read: int
    reused: int
    seconds: float
    classes: Classes = names.DEFAULT
    unit: str = "file"
    seen: int = 0
    left_out: tuple[LeftOut, ...] = ()


def index(
    folder: Path,
    progress: Progress | None = None,
    classes: Classes | None = None,
    refresh: bool = False,
) -> pd.DataFrame:
    """Build the table of a folder; what did not change since the last run is not read again.

    See ``build_index`` for the parameters, the warnings and the errors.
    """
    return build_index(folder, progress, classes, refresh).table


def build_index(
    folder: Path,
    progress: Progress | None = None,
    classes: Classes | None = None,
    refresh: bool = False,
    listing: Listing | None = None,
) -> Index:
    """Build the table of a folder and say what was odd about it.

    A film is read again only when its size or its time of change differs from the last run,
    and measured again only when its hash differs too.

    Parameters
    ----------
    folder : Kaggle layout at any depth, with or without split folders
    progress : called with (films done, films to read); what was read is kept when it raises
    classes : instead of those stored with the folder or configured
    refresh : read every film again
    listing : a table of the folder that lists the films; the folder's own when None

    Raises
    ------
    DatasetError
        There is no such folder, or it holds no film of any class.
    """
    start = perf_counter()
    folder = Path(folder)
    found = scan(folder, classes, listing)
    listed = pd.DataFrame(found.films, columns=Found._fields)
    cache = _cache_path(folder)
    known = _known(cache, refresh)
    at = known.index.get_indexer(pd.Index(listed["path"]))
    same = at >= 0
    for column in ("bytes", "modified"):
        same[same] = known[column].to_numpy()[at[same]] == listed[column].to_numpy()[same]
    kept = known.iloc[at[same]].reset_index()
    changed = np.flatnonzero(~same).tolist()
    todo = [(found.films[i], int(at[i])) for i in changed]
    fresh: list[dict[str, Any]] = []
    try:
        for done, facts in enumerate(_measure_all(folder, todo, known), start=1):
            fresh.append(facts)
            if progress:
                progress(done, len(todo))
    finally:
        # Also when stopped half way: the next run goes on from here.
        measured = pd.concat([kept, frame(fresh)], ignore_index=True) if fresh else kept
        if todo or len(kept) != len(known):
            # Where the cache cannot be written, films are measured anew each time (see doctor).
            with suppress(OSError):
                write_table(cache, measured)
    table = joined(listed, measured)
    warnings = (*found.warnings, *composition.oddities(table, found.classes))
    return Index(
        table,
        warnings,
        len(todo),
        len(kept),
        perf_counter() - start,
        found.classes,
        found.unit,
        found.seen,
        found.left_out,
    )


def _cache_path(folder: Path) -> Path:
    """One cached table a folder; another way to measure is another table."""
    return (
        cache_dir() / f"index-{hash_json([str(folder.resolve()), film_facts.VERSION])[:16]}.parquet"
    )


def _known(cache: Path, refresh: bool) -> pd.DataFrame:
    """Facts of the run before, by ``path``; none where there are none or they are damaged."""
    if cache.exists() and not refresh:
        try:
            return read_table(cache, FACTS).set_index("path")
        except ArtifactError:
            pass  # A cache that cannot be read is as good as none.
    return frame([]).set_index("path")


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows of measured facts as a frame whose columns have the right kinds, also when empty."""
    # Column by column: pandas takes three times as long over a list of dicts.
    table = pd.DataFrame({name: [row[name] for row in rows] for name in FACTS})
    kinds = {
        name: "str" if isinstance(value, str) else "float64"
        for name, value in film_facts.UNREADABLE.items()
    }
    whole = {"path": "str", "error": "str", "bytes": "int64", "modified": "int64"}
    return table.astype(kinds | whole)


def _measure_all(
    folder: Path, todo: Sequence[tuple[Found, int]], known: pd.DataFrame
) -> Iterator[dict[str, Any]]:
    """Measure the films that are new or changed, in order; one row of ``FACTS`` each.

    Parameters
    ----------
    todo : films, each with its place in ``known``, what the run before knew; -1 where it did not
    """

    def batches() -> Iterator[list[tuple[Found, dict[str, Any] | None]]]:
        for start in range(0, len(todo), BATCH):
            yield [(film, _before(place, known)) for film, place in todo[start : start + BATCH]]

    with alone():
        work = executor.each(
            measure, batches(), threads=WORKERS, fork=len(todo) >= MANY, folder=folder.resolve()
        )
        for rows in work:
            yield from rows


_beginning = threading.Lock()
_before_all: list[tuple[int, float]] = []


@contextmanager
def alone() -> Iterator[None]:
    """Let threads that measure films hinder each other little.

    OpenCV keeps to the thread that calls it: films this small are done before others wake. And a
    thread that comes back from a decoder waits for Python's lock for less than a film takes.
    """
    with _beginning:
        # Of runs side by side the first finds what the last restores.
        if not _before_all:
            _before_all.append((cv2.getNumThreads(), sys.getswitchinterval()))
            cv2.setNumThreads(1)
            sys.setswitchinterval(min(sys.getswitchinterval(), PATIENCE))
        _before_all.append(_before_all[0])
    try:
        yield
    finally:
        with _beginning:
            _before_all.pop()
            if len(_before_all) == 1:
                threads, patience = _before_all.pop()
                cv2.setNumThreads(threads)
                sys.setswitchinterval(patience)


def _before(place: int, known: pd.DataFrame) -> dict[str, Any] | None:
    """What the run before knew of a film; None where it did not."""
    if place < 0:
        return None
    return {str(name): value for name, value in known.iloc[place].items()}


def measure(
    batch: Sequence[tuple[Found, dict[str, Any] | None]], folder: Path
) -> list[dict[str, Any]]:
    """Measure some films."""
    rows = [_unchanged(folder, film, before) for film, before in batch]
    todo = [i for i, row in enumerate(rows) if row is None]
    measured = film_facts.measure([f"{folder}/{batch[i][0].path}" for i in todo])
    for i, facts in zip(todo, measured, strict=True):
        rows[i] = _stamp(batch[i][0]) | facts
    return [row for row in rows if row]


def _stamp(film: Found) -> dict[str, Any]:
    return {"path": film.path, "bytes": film.bytes, "modified": film.modified}


def _unchanged(folder: Path, film: Found, before: dict[str, Any] | None) -> dict[str, Any] | None:
    """Row of a film that need not be measured; None where it must be."""
    if film.problem:
        return _stamp(film) | film_facts.UNREADABLE | {"error": film.problem}
    if before is None or before["bytes"] != film.bytes or not before["sha256"]:
        return None
    try:
        # Copied or restored: a new time of change on the same bytes.
        if sha256_file(folder / film.path) == before["sha256"]:
            return {**before, **_stamp(film)}
    except OSError:
        return None
    return None


def joined(listed: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """Join where films lie with what they hold, in the order of ``listed``."""
    facts = measured.drop(columns=["bytes", "modified"])
    table = listed.drop(columns=["modified", "problem", "further"]).merge(
        facts, on="path", how="left"
    )
    # Further columns of a collection that lists its films in a table (see xray.dataset.listing).
    further = listed["further"].tolist()
    for name in sorted({name for pairs in further for name, _ in pairs}):
        table[name] = [dict(pairs).get(name, "") for pairs in further]
    names = [file.rpartition("/")[2] for file in table["file"].tolist()]
    table["name"] = names
    table["subtype"] = [subtype(name) for name in names]
    known = table["person"].tolist()
    table["person"] = [given or person(name) for given, name in zip(known, names, strict=True)]
    return table[[*COLUMNS, *(column for column in table if column not in COLUMNS)]]


def load_pixels(
    folder: Path,
    table: pd.DataFrame,
    size: tuple[int, int],
    fit: str = "squash",
    progress: Progress | None = None,
) -> Pixels:
    """Read the films of a table at one size, in the order of its rows.

    Parameters
    ----------
    folder : folder that the table describes
    table : rows to read; damaged films are told by ``error``: leave them out beforehand
    size : (height, width)
    fit : as in ``resize.resize``

    Returns
    -------
    (N, height, width) float32 in [0, 1]

    Raises
    ------
    DatasetError
        A film is missing or damaged.
    """
    out = np.empty((len(table), *size), np.float32)
    column = "path" if "path" in table else "file"
    paths = [Path(folder) / path for path in table[column]]
    ratios = aspects.native(table["file"]) if fit != "squash" else [None] * len(table)

    def load(i: int) -> None:
        try:
            film = decode.read(paths[i], own=True)
            out[i] = resize(film.pixels, size, fit, aspects.lost(film, ratios[i]))
        except (FilmError, OSError) as error:
            raise DatasetError(
                f"{table['file'].iloc[i]} cannot be read from {folder} ({error}); leave it out "
                "or restore it."
            ) from error

    for done, _ in enumerate(executor.in_order(load, range(len(paths))), start=1):
        if progress:
            progress(done, len(paths))
    return out


def usable(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out the films that cannot be read."""
    return table[table["error"] == ""].reset_index(drop=True)


def describe(folder: Path) -> str:
    """Name a dataset for people without telling where it lies on somebody's disk."""
    return Path(folder).resolve().name


def data_hash(table: pd.DataFrame) -> str:
    """Hash of the films' content and labels, the same whatever their order."""
    rows = table[["file", "label", "sha256"]].sort_values("file")
    return hash_json(rows.to_numpy().tolist())
