"""Films listed in a table instead of sorted into folders: path, label, split, patient, and more.

A folder is read so when it was said once (``index --table``; remembered in ``collection.json``,
or in the cache where the folder may not be written), or when it holds a table of a known form
(``xray.dataset.presets``). Further columns of the table become groups of films to compare
(``xray.models.weak_spots``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from xray import classes as names
from xray.classes import Classes
from xray.dataset.tables import labelling, presets, text
from xray.dataset.tables.labelling import Rule
from xray.dataset.tables.presets import Columns, Preset
from xray.errors import ArtifactError, DatasetError
from xray.files import write_json

#: Prefix of further columns in the table of films.
ABOUT = "about_"


@dataclass(frozen=True)
class Listing:
    """Tables of a folder and how to read them.

    Attributes
    ----------
    kind : "table", or the name of a known form
    tables : file -> split of all its rows; "" where each row tells its own
    columns, rule, classes : what the columns mean, how rows come to a class, and its name
    study : whether a row stands for all films of a study
    notes : what was found out by looking, for people
    """

    kind: str
    tables: Mapping[str, str]
    columns: Columns
    rule: Rule
    classes: Classes
    study: bool = False
    notes: tuple[str, ...] = ()


def find(folder: Path) -> Listing | None:
    """How the films of a folder are listed; None where they lie in class folders.

    Raises
    ------
    DatasetError
        What was remembered cannot be used.
    """
    kept = names.remembered(folder)
    if kept is not None and kept.get("table"):
        return _from_data(folder, kept)
    known: dict[str, Preset] = {}
    for path in sorted(each for each in folder.iterdir() if text.is_table(each)):
        try:
            preset = presets.of(text.opened(path).columns)
        except DatasetError:
            continue
        if preset is not None:
            known[path.name] = preset
    if not known:
        return None
    listing = _recognised(known)
    stored = None if kept is None else names.from_data(kept["classes"])
    return renamed(listing, stored or names.configured())


def _recognised(known: Mapping[str, Preset]) -> Listing:
    """How the tables of a folder are read that have a known form."""
    first = min(known.values(), key=presets.PRESETS.index)
    tables = [name for name, preset in known.items() if preset is first]
    notes: list[str] = []
    if not first.splits and len(tables) > 1:
        # MIMIC-CXR publishes two labellings of the same films, NIH two editions.
        chosen = next((name for name in tables if "chexpert" in name), tables[-1])
        notes.append(
            f"{', '.join(tables)} list films in the form of {first.kind}; {chosen} is read "
            "(another: --table FILE)."
        )
        tables = [chosen]
    return Listing(
        first.kind,
        {name: first.split(name) for name in tables},
        first.columns,
        first.rule,
        first.classes,
        first.study,
        tuple(notes),
    )


def renamed(listing: Listing, classes: Classes | None) -> Listing:
    """The same listing with other class names."""
    if classes is None:
        return listing
    rule = listing.rule
    if rule.positive and listing.columns.label:
        rule = replace(rule, positive=(), negative=(), label=listing.columns.label)
    return replace(listing, rule=rule, classes=classes)


def remember(folder: Path, listing: Listing | None, classes: Classes) -> Path:
    """Keep how a folder is read, so that every command and page reads it alike.

    Returns
    -------
    Path of what was written: in the folder, or in the cache where it may not be written
    """
    value: dict[str, Any] = {"classes": classes.as_data()}
    if listing is not None:
        value |= {
            "kind": listing.kind,
            "table": next(iter(listing.tables)),
            "tables": dict(listing.tables),
            "columns": asdict(listing.columns),
            "rule": listing.rule.as_data(),
            "study": listing.study,
            "notes": list(listing.notes),
        }
    for path in (folder / names.FILE, names.home(folder)):
        try:
            write_json(path, value)
            return path
        except (OSError, ArtifactError):
            continue
    raise DatasetError(
        f"Neither {folder} nor the cache can be written; how the films are listed is not kept."
    )


@contextmanager
def remembering(folder: Path, listing: Listing | None, classes: Classes) -> Iterator[Path]:
    """Remember how a folder is read, unless what follows finds no film by it (``DatasetError``).

    Yields
    ------
    Path of what was written, as of :func:`remember`
    """
    before = names.remembered(folder)
    kept = remember(folder, listing, classes)
    try:
        yield kept
    except DatasetError:
        for path in (folder / names.FILE, names.home(folder)):
            if path.is_file():
                path.unlink() if before is None else write_json(path, before)
        raise


def _from_data(folder: Path, value: Mapping[str, Any]) -> Listing:
    try:
        columns = {name: value["columns"][name] for name in ("path", "label", "split", "patient")}
        further = tuple(map(str, value["columns"]["further"]))
        rule = labelling.from_data(value["rule"]) if "rule" in value else Rule(columns["label"])
        tables = value.get("tables", {str(value["table"]): ""})
        listing = Listing(
            str(value.get("kind", "table")),
            {str(name): str(split) for name, split in tables.items()},
            Columns(**{name: str(column) for name, column in columns.items()}, further=further),
            rule,
            names.configured() or names.DEFAULT,
            bool(value.get("study", False)),
            tuple(map(str, value.get("notes", ()))),
        )
        if "classes" in value:
            listing = replace(listing, classes=names.from_data(value["classes"]))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise names.unusable(folder / names.FILE) from error
    inside = (folder / name for name in listing.tables if ".." not in Path(name).parts)
    if not listing.tables or not all(path.is_file() for path in inside):
        raise DatasetError(
            f"{', '.join(listing.tables)} in {folder.name} lists the films, but is not there; "
            "restore it, or name another with --table."
        )
    return listing
