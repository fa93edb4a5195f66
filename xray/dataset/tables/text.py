"""Tables as people have them, read as text: encoding and separator found, nothing converted.

CSV and its kin (.csv, .tsv, .txt, each also .gz) and Parquet. A column that is a number in the
first thousand rows and a word in the next is no problem where every value is text; ids keep
their leading zeros.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pandas as pd

from xray.dataset.left_out import Tally
from xray.errors import DatasetError

#: Endings of tables that are looked at where nobody names one.
SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet")
#: Rows that are read at a time: memory does not grow with the table.
ROWS = 8_192
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "upright strokes"}
#: Most columns of a table, characters of a field, and of a table (unpacked).
MOST_COLUMNS, LONGEST_FIELD, LARGEST = 4_096, 100_000, 8_000_000_000
_UTF8, _LATIN = "utf-8", "cp1252"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_EMPTY = frozenset({"nan", "<na>", "none", "nat"})


@dataclass(frozen=True)
class TextTable:
    """A table whose header was read.

    Attributes
    ----------
    path : where it lies
    columns : names, without spaces around them
    encoding, separator : how to read it; "" of Parquet
    """

    path: Path
    columns: tuple[str, ...]
    encoding: str = ""
    separator: str = ""


def is_table(path: Path) -> bool:
    """Whether a file is named as a table."""
    return path.name.lower().endswith(SUFFIXES) and not path.name.startswith(".")


def opened(path: Path, tally: Tally | None = None) -> TextTable:
    """Find out how to read a table and read its header.

    Parameters
    ----------
    path : of the table
    tally : gets a note where the encoding had to be guessed

    Raises
    ------
    DatasetError
        It is no table, empty, or has columns of one name.
    """
    try:
        with open(path, "rb") as stream:
            head = stream.read(4096)
        if head[:4] == b"PAR1":
            from pyarrow import parquet

            return TextTable(path, tuple(map(str, parquet.read_schema(path).names)))
        if not head:
            raise DatasetError(f"{path.name} is empty; write the table again.")
        if head[:2] == b"PK" or head[:4] == b"\xd0\xcf\x11\xe0":
            raise DatasetError(f"{path.name} is a spreadsheet or archive; save it as CSV (UTF-8).")
        encoding, certain = _encoding(path)
        separator, columns = _header(path, encoding)
    except (OSError, EOFError, ValueError, UnicodeError, csv.Error) as error:
        raise DatasetError(f"{path.name} cannot be read as a table ({error}); check it.") from error
    if tally is not None and not certain:
        tally.note(f"{path.name} is no UTF-8 and was read as Latin-1 (Windows-1252).")
    return TextTable(path, columns, encoding, separator)


def _unpacked(path: Path) -> IO[bytes]:
    with open(path, "rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else open(path, "rb")  # type: ignore[return-value]


def _encoding(path: Path) -> tuple[str, bool]:
    """Encoding of a text, and whether it is certain; the whole text is looked at."""
    with closing(_unpacked(path)) as stream:
        head = stream.read(4096)
        for mark, name in _MARKS:
            if head.startswith(mark):
                return name, True
        if nulls := head.count(0):
            # UTF-16 without a mark: every other byte of plain text is 0.
            even, odd = head[::2].count(0), head[1::2].count(0)
            if max(even, odd) > 0.2 * len(head) and min(even, odd) < 0.05 * len(head):
                return "utf-16-le" if odd > even else "utf-16-be", True
            raise DatasetError(
                f"{path.name} holds {nulls} zero bytes and is no text; save it as CSV (UTF-8)."
            )
        decoder = codecs.getincrementaldecoder(_UTF8)()
        read = 0
        try:
            while head:
                decoder.decode(head)
                read += len(head)
                if read > LARGEST:
                    raise DatasetError(f"{path.name} is too large; split the table.")
                head = stream.read(1 << 20)
            decoder.decode(b"", True)
        except UnicodeDecodeError:
            return _LATIN, False
    return _UTF8, True


def _lines(path: Path, encoding: str) -> io.TextIOWrapper:
    # Windows-1252 leaves five bytes without a letter; they must not end a table.
    errors = "replace" if encoding == _LATIN else "strict"
    return io.TextIOWrapper(_unpacked(path), encoding=encoding, errors=errors, newline="")


def _header(path: Path, encoding: str) -> tuple[str, tuple[str, ...]]:
    """Separator and names of the columns, from the first line that holds anything."""
    with _lines(path, encoding) as stream:
        line = ""
        for _ in range(100):
            line = stream.readline(1_000_000)
            if line.strip() or not line:
                break
    if not line.strip():
        raise DatasetError(f"{path.name} has no header; write the names of its columns first.")
    named = {"sep=": "", "SEP=": ""}
    if line[:4] in named:
        raise DatasetError(f"{path.name} begins with {line.strip()!r}; take that line out.")
    # Excel's habit aside, the separator that makes most columns is the one that was meant.
    found = {sep: next(csv.reader([line], delimiter=sep)) for sep in SEPARATORS}
    separator = max(found, key=lambda sep: len(found[sep]))
    columns = tuple(name.strip().lstrip("\ufeff") for name in found[separator])
    if len(columns) > MOST_COLUMNS:
        raise DatasetError(f"{path.name} has more than {MOST_COLUMNS} columns; take some out.")
    return separator, columns


def locate(table: TextTable, wanted: str) -> str:
    """The column of a name, in any case where only one fits; "" where there is none.

    Raises
    ------
    DatasetError
        The name stands twice.
    """
    same = [name for name in table.columns if name == wanted]
    same = same or [name for name in table.columns if name.casefold() == wanted.casefold()]
    if len(same) > 1:
        raise DatasetError(
            f"{table.path.name} has {len(same)} columns named {wanted}; give each its own name."
        )
    return same[0] if same else ""


def batches(
    table: TextTable, columns: list[str], tally: Tally, needed: int = 1
) -> Iterator[pd.DataFrame]:
    """Read some columns as text, a few thousand rows at a time.

    Parameters
    ----------
    table : as :func:`opened` gives it
    columns : names out of ``table.columns``
    needed : how many of the first of them a row must have
    tally : counts every row, and those left out because they are not whole

    Yields
    ------
    DataFrame
        Text, "" where nothing is known.

    Raises
    ------
    DatasetError
        The table cannot be read to its end.
    """
    try:
        if table.separator:
            yield from _csv(table, columns, tally, needed)
        else:
            yield from _parquet(table, columns, tally)
    except (OSError, EOFError, ValueError, UnicodeError, csv.Error) as error:
        raise DatasetError(
            f"{table.path.name} cannot be read to its end ({error}); nothing of it was used."
        ) from error


def _parquet(table: TextTable, columns: list[str], tally: Tally) -> Iterator[pd.DataFrame]:
    from pyarrow import parquet

    with parquet.ParquetFile(table.path) as file:
        for batch in file.iter_batches(batch_size=ROWS, columns=columns):
            tally.seen += len(batch)
            yield pd.DataFrame(
                {name: words(batch.column(name).to_pandas()) for name in columns}, dtype=str
            )


def words(values: pd.Series) -> pd.Series:
    """Values as text; whole numbers without a point, unknown ones empty."""
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    return values.astype("string").fillna("").astype(str)


def _csv(table: TextTable, columns: list[str], tally: Tally, needed: int) -> Iterator[pd.DataFrame]:
    at = [table.columns.index(name) for name in columns]
    least = 1 + max(at[:needed])
    csv.field_size_limit(LONGEST_FIELD)
    with _lines(table.path, table.encoding) as stream:
        reader = csv.reader(stream, delimiter=table.separator)
        next(row for row in reader if any(cell.strip() for cell in row))
        rows: list[list[str]] = []
        before = reader.line_num
        for row in reader:
            first, before = before + 1, reader.line_num
            if not any(cell.strip() for cell in row):
                continue
            if problem := _broken(row, table, least):
                lines = before - first + 1 if problem is _QUOTE else 1
                tally.seen += lines
                tally.add(problem, [f"line {first}"], lines)
                continue
            tally.seen += 1
            rows.append([_word(row[i]) if i < len(row) else "" for i in at])
            if len(rows) == ROWS:
                yield pd.DataFrame(rows, columns=columns, dtype=str)
                rows = []
        if rows:
            yield pd.DataFrame(rows, columns=columns, dtype=str)


_SHORT = "have fewer fields than the table has columns"
_LONG = "have more fields than the table has columns"
_QUOTE = "lie between quotation marks that were not closed where they should"


def _broken(row: list[str], table: TextTable, least: int) -> str:
    """Why a row cannot be used; "" where it can."""
    wide = len(table.columns)
    # A stray quotation mark swallows whole rows into one field.
    limit = max(1, wide - 1)
    for cell in row:
        if "\n" in cell and any(
            line.count(table.separator) >= limit for line in cell.splitlines()[1:]
        ):
            return _QUOTE
    if len(row) < wide and any("\n" in cell for cell in row):
        return _QUOTE
    if len(row) > wide and any(cell.strip() for cell in row[wide:]):
        return _LONG
    # Spreadsheets drop empty cells at the end: only what is needed must be there.
    return _SHORT if len(row) < least else ""


def _word(cell: str) -> str:
    text = cell.strip()
    return "" if text.casefold() in _EMPTY else text
