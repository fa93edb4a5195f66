"""``python -m xray label``: the labels that people make, on the command line."""

from __future__ import annotations

import argparse
import getpass
import logging
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from xray.commands import _data, _numbers
from xray.dataset import index, left_out, public_set, sources
from xray.drawing import rendering
from xray.environment import artifacts_dir, films_dir
from xray.errors import LabelError, XrayError
from xray.files import read_json, read_table, write_json, write_table, write_text
from xray.labels import (
    check,
    coco,
    database,
    devices,
    exchange,
    format,
    priorities,
    shapes,
    studio,
)
from xray.labels import store as label_store
from xray.labels.store import Store
from xray.models.card import read_cards, read_predictions
from xray.reports import label_card

log = logging.getLogger(__name__)


def _add_files(act: Any) -> None:
    """What writes a file of the committed labels."""
    act.add_argument(
        "--card",
        type=Path,
        nargs="?",
        metavar="FILE",
        const=artifacts_dir() / "devices" / label_card.FILE,
        help="write the card of the committed labels (default: artifacts/devices/CARD.md)",
    )
    act.add_argument(
        "--shapes",
        type=Path,
        nargs="?",
        metavar="FILE",
        const=artifacts_dir() / "devices" / rendering.FILE,
        help="write facts of the devices on films that are judged, from which others are drawn "
        "(default: artifacts/devices/shapes.json)",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    act = parser.add_mutually_exclusive_group(required=True)
    act.add_argument("--export", type=Path, metavar="FILE", help="write the finished labels")
    act.add_argument(
        "--import", type=Path, metavar="FILE", dest="enter", help="enter labels of such a file"
    )
    act.add_argument("--agreement", action="store_true", help="kappa and overlap of two labellers")
    act.add_argument(
        "--queue",
        type=_numbers.whole(0),
        nargs="?",
        const=10,
        metavar="N",
        help="put films into the queue, the ones the audit is most unsure of first; show N of them",
    )
    act.add_argument("--upgrade", action="store_true", help="bring the database up to date")
    _add_files(act)
    _add_check(parser, act)
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="of --export and --import (default: by the file's name and content)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        help="films for --queue (default: XRAY_DATA), for --import, and for COCO their sizes",
    )
    _data.add_classes(parser)
    parser.add_argument(
        "--looks", action="store_true", help="with --export: every look, not the agreed one"
    )
    _add_import(parser)
    parser.add_argument("--collection", default="", help="dataset (default: the only one there is)")
    parser.add_argument("--json", type=Path, help="also write what was found to this file")


def _add_import(parser: argparse.ArgumentParser) -> None:
    """Options of --import."""
    parser.add_argument(
        "--name",
        default="",
        help="with --import: under whose name they are entered, as one labeller (default: yours "
        "on this machine)",
    )
    parser.add_argument(
        "--several",
        action="store_true",
        help="with --import: several people made them, the n-th look of each film by 'NAME n'",
    )
    parser.add_argument(
        "--decisions",
        action="store_true",
        help="with --import: enter agreed looks too, which then stand as agreed",
    )


def _add_check(parser: argparse.ArgumentParser, act: Any) -> None:
    """Options of a radiologist's blind check; ``act`` is the group of what may be done."""
    act.add_argument(
        "--sample",
        type=_numbers.whole(2),
        metavar="N",
        help="write N films, half of them with a device by the labels, into the folder --out for "
        "a radiologist to check, blind to labels and diagnosis",
    )
    act.add_argument(
        "--checked",
        type=Path,
        metavar="SHEET",
        help="count what came back: the sheet of --sample, filled in, against its --key; kept for "
        "the labels' card",
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="with --sample: a new folder")
    parser.add_argument("--key", type=Path, metavar="FILE", help="with --checked: the key")
    parser.add_argument("--seed", type=_numbers.seed, default=0, help="with --sample: default 0")


def run(options: argparse.Namespace) -> None:
    """Do the one thing that was asked for."""
    if options.card:
        write_text(options.card, label_card.markdown())
        print(f"Written: {options.card}")
        return
    if options.shapes:
        _shapes(options)
        return
    if options.sample is not None:
        _sample(options)
        return
    if options.checked:
        _checked(options)
        return
    reading = options.export or options.agreement
    if reading and not database.exists(database.url()):
        raise LabelError(
            "There are no labels yet; label films on the page 'Label films' of the dashboard, or "
            "enter a file with --import."
        )
    with label_store.opened() as store:
        found = _act(store, options)
    if options.json:
        write_json(options.json, found)


def _shapes(options: argparse.Namespace) -> None:
    """Facts of the devices that can be cut out of the films that are judged."""
    from xray.audits import inputs

    folder = films_dir(options.data)
    made = inputs.prepare(folder)
    if made.labels.rendered:
        raise LabelError("No device is drawn on these films; label some, or name other films.")
    # Those of other splits stay out: models may have learnt from these very films.
    judged = set(made.table["file"])
    every = [layer for donors in made.material.donors.values() for layer in donors.layers]
    layers = [layer for layer in every if layer.file in judged]
    if not layers:
        raise LabelError("No device is drawn on the films that are judged; label some of them.")
    rendering.write(layers, options.shapes)
    print(f"Written: {options.shapes}")


def _sample(options: argparse.Namespace) -> None:
    """A blind check sheet."""
    folder = films_dir(options.data)
    if options.out is None:
        raise LabelError("Give --out a new folder for the sheet.")
    made = index.build_index(folder)
    _data.say(made.warnings)
    files = index.usable(made.table)["file"].tolist()
    chosen = check.draw(devices.load(), files, options.sample, options.seed)
    key = check.write(options.out, folder, chosen)
    print(f"{len(chosen)} films and a sheet: {options.out}. Keep {key} from the reader.")


def _checked(options: argparse.Namespace) -> None:
    """What a reader said, counted and kept beside the labels."""
    if options.key is None:
        raise LabelError("Give --key the file that --sample wrote beside the folder.")
    found = check.count(read_table(options.checked), read_table(options.key))
    write_table(artifacts_dir() / "devices" / check.FILE, found)
    print(found.round(3).to_string(index=False))
    print("Kept for the labels' card; write it anew with --card.")


def _act(store: Store, options: argparse.Namespace) -> Any:
    if options.upgrade:
        at = store.engine.url.render_as_string(hide_password=True)
        print(f"Up to date: {at}")
        return {"database": at}
    if options.enter:
        return _import(store, options)
    if options.queue is not None:
        return _queue(store, options)
    collection = _collection(store, options.collection)
    return (
        _agreement(store, collection) if options.agreement else _export(store, collection, options)
    )


def _collection(store: Store, named: str) -> str:
    """The collection that was named, or the only one."""
    known = store.collections()
    if named in known or (not named and len(known) == 1):
        return named or known[0]
    if not known:
        raise LabelError("There are no labels yet; label a film first, or enter a file (--import).")
    raise LabelError(f"Name the dataset with --collection, one of: {', '.join(known)}.")


def _export(store: Store, collection: str, options: argparse.Namespace) -> Any:
    rows = exchange.rows(store, collection, agreed=not options.looks)
    how = _format(options.export, options.format)
    if how == "jsonl":
        format.write(options.export, rows)
    else:
        _, sizes = _films(store, collection, options)
        known = {row.file: sizes[row.file] for row in rows if row.file in sizes}
        write_json(options.export, (coco if how == "coco" else studio).dump(rows, known))
    agreed = sum(row.adjudicated for row in rows)
    print(f"{len(rows):,} films, {agreed:,} of them agreed: {options.export}")
    if how == "jsonl":
        print(f"Let the audit read them: XRAY_DEVICE_LABELS={options.export}")
    return {"films": len(rows), "agreed": agreed, "file": str(options.export), "format": how}


def _import(store: Store, options: argparse.Namespace) -> Any:
    collection = options.collection or sources.PUBLIC
    how = _format(options.enter, options.format, there=True)
    files, _ = _films(store, collection, options)
    known = {*files, *store.films(collection)}
    said: list[str] = []
    if how == "jsonl":
        rows = format.read(options.enter)
    else:
        value = read_json(options.enter)
        read = (coco if how == "coco" else studio).parse(value, shapes.keys_by_name(sorted(known)))
        rows, said = read.rows, read.sentences()
    name = options.name or getpass.getuser()
    found = exchange.enter(
        store,
        collection,
        rows,
        store.labeller(name),
        known,
        decisions=options.decisions,
        others=(lambda place: store.labeller(f"{name} {place}")) if options.several else None,
    )
    said += found.left_out
    for sentence in said:
        print(f"warning: {sentence}", file=sys.stderr)
    looks, new = sum(len(row.passes) for row in rows), found.looks + found.decisions
    print(f"{new:,} of {looks:,} looks at {len(rows):,} films were new and are in {collection}.")
    return {
        "films": len(rows),
        "looks": looks,
        "new": found.looks,
        "decisions": found.decisions,
        "collection": collection,
        "said": said,
    }


#: How labels are written: our own lines, COCO, Label Studio's JSON.
FORMATS = ("jsonl", "coco", "label-studio")


def _format(path: Path, said: str | None, there: bool = False) -> str:
    """Format of a file: as said, by its name, or by its content where it is there."""
    if said:
        return said
    if path.suffix.lower() != ".json":
        return "jsonl"
    if there:
        return "label-studio" if isinstance(read_json(path), list) else "coco"
    raise LabelError(f"Say how {path.name} is to be written: --format coco or label-studio.")


def _films(
    store: Store, collection: str, options: argparse.Namespace
) -> tuple[list[str], dict[str, tuple[int, int]]]:
    """Films of a collection, and their sizes as far as these are known."""
    if options.data:
        made = index.build_index(options.data)
        _data.say(made.warnings)
        table = made.table
    elif collection == sources.PUBLIC:
        table = public_set.read()
    else:
        return [row[0] for row in store.finished(collection)], {}
    whole = table[table["width"].notna() & table["height"].notna()]
    sizes = zip(whole["file"], whole["width"].astype(int), whole["height"].astype(int), strict=True)
    return table["file"].tolist(), {file: (int(wide), int(high)) for file, wide, high in sizes}


def _agreement(store: Store, collection: str) -> Any:
    pairs = exchange.pairs(store, collection)
    if not pairs:
        raise LabelError("No film has two finished looks yet; agreement needs two labellers.")
    table = priorities.agreement(list(pairs.values()))
    differ = {file: words for file, pair in pairs.items() if (words := priorities.difference(pair))}
    print(table.round(2).to_string(index=False))
    print(f"{len(differ):,} of {len(pairs):,} films need somebody to decide.")
    # JSON knows no NaN.
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return {"agreement": rows, "to decide": differ}


def _queue(store: Store, options: argparse.Namespace) -> Any:
    folder = films_dir(options.data)
    looked = _data.tell(folder, options.classes)
    paths = {film.file: film.path for film in looked.films if not film.problem}
    public = sources.is_copy(paths, public_set.read())
    collection = sources.PUBLIC if public else index.describe(folder)
    collection = options.collection or collection
    files = pd.Index(sorted(paths), name="file")
    confidence = devices.load()["confidence"].reindex(files)
    found = priorities.priorities(confidence, *_calls(files))
    new = store.enqueue(collection, {str(file): float(p) for file, p in found.items()})
    print(f"{len(found):,} films in the queue of {collection}, {new:,} of them new.")
    first = found.sort_values(ascending=False, kind="stable").head(options.queue)
    for file, priority in first.items():
        print(f"{priority:.3f}  {file}")
    return {
        "collection": collection,
        "films": len(found),
        "left_out": left_out.beside(looked),
        "new": new,
        "first": first.to_dict(),
    }


def _calls(files: pd.Index) -> tuple[dict[str, Any], dict[str, float]]:
    """Stored log-odds of every model on these films, and the models' thresholds."""
    log_odds, thresholds = {}, {}
    for card in read_cards(roles=("recipe", "cure", "user")):
        try:
            if card.problem:
                continue
            table = read_predictions(card.name).drop_duplicates("file").set_index("file")
            log_odds[card.name] = table["log_odds"].reindex(files).to_numpy(dtype=float)
            thresholds[card.name] = card.threshold_log_odds
        except XrayError as error:
            log.warning("%s is left out: %s", card.name, error)
    return log_odds, thresholds
