"""A folder of films to a list of films: split and class from the folders, the rest from names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from xray.dataset import listing as collection
from xray.errors import DatasetError

if TYPE_CHECKING:
    import pandas as pd

#: Folder name (any case) -> label, where nobody says otherwise.
CLASSES: Mapping[str, str] = {"NORMAL": "NORMAL", "PNEUMONIA": "PNEUMONIA"}

#: Folder name (any case) -> split.
SPLITS: Mapping[str, str] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}

SUFFIXES = frozenset({".jpeg", ".jpg", ".png", ".tif", ".tiff", ".bmp", ".webp", ".dcm", ".dicom"})

#: Left behind by archivers and file managers; they hold no films.
IGNORED = frozenset({"__MACOSX"})


@dataclass(frozen=True)
class Found:
    """One film file, not yet opened.

    Attributes
    ----------
    file : key of the film: "split/label/name" (or "label/name" where there are no splits)
    path : where it lies, relative to the folder, with forward slashes
    split : "train", "val", "test" or ""
    label : one of the labels of the class mapping
    bytes, modified : size and time of change (ns); -1 where the file cannot be looked at
    problem : why it cannot be looked at; "" when it can
    person, further : patient and further columns, where the films are listed in a table
    """

    file: str
    path: str
    split: str
    label: str
    bytes: int
    modified: int
    problem: str = ""
    person: str = ""
    further: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Scan:
    """What a folder holds: the films in the order of their keys, and what to tell people."""

    films: tuple[Found, ...]
    warnings: tuple[str, ...]


def parse_classes(text: str) -> dict[str, str]:
    """Read a class mapping such as ``"healthy=NORMAL,covid=PNEUMONIA"``.

    Raises
    ------
    DatasetError
        The text is not a list of ``folder=LABEL``.
    """
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not pairs or any(not folder.strip() or not label.strip() for folder, _, label in pairs):
        raise DatasetError(
            f"{text!r} is not a class mapping; write folder=LABEL pairs with commas between, "
            "such as healthy=NORMAL,covid=PNEUMONIA."
        )
    return {folder.strip(): label.strip() for folder, _, label in pairs}


def scan(
    folder: Path,
    classes: Mapping[str, str] | None = None,
    listing: collection.Listing | None = None,
) -> Scan:
    """List the films under a folder without opening them.

    Parameters
    ----------
    folder : at any depth it holds class folders, with or without split folders around them
    classes : folder name -> label, compared without case; ``CLASSES`` when None
    listing : a table of the folder that lists the films; the folder's own when None

    Raises
    ------
    DatasetError
        There is no such folder, or no film lies in a folder of any class.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder; give the folder that holds the films.")
    warnings: list[str] = []
    listing = listing or collection.find(folder)
    if listing is not None:
        films = {film.file: film for film in listed(folder, warnings, classes, listing)}
        if not films:
            raise DatasetError(
                f"The table in {folder} lists no film of a class; see --table and --columns."
            )
        return Scan(tuple(films[key] for key in sorted(films)), tuple(warnings))
    classes = classes or CLASSES
    found: dict[str, Found] = {}
    outside, copies = 0, 0
    # Shallow first: of two copies of a dataset, one inside the other, the outer one counts.
    for path, entry in sorted(_walk(folder, warnings), key=lambda item: (item[0].count("/"), item)):
        film = _found(path, entry, classes)
        if film is None:
            outside += 1
        elif film.file not in found:
            found[film.file] = film
        elif found[film.file].bytes == film.bytes:
            copies += 1
        else:
            found[path] = Found(path, *_rest(film))
    if outside:
        warnings.append(f"{outside:,} image files lie outside the class folders and were left out.")
    if copies:
        warnings.append(
            f"{copies:,} files repeat the split, class, name and size of another (a second copy "
            "of the dataset inside the folder?) and were left out."
        )
    if not found:
        raise DatasetError(_nothing_found(folder, classes, outside))
    return Scan(tuple(found[key] for key in sorted(found)), tuple(warnings))


def stream(folder: Path, classes: Mapping[str, str] | None = None) -> Iterator[Found]:
    """List films one by one, in no particular order, for folders too large to hold at once.

    Unlike :func:`scan` it does not look for a second copy of the dataset inside the folder.
    """
    if collection.find(folder) is not None:
        yield from listed(folder, [], classes)
        return
    for path, entry in _walk(folder, []):
        film = _found(path, entry, classes or CLASSES)
        if film is not None:
            yield film


def listed(
    folder: Path,
    warnings: list[str],
    classes: Mapping[str, str] | None = None,
    listing: collection.Listing | None = None,
) -> Iterator[Found]:
    """Films of a folder that lists them in a table; what is left out goes into ``warnings``."""
    listing = listing or collection.find(folder)
    assert listing is not None
    neither = 0
    for rows in collection.read(folder, listing, classes):
        about = [str(name) for name in rows if str(name).startswith(collection.ABOUT)]
        for row in rows.to_dict("records"):
            if not row["label"]:
                neither += 1
                continue
            further = tuple((name, str(row[name])) for name in about)
            split = SPLITS.get(str(row["split"]).casefold(), "")
            yield _listed(folder, str(row["path"]), split, str(row["label"]), str(row["person"]),
                          further)  # fmt: skip
    if neither:
        warnings.append(
            f"{neither:,} films of the {listing.kind} table are neither class and were left out."
        )


def _listed(
    folder: Path,
    path: str,
    split: str,
    label: str,
    person: str,
    further: tuple[tuple[str, str], ...],
) -> Found:
    """Look at one film of a table."""
    # Names repeat in such sets ("view1_frontal.jpg"): the folders below the split tell them apart.
    inner = path.removeprefix(f"{split}/")
    key = "/".join(part for part in (split, label, inner) if part)
    inside = not Path(path).is_absolute() and ".." not in Path(path).parts
    try:
        if not inside:
            problem = "it lies outside the folder; list only films inside it"
            return Found(key, path, split, label, -1, -1, problem, person, further)
        stat = (folder / path).stat()
        return Found(key, path, split, label, stat.st_size, stat.st_mtime_ns, "", person, further)
    except OSError as error:
        problem = f"it cannot be looked at ({error.strerror}); check the table's paths"
        return Found(key, path, split, label, -1, -1, problem, person, further)


def _rest(film: Found) -> tuple[str, str, str, int, int, str]:
    return film.path, film.split, film.label, film.bytes, film.modified, film.problem


def _nothing_found(folder: Path, classes: Mapping[str, str], outside: int) -> str:
    wanted = " and ".join(sorted(classes))
    if outside:
        return (
            f"{folder} holds {outside:,} images but none in a folder named {wanted}; sort them "
            "into class folders or name your class folders with --classes folder=LABEL,..."
        )
    return (
        f"{folder} holds no images; give the folder whose train, val and test folders "
        f"(or class folders named {wanted}) hold the films."
    )


def _walk(folder: Path, warnings: list[str]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield (relative path, entry) of every image file; folders behind links once only."""
    seen = {_identity(folder.stat())}
    folders, linked = [(str(folder), "")], list[tuple[str, str]]()
    # Links wait until every real folder has been seen, so that a film keeps its real path.
    while folders or linked:
        if not folders:
            place, relative = linked.pop()
            try:
                identity = _identity(Path(place).stat())
            except OSError:
                warnings.append(f"The link {relative} leads nowhere and was left out.")
                continue
            if identity in seen:
                warnings.append(f"The link {relative} leads to a folder already listed.")
                continue
            seen.add(identity)
            folders.append((place, relative))
        place, relative = folders.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or entry.name in IGNORED:
                        continue
                    path = f"{relative}/{entry.name}" if relative else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        seen.add(_identity(entry.stat(follow_symlinks=False)))
                        folders.append((entry.path, path))
                    elif entry.is_symlink() and Path(entry.path).is_dir():
                        linked.append((entry.path, path))
                    elif f".{entry.name.rpartition('.')[2]}".lower() in SUFFIXES:
                        yield path, entry
        except OSError as error:
            warnings.append(
                f"The folder {relative or '.'} cannot be listed ({error.strerror}) and was "
                "left out; check its permissions."
            )


def _identity(stat: os.stat_result) -> tuple[int, int]:
    return stat.st_dev, stat.st_ino


def place(path: str, classes: Mapping[str, str] | None = None) -> tuple[str, str, str] | None:
    """Read the folders of a relative path.

    Returns
    -------
    (split, label, key), or None where no folder names a class
    """
    folder, _, name = path.rpartition("/")
    where = _place_folder(folder, tuple((classes or CLASSES).items()))
    return None if where is None else (where[0], where[1], where[2] + name)


@lru_cache(maxsize=4096)
def _place_folder(path: str, classes: tuple[tuple[str, str], ...]) -> tuple[str, str, str] | None:
    """Split and label of a folder, and what the keys of its films begin with."""
    folders = path.split("/")
    labels = {folder.casefold(): label for folder, label in classes}
    lower = [part.casefold() for part in folders]
    at = next((i for i in range(len(lower) - 1, -1, -1) if lower[i] in labels), None)
    if at is None:
        return None
    where = next((i for i in range(len(lower) - 1, -1, -1) if lower[i] in SPLITS), None)
    split = "" if where is None else SPLITS[lower[where]]
    label = labels[lower[at]]
    inner = [part for i, part in enumerate(folders) if i > at and i != where]
    return split, label, "".join(f"{part}/" for part in [split, label, *inner] if part)


def _found(path: str, entry: os.DirEntry[str], classes: Mapping[str, str]) -> Found | None:
    """Look at one file; None where no folder names a class."""
    where = place(path, classes)
    if where is None:
        return None
    split, label, key = where
    size, modified, problem = -1, -1, ""
    try:
        path.encode()
        stat = entry.stat()
        size, modified = stat.st_size, stat.st_mtime_ns
    except UnicodeEncodeError:
        # Such a name can be written into no table; its bytes are shown escaped.
        key, path = (os.fsencode(text).decode("utf-8", "backslashreplace") for text in (key, path))
        problem = "its name is not valid UTF-8; rename it"
    except OSError as error:
        problem = f"it cannot be looked at ({error.strerror}); check the link or its permissions"
    return Found(key, path, split, label, size, modified, problem)


def oddities(table: pd.DataFrame) -> tuple[str, ...]:
    """What people should know before they trust a table: damage, one class, tiny splits."""
    warnings: list[str] = []
    broken = table.loc[table["error"] != "", "file"]
    if len(broken):
        warnings.append(
            f"{len(broken):,} of {len(table):,} films cannot be read and are left out of "
            f"everything that needs pixels; the first is {broken.iloc[0]}."
        )
    labels = sorted(set(table["label"].tolist()))
    if len(labels) == 1:
        warnings.append(
            f"Every film is {labels[0]}: with one class there is nothing to tell apart; check the "
            "folder names or the class mapping."
        )
    present = set(zip(table["split"].tolist(), table["label"].tolist(), strict=True))
    for split in sorted({split for split, _ in present}):
        missing = [label for label in labels if (split, label) not in present]
        if missing:
            warnings.append(f"The {split or 'unsplit'} films hold no {' or '.join(missing)}.")
    return tuple(warnings)
