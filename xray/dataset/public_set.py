"""What is stored of the public set: facts of its 5,856 films, known without any film."""

from __future__ import annotations

import pandas as pd

from xray.dataset import outliers
from xray.dataset.index import COLUMNS
from xray.environment import artifact
from xray.errors import ArtifactError, DatasetError
from xray.files import read_table
from xray.metrics.patients import person

#: Facts of the public set that were given, and those computed from its 224 x 224 re-encode.
FACTS_FILE, COMPUTED_FILE = "films.csv", "films224.csv"


def read() -> pd.DataFrame:
    """Read the committed facts of the public set (5,856 films); works without any film.

    Returns
    -------
    A table as ``index.index`` makes it, by ``file``. ``width``, ``height``, ``mode``, ``bytes``
    and ``jpeg_quality`` describe the films as distributed (bytes and quality are known of
    1,566 train films, width and height of all but 5; NaN elsewhere). ``sha256``, ``phash``,
    ``mean``, ``contrast`` and the scores describe the public 224 x 224 re-encode. Further
    columns: size_source, identical_to (``file`` of byte-identical films, ";" between),
    lung_fraction (share of the film that human-drawn lung masks cover).

    Raises
    ------
    ArtifactError
        A file of ``artifacts/dataset`` is missing or damaged.
    """
    given = read_table(artifact("dataset", FACTS_FILE))
    computed = read_table(artifact("dataset", COMPUTED_FILE))
    given.columns = given.columns.str.removeprefix("native_")
    for file, part in ((FACTS_FILE, given), (COMPUTED_FILE, computed)):
        if "file" not in part or part["file"].duplicated().any():
            raise ArtifactError(f"{file} is not the table of films; restore it from git.")
    lost = set(COLUMNS) - {"path", "name", "person", "error"} - {*given.columns, *computed.columns}
    if lost:
        raise ArtifactError(
            f"The stored facts lack {', '.join(sorted(lost))}; restore them from git."
        )
    table = given.merge(computed, on="file", how="left", validate="one_to_one").sort_values("file")
    text = table.select_dtypes(exclude=["number", "bool"]).columns
    table[text] = table[text].fillna("")
    table["path"] = table["file"]
    table["name"] = table["file"].str.rpartition("/")[2]
    table["person"] = [person(name) for name in table["name"]]
    table["error"] = ""
    return table[[*COLUMNS, *(column for column in table if column not in COLUMNS)]]


def computed_facts(table: pd.DataFrame) -> pd.DataFrame:
    """Select what ``artifacts/dataset/films224.csv`` keeps of the table of the re-encode.

    Raises
    ------
    DatasetError
        The table is not of the public set's 5,856 films at 224 x 224.
    """
    given = read_table(artifact("dataset", FACTS_FILE), ["file"])
    if (
        set(table["file"]) != set(given["file"])
        or not table[["width", "height"]].eq(224).to_numpy().all()
    ):
        raise DatasetError(
            "Only the facts of the public set's 224 x 224 re-encode are stored, all 5,856 films."
        )
    facts = table[["file", "sha256", "phash", "mean", "contrast", *outliers.STORED]]
    return facts.sort_values("file").round(4)
