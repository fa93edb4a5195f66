"""A folder of films to a list of films: split and class from the folders, the rest from names.

Nothing is left out in silence: every file of the folder, or row of its table, is used or counted
among what was left out, by reason and with examples.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from xray import classes as names
from xray.classes import Classes, fold
from xray.dataset import listing as collection
from xray.dataset import no_films
from xray.dataset.left_out import UNPLACED, LeftOut, Tally
from xray.dataset.tables import rows as listed_rows
from xray.dataset.tables.split_names import split_of
from xray.dataset.walk import walk
from xray.errors import DatasetError
from xray.files import sha256_file
from xray.text import count

COPIES = (
    "the same bytes as a film of the same split, class and name (a second copy of the dataset?)"
)
IN_BOTH = "the same bytes as a film of the other class; they are in neither"
ALL_IN_BOTH = "Every film of {folder} lies byte for byte in both classes; keep each in its own."
UNLISTED = "{} of the folder not used, as no row of the table that is used leads there"
#: Bytes at the end of a file, which differ between nearly all films of the same size.
END = 256


class Found(NamedTuple):
    """One film file, not yet opened.

    Attributes
    ----------
    file : key of the film: "split/label/name" (or "label/name" where there are no splits)
    path : where it lies, relative to the folder, with forward slashes
    split : "train", "val", "test" or ""
    label : one of the two classes' names
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
    """What a folder holds: the films in the order of their keys, and what to tell people.

    Attributes
    ----------
    films : those that are used
    warnings : what was left out, by reason, and how the rest was read; sentences
    classes : the two classes
    unit, seen : what was looked at, "file" or "row", and how many; as many as there are films and
        ``left_out`` together
    left_out : by reason
    """

    films: tuple[Found, ...]
    warnings: tuple[str, ...]
    classes: Classes = names.DEFAULT
    unit: str = "file"
    seen: int = 0
    left_out: tuple[LeftOut, ...] = ()


def classes_of(folder: Path, given: Classes | None = None) -> Classes:
    """The classes of a folder: as given, as stored with it, as configured, as its table has them.

    Raises
    ------
    DatasetError
        What was stored cannot be used.
    """
    if given is not None:
        return given
    listing = collection.find(folder)
    if listing is not None:
        return listing.classes
    return names.stored(folder) or names.configured() or names.DEFAULT


def scan(
    folder: Path, classes: Classes | None = None, listing: collection.Listing | None = None
) -> Scan:
    """List the films under a folder without opening them.

    Parameters
    ----------
    folder : at any depth it holds class folders, with or without split folders around them; or a
        table that lists its films (``xray.dataset.listing``)
    classes : instead of those stored with the folder or configured (``XRAY_CLASSES``)
    listing : a table of the folder that lists the films; the folder's own when None

    Raises
    ------
    DatasetError
        There is no such folder, or it holds no film of any class.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder; give the folder that holds the films.")
    listing = listing or collection.find(folder)
    if listing is not None:
        listing = collection.renamed(listing, classes)
        tally = Tally("row")
        films: dict[str, Found] = {f.file: f for f in _listed(folder, listing, tally)}
        if not films:
            raise DatasetError(no_films.listed(listing, tally))
        _unlisted(folder, films, tally)
        _leave_out_both(folder, films, tally)
        return _scan(films, tally, listing.classes)
    classes = classes_of(folder, classes)
    tally, places = Tally(), _Places(classes)
    films = {}
    namesakes: dict[str, list[Found]] = {}
    # Shallow first: of two copies of a dataset, one inside the other, the outer one counts.
    for path, entry in sorted(walk(folder, tally), key=lambda item: (item[0].count("/"), item)):
        film = places.film(path, entry)
        if film is None:
            tally.add_value(UNPLACED, path.rpartition("/")[0] or "the folder itself", 1)
            continue
        first = films.setdefault(film.file, film)
        if first is film:
            continue
        same = namesakes.setdefault(film.file, [first])
        if any(_same_bytes(folder, film, other) for other in same):
            tally.add(COPIES, [path])
        else:
            # The same name in two places is two films.
            same.append(film._replace(file=path))
    films |= {film.file: film for same in namesakes.values() for film in same}
    if not films:
        raise DatasetError(no_films.found(folder, classes, tally))
    _tell(places, tally)
    _leave_out_both(folder, films, tally)
    return _scan(films, tally, classes)


def _scan(films: dict[str, Found], tally: Tally, classes: Classes) -> Scan:
    return Scan(
        tuple(films[key] for key in sorted(films)),
        tally.sentences(),
        classes,
        tally.unit,
        tally.seen,
        tally.reasons,
    )


def stream(folder: Path, tally: Tally | None = None) -> Iterator[Found]:
    """List films one by one, in no particular order, for folders too large to hold at once.

    Unlike :func:`scan` it does not look for files of the same bytes: ``parts`` does afterwards.
    """
    tally = Tally() if tally is None else tally
    listing = collection.find(folder)
    if listing is not None:
        tally.unit = "row"
        yield from _listed(folder, listing, tally)
        return
    places = _Places(classes_of(folder))
    for path, entry in walk(folder, tally):
        film = places.film(path, entry)
        if film is None:
            tally.add_value(UNPLACED, path.rpartition("/")[0] or "the folder itself", 1)
        else:
            yield film
    _tell(places, tally)


def _same_bytes(folder: Path, one: Found, other: Found) -> bool:
    """Whether two files of one size hold the same bytes; False where they cannot be read."""
    if one.bytes != other.bytes or one.problem or other.problem:
        return False
    try:
        return sha256_file(folder / one.path) == sha256_file(folder / other.path)
    except OSError:
        return False


def _leave_out_both(folder: Path, films: dict[str, Found], tally: Tally) -> None:
    """Leave out films that lie byte for byte in both classes, as nothing says which is right.

    Raises
    ------
    DatasetError
        No film is left.
    """

    def end(film: Found) -> bytes:
        with open(f"{folder}/{film.path}", "rb", buffering=0) as file:
            file.seek(-min(END, film.bytes), os.SEEK_END)
            return file.read(END)

    groups = _of_both([film for film in films.values() if film.bytes > 0], lambda film: film.bytes)
    # Every file that is read whole costs time; few are.
    for content in (end, lambda film: sha256_file(folder / film.path)):
        groups = [same for group in groups for same in _of_both(group, content)]
    gone = sorted((film for group in groups for film in group), key=lambda film: film.file)
    for film in gone:
        del films[film.file]
    tally.add(IN_BOTH, [film.path for film in gone])
    if not films:
        raise DatasetError(ALL_IN_BOTH.format(folder=folder))


def _of_both(films: list[Found], content: Callable[[Found], object]) -> list[list[Found]]:
    """Groups of films of the same content that are of both classes; none that cannot be read."""
    found: dict[object, list[Found]] = {}
    for film in films:
        try:
            key = content(film)
        except OSError:
            continue
        found.setdefault(key, []).append(film)
    return [same for same in found.values() if len({film.label for film in same}) > 1]


def _listed(folder: Path, listing: collection.Listing, tally: Tally) -> Iterator[Found]:
    """Films of a folder that lists them in a table."""
    for rows in listed_rows.read(folder, listing, tally):
        about = [str(name) for name in rows if str(name).startswith(collection.ABOUT)]
        for row in rows.to_dict("records"):
            path, split, label = str(row["path"]), str(row["split"]), str(row["label"])
            # Names repeat in such sets ("view1_frontal.jpg"): the folders tell them apart.
            inner = path.removeprefix(f"{split}/")
            key = "/".join(part for part in (split, label, inner) if part)
            further = tuple((name, str(row[name])) for name in about)
            size, modified, problem = -1, -1, ""
            try:
                stat = (folder / path).stat()
                size, modified = stat.st_size, stat.st_mtime_ns
            except OSError as error:
                problem = f"it cannot be looked at ({error.strerror}); check its permissions"
            yield Found(
                key, path, split, label, size, modified, problem, str(row["person"]), further
            )


def _unlisted(folder: Path, films: dict[str, Found], tally: Tally) -> None:
    """Say how many films lie in a folder that no row of its table led to."""
    used = {film.path for film in films.values()}
    rest = [path for path, _ in walk(folder, Tally()) if path not in used]
    if rest:
        tally.note(
            f"{UNLISTED.format(count(len(rest), 'image file'))} "
            f"({', '.join(sorted(rest)[:3])}{', ...' if rest[3:] else ''})."
        )


def _tell(places: _Places, tally: Tally) -> None:
    """Note how names of folders were read."""
    for name in sorted(places.trimmed):
        tally.note(f"The folder name {name!r} has spaces around it and was read without them.")
    if places.splits[""] and len(places.splits) > 1:
        tally.note(
            f"{count(places.splits[''], 'film')} in no folder of a split (train, val, test): "
            f"{', '.join(sorted(places.unsplit)[:5])}."
        )
    if places.absent:
        tally.note(
            f"No film is in a folder named {' or '.join(places.absent)}; check the names of the "
            "classes (--classes)."
        )


def place(path: str, classes: Classes | None = None) -> tuple[str, str, str] | None:
    """Read the folders of a relative path.

    Returns
    -------
    (split, label, key), or None where no folder names a class
    """
    folder, _, name = path.rpartition("/")
    where = _Places(classes or names.DEFAULT).folder(folder)
    return None if where is None else (where[0], where[1], where[2] + name)


class _Places:
    """Reads folders, each once.

    Attributes
    ----------
    trimmed : names of folders that were read without the spaces around them
    splits : films of each split, "" of none
    unsplit : folders of films of none
    absent : names of folders that the classes name and no film led to
    """

    def __init__(self, classes: Classes) -> None:
        self._classes = classes
        self.absent = list(classes.values)
        self._known: dict[str, tuple[str, str, str] | None] = {}
        self.trimmed: set[str] = set()
        self.splits: Counter[str] = Counter()
        self.unsplit: set[str] = set()

    def folder(self, path: str) -> tuple[str, str, str] | None:
        """Split and label of a folder, and what the keys of its films begin with."""
        if path not in self._known:
            self._known[path] = self._read(path)
        return self._known[path]

    def _read(self, path: str) -> tuple[str, str, str] | None:
        parts = path.split("/")
        labels = [self._classes.label(part) for part in parts]
        at = next((i for i in range(len(parts) - 1, -1, -1) if labels[i]), None)
        if at is None:
            return None
        there = set(map(fold, parts))
        self.absent = [each for each in self.absent if fold(each) not in there]
        splits = [split_of(part) if i != at else "" for i, part in enumerate(parts)]
        where = next((i for i in range(len(parts) - 1, -1, -1) if splits[i]), None)
        split = "" if where is None else splits[where]
        used = [parts[at], *([] if where is None else [parts[where]])]
        self.trimmed |= {part for part in used if part != part.strip()}
        inner = [part for i, part in enumerate(parts) if i > at and i != where]
        start = "".join(f"{part}/" for part in [split, labels[at], *inner] if part)
        return split, labels[at], start

    def film(self, path: str, entry: os.DirEntry[str]) -> Found | None:
        """Look at one file; None where no folder names a class."""
        folder, _, name = path.rpartition("/")
        where = self.folder(folder)
        if where is None:
            return None
        split, label, key = where[0], where[1], where[2] + name
        self.splits[split] += 1
        if not split:
            self.unsplit.add(folder)
        size, modified, problem = -1, -1, ""
        try:
            path.encode()
            stat = entry.stat()
            size, modified = stat.st_size, stat.st_mtime_ns
        except UnicodeEncodeError:
            # Such a name can be written into no table; its bytes are shown escaped.
            key, path = (os.fsencode(t).decode("utf-8", "backslashreplace") for t in (key, path))
            problem = "its name is not valid UTF-8; rename it"
        except OSError as error:
            problem = (
                f"it cannot be looked at ({error.strerror}); check the link or its permissions"
            )
        return Found(key, path, split, label, size, modified, problem)
