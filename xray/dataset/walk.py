"""Files of a folder of films: which may be films, and why the others are none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from xray.classes import FILE, fold
from xray.dataset.left_out import ARCHIVER, DIRECTORY, HIDDEN, PAPERS, Tally
from xray.films import formats

#: Endings of films; a file of another ending is one where its first bytes say so.
SUFFIXES = frozenset(
    {
        *(".jpeg", ".jpg", ".jfif", ".jpe", ".png", ".tif", ".tiff", ".bmp", ".webp"),
        *(".dcm", ".dicom", ".dic"),
    }
)
#: Left behind by archivers and file managers; they hold no films.
IGNORED = frozenset({"__MACOSX", "$RECYCLE.BIN", "System Volume Information"})
LITTER = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db"})
#: Folders of drawings that belong to films and look like them.
MASKS = frozenset({"mask", "masks", "lung masks", "segmentation", "segmentations"})
#: Endings of files that belong to a data set without being films; they are not opened.
_PAPERS = frozenset(
    {
        *(".csv", ".tsv", ".txt", ".json", ".xml", ".md", ".html", ".pdf", ".xlsx", ".xls"),
        *(".parquet", ".jsonl", ".py", ".ipynb", ".yml", ".yaml", ".log", ".doc", ".docx"),
    }
)
#: First bytes that tell a film.
_HEAD = 1024

MASK = "in a folder of masks"
NO_FILM = "no film by ending or content"
UNREADABLE = "cannot be opened to see what they are"


def walk(folder: Path, tally: Tally) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield (relative path, entry) of every film; folders behind links once only.

    Every file is counted in ``tally.seen``; those that are no films are left out there.
    """
    seen = {_identity(folder.stat())}
    folders, linked = [(str(folder), "")], list[tuple[str, str]]()
    # Links wait until every real folder has been seen, so that a film keeps its real path.
    while folders or linked:
        if not folders:
            place, relative = linked.pop()
            try:
                identity = _identity(Path(place).stat())
            except OSError:
                tally.note(f"The link {relative} leads nowhere and was left out.")
                continue
            if identity in seen:
                tally.note(f"The link {relative} leads to a folder already listed.")
                continue
            seen.add(identity)
            folders.append((place, relative))
        place, relative = folders.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    path = f"{relative}/{entry.name}" if relative else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        seen.add(_identity(entry.stat(follow_symlinks=False)))
                        folders.append((entry.path, path))
                    elif entry.is_symlink() and Path(entry.path).is_dir():
                        linked.append((entry.path, path))
                    elif path != FILE:
                        tally.seen += 1
                        if reason := _no_film(relative, entry):
                            tally.add(reason, [path])
                        else:
                            yield path, entry
        except OSError as error:
            tally.note(
                f"The folder {relative or '.'} cannot be listed ({error.strerror}) and was "
                "left out; check its permissions."
            )


def _identity(stat: os.stat_result) -> tuple[int, int]:
    return stat.st_dev, stat.st_ino


@lru_cache(maxsize=1024)
def _of_folder(folder: str) -> str:
    """Why no file of a folder is a film; "" where they may be."""
    folders = folder.split("/")
    if IGNORED & set(folders):
        return ARCHIVER
    if any(part.startswith(".") for part in folders):
        return HIDDEN
    return MASK if any(fold(part) in MASKS for part in folders) else ""


def _no_film(folder: str, entry: os.DirEntry[str]) -> str:
    """Why a file is no film; "" where it is one."""
    name, of_folder = entry.name, _of_folder(folder)
    suffix = name[name.rfind(".") :].lower()
    if suffix in SUFFIXES and not of_folder and name[0] != ".":
        return ""
    if of_folder == ARCHIVER or name.startswith("._") or name.casefold() in LITTER:
        return ARCHIVER
    if of_folder == HIDDEN or name.startswith("."):
        return HIDDEN
    if of_folder:
        return of_folder
    if name.upper() == "DICOMDIR":
        return DIRECTORY
    return PAPERS if suffix in _PAPERS else _by_content(entry)


def _by_content(entry: os.DirEntry[str]) -> str:
    """Why a file without a film's ending is none; "" where its first bytes are a film's."""
    try:
        # What is no regular file may never end: a pipe waits for somebody to write.
        if not entry.is_file():
            return UNREADABLE
        with open(entry.path, "rb") as stream:
            head = stream.read(_HEAD)
    except OSError:
        return UNREADABLE
    return "" if formats.picture_format(head) else NO_FILM
