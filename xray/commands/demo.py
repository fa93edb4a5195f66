"""``python -m xray demo``."""

from __future__ import annotations

import argparse
from pathlib import Path

from xray.commands import _numbers
from xray.commands._bars import bars
from xray.commands.audit import say
from xray.environment import artifacts_dir, cache_dir
from xray.files import write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``demo``."""
    parser.add_argument("--out", type=Path, help="folder of artifacts (default: artifacts)")
    parser.add_argument("--seed", type=_numbers.seed, default=0, help="default 0")
    parser.add_argument(
        "--strength",
        choices=("even", "65/20", "80/10", "95/5"),
        default="95/5",
        help="share of sick and healthy films that devices are planted in for the second model "
        "(default: 95/5)",
    )
    parser.add_argument("--json", type=Path, help="write the audits to this file")


def run(options: argparse.Namespace) -> None:
    """Draw, train, audit, and say what came of it."""
    from xray.audits import demo, findings
    from xray.reports import film_words, sentences

    folder = cache_dir() / "demo" / f"films-{options.seed}"
    with bars() as stage:
        found = demo.run(
            folder, options.out or artifacts_dir(), stage, options.seed, options.strength
        )
    for value in found.values():
        say(value)
        for kind, count in findings.called(value).items():
            words = sentences.laid_on(kind)
            print(f"  healthy films called sick {words}: {count:.0f} of 100")
        print(f"  {film_words.lime_of_planted(value['lime'], demo.PLANTED)}")
    print(f"Synthetic films: {folder}. See them with XRAY_DATA={folder} streamlit run app.py")
    if options.json:
        write_json(options.json, list(found.values()))
