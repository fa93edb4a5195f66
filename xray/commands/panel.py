"""``python -m xray panel``: how often the audit is right about networks of known answers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from xray.commands import _numbers
from xray.commands._bars import Bars, bars
from xray.environment import artifacts_dir, films_dir
from xray.errors import DatasetError
from xray.files import read_table, write_table

if TYPE_CHECKING:
    from xray.audits.known.record import Bench
    from xray.models.card import Card

#: Parts that the record rests on; the others say how far audits agree.
RECORD = ("truth", "audit")
AGAIN = ("seed", "donors", "rendered")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--data", type=Path, help="folder of the public films (default: XRAY_DATA)")
    parser.add_argument(
        "--networks",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="folder that keeps the trained networks and what they said; work goes on from there",
    )
    parser.add_argument(
        "--backbone-weights",
        type=Path,
        metavar="FILE",
        help="file of VGG19 weights without top; without it the heads on VGG19 are left out",
    )
    parser.add_argument(
        "--trained-only", action="store_true", help="judge the networks that are there; train none"
    )
    parser.add_argument(
        "--seed",
        type=_numbers.seed,
        default=0,
        metavar="N",
        help="train every network from its seed and N more, on other films: networks that nobody "
        "saw before (default: 0)",
    )
    parser.add_argument(
        "--again",
        type=_numbers.whole(0),
        nargs="?",
        const=10_000,
        default=0,
        metavar="N",
        help="also audit N of the small ones (default: all) from another seed, with another "
        "labelling's donors, and with rendered devices; and by the first two the heads on VGG19 "
        "that share one look at each picture",
    )
    _of_the_record(parser)


def _of_the_record(parser: argparse.ArgumentParser) -> None:
    """Options of what the record is made of, and where it goes."""
    parser.add_argument(
        "--add",
        action="store_true",
        help="keep the networks that the tables have, and add those of the folder to panel.csv and "
        "quality.csv; explanations are not asked (their limits are set on one set of networks)",
    )
    parser.add_argument(
        "--by-look",
        action="store_true",
        help="tell electrodes from other devices by their look, on the films that are audited and "
        "on those that say what is true (artifacts/devices/CARD.md)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=artifacts_dir() / "panel",
        metavar="FOLDER",
        help="folder for the tables (default: artifacts/panel)",
    )


def run(options: argparse.Namespace) -> None:
    """Train what is missing, ask, judge, and write the record."""
    data = films_dir(options.data)
    before = _before(options.out / "panel.csv", options.by_look) if options.add else None
    from xray.audits import pointing
    from xray.audits.known import methods, record
    from xray.dataset import index
    from xray.films.pixels import as_bytes

    table = index.usable(index.index(data))
    with bars() as stage:
        films = as_bytes(index.load_pixels(data, table, (224, 224), progress=stage("read films")))
        bench = record.bench(films, table, options.by_look)
        cards = _networks(options, bench, stage)
        asked = dict.fromkeys(RECORD, cards)
        asked |= {part: again(cards, options.again, part) for part in AGAIN}
        told = {
            part: record.measure(bench, part, options.networks, options.backbone_weights, of, stage)
            for part, of in asked.items()
            if of
        }
        if before is None:
            weighed = methods.weigh(bench.material("audit"), options.networks, cards, stage=stage)
    panel = record.rows(told["truth"], told["audit"], cards).assign(by_look=options.by_look)
    if before is None:
        print(_write(options.out / pointing.FILE, methods.record(weighed, panel)))
    else:
        panel = record.added(before, panel)
    _write(options.out / "panel.csv", panel)
    if options.again:
        repeats = [record.agreement(told["audit"], told[part], part) for part in AGAIN]
        print(_write(options.out / "agreement.csv", pd.concat(repeats)))
    print(_write(options.out / "quality.csv", record.quality(panel)))


def _before(path: Path, by_look: bool) -> pd.DataFrame:
    """The rows of a record that further networks are added to.

    Raises
    ------
    DatasetError
        They were judged by devices that are called otherwise.
    """
    if path.is_file():
        found = read_table(path)
        if (found.get("by_look", pd.Series([False])) != by_look).any():
            raise DatasetError(
                f"{path} is a record {'without' if by_look else 'with'} --by-look; the two cannot "
                "be mixed. Give another --out."
            )
        return found
    print(f"There is no {path} yet; the record begins with these networks.", file=sys.stderr)
    return pd.DataFrame({"network": []})


def again(cards: Sequence[Card], count: int, part: str) -> list[Card]:
    """Networks to audit again: so many small ones, and all heads that share a look at pictures.

    Planted heads share none with another labelling's donors: what they were taught with is left
    out of these. With rendered devices only small ones are asked, as a look takes VGG19 an hour.
    """
    if not count:
        return []
    heads = [each for each in cards if each.settings["architecture"] == "vgg19"]
    small = [each for each in cards if each not in heads]
    # Every so many, so that all architectures are among them.
    few = small[:: -(-len(small) // count)] if small else []
    if part == "rendered":
        return few
    return few + [each for each in heads if each.settings["shown"] != "planted"]


def _networks(options: argparse.Namespace, bench: Bench, stage: Bars) -> list[Card]:
    """Train what is missing, if it may be; the cards of what is there."""
    from xray.audits.known import networks, record, specs
    from xray.models import card

    wanted = [
        replace(spec, seed=spec.seed + options.seed)
        for spec in [*specs.first_stop(), *specs.second_stop()]
        if options.backbone_weights or spec.architecture != "vgg19"
    ]
    if not options.trained_only:
        networks.train(
            wanted,
            bench.table,
            bench.use,
            bench.films,
            options.networks,
            options.backbone_weights,
            record.planters(bench),
            stage("train"),
        )
    missing = {spec.name for spec in wanted}
    cards = [
        each
        for each in card.read_cards(options.networks)
        if each.role == "panel"
        and not each.problem
        and (options.backbone_weights or each.settings["architecture"] != "vgg19")
    ]
    if not cards:
        raise DatasetError(
            f"{options.networks} has no network of known answers; leave out --trained-only."
        )
    if missing := missing - {each.name for each in cards}:
        print(f"not trained, and left out: {', '.join(sorted(missing))}", file=sys.stderr)
    return cards


def _write(path: Path, table: pd.DataFrame) -> str:
    """Write a table of the record; its text for the terminal."""
    write_table(path, table.round(4))
    return table.round(2).to_string(index=False)
