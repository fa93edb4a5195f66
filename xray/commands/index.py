"""``python -m xray index DIR``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from xray import text
from xray.commands import _data
from xray.commands._bars import Bars, bars
from xray.commands._tables import table_file
from xray.commands._workers import add_worker_options, working
from xray.dataset import index as dataset
from xray.dataset import leakage, outliers, parts, public_set, scan, shift, shortcuts
from xray.dataset import listing as collection
from xray.dataset.left_out import as_data
from xray.dataset.tables import asking, labelling
from xray.environment import artifacts_dir, data_dir
from xray.errors import DatasetError
from xray.files import write_json, write_table
from xray.jobs.progress import Progress
from xray.labels import devices

#: Damaged films that are named one by one; the JSON file names all.
SHOWN = 10
#: Films above which a Parquet table is written in parts.
LARGE = 50_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``index``."""
    parser.add_argument("folder", nargs="?", type=Path, help="folder (default: XRAY_DATA)")
    parser.add_argument("--refresh", action="store_true", help="read every film again")
    _data.add_classes(parser)
    _add_table_options(parser)
    parser.add_argument(
        "--out",
        type=table_file,
        metavar="FILE",
        help="write the table (CSV or Parquet); above 50,000 films, or where the name is that "
        "of a folder, as partitioned Parquet",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a summary")
    parser.add_argument(
        "--store",
        action="store_true",
        help="store the facts of the public set's 224 x 224 re-encode under artifacts/",
    )
    add_worker_options(parser)


def _add_table_options(parser: argparse.ArgumentParser) -> None:
    """Arguments about a table that lists the films."""
    group = parser.add_argument_group("films listed in a table (remembered with the folder)")
    group.add_argument(
        "--table", metavar="FILE", help="CSV or Parquet in the folder that lists the films"
    )
    group.add_argument(
        "--columns",
        type=asking.parse_columns,
        default={},
        metavar="path=NAME,label=NAME,...",
        help="columns of --table: path, label, split, patient; the others become groups",
    )
    for name, words in (
        (
            "positive",
            "rows of the positive class; all others are negative, unless --negative; a * is every "
            "value that --negative does not name",
        ),
        ("negative", "rows of the negative class"),
    ):
        group.add_argument(
            f"--{name}",
            type=labelling.parse_condition,
            action="append",
            default=[],
            metavar="COLUMN=VALUE",
            help=f"{words}; may be given often",
        )
    group.add_argument(
        "--finding",
        default="",
        metavar="NAME",
        help="of a table of several findings: the one that is the positive class",
    )
    group.add_argument(
        "--uncertain",
        choices=labelling.UNCERTAIN,
        default="",
        help="what -1 of such a table is (default: neither class)",
    )


@contextmanager
def remembered(folder: Path, options: argparse.Namespace) -> Iterator[None]:
    """Find out how the folder is read; what was said is kept if films are found by it."""
    question = asking.Question(
        options.columns,
        options.classes,
        tuple(options.positive),
        tuple(options.negative),
        options.finding,
        options.uncertain,
    )
    if not question.asks and not options.table:
        yield
        return
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder; give the folder that holds the films.")
    listing = asking.listing(folder, options.table or "", question)
    if listing is None and question != asking.Question(classes=options.classes):
        raise DatasetError(
            f"{folder} has no table that lists its films; name it with --table FILE."
        )
    named = listing.classes if listing else options.classes
    with collection.remembering(folder, listing, named) as kept:
        yield
    if listing:
        groups = ", ".join(listing.columns.further) or "none"
        print(f"Films are listed in {', '.join(listing.tables)}; groups to compare: {groups}.")
    print(f"How the folder is read is remembered in {kept}.")


def run(options: argparse.Namespace) -> None:
    """Index a folder and say what is in it."""
    folder = options.folder or data_dir()
    if folder is None:
        raise DatasetError("Which films? Give a folder, or set XRAY_DATA to it.")
    with remembered(folder, options):
        if options.out and options.out.suffix == ".parquet" and _is_large(folder, options):
            _in_parts(folder, options)
            return
        with working(options, str(folder.name)) as stage:
            index = dataset.build_index(folder, _when_needed(stage), refresh=options.refresh)
    found = summary(folder, index)
    show(found)
    if options.out:
        write_table(options.out, index.table)
    if options.json:
        write_json(options.json, found)
    if options.store:
        store(index, folder)


def _is_large(folder: Path, options: argparse.Namespace) -> bool:
    """Whether the table is to be written in parts."""
    if options.out.is_dir():
        return True
    films = scan.stream(folder)
    return next(islice(films, LARGE, None), None) is not None


def _in_parts(folder: Path, options: argparse.Namespace) -> None:
    """Index a folder without holding its table in memory."""
    with working(options, folder.name) as stage:
        found = parts.build(folder, options.out, _when_needed(stage))
    print(f"{found['rows']:,} films in {options.out}")
    for row in found["counts"]:
        print(f"  {row['split'] or 'no split':8} {row['label']:12} {row['rows']:8,}")
    for warning in found["warnings"]:
        print(_data.worded(warning))
    if options.json:
        write_json(options.json, found)


def store(index: dataset.Index, folder: Path) -> None:
    """Write what ``artifacts/dataset`` keeps of the public set and of its re-encode."""
    path = artifacts_dir() / "dataset" / public_set.COMPUTED_FILE
    write_table(path, public_set.computed_facts(index.table))
    table = public_set.read()
    text = table["file"].map(devices.load()["tech_text"].to_dict())
    parts = {split: (table["split"] == split) for split in ("train", "test")}
    shortcuts.store(
        {split: shortcuts.measure(table[part], text[part]) for split, part in parts.items()}
    )
    with bars() as stage:
        looks = [
            shift.carried(table, devices.load()),
            shift.strangers(folder, table, stage("how test films differ")),
        ]
    shift.store(pd.concat(looks))
    print(f"Stored {path}, {shortcuts.STORED_FILE} and {shift.STORED_FILE} beside it.")


def _when_needed(stage: Bars) -> Progress:
    """A bar that appears with the first film read; a run with nothing to read shows none."""
    made: list[Progress] = []

    def update(done: int, total: int) -> None:
        if not made:
            made.append(stage("index"))
        made[0](done, total)

    return update


def summary(folder: Path, index: dataset.Index) -> dict[str, Any]:
    """Everything that ``index`` has to say, as JSON-like data."""
    table = index.table
    counts = table.groupby(["split", "label"]).size().reset_index(name="films")
    odd = outliers.summary(outliers.flag(outliers.score(table)))
    broken = table[table["error"] != ""]
    return {
        "folder": str(folder),
        "films": len(table),
        "classes": {"negative": index.classes.negative, "positive": index.classes.positive},
        "unit": index.unit,
        "seen": index.seen,
        "left_out": as_data(index.left_out),
        "read": index.read,
        "reused": index.reused,
        "seconds": round(index.seconds, 3),
        "counts": counts.to_dict("records"),
        "damaged": broken[["file", "error"]].to_dict("records"),
        "identical": leakage.summary(table, leakage.identical(table)),
        "odd": {str(row["name"]): int(row["total"]) for row in odd.to_dict("records")},
        "warnings": list(index.warnings),
    }


def show(found: dict[str, Any]) -> None:
    """Print a summary for people."""
    print(
        f"{found['films']:,} films: {found['read']:,} read, {found['reused']:,} unchanged since "
        f"the last run; {found['seconds']:.1f} s."
    )
    both = found["classes"]
    print(f"Positive class: {both['positive']}; negative class: {both['negative']}.")
    left = sum(each["count"] for each in found["left_out"])
    if left:
        units = text.count(found["seen"], found["unit"])
        print(f"Left out: {left:,} of {units}; see the warnings.")
    for row in found["counts"]:
        print(f"  {row['split'] or 'no split':8} {row['label']:12} {row['films']:8,}")
    same = found["identical"]
    if same["groups"]:
        print(
            f"{same['films']:,} films in {same['groups']:,} groups are byte-identical; "
            f"across splits: {same['across_splits']:,}."
        )
    titles = ", ".join(
        f"{n:,} {outliers.BY_NAME[name].title.lower()}" for name, n in found["odd"].items() if n
    )
    if titles:
        print(f"Odd films: {titles}.")
    for row in found["damaged"][:SHOWN]:
        print(f"  damaged: {row['file']}: {row['error']}")
    if len(found["damaged"]) > SHOWN:
        print(f"  and {len(found['damaged']) - SHOWN:,} more; --json FILE names all.")
    for warning in found["warnings"]:
        print(_data.worded(warning))
