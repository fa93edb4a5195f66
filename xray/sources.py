"""Where films come from: the stored facts of the public set, and the folders of this server.

A folder that holds films of the public set needs no indexing: what is known of them is stored,
and the folder gives the pixels. Any other folder is a dataset of its own and is indexed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from xray import dataset, scan
from xray.errors import DatasetError
from xray.files import hash_json

#: Name of the public set for people, and its key in links.
PUBLIC_TITLE, PUBLIC = "Public pneumonia set", "public"

#: What tells a server about its datasets.
VARIABLES = ("XRAY_DATA", "XRAY_CLASSES")

#: Share of a folder's films that must be films of the public set for it to be a copy.
COPY_SHARE = 0.5


@dataclass(frozen=True)
class Source:
    """A dataset that pages can show.

    Attributes
    ----------
    key : name in links; tells nothing of where the films lie
    title : name for people
    folder : where the films lie; None where there are only facts
    """

    key: str
    title: str
    folder: Path | None


def folders() -> list[Path]:
    """Folders of films that this server is told of (``XRAY_DATA``, several with ":" between).

    Raises
    ------
    DatasetError
        One of them is not a folder.
    """
    value = os.environ.get("XRAY_DATA", "")
    if value and Path(value).is_dir():
        return [Path(value)]
    found = [Path(part) for part in value.split(os.pathsep) if part]
    for path in found:
        if not path.is_dir():
            raise DatasetError(
                f"XRAY_DATA points to {path}, which is not a folder; "
                "set it to the folder of the films."
            )
    return found


def classes() -> Mapping[str, str] | None:
    """Class folders by another name (``XRAY_CLASSES``, as ``--classes`` takes them)."""
    value = os.environ.get("XRAY_CLASSES", "")
    return scan.parse_classes(value) if value.strip() else None


def configured() -> list[Source]:
    """Give every dataset there is, the public set first; a copy of it is told by ``paths``."""
    found = [Source(PUBLIC, PUBLIC_TITLE, None)]
    for folder in folders():
        key = "folder-" + hash_json(str(folder.resolve()))[:8]
        found.append(Source(key, dataset.describe(folder), folder))
    return found


def paths(folder: Path) -> dict[str, str]:
    """List the films of a folder without opening them: ``file`` -> path in the folder.

    Raises
    ------
    DatasetError
        No film lies there.
    """
    return {film.file: film.path for film in scan.scan(folder, classes()).films if not film.problem}


def is_copy(found: Mapping[str, str], public: pd.DataFrame) -> bool:
    """Whether a folder's films (``paths``) are films of the public set, by their keys."""
    known = set(public["file"])
    return sum(file in known for file in found) >= COPY_SHARE * max(len(found), 1)


def with_paths(public: pd.DataFrame, found: Mapping[str, str]) -> pd.DataFrame:
    """Facts of the public set with the ``path`` of each film in a copy; "" where it is not."""
    return public.assign(path=public["file"].map(dict(found)).fillna(""))
