"""Tables too large to be held: what a server is told of, and what a page shows of one.

A table (``xray.parquet``) is made by ``index --out`` or ``evaluate --out``.
What is counted of all its rows lies beside them; of the rows themselves a page reads what it
shows.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from xray import parquet
from xray.errors import ArtifactError
from xray.files import hash_json

#: What tells a server about its tables: folders of them, or tables, with ":" between.
VARIABLE = "XRAY_TABLES"
#: Rows of a page.
EACH = 50


@dataclass(frozen=True, eq=False)
class Table:
    """A table that pages can show.

    Attributes
    ----------
    key : its name in links; nothing of where it lies
    folder : where it lies
    rows : how many it has
    by : column whose values are its folders
    counts : one row a combination of the counted columns, with ``rows``
    warnings : sentences on what was left out as it was written, and how the rest was read
    """

    key: str
    folder: Path
    rows: int
    by: str
    counts: pd.DataFrame
    warnings: tuple[str, ...] = ()

    @property
    def counted(self) -> list[str]:
        """The columns that are counted, whose values are known without reading a row."""
        return [str(name) for name in self.counts.columns if name != "rows"]

    def values(self, column: str) -> list[str]:
        """Values of a counted column."""
        return sorted(set(self.counts[column]))

    def matching(self, where: Mapping[str, Sequence[str]]) -> int:
        """Rows that pass a filter; read off the counts where these know its columns."""
        if not set(where) <= set(self.counted):
            return parquet.count(self.folder, where)
        chosen = self.counts
        for column, wanted in where.items():
            chosen = chosen[chosen[column].isin(list(wanted))]
        return int(chosen["rows"].sum())


def configured() -> tuple[list[Table], list[str]]:
    """Give every table that this server is told of (``XRAY_TABLES``).

    Returns
    -------
    tables : by name; those of the same name are numbered
    problems : a sentence about each place that cannot be used
    """
    tables, problems, names = [], [], Counter[str]()
    for place in filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)):
        folder = Path(place)
        inside = [folder] if folder.suffix == ".parquet" else sorted(folder.glob("*.parquet"))
        found = [each for each in inside if parquet.is_table(each)]
        if not found:
            problems.append(
                f"{VARIABLE} names {folder.name}, which is no table and holds none; make one with "
                "'python -m xray index FILMS --out films.parquet'."
            )
        for each in found:
            name = each.stem
            names[name] += 1
            key = name if names[name] == 1 else f"{name} {names[name]}"
            try:
                tables.append(_opened(key, each))
            except ArtifactError as error:
                problems.append(str(error))
    return tables, problems


def _opened(key: str, folder: Path) -> Table:
    said = parquet.summary(folder)
    try:
        counts = pd.DataFrame(said["counts"])
        if len(counts):
            counts["rows"] = counts["rows"].astype(int)
        warnings = tuple(map(str, said.get("warnings", ())))
        return Table(key, folder, int(said["rows"]), str(said["by"]), counts, warnings)
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(
            f"The summary of the table {folder.name} is damaged; write the table again."
        ) from error


def content(table: Table) -> str:
    """Hash of what tells one state of a table from another: its counts, and when it was written."""
    stamp = (table.folder / parquet.SUMMARY).stat().st_mtime_ns
    return hash_json([table.key, table.rows, stamp])


def says(table: Table) -> str:
    """The table's finding, for a title: its rows, and the commonest value of what is counted."""
    title = f"{table.key}: {table.rows:,} rows"
    column = next((name for name in table.counted if name != table.by), "")
    if not column or not table.rows:
        return title
    sums = table.counts.groupby(column)["rows"].sum()
    return f"{title}, {100 * sums.max() / table.rows:.0f} % of them {sums.idxmax() or 'without'}"
