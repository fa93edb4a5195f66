"""Why a folder gave no film, in a sentence that says what to do."""

from __future__ import annotations

from pathlib import Path

from xray import classes as names
from xray.classes import Classes
from xray.dataset.left_out import UNPLACED, Tally
from xray.dataset.listing import Listing
from xray.dataset.tables import text
from xray.dataset.tables.places import ABSENT, OUTSIDE
from xray.dataset.tables.split_names import split_of


def listed(listing: Listing, tally: Tally) -> str:
    """Why a table led to no film."""
    table = ", ".join(listing.tables)
    why = " ".join(each.sentence("row") for each in tally.reasons) or "It has no rows."
    if {each.reason for each in tally.reasons} <= {ABSENT, OUTSIDE}:
        advice = "Put its films into the folder, or name the column of their paths with --columns."
    else:
        advice = (
            "Say which values are the classes with --classes VALUE=CLASS,... or --positive "
            "COLUMN=VALUE, and which columns are read with --columns."
        )
    return f"{table} lists no film that is used. {why} {advice}"


def found(folder: Path, classes: Classes, tally: Tally) -> str:
    """Why a folder that lists its films in no table gave none."""
    wanted = " and ".join(sorted(classes.values or classes.labels))
    outside = next((each for each in tally.reasons if each.reason == UNPLACED), None)
    if outside is None:
        others = " ".join(each.sentence(tally.unit) for each in tally.reasons)
        return (
            f"{folder} holds no images; give the folder whose train, val and test folders "
            f"(or class folders named {wanted}) hold the films. {others}"
        ).rstrip()
    inside = sorted([*folder.iterdir(), *folder.glob("*/*")], key=lambda path: len(path.parts))
    tables = [path.relative_to(folder).as_posix() for path in inside if text.is_table(path)]
    if tables:
        return (
            f"{folder} holds {outside.count:,} images in no folder named {wanted}, and the table "
            f"{tables[0]}; let it say what they are with --table {tables[0]}, with --positive "
            "COLUMN=VALUE where it has no column of classes, or sort them into class folders."
        )
    names_of = [example.rpartition(": ")[0].rpartition("/")[2] for example in outside.examples]
    such = [name for name in dict.fromkeys(names_of) if name and not split_of(name)][:2]
    healthy = [name for name in such if names.is_negative(name)]
    such = [*healthy, *(name for name in such if name not in healthy)]
    example = ",".join(f"{name}={name}" for name in such) if len(such) == 2 else "folder=CLASS,..."
    return (
        f"{folder} holds {outside.count:,} images but none in a folder named {wanted} (they lie "
        f"in: {', '.join(outside.examples)}); sort them into class folders or name your class "
        f'folders, the one of the positive class last, such as --classes "{example}".'
    )
