"""Where films come from: the stored facts of the public set, and the folders of this server.

A folder that holds films of the public set needs no indexing: what is known of them is stored,
and the folder gives the pixels. Any other folder is a dataset of its own and is indexed; or, where
a table of it was written (``index --out``), its films are those that were drawn for the table.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count
from pathlib import Path

import pandas as pd

from xray import classes, parquet
from xray.dataset import index, large_tables, scan
from xray.environment import data_dirs
from xray.errors import ArtifactError

#: Name of the public set for people, and its key in links.
PUBLIC_TITLE, PUBLIC = "Public set of children", "public"

#: What tells a server about its datasets.
VARIABLES = ("XRAY_DATA", classes.VARIABLE, large_tables.VARIABLE)

#: Films of a table that must lie in a folder for it to be the table's folder.
LOOKED_FOR = 5

#: Share of a folder's films that must be films of the public set for it to be a copy.
COPY_SHARE = 0.5

#: Longest name of a folder in links and lists.
LONGEST_NAME = 60


@dataclass(frozen=True)
class Source:
    """A dataset that pages can show.

    Attributes
    ----------
    key : name in links: the folder's own name, nothing of where it lies
    title : name for people
    folder : where the films lie; None where there are only facts
    table : table in parts (``xray.parquet``) that stands for the folder's index; None without one
    """

    key: str
    title: str
    folder: Path | None
    table: Path | None = None


def configured() -> tuple[list[Source], list[str]]:
    """Give every dataset that this server is told of, the public set first.

    Those are the folders of ``XRAY_DATA`` and the tables of films of ``XRAY_TABLES``; a table of
    one of the folders is the same dataset.

    Returns
    -------
    datasets : a copy of the public set among them is told by ``is_copy``; folders of the same
        name are numbered in the order of ``XRAY_DATA``, each folder is given once
    problems : a sentence about each folder that cannot be used; the others are there all the same
    """
    found, problems = [Source(PUBLIC, PUBLIC_TITLE, None)], []
    taken, seen = {PUBLIC}, set()
    for folder in data_dirs():
        if not folder.is_dir():
            problems.append(
                f"XRAY_DATA names {index.describe(folder)}, which is not a folder; "
                "set it to the folder of the films."
            )
        elif (place := folder.resolve()) not in seen:
            seen.add(place)
            name = _unused(index.describe(folder), taken)
            taken.add(name)
            found.append(Source(name, name, folder))
    # What is wrong with a table is told by the page that lists them.
    for table in large_tables.configured()[0]:
        if parquet.has_sample(table.folder):
            _add(found, table, taken)
    return found, problems


def _add(found: list[Source], table: large_tables.Table, taken: set[str]) -> None:
    """Add a table of films: to the folder that holds them, or as a dataset without films."""
    for place, source in enumerate(found):
        if source.folder and source.table is None and _lies_in(table.folder, source.folder):
            found[place] = replace(source, table=table.folder)
            return
    name = _unused(table.key, taken)
    taken.add(name)
    found.append(Source(name, name, None, table.folder))


def _lies_in(table: Path, folder: Path) -> bool:
    """Whether the first films of a table's sample are files of a folder."""
    paths = _first_paths(table, (table / parquet.SAMPLE).stat().st_mtime_ns)
    return bool(paths) and all((folder / path).is_file() for path in paths)


@lru_cache(maxsize=64)
def _first_paths(table: Path, _stamp: int) -> tuple[str, ...]:
    """Where the first films of a table's sample lie; none where it cannot be read."""
    try:
        return tuple(map(str, parquet.sample(table, ["path"])["path"].head(LOOKED_FOR)))
    except ArtifactError:
        return ()


def _unused(name: str, taken: Collection[str]) -> str:
    """Name, or the first of "name 2", "name 3", ... that is not taken."""
    # A name that is no text can stand in no link; its bytes are shown escaped.
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    name = text[:LONGEST_NAME] or "films"
    numbered = (f"{name} {number}" for number in count(2))
    return name if name not in taken else next(each for each in numbered if each not in taken)


def paths(folder: Path) -> dict[str, str]:
    """List the films of a folder without opening them: ``file`` -> path in the folder.

    Raises
    ------
    DatasetError
        No film lies there.
    """
    return {film.file: film.path for film in scan.scan(folder).films if not film.problem}


def is_copy(found: Mapping[str, str], public: pd.DataFrame) -> bool:
    """Whether a folder's films (``paths``) are films of the public set, by their keys."""
    known = set(public["file"])
    return sum(file in known for file in found) >= COPY_SHARE * max(len(found), 1)


def with_paths(public: pd.DataFrame, found: Mapping[str, str]) -> pd.DataFrame:
    """Facts of the public set with the ``path`` of each film in a copy; "" where it is not."""
    return public.assign(path=public["file"].map(dict(found)).fillna(""))
