"""A folder of films as a table in parts, for folders too large to be held in memory.

Rows are written as they are measured, and of each a few bytes are kept, by which copies and films
of both classes are found as ``scan`` finds them, and taken out again.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xray import parquet
from xray.dataset import composition, index, scan
from xray.dataset.left_out import Tally, as_data
from xray.dataset.walk import walk
from xray.errors import DatasetError
from xray.files import sha256_file
from xray.jobs import executor
from xray.jobs.progress import Progress
from xray.text import count

#: Films that are drawn for the pages that show a whole dataset at once.
SAMPLED = 20_000
#: What is read again of films that may be copies of others.
_ABOUT = ["file", "path", "label", "sha256"]


def build(folder: Path, out: Path, progress: Progress | None = None) -> dict[str, Any]:
    """Build the table of a folder as partitioned Parquet; memory grows by 16 bytes a film.

    Parameters
    ----------
    folder : as in ``index.build_index``; every film is read
    out : folder of the table (``xray.parquet``)
    progress : called with (films done, films in all)

    Returns
    -------
    dict : ``parquet.summary`` of the table, which keeps ``seen``, ``left_out`` and ``warnings``

    Raises
    ------
    DatasetError
        The folder holds no film of any class, or only such as are in both.
    """
    total = sum(1 for _ in scan.stream(folder))
    if not total:
        scan.scan(folder)  # It says why.
    waiting: deque[scan.Found] = deque()
    tally, marks = Tally(), _Marks(folder, scan.classes_of(folder).positive)

    def batches() -> Iterator[list[tuple[scan.Found, None]]]:
        films = scan.stream(folder, tally)
        while batch := list(islice(films, index.BATCH)):
            waiting.extend(batch)
            yield [(film, None) for film in batch]

    results = executor.each(
        index.measure,
        batches(),
        total=total,
        progress=progress,
        threads=index.WORKERS,
        folder=folder.resolve(),
    )
    writer = parquet.Writer(out, counted=("split", "label"), sample=SAMPLED)
    with index.alone(), writer as table:
        for rows in results:
            films = [waiting.popleft() for _ in rows]
            made = index.joined(pd.DataFrame(films, columns=scan.Found._fields), index.frame(rows))
            marks.add(made)
            table.add(made)
        _leave_out_alike(table, marks, tally)
        if not table.rows:
            raise DatasetError(scan.ALL_IN_BOTH.format(folder=folder))
        if tally.unit == "row" and (rest := sum(1 for _ in walk(folder, Tally())) - total) > 0:
            tally.note(scan.UNLISTED.format(count(rest, "image file")) + ".")
        present = {(split, label) for split, label in table.counts()}
        broken = marks.broken
        odd = composition.odd(
            table.rows,
            len(broken),
            next(iter(broken.values()), ""),
            present,
            scan.classes_of(folder),
        )
        table.about = {
            "unit": tally.unit,
            "seen": tally.seen,
            "left_out": as_data(tally.reasons),
            "warnings": [*tally.sentences(), *odd],
        }
    return parquet.summary(out)


class _Marks:
    """What is kept of every film: hashes of its key and of its content with its class.

    Attributes
    ----------
    broken : path -> key of every film that cannot be read
    """

    def __init__(self, folder: Path, positive: str) -> None:
        self._folder, self._positive = folder, positive
        self._keys, self._contents = array("q"), array("Q")
        self._hashes: dict[str, str] = {}
        self.broken: dict[str, str] = {}

    def add(self, rows: pd.DataFrame) -> None:
        """Mark films."""
        self._keys.extend(map(hash, rows["file"]))
        for row in rows.loc[rows["error"] != "", ["file", "path", "bytes"]].to_dict("records"):
            self.broken[row["path"]] = row["file"]
            # Of a film that cannot be read the table holds no hash.
            if row["bytes"] > 0:
                with suppress(OSError):
                    self._hashes[row["path"]] = sha256_file(self._folder / row["path"])
        positive = (rows["label"] == self._positive).tolist()
        for sha256, last in zip(self.hashes(rows), positive, strict=True):
            if sha256:
                self._contents.append(_content(sha256) | last)

    def hashes(self, rows: pd.DataFrame) -> list[str]:
        """Hash of the bytes of each film; "" of an empty file, or one that cannot be opened."""
        pairs = zip(rows["path"], rows["sha256"], strict=True)
        return [sha256 or self._hashes.get(path, "") for path, sha256 in pairs]

    def alike(self) -> Callable[[pd.DataFrame], pd.Series] | None:
        """What picks films whose key or, in both classes, whose content comes again; or None.

        By hashes of 63 bits: it may pick others too, never too few.
        """
        keys, counts = np.unique(np.frombuffer(self._keys, np.int64), return_counts=True)
        again = set(keys[counts > 1].tolist())
        # The last bit is the class: the same content in both differs in nothing else.
        contents = np.unique(np.frombuffer(self._contents, np.uint64)) & ~np.uint64(1)
        both = set(contents[1:][contents[1:] == contents[:-1]].tolist())
        if not again and not both:
            return None

        def pick(rows: pd.DataFrame) -> pd.Series:
            content = [bool(each) and _content(each) in both for each in self.hashes(rows)]
            return rows["file"].map(lambda key: hash(key) in again) | np.array(content, bool)

        return pick


def _content(sha256: str) -> int:
    """The first 63 bits of a hash, with room for one more."""
    return int(sha256[:16], 16) & ~1


def _leave_out_alike(table: parquet.Writer, marks: _Marks, tally: Tally) -> None:
    """Take out copies, and films of both classes; films that share a key get their paths as key."""
    pick = marks.alike()
    if pick is None:
        return
    rows = pd.concat([part[pick(part)] for part in table.written(_ABOUT)], ignore_index=True)
    rows["sha256"] = marks.hashes(rows)
    rows["depth"] = rows["path"].str.count("/")
    rows = rows.sort_values(["depth", "path"])
    known = rows["sha256"] != ""
    copies = rows[known & rows.duplicated(["file", "sha256"])]
    rows = rows.drop(copies.index)
    renamed = rows.loc[rows.duplicated("file"), "path"]
    read = rows[rows["sha256"] != ""]
    both = read[read.groupby("sha256")["label"].transform("nunique") > 1].sort_values("file")
    tally.add(scan.COPIES, copies["path"].tolist())
    tally.add(scan.IN_BOTH, both["path"].tolist())
    gone = {*copies["path"], *both["path"]}
    for path in gone & set(marks.broken):
        del marks.broken[path]

    def revised(part: pd.DataFrame) -> pd.DataFrame:
        part = part[~part["path"].isin(gone)]
        return part.assign(file=part["file"].where(~part["path"].isin(renamed), part["path"]))

    table.revise("path", gone | set(renamed), revised)
