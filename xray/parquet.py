"""Tables too large for memory: partitioned Parquet, written as rows come, read by the page.

A table is a folder whose name ends in ``.parquet``: ``split=test/part-00000.parquet`` and so
on, and ``_summary.json`` beside them with what pages show of all rows together. Where a table has
``_sample.parquet``, it holds rows drawn at random, for what needs many rows at once.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as arrow
from numpy.typing import NDArray
from pyarrow import parquet

from xray.errors import ArtifactError
from xray.files import read_json, read_table, write_json, write_table

#: The underscore keeps them out of what Arrow takes for parts.
SUMMARY, SAMPLE = "_summary.json", "_sample.parquet"
#: Stands for no value in the name of a folder.
NONE = "-"
#: Rows of a row group, the least that is read; and of a file.
GROUP, PART = 4_096, 65_536
#: A page's filter: column -> values, any of which will do.
Where = Mapping[str, Sequence[Any]]


class Writer:
    """Writes a table part by part; it takes its place when the block ends without an error.

    Parameters
    ----------
    folder : the table's; a table there before is replaced.
    by : column whose values become folders.
    counted : columns whose combinations are counted for the summary.
    sample : rows to draw at random (all, where there are no more) and to keep beside the parts;
        the same rows in the same order give the same sample. None of them when 0.

    Attributes
    ----------
    about : what else the summary is to hold; filled before the block ends.
    """

    def __init__(
        self, folder: Path, by: str = "split", counted: Sequence[str] = (), sample: int = 0
    ) -> None:
        self._folder, self._by, self._counted = folder, by, list(counted)
        self._drawn = _Drawn(sample) if sample else None
        self._waiting: dict[str, list[pd.DataFrame]] = {}
        self._counts: Counter[tuple[str, ...]] = Counter()
        self._schema: pa.Schema | None = None
        self._parts: list[tuple[str, Path]] = []
        self.rows = 0
        self.about: dict[str, Any] = {}

    def __enter__(self) -> Writer:
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        beside = tempfile.mkdtemp(prefix=f".partial-{self._folder.name}-", dir=self._folder.parent)
        self._beside = Path(beside)
        return self

    def add(self, rows: pd.DataFrame) -> None:
        """Add rows; the first decide the columns and their kinds."""
        self._count(rows, 1)
        if self._drawn:
            self._drawn.add(rows)
        for value, group in rows.groupby(self._by, sort=False):
            waiting = self._waiting.setdefault(str(value), [])
            waiting.append(group.drop(columns=self._by))
            if sum(map(len, waiting)) >= PART:
                self._write(str(value))

    def counts(self) -> list[tuple[str, ...]]:
        """Combinations of the counted columns that rows have."""
        return sorted(names for names, count in self._counts.items() if count)

    def written(self, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Read some columns of the rows added so far, part by part."""
        for _, name in self._settled():
            yield parquet.read_table(name, columns=list(columns), partitioning=None).to_pandas()

    def revise(
        self, column: str, values: Container[Any], change: Callable[[pd.DataFrame], pd.DataFrame]
    ) -> None:
        """Change or leave out rows that were added; parts without the values stay as they are.

        Parameters
        ----------
        column, values : what tells the rows
        change : given rows, with others, gives those that stay, with their index
        """
        for value, name in self._settled():
            here = parquet.read_table(name, columns=[column], partitioning=None)[column]
            if not any(each in values for each in here.to_pylist()):
                continue
            rows = parquet.read_table(name, partitioning=None).to_pandas()
            made = change(rows)
            self._count(rows.assign(**{self._by: value}), -1)
            self._count(made.assign(**{self._by: value}), 1)
            name.unlink()
            if len(made):
                self._store(made, name)
        if self._drawn:
            self._drawn.revise(change)

    def _count(self, rows: pd.DataFrame, sign: int) -> None:
        self.rows += sign * len(rows)
        if self._counted:
            counts = rows.groupby(self._counted, dropna=False, observed=True).size()
            for names, count in counts.items():
                key = names if isinstance(names, tuple) else (names,)
                self._counts[tuple(map(str, key))] += sign * int(count)

    def _settled(self) -> list[tuple[str, Path]]:
        """Values and files of all parts, after writing what waits."""
        for value in list(self._waiting):
            self._write(value)
        return list(self._parts)

    def _write(self, value: str) -> None:
        rows = pd.concat(self._waiting.pop(value), ignore_index=True)
        # As Arrow reads the names of folders.
        home = self._beside / f"{self._by}={quote(value, safe=' ') or NONE}"
        home.mkdir(exist_ok=True)
        name = home / f"part-{len(self._parts):05d}.parquet"
        self._store(rows, name)
        self._parts.append((value, name))

    def _store(self, rows: pd.DataFrame, name: Path) -> None:
        table = pa.Table.from_pandas(rows, schema=self._schema, preserve_index=False)
        self._schema = table.schema
        parquet.write_table(table, name, row_group_size=GROUP, compression="zstd")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._settled()
                self._summarise()
                if self._drawn:
                    write_table(self._beside / SAMPLE, self._drawn.rows())
                if self._folder.is_dir():
                    shutil.rmtree(self._folder)
                self._beside.chmod(0o755)
                self._beside.rename(self._folder)
        finally:
            shutil.rmtree(self._beside, ignore_errors=True)

    def _summarise(self) -> None:
        counts = [
            dict(zip(self._counted, names, strict=True)) | {"rows": count}
            for names, count in sorted(self._counts.items())
            if count
        ]
        known = {"rows": self.rows, "by": self._by, "counts": counts}
        write_json(self._beside / SUMMARY, self.about | known)


class _Drawn:
    """A number of rows drawn from a stream, each with the same chance (a reservoir).

    Every row draws a number; those with the smallest stay. Vitter (1985), Random sampling with a
    reservoir, ACM TOMS 11, by priorities.
    """

    def __init__(self, most: int) -> None:
        self._most, self._rng = most, np.random.default_rng(0)
        self._kept: list[tuple[NDArray[np.float64], pd.DataFrame]] = []
        self._held, self._limit = 0, 1.0

    def add(self, rows: pd.DataFrame) -> None:
        """Draw among further rows."""
        numbers = self._rng.random(len(rows))
        chosen = numbers < self._limit
        self._kept.append((numbers[chosen], rows[chosen]))
        self._held += int(chosen.sum())
        if self._held > 2 * self._most:
            self._settle()

    def revise(self, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        """Change what was drawn; rows that are gone are replaced by none."""
        if self._kept:
            rows = change(self.rows())
            self._kept = [(self._kept[0][0][rows.index], rows)]
            self._held = len(rows)

    def _settle(self) -> None:
        numbers = np.concatenate([each for each, _ in self._kept])
        # In the order of arrival, which is that of the table.
        chosen = np.sort(np.argsort(numbers, kind="stable")[: self._most])
        rows = pd.concat([rows for _, rows in self._kept], ignore_index=True).iloc[chosen]
        self._kept, self._held = [(numbers[chosen], rows)], len(chosen)
        if len(chosen) == self._most:
            self._limit = float(numbers[chosen].max())

    def rows(self) -> pd.DataFrame:
        """What was drawn, in the order it came."""
        if not self._kept:
            return pd.DataFrame()
        self._settle()
        return self._kept[0][1].reset_index(drop=True)


def is_table(folder: Path) -> bool:
    """Whether a folder is a table of this module."""
    return folder.suffix == ".parquet" and (folder / SUMMARY).is_file()


def summary(folder: Path) -> dict[str, Any]:
    """Rows, and counts of the columns that were counted; none of the rows is read.

    Raises
    ------
    ArtifactError
        The folder is no table.
    """
    return dict(read_json(folder / SUMMARY))


def has_sample(folder: Path) -> bool:
    """Whether rows of a table were drawn when it was written."""
    return (folder / SAMPLE).is_file()


def sample(folder: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Rows drawn at random when the table was written; no other row is read.

    Raises
    ------
    ArtifactError
        They are missing or damaged.
    """
    return read_table(folder / SAMPLE, None if columns is None else list(columns))


@contextmanager
def _opened(folder: Path) -> Iterator[tuple[arrow.Dataset, str]]:
    """The table of a folder, and the column whose values are its folders.

    Raises
    ------
    ArtifactError
        A part of it that is read inside the block is damaged or gone.
    """
    by = str(summary(folder)["by"])
    folders = arrow.partitioning(pa.schema([(by, pa.string())]), flavor="hive")
    try:
        yield arrow.dataset(folder, partitioning=folders), by
    except (OSError, pa.ArrowException) as error:
        reason = str(error).split(": ", 1)[0].split(". ", 1)[0]
        raise ArtifactError(
            f"A part of the table {folder.name} is damaged or gone ({reason}); write it again."
        ) from error


def _expression(where: Where, by: str) -> Any:
    made = None
    for column, values in where.items():
        wanted = [value or NONE if column == by else value for value in values]
        one = arrow.field(column).isin(wanted)
        made = one if made is None else made & one
    return made


def _none(opened: arrow.Dataset, names: list[str] | None) -> pa.Table:
    """No rows, with the columns asked for."""
    table = opened.schema.empty_table()
    return table if names is None else table.select(names)


def count(folder: Path, where: Where | None = None) -> int:
    """Rows that pass a filter; only the filter's columns are read."""
    with _opened(folder) as (opened, by):
        return int(opened.count_rows(filter=_expression(where or {}, by)))


def read(
    folder: Path, columns: Sequence[str] | None = None, where: Where | None = None
) -> pd.DataFrame:
    """Some columns of the rows that pass a filter; parts and row groups that cannot are skipped."""
    names = None if columns is None else list(columns)
    with _opened(folder) as (opened, by):
        table = opened.to_table(columns=names, filter=_expression(where or {}, by))
    return pd.DataFrame(table.to_pandas()).replace({by: {NONE: ""}})


def page(
    folder: Path,
    number: int,
    each: int,
    columns: Sequence[str] | None = None,
    where: Where | None = None,
) -> pd.DataFrame:
    """Page ``number`` (from 1) of ``each`` rows, in the order of the parts.

    Without a filter only the row groups that hold the page are read. With one, the filter's
    columns are read as far as the page, and the other columns of the page's rows.
    """
    start = max(0, number - 1) * each
    names = None if columns is None else list(columns)
    with _opened(folder) as (opened, by):
        if where:
            found = _filtered(opened, start, each, names, _expression(where, by))
        else:
            found = _slice(opened, start, each, names)
    return found.replace({by: {NONE: ""}})


def _filtered(
    opened: arrow.Dataset, start: int, each: int, names: list[str] | None, expression: Any
) -> pd.DataFrame:
    """Rows start .. start + each of those that pass a filter, fragment by fragment."""
    rows, before = [], 0
    for fragment in opened.get_fragments(filter=expression):
        here = fragment.scanner(schema=opened.schema, filter=expression).count_rows()
        if before + here > start and before < start + each:
            part = fragment.to_table(schema=opened.schema, columns=names, filter=expression)
            rows.append(part.slice(max(0, start - before), start + each - max(start, before)))
        before += here
        if before >= start + each:
            break
    table = pa.concat_tables(rows) if rows else _none(opened, names)
    return pd.DataFrame(table.to_pandas())


def _slice(opened: arrow.Dataset, start: int, each: int, names: list[str] | None) -> pd.DataFrame:
    """Rows start .. start + each of a whole table, by its row groups' sizes."""
    rows, before = [], 0
    for fragment in opened.get_fragments():
        here = fragment.metadata.num_rows
        if before + here > start and before < start + each:
            groups, inside = [], before
            first = None
            for place in range(fragment.metadata.num_row_groups):
                size = fragment.metadata.row_group(place).num_rows
                if inside + size > start and inside < start + each:
                    groups.append(place)
                    first = inside if first is None else first
                inside += size
            assert first is not None
            part = fragment.subset(row_group_ids=groups).to_table(
                schema=opened.schema, columns=names
            )
            rows.append(part.slice(max(0, start - first), start + each - max(start, first)))
        before += here
        if before >= start + each:
            break
    table = pa.concat_tables(rows) if rows else _none(opened, names)
    return pd.DataFrame(table.to_pandas())
