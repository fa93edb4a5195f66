"""``--out``: tables, large ones as partitioned Parquet, written model by model."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from xray import parquet
from xray.errors import ArtifactError


def table_file(text: str) -> Path:
    """Path of a table, for argparse: its ending says how it is written."""
    path = Path(text)
    if path.suffix not in (".csv", ".parquet"):
        raise argparse.ArgumentTypeError(f"'{text}' is no table; end its name in .csv or .parquet")
    return path


@contextmanager
def by_model(
    folder: Path | None, counted: Sequence[str]
) -> Iterator[Callable[[str, pd.DataFrame], None]]:
    """Give what adds a model's rows to a table (``xray.parquet``), or drops them without a folder.

    Parameters
    ----------
    folder : of the table, its name ending in .parquet; None where none is asked for.
    counted : columns whose combinations are counted beside the rows.

    Raises
    ------
    ArtifactError
        The name ends otherwise, or something else lies there.
    """
    if folder is None:
        yield lambda _, __: None
        return
    if folder.suffix != ".parquet":
        raise ArtifactError(
            f"{folder} is written as a folder of Parquet; end its name in .parquet."
        )
    if folder.exists() and not parquet.is_table(folder):
        raise ArtifactError(f"{folder} is there and is no such table; give another name.")
    with parquet.Writer(folder, by="model", counted=("model", *counted)) as table:
        yield lambda model, rows: table.add(rows.assign(model=model))
