"""Films listed in a table instead of sorted into folders: path, label, split, patient, and more.

A folder is read so when it holds ``listing.json`` (written by ``index --table``), NIH
ChestX-ray14's ``Data_Entry_2017.csv``, or CheXpert's ``train.csv``. Further columns of the table
become groups of films to compare (``xray.models.weak_spots``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.dataset as arrow

from xray.errors import ArtifactError, DatasetError
from xray.files import read_json, write_json

FILE = "collection.json"
#: Rows of a table that are read at a time: memory does not grow with the table.
ROWS = 8_192
#: Prefix of further columns in the table of films.
ABOUT = "about_"
#: Further columns at most, and values of one that is kept as words.
MOST_COLUMNS = 12
NIH_FILE, NIH_TEST = "Data_Entry_2017.csv", "test_list.txt"
#: Split by the name of CheXpert's tables.
CHEXPERT_FILES = {"train.csv": "train", "valid.csv": "val"}
_CHEXPERT_PATIENT = re.compile(r"patient\d+")


@dataclass(frozen=True)
class Columns:
    """Which column of a table says what.

    Attributes
    ----------
    path, label : needed; paths are relative to the folder.
    split, patient : "" where there is none.
    classes : value of the label's column -> NORMAL or PNEUMONIA; films of other values are left
        out. In a column of several findings, "a|b" holds both a and b.
    further : columns kept to compare films by.
    """

    path: str = "path"
    label: str = "label"
    split: str = ""
    patient: str = ""
    classes: Mapping[str, str] = field(
        default_factory=lambda: {"NORMAL": "NORMAL", "PNEUMONIA": "PNEUMONIA"}
    )
    further: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listing:
    """Tables of a folder and how to read them: ``tables`` maps a file to its split ("" by row)."""

    kind: str
    tables: Mapping[str, str]
    columns: Columns


NIH = Columns(
    path="Image Index",
    label="Finding Labels",
    patient="Patient ID",
    classes={"Pneumonia": "PNEUMONIA", "No Finding": "NORMAL"},
    further=("Patient Age", "Patient Gender", "View Position"),
)
CHEXPERT = Columns(
    path="Path", label="Pneumonia", further=("Sex", "Age", "Frontal/Lateral", "AP/PA")
)


def find(folder: Path) -> Listing | None:
    """How the films of a folder are listed; None where they lie in class folders.

    Raises
    ------
    DatasetError
        ``listing.json`` cannot be used.
    """
    if (folder / FILE).is_file():
        return _stored(folder / FILE)
    if (folder / NIH_FILE).is_file():
        return Listing("NIH ChestX-ray14", {NIH_FILE: ""}, NIH)
    tables = {name: split for name, split in CHEXPERT_FILES.items() if (folder / name).is_file()}
    needed = {CHEXPERT.path, CHEXPERT.label, "No Finding"}
    if tables and needed <= set(_header(folder / next(iter(tables)))):
        return Listing("CheXpert", tables, CHEXPERT)
    return None


def _stored(path: Path) -> Listing:
    try:
        value = read_json(path)
        columns = Columns(**value["columns"] | {"further": tuple(value["columns"]["further"])})
        return Listing("table", {str(value["table"]): ""}, columns)
    except (ArtifactError, KeyError, TypeError) as error:
        raise DatasetError(
            f"{path} does not say how the films are listed; write it again with "
            "'python -m xray index FOLDER --table FILE'."
        ) from error


def of(folder: Path, table: str, columns: Columns) -> Listing:
    """Read a table's header; columns that the table has besides become further ones.

    Raises
    ------
    DatasetError
        There is no such table, or it lacks a column.
    """
    if not (folder / table).is_file():
        raise DatasetError(f"There is no {table} in {folder}; --table names a file in the folder.")
    header = _header(folder / table)
    named = [columns.path, columns.label, columns.split, columns.patient]
    lost = [name for name in named if name and name not in header]
    if lost:
        raise DatasetError(
            f"{table} has no column {', '.join(lost)}; name its columns with --columns, such as "
            f"path={header[0]}."
        )
    rest = tuple(name for name in header if name not in named)[:MOST_COLUMNS]
    columns = Columns(**asdict(columns) | {"further": columns.further or rest})
    return Listing("table", {table: ""}, columns)


def store(folder: Path, table: str, columns: Columns) -> Listing:
    """Write ``listing.json``, by which the folder is read from then on (see :func:`of`)."""
    listing = of(folder, table, columns)
    write_json(folder / FILE, {"table": table, "columns": asdict(listing.columns)})
    return listing


def parse_columns(text: str) -> Columns:
    """Read ``path=File,label=Class,split=Part,patient=ID``.

    Raises
    ------
    DatasetError
        It names something else.
    """
    pairs = dict(part.partition("=")[::2] for part in text.split(",") if part.strip())
    if not pairs or set(pairs) - {"path", "label", "split", "patient"} or not all(pairs.values()):
        raise DatasetError(
            f"{text!r} names no columns; write such as path=File,label=Class,split=Part,patient=ID."
        )
    return Columns(
        pairs.get("path", "path"), pairs.get("label", "label"),
        pairs.get("split", ""), pairs.get("patient", ""),
    )  # fmt: skip


def _table(path: Path) -> arrow.Dataset:
    try:
        return arrow.dataset(path, format="csv" if path.suffix.lower() == ".csv" else "parquet")
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path.name} cannot be read as a table ({error}); check it.") from error


def _header(path: Path) -> list[str]:
    return [str(name) for name in _table(path).schema.names]


def read(
    folder: Path, listing: Listing, classes: Mapping[str, str] | None = None
) -> Iterator[pd.DataFrame]:
    """Read a listing, a few thousand films at a time.

    Parameters
    ----------
    classes : value of the label's column -> label, instead of the listing's own.

    Yields
    ------
    DataFrame
        path (in the folder), label ("" of films that are neither class), split, person, and
        ``about_<column>`` for further ones, as text.
    """
    places = _nih_places(folder) if listing.columns is NIH else {}
    tested = _nih_tested(folder) if listing.columns is NIH else None
    for name, split in listing.tables.items():
        columns = listing.columns
        wanted = {columns.path, columns.label, columns.split, columns.patient, *columns.further}
        if listing.columns is CHEXPERT:
            wanted.add("No Finding")
        table = _table(folder / name)
        known = [column for column in table.schema.names if column in wanted]
        for batch in table.to_batches(columns=known, batch_size=ROWS):
            rows = batch.to_pandas()
            found = pd.DataFrame({"path": rows[columns.path].astype(str)})
            found["label"] = _labels(rows, columns, classes)
            found["split"] = split or (_words(rows[columns.split]) if columns.split else "")
            found["person"] = _words(rows[columns.patient]) if columns.patient else ""
            if columns is NIH:
                found["path"] = [places.get(path, f"images/{path}") for path in found["path"]]
                found["person"] = "patient-" + found["person"]
                if tested is not None:
                    inside = rows[columns.path].isin(tested)
                    found["split"] = np.where(inside, "test", "train")
            if columns is CHEXPERT:
                found["path"] = [_within(folder, path) for path in found["path"]]
                found["person"] = found["path"].str.extract(f"({_CHEXPERT_PATIENT.pattern})")[0]
            for column in columns.further:
                if column in rows:
                    found[ABOUT + column] = _words(rows[column])
            yield found.fillna("")


def _words(values: pd.Series) -> pd.Series:
    """Values as text; whole numbers without a point, unknown ones empty."""
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    return values.astype("string").fillna("").astype(str)


def _labels(rows: pd.DataFrame, columns: Columns, given: Mapping[str, str] | None) -> pd.Series:
    if columns is CHEXPERT:
        # 1 is said to be there, 0 said not to be, -1 uncertain, nothing: not mentioned.
        sick, healthy = rows["Pneumonia"] == 1, rows["No Finding"] == 1
        named = np.where(sick, "PNEUMONIA", np.where(healthy, "NORMAL", ""))
        return pd.Series(named, index=rows.index)
    mapping = given or columns.classes
    classes = {name.casefold(): label for name, label in mapping.items()}

    def one(text: str) -> str:
        found = {classes.get(part.strip().casefold(), "") for part in text.split("|")} - {""}
        # A film that is said to be both is neither.
        return found.pop() if len(found) == 1 else ""

    words = _words(rows[columns.label])
    return pd.Series([one(text) for text in words], index=rows.index)


def _nih_places(folder: Path) -> dict[str, str]:
    """Where NIH's films lie: the archives unpack into images_001/images and so on."""
    return {
        path.name: path.relative_to(folder).as_posix()
        for pattern in ("images_*/images/*.png", "images/*.png")
        for path in folder.glob(pattern)
    }


def _nih_tested(folder: Path) -> set[str] | None:
    """Films of NIH's own test split; None where its list is missing."""
    path = folder / NIH_TEST
    return set(path.read_text(encoding="utf-8").split()) if path.is_file() else None


def _within(folder: Path, path: str) -> str:
    """CheXpert's paths begin with the name that its folder was published by."""
    first, _, rest = path.partition("/")
    return (
        rest if first.casefold().startswith("chexpert") and not (folder / first).is_dir() else path
    )
